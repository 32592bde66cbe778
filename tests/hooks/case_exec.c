/* case_exec.c - another program gets at the file, started with an environment that lost us. */
#include "hookcase.h"

#include <spawn.h>
#include <sys/wait.h>

FILE *_IO_popen(const char *command, const char *mode);
int execveat(int dir, const char *path, char *const argv[], char *const env[], int flags);

#define SELF "/proc/self/exe"

static char *no_env[] = {NULL};
static char *other_env[] = {"LD_PRELOAD=", "HOME=/", NULL};

static void lose_environment(void)
{
    unsetenv("LD_PRELOAD");
    unsetenv("SAFEGUARD_POLICY");
    unsetenv("SAFEGUARD_MODE");
    unsetenv("SAFEGUARD_LOG");
}

/* What the other program wrote, and its exit status as an errno. */
static ssize_t outcome(int out, pid_t pid, struct trial *trial)
{
    int status = 0;
    ssize_t got = raw_fill(out, trial);

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return got;
    errno = WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;
    return -1;
}

enum starter { VE, V, VP, VPE, FE, VEAT, L, LP, LE };

static void start(enum starter starter, char **argv)
{
    char *self = argv[0], *path = argv[2];

    if (starter == V || starter == VP || starter == L || starter == LP)
        lose_environment();
    switch (starter) {
    case VE:
        execve(self, argv, no_env);
        break;
    case V:
        execv(self, argv);
        break;
    case VP:
        execvp(self, argv);
        break;
    case VPE:
        execvpe(self, argv, other_env);
        break;
    case FE:
        fexecve(raw_open(self, O_RDONLY | O_CLOEXEC), argv, no_env);
        break;
    case VEAT:
        execveat(AT_FDCWD, self, argv, other_env, 0);
        break;
    case L:
        execl(self, self, "cat", path, (char *)NULL);
        break;
    case LP:
        execlp(self, self, "cat", path, (char *)NULL);
        break;
    case LE:
        execle(self, self, "cat", path, (char *)NULL, other_env);
        break;
    }
}

static ssize_t after_exec(struct trial *trial, enum starter starter)
{
    char self[4096] = "";
    char *argv[] = {self, "cat", (char *)trial->path, NULL};
    int ends[2];

    if (readlink(SELF, self, sizeof(self) - 1) < 0 || pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        start(starter, argv);
        _exit(ECHILD);
    }
    raw_close(ends[1]);
    return outcome(ends[0], pid, trial);
}

#define STARTS(symbol, starter)                                                                    \
    static ssize_t by_##symbol(struct trial *trial)                                                \
    {                                                                                              \
        return after_exec(trial, starter);                                                         \
    }

STARTS(execve, VE)
STARTS(execv, V)
STARTS(execvp, VP)
STARTS(execvpe, VPE)
STARTS(fexecve, FE)
STARTS(execveat, VEAT)
STARTS(execl, L)
STARTS(execlp, LP)
STARTS(execle, LE)

typedef int spawn_fn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                     const posix_spawnattr_t *attributes, char *const argv[], char *const env[]);

static ssize_t after_spawn(struct trial *trial, spawn_fn *spawn)
{
    char self[4096] = "";
    char *argv[] = {self, "cat", (char *)trial->path, NULL};
    posix_spawn_file_actions_t actions;
    int ends[2];
    pid_t pid;

    if (readlink(SELF, self, sizeof(self) - 1) < 0 || pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    int why = spawn(&pid, self, &actions, NULL, argv, no_env);
    posix_spawn_file_actions_destroy(&actions);
    raw_close(ends[1]);
    if (why == 0)
        return outcome(ends[0], pid, trial);
    raw_close(ends[0]);
    errno = why;
    return -1;
}

static ssize_t by_posix_spawn(struct trial *trial)
{
    return after_spawn(trial, posix_spawn);
}

static ssize_t by_posix_spawnp(struct trial *trial)
{
    return after_spawn(trial, posix_spawnp);
}

static void shell_command(const struct trial *trial, char *into, size_t cap, const char *tail)
{
    char self[2048] = "";

    (void)!readlink(SELF, self, sizeof(self) - 1);
    snprintf(into, cap, "'%s' cat '%s'%s", self, trial->path, tail);
    lose_environment();
}

static ssize_t by_system(struct trial *trial)
{
    char name[4096], tail[4200], command[8192];

    scratch_name(trial, name, sizeof(name));
    snprintf(tail, sizeof(tail), " > '%s'", name);
    shell_command(trial, command, sizeof(command), tail);
    int status = system(command);
    ssize_t got = raw_fill(raw_open(name, O_RDONLY), trial);
    unlink(name);
    errno = WEXITSTATUS(status);
    return status == 0 ? got : -1;
}

static ssize_t after_popen(struct trial *trial, FILE *(*start_shell)(const char *, const char *))
{
    char command[8192];

    shell_command(trial, command, sizeof(command), "");
    FILE *stream = start_shell(command, "r");
    size_t got = fread(trial->bytes, 1, sizeof(trial->bytes), stream);
    int status = pclose(stream);
    errno = WEXITSTATUS(status);
    return status == 0 ? (ssize_t)got : -1;
}

static ssize_t by_popen(struct trial *trial)
{
    return after_popen(trial, popen);
}

static ssize_t by__IO_popen(struct trial *trial)
{
    return after_popen(trial, _IO_popen);
}

#define ROW(symbol)                                                                                \
    {                                                                                              \
#symbol, by_##symbol, CASE_ELSEWHERE                                                       \
    }
#define ROW_LATE(symbol)                                                                           \
    {                                                                                              \
#symbol, by_##symbol, CASE_ELSEWHERE | CASE_LATE                                           \
    }
#define ROW_SHELL(symbol)                                                                          \
    {                                                                                              \
#symbol, by_##symbol, CASE_ELSEWHERE | CASE_LATE | CASE_ALONE                              \
    }

const struct hookcase cases_exec[] = {
    ROW(execve),       ROW(execvpe),      ROW(fexecve),     ROW(execveat),        ROW(execle),
    ROW_LATE(execv),   ROW_LATE(execvp),  ROW_LATE(execl),  ROW_LATE(execlp),     ROW(posix_spawn),
    ROW(posix_spawnp), ROW_SHELL(system), ROW_SHELL(popen), ROW_SHELL(_IO_popen), {NULL, NULL, 0},
};
