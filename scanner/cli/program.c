/* program.c - PATH, #! lines and ELF headers, as execvp() and the kernel go through them. */
#include "cli/program.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define SCRIPT_DEPTH 5 /* of #! lines, as the kernel counts them */
#define HEAD_SIZE 256u /* BINPRM_BUF_SIZE: what the kernel looks at */

static enum sg_exit try_file(const char *path, const char **why)
{
    struct stat info;

    if (stat(path, &info)) {
        *why = strerror(errno);
        return errno == ENOENT || errno == ENOTDIR ? SG_EXIT_NOT_FOUND : SG_EXIT_NO_EXEC;
    }
    if (!S_ISREG(info.st_mode)) {
        *why = "no regular file";
        return SG_EXIT_NO_EXEC;
    }
    if (access(path, X_OK)) {
        *why = strerror(errno);
        return SG_EXIT_NO_EXEC;
    }
    return SG_EXIT_OK;
}

/* Empty components of PATH are the working directory. A file without permission is passed over
 * for one further on, and remembered for the message. */
static enum sg_exit search_path(const char *command, char *into, const char **why)
{
    const char *path = getenv("PATH");
    enum sg_exit worst = SG_EXIT_NOT_FOUND;

    *why = "not found";
    if (!path)
        path = "/bin:/usr/bin";
    for (;;) {
        size_t len = strcspn(path, ":");
        const char *reason;
        int written =
            snprintf(into, PATH_MAX, "%.*s/%s", len ? (int)len : 1, len ? path : ".", command);
        if (written > 0 && written < PATH_MAX) {
            enum sg_exit status = try_file(into, &reason);
            if (status == SG_EXIT_OK)
                return status;
            if (status == SG_EXIT_NO_EXEC) {
                worst = status;
                *why = reason;
            }
        }
        if (!path[len])
            return worst;
        path += len + 1;
    }
}

static const char *read_head(const char *path, int *fd, char *head, size_t *len)
{
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0)
        return strerror(errno);
    ssize_t got = pread(*fd, head, HEAD_SIZE, 0);
    if (got < 0) {
        const char *why = strerror(errno);
        close(*fd);
        return why;
    }
    *len = (size_t)got;
    return NULL;
}

/* The path of PT_INTERP. Field by field, as the two classes order them differently. */
static bool read_loader(int fd, const struct sg_elf *elf, const char *head, char *loader)
{
    bool wide = elf->class == ELFCLASS64;
    Elf64_Ehdr e64;
    Elf32_Ehdr e32;

    memcpy(&e64, head, sizeof(e64));
    memcpy(&e32, head, sizeof(e32));
    uint64_t table = wide ? e64.e_phoff : e32.e_phoff;
    size_t step = wide ? e64.e_phentsize : e32.e_phentsize;
    size_t count = wide ? e64.e_phnum : e32.e_phnum;
    for (size_t i = 0; i < count; i++) {
        Elf64_Phdr p64 = {0};
        Elf32_Phdr p32 = {0};
        void *into = wide ? (void *)&p64 : (void *)&p32;
        size_t want = wide ? sizeof(p64) : sizeof(p32);
        if (step < want || pread(fd, into, want, (off_t)(table + i * step)) != (ssize_t)want)
            return false;
        if ((wide ? p64.p_type : p32.p_type) != PT_INTERP)
            continue;
        size_t len = wide ? (size_t)p64.p_filesz : p32.p_filesz;
        off_t at = wide ? (off_t)p64.p_offset : (off_t)p32.p_offset;
        return len > 1 && len <= PATH_MAX && pread(fd, loader, len, at) == (ssize_t)len &&
               loader[len - 1] == '\0';
    }
    loader[0] = '\0';
    return true;
}

static const char *read_elf(int fd, const char *head, size_t len, struct sg_elf *elf)
{
    if (len < sizeof(Elf64_Ehdr) || memcmp(head, ELFMAG, SELFMAG) != 0)
        return "neither an ELF program nor a script with a #! line";
    elf->class = (uint8_t)head[EI_CLASS];
    elf->order = (uint8_t)head[EI_DATA];
    /* e_machine has the same place in both classes. */
    memcpy(&elf->machine, head + offsetof(Elf64_Ehdr, e_machine), sizeof(elf->machine));
    if (!read_loader(fd, elf, head, elf->loader))
        return "its ELF headers are damaged";
    return NULL;
}

const char *sg_elf_read(const char *path, struct sg_elf *elf)
{
    char head[HEAD_SIZE];
    size_t len = 0;
    int fd;
    const char *why = read_head(path, &fd, head, &len);

    if (why)
        return why;
    why = read_elf(fd, head, len, elf);
    close(fd);
    return why;
}

/* The interpreter of a #! line in `head`; false when there is none that fits. */
static bool script_interpreter(const char *head, size_t len, char *into)
{
    size_t at = 2;

    if (len < 3 || memcmp(head, "#!", 2) != 0)
        return false;
    while (at < len && (head[at] == ' ' || head[at] == '\t'))
        at++;
    size_t begin = at;
    while (at < len && !strchr(" \t\n", head[at]))
        at++;
    /* A name that reaches the end of what the kernel looks at may be cut. */
    if (at == begin || at == HEAD_SIZE)
        return false;
    /* With a slash, also where the kernel needs none: a loader would search for a bare name. */
    const char *folder = memchr(head + begin, '/', at - begin) ? "" : "./";
    snprintf(into, PATH_MAX, "%s%.*s", folder, (int)(at - begin), head + begin);
    return true;
}

static const char *find_binary(struct sg_program *program)
{
    memcpy(program->binary, program->path, sizeof(program->binary));
    for (int depth = 0; depth <= SCRIPT_DEPTH; depth++) {
        char head[HEAD_SIZE];
        size_t len = 0;
        int fd;
        const char *why = read_head(program->binary, &fd, head, &len);
        if (why)
            return depth ? "the interpreter of its #! line cannot be read" : why;
        if (!script_interpreter(head, len, program->binary)) {
            why = read_elf(fd, head, len, &program->elf);
            close(fd);
            return why;
        }
        close(fd);
    }
    return "too many #! lines in a row";
}

enum sg_exit sg_program_find(const char *command, struct sg_program *program, const char **why)
{
    enum sg_exit status;

    *program = (struct sg_program){0};
    *why = "not found";
    if (!*command || strlen(command) >= sizeof(program->path))
        return SG_EXIT_NOT_FOUND;
    if (strchr(command, '/')) {
        snprintf(program->path, sizeof(program->path), "%s", command);
        status = try_file(command, why);
    } else {
        status = search_path(command, program->path, why);
    }
    if (status != SG_EXIT_OK)
        return status;
    *why = find_binary(program);
    return *why ? SG_EXIT_REFUSED : SG_EXIT_OK;
}

bool sg_program_is_privileged(const struct sg_program *program)
{
    struct stat info;

    if (getauxval(AT_SECURE) || stat(program->binary, &info))
        return true;
    if ((info.st_mode & S_ISUID) && info.st_uid != geteuid())
        return true;
    if ((info.st_mode & S_ISGID) && (info.st_mode & S_IXGRP) && info.st_gid != getegid())
        return true;
    return geteuid() != 0 && getxattr(program->binary, "security.capability", NULL, 0) > 0;
}
