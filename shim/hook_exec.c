/* hook_exec.c - other programs are started: the guard goes along. In every process, Python or
 * not, since what a shell or an env(1) starts may be Python again. */
#include "shim/carry.h"
#include "shim/effects.h"
#include "shim/hooks.h"
#include "shim/raw.h"

#include <spawn.h>
#include <stdlib.h>

SG_HOOK int execve(const char *path, char *const argv[], char *const env[])
{
    if (!sg_effects_spawn(path, argv))
        return -1;
    return SG_REAL(execve)(path, argv, SG_CARRIED(env));
}

SG_HOOK int execv(const char *path, char *const argv[])
{
    if (!sg_effects_spawn(path, argv))
        return -1;
    return SG_REAL(execve)(path, argv, SG_CARRIED(environ));
}

SG_HOOK int execvp(const char *file, char *const argv[])
{
    if (!sg_effects_spawn(file, argv))
        return -1;
    return SG_REAL(execvpe)(file, argv, SG_CARRIED(environ));
}

SG_HOOK int execvpe(const char *file, char *const argv[], char *const env[])
{
    if (!sg_effects_spawn(file, argv))
        return -1;
    return SG_REAL(execvpe)(file, argv, SG_CARRIED(env));
}

SG_HOOK int fexecve(int fd, char *const argv[], char *const env[])
{
    if (!sg_effects_spawn(NULL, argv))
        return -1;
    return SG_REAL(fexecve)(fd, argv, SG_CARRIED(env));
}

/* New in glibc 2.34. */
SG_HOOK int execveat(int dir, const char *path, char *const argv[], char *const env[], int flags)
{
    __typeof__(&execveat) real = SG_REAL(execveat);
    char *const *carried = SG_CARRIED(env);

    if (!sg_effects_spawn(path, argv))
        return -1;
    if (real)
        return real(dir, path, argv, carried, flags);
    return (int)sg_raw_to_libc(SG_RAW(SYS_execveat, dir, path, argv, carried, flags));
}

/* Behind `first` up to the NULL; the count is with both, and 1 when `first` is the NULL. */
static size_t count_arguments(const char *first, va_list *rest)
{
    size_t count = 1;

    for (const char *at = first; at; at = va_arg(*rest, char *))
        count++;
    return count;
}

static void fill_arguments(char **argv, const char *first, va_list *rest)
{
    for (*argv = (char *)first; *argv; *argv = va_arg(*rest, char *))
        argv++;
}

/* The arguments as a vector on the caller's stack; `rest` then stands behind the NULL. */
#define LISTED(rest, first)                                                                        \
    __extension__({                                                                                \
        va_start(rest, first);                                                                     \
        char **argv_ = __builtin_alloca(count_arguments((first), &(rest)) * sizeof(char *));       \
        va_end(rest);                                                                              \
        va_start(rest, first);                                                                     \
        fill_arguments(argv_, (first), &(rest));                                                   \
        argv_;                                                                                     \
    })

SG_HOOK int execl(const char *path, const char *first, ...)
{
    va_list rest;
    char **argv = LISTED(rest, first);

    va_end(rest);
    if (!sg_effects_spawn(path, argv))
        return -1;
    return SG_REAL(execve)(path, argv, SG_CARRIED(environ));
}

SG_HOOK int execlp(const char *file, const char *first, ...)
{
    va_list rest;
    char **argv = LISTED(rest, first);

    va_end(rest);
    if (!sg_effects_spawn(file, argv))
        return -1;
    return SG_REAL(execvpe)(file, argv, SG_CARRIED(environ));
}

SG_HOOK int execle(const char *path, const char *first, ...)
{
    va_list rest;
    char **argv = LISTED(rest, first);
    char *const *env = va_arg(rest, char *const *);

    va_end(rest);
    if (!sg_effects_spawn(path, argv))
        return -1;
    return SG_REAL(execve)(path, argv, SG_CARRIED(env));
}

SG_HOOK int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                        const posix_spawnattr_t *attributes, char *const argv[], char *const env[])
{
    if (!sg_effects_spawn(path, argv))
        return EACCES;
    return SG_REAL(posix_spawn)(pid, path, actions, attributes, argv, SG_CARRIED(env));
}

SG_HOOK int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                         const posix_spawnattr_t *attributes, char *const argv[], char *const env[])
{
    if (!sg_effects_spawn(file, argv))
        return EACCES;
    return SG_REAL(posix_spawnp)(pid, file, actions, attributes, argv, SG_CARRIED(env));
}

/* libc starts the shell by itself, with this process's environment. */
SG_HOOK int system(const char *command)
{
    if (!sg_effects_spawn(command, NULL))
        return -1;
    return SG_REAL(system)(SG_CARRIED_COMMAND(command));
}

SG_HOOK FILE *popen(const char *command, const char *mode)
{
    if (!sg_effects_spawn(command, NULL))
        return NULL;
    return SG_REAL(popen)(SG_CARRIED_COMMAND(command), mode);
}

SG_HOOK FILE *_IO_popen(const char *command, const char *mode)
{
    if (!sg_effects_spawn(command, NULL))
        return NULL;
    return SG_REAL(_IO_popen)(SG_CARRIED_COMMAND(command), mode);
}
