/* site_file.c - policy files and folders: whether they may be believed, and their bytes.
 *
 * System calls only: libc's open, read and mmap are what the guard hooks, and its fstat is a symbol
 * that older glibc does not have. */
#include "policy/site_file.h"

#include "policy/refusal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ST_RDONLY of <sys/statvfs.h>, as the kernel has it in statfs. */
#define MOUNTED_READ_ONLY 1

static enum sg_status refuse(struct sg_policy_error *error, const char *file, const char *message)
{
    *error = (struct sg_policy_error){.file = file};
    sg_refusal_say(error, 0, message);
    return SG_ERR_IO;
}

/* strerror() translates, and may allocate for it. */
static enum sg_status refuse_errno(struct sg_policy_error *error, const char *file)
{
    static const struct {
        int number;
        const char *words;
    } known[] = {
        {ENOENT, "no such file"},
        {EACCES, "permission denied"},
        {EPERM, "not permitted"},
        {ENOTDIR, "no folder"},
        {EISDIR, "a folder"},
        {ELOOP, "too many symbolic links"},
        {ENAMETOOLONG, "name too long"},
        {EMFILE, "too many open files"},
        {ENFILE, "too many open files"},
        {EIO, "input/output error"},
    };
    int number = errno;
    struct sg_phrase message;

    *error = (struct sg_policy_error){.file = file};
    message = sg_refusal_open(error, 0);
    sg_phrase_string(&message, "cannot be read: ");
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (known[i].number == number) {
            sg_phrase_string(&message, known[i].words);
            return SG_ERR_IO;
        }
    }
    sg_phrase_string(&message, "error ");
    sg_phrase_number(&message, (uint64_t)number);
    return SG_ERR_IO;
}

static int open_path(const char *path, int flags)
{
    long fd;

    flags |= O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    do
        fd = syscall(SYS_openat, AT_FDCWD, path, flags, 0);
    while (fd < 0 && errno == EINTR);
    return (int)fd;
}

static void close_file(int fd)
{
    syscall(SYS_close, fd);
}

/* Whether nothing at all has that name: a link that leads nowhere is a mistake to be told. */
static bool is_absent(const char *path)
{
    int fd = open_path(path, O_PATH | O_NOFOLLOW);

    if (fd >= 0)
        close_file(fd);
    return fd < 0 && errno == ENOENT;
}

static enum sg_status check_file(int fd, const char *path, size_t *size,
                                 struct sg_policy_error *error)
{
    struct stat st;

    if (syscall(SYS_fstat, fd, &st) != 0)
        return refuse_errno(error, path);
    if (!S_ISREG(st.st_mode))
        return refuse(error, path, "no regular file");
    if (st.st_mode & S_IWOTH)
        return refuse(error, path, "anybody may write to it (chmod o-w)");
    if (st.st_size > (off_t)SG_POLICY_FILE_MAX)
        return refuse(error, path, "longer than 1 MiB");
    *size = (size_t)st.st_size;
    return SG_OK;
}

/* The file is `size` bytes long, and `into` has room for one more: it must stay empty. SG_ERR_IO
 * with errno; SG_ERR_LIMIT: there is more. */
static enum sg_status read_bytes(int fd, char *into, size_t size, size_t *len)
{
    size_t have = 0;

    while (have <= size) {
        long got = syscall(SYS_read, fd, into + have, size + 1 - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return SG_ERR_IO;
        if (got == 0) {
            *len = have;
            return SG_OK;
        }
        have += (size_t)got;
    }
    return SG_ERR_LIMIT;
}

static enum sg_status read_open(int fd, const char *path, struct sg_arena *arena,
                                struct sg_text *text, struct sg_policy_error *error)
{
    size_t size = 0, len = 0;
    enum sg_status status = check_file(fd, path, &size, error);

