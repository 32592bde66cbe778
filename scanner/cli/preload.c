/* preload.c - asks the program's own loader, which is the only one to know. */
#include "cli/preload.h"

#include "cli/heap.h"
#include "cli/hear.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_MAX 65536u

static bool try_library(struct sg_preload *preload, const char *folder, const char *place)
{
    char path[PATH_MAX];
    int len = snprintf(path, sizeof(path), "%s/%slibsafeguard.so", folder, place);

    return len > 0 && len < (int)sizeof(path) && realpath(path, preload->library);
}

bool sg_preload_find(struct sg_preload *preload, char *why, size_t cap)
{
    static const char *const places[] = {"", "../lib/safeguard/", "../lib/"};
    char self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    bool found = false;

    if (len < 0) {
        snprintf(why, cap, "/proc/self/exe: %s (is /proc mounted?)", strerror(errno));
        return false;
    }
    self[len] = '\0';
    *strrchr(self, '/') = '\0';
    for (size_t i = 0; !found && i < sizeof(places) / sizeof(places[0]); i++)
        found = try_library(preload, self, places[i]);
    if (!found) {
        snprintf(why, cap, "libsafeguard.so is not in %s, %s/../lib/safeguard or %s/../lib", self,
                 self, self);
        return false;
    }
    /* These the loader takes for the end of a name, or for $ORIGIN and the like. */
    if (strpbrk(preload->library, " :$")) {
        snprintf(why, cap, "%s: LD_PRELOAD cannot hold a path with a space, ':' or '$'",
                 preload->library);
        return false;
    }
    const char *problem = sg_elf_read(preload->library, &preload->elf);
    if (problem)
        snprintf(why, cap, "%s: %s", preload->library, problem);
    return !problem;
}

void sg_preload_set(const struct sg_preload *preload)
{
    const char *before = getenv("LD_PRELOAD");
    size_t len = strlen(preload->library);

    if (before && strncmp(before, preload->library, len) == 0 && strchr(" :", before[len]))
        return;
    char *head = sg_heap_join(preload->library, before && *before ? ":" : "");
    char *whole = sg_heap_join(head, before ? before : "");
    setenv("LD_PRELOAD", whole, 1);
    free(whole);
    free(head);
}

/* `loader --list program` maps what it would map, prints it, and runs nothing of the program. */
static void ask_loader(const void *ctx, int out)
{
    const struct sg_program *program = ctx;

    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    execl(program->elf.loader, program->elf.loader, "--list", program->binary, (char *)NULL);
}

/* A line of the answer that is `\tPATH (0x…)`, with nothing before or after the path. */
static bool lists(const char *answer, const char *library)
{
    size_t len = strlen(library);

    for (const char *at = strstr(answer, library); at; at = strstr(at + 1, library)) {
        if (at > answer && at[-1] == '\t' && strncmp(at + len, " (0x", 4) == 0)
            return true;
    }
    return false;
}

/* The loader's own words on the library, else its first ones. */
static void quote(const char *answer, const char *library, char *why, size_t cap)
{
    const char *at = strstr(answer, library);

    if (!at)
        at = answer;
    while (at > answer && at[-1] != '\n')
        at--;
    snprintf(why, cap, "its loader does not take %s: %.*s", library, (int)strcspn(at, "\n"), at);
}

bool sg_preload_reaches(const struct sg_preload *preload, const struct sg_program *program,
                        char *why, size_t cap)
{
    const struct sg_elf *elf = &program->elf;
    static char answer[ANSWER_MAX];
    int status = 0;

    if (!*elf->loader) {
        snprintf(why, cap, "%s is statically linked: nothing can be preloaded", program->binary);
        return false;
    }
    if (elf->class != preload->elf.class || elf->order != preload->elf.order ||
        elf->machine != preload->elf.machine) {
        snprintf(why, cap, "%s is for another kind of processor than %s", program->binary,
                 preload->library);
        return false;
    }
    if (sg_program_is_privileged(program)) {
        snprintf(why, cap, "%s runs with other rights than yours: LD_PRELOAD is dropped",
                 program->binary);
        return false;
    }
    if (!sg_hear(ask_loader, program, answer, sizeof(answer), &status)) {
        snprintf(why, cap, "its loader cannot be asked: %s", strerror(errno));
        return false;
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || !lists(answer, preload->library)) {
        quote(answer, preload->library, why, cap);
        return false;
    }
    return true;
}