    if (status != SG_OK)
        return status;
    char *bytes = sg_arena_take(arena, size + 1);
    if (!bytes) {
        refuse(error, path, "no memory left");
        return SG_ERR_MEMORY;
    }
    status = read_bytes(fd, bytes, size, &len);
    if (status == SG_ERR_LIMIT)
        return refuse(error, path, "grew while it was read");
    if (status != SG_OK)
        return refuse_errno(error, path);
    *text = (struct sg_text){bytes, len};
    return SG_OK;
}

enum sg_status sg_site_file_read(const char *path, struct sg_arena *arena, struct sg_text *text,
                                 struct sg_policy_error *error)
{
    int fd = open_path(path, 0);
    enum sg_status status;

    if (fd < 0) {
        bool gone = errno == ENOENT;
        refuse_errno(error, path);
        return gone && is_absent(path) ? SG_END : SG_ERR_IO;
    }
    status = read_open(fd, path, arena, text, error);
    close_file(fd);
    return status;
}

/* A folder that anybody may write to is one that anybody may add a file to, sticky or not; but
 * container platforms mount theirs like that, read-only. */
static enum sg_status check_folder(int fd, const char *path, struct sg_policy_error *error)
{
    struct statfs mount;
    struct stat st;

    if (syscall(SYS_fstat, fd, &st) != 0 || syscall(SYS_fstatfs, fd, &mount) != 0)
        return refuse_errno(error, path);
    if (st.st_mode & S_IWOTH && !(mount.f_flags & MOUNTED_READ_ONLY))
        return refuse(error, path, "anybody may write to this folder (chmod o-w)");
    return SG_OK;
}

static bool is_policy_name(const char *name)
{
    size_t len = strlen(name);

    return name[0] != '.' && len > 4 && !strcmp(name + len - 4, ".ini");
}

static enum sg_status add_name(struct sg_site_folder *folder, const char *path, const char *name,
                               struct sg_arena *arena, struct sg_policy_error *error)
{
    size_t dir = strlen(path), len = strlen(name), at = folder->count;

    if (folder->count == SG_POLICY_FILES_MAX)
        return refuse(error, path, "more than 64 files");
    char *whole = sg_arena_take(arena, dir + len + 2);
    if (!whole) {
        refuse(error, path, "no memory left");
        return SG_ERR_MEMORY;
    }
    memcpy(whole, path, dir);
    whole[dir] = '/';
    memcpy(whole + dir + 1, name, len + 1);
    for (; at > 0 && strcmp(folder->files[at - 1], whole) > 0; at--)
        folder->files[at] = folder->files[at - 1];
    folder->files[at] = whole;
    folder->count++;
    return SG_OK;
}

static enum sg_status list_open(int fd, const char *path, struct sg_arena *arena,
                                struct sg_site_folder *folder, struct sg_policy_error *error)
{
    _Alignas(struct dirent) char entries[4096]; /* its layout is the kernel's */
    enum sg_status status = check_folder(fd, path, error);
    long got = 0;

    while (status == SG_OK && (got = syscall(SYS_getdents64, fd, entries, sizeof(entries))) > 0) {
        for (long at = 0; at < got && status == SG_OK;) {
            const struct dirent *entry = (const void *)(entries + at);
            if (is_policy_name(entry->d_name))
                status = add_name(folder, path, entry->d_name, arena, error);
            at += entry->d_reclen;
        }
    }
    return got < 0 ? refuse_errno(error, path) : status;
}

enum sg_status sg_site_folder_list(const char *path, struct sg_arena *arena,
                                   struct sg_site_folder *folder, struct sg_policy_error *error)
{
    int fd = open_path(path, O_DIRECTORY);
    enum sg_status status;

    folder->count = 0;
    if (fd < 0) {
        bool gone = errno == ENOENT;
        refuse_errno(error, path);
        return gone && is_absent(path) ? SG_OK : SG_ERR_IO;
    }
    status = list_open(fd, path, arena, folder, error);
    close_file(fd);
    return status;
}
