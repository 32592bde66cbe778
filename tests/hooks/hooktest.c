/* hooktest.c - runs the case of a hooked symbol on a clean file and on a malicious one.
 *
 *     hooktest list                       the symbols there are cases for
 *     hooktest cat FILE                   FILE on standard output, or its errno as exit status
 *     hooktest HOW SYMBOL CLEAN BAD PLAIN [guarded|open]
 *
 * HOW: plain, thread (four of them at once), fork (in a child of a thread), constructor (of a
 * library, before the guard's own). `guarded`: BAD must be refused with EACCES and a note;
 * `open`: it must come through as it is. Exit status 77: this machine has no such thing.
 */
#include "hookcase.h"

#include <pthread.h>
#include <sys/wait.h>

#define PRESET 4242 /* an errno that nothing sets */
#define SKIPPED 77  /* this machine cannot do it: exit status */

static const struct hookcase *const tables[] = {cases_open,     cases_stdio, cases_read,
                                                cases_fd,       cases_exec,  cases_load,
                                                cases_strerror, cases_ways};

static struct {
    const struct hookcase *hookcase;
    const char *clean, *bad, *plain;
    bool guarded;
} job;

int raw_open(const char *path, int flags)
{
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0600);
}

void raw_close(int fd)
{
    int before = errno;

    syscall(SYS_close, fd);
    errno = before;
}

ssize_t raw_fill(int fd, struct trial *trial)
{
    size_t done = 0;
    ssize_t got = 1;

    while (got > 0 && done < sizeof(trial->bytes)) {
        got = syscall(SYS_read, fd, trial->bytes + done, sizeof(trial->bytes) - done);
        done += got > 0 ? (size_t)got : 0;
    }
    raw_close(fd);
    return (ssize_t)done;
}

ssize_t read_fill(int fd, struct trial *trial)
{
    ssize_t got = read(fd, trial->bytes, sizeof(trial->bytes));

    raw_close(fd);
    return got;
}

int cleared_fd(const struct trial *trial)
{
    char byte;
    int fd = open(trial->plain, O_RDONLY);

    for (int i = 0; i < 3; i++)
        if (read(fd, &byte, 1) != 1)
            abort();
    return fd;
}

void scratch_name(const struct trial *trial, char *into, size_t cap)
{
    snprintf(into, cap, "%s.%ld", trial->path, syscall(SYS_gettid));
}

static const struct hookcase *find_case(const char *symbol)
{
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        for (const struct hookcase *at = tables[i]; at->symbol; at++)
            if (strcmp(at->symbol, symbol) == 0)
                return at;
    return NULL;
}

static bool complain(const char *about)
{
    dprintf(STDOUT_FILENO, "%s: %s (errno %d)\n", job.hookcase->symbol, about, errno);
    return false;
}

/* Whether `path` comes through as it is, with errno as it was. */
static bool comes_through(const char *path, const struct trial *expected, ssize_t size)
{
    struct trial *trial = calloc(1, sizeof(*trial));

    trial->path = path;
    trial->plain = job.plain;
    errno = PRESET;
    ssize_t got = job.hookcase->get(trial);
    bool kept = errno == PRESET || job.hookcase->flags & CASE_ELSEWHERE;
    bool same = got == size && memcmp(trial->bytes, expected->bytes, (size_t)size) == 0;
    if (got < 0 && errno == ENOTSUP)
        _exit(SKIPPED);
    free(trial);
    if (!same)
        return complain("the content is not the file's");
    return kept || complain("errno was not kept");
}

static bool is_refused(const char *path)
{
    struct trial *trial = calloc(1, sizeof(*trial));

    trial->path = path;
    trial->plain = job.plain;
    errno = PRESET;
    ssize_t got = job.hookcase->get(trial);
    int why = errno;
    free(trial);
    errno = why;
    if (got >= 0 || why != EACCES)
        return complain("the malicious file was not refused");
    if (!(job.hookcase->flags & CASE_ELSEWHERE) && !strstr(strerror(why), "safeguard"))
        return complain("strerror() does not tell why");
    return true;
}

static bool load(const char *path, struct trial *into, ssize_t *size)
{
    int fd = raw_open(path, O_RDONLY);

    *size = fd < 0 ? -1 : raw_fill(fd, into);
    return *size > 0;
}

static bool run_case(void)
{
    struct trial *expected = calloc(1, sizeof(*expected));
    ssize_t size;
    bool good = load(job.clean, expected, &size) && comes_through(job.clean, expected, size);

    if (good && job.guarded)
        good = is_refused(job.bad);
    else if (good)
        good = load(job.bad, expected, &size) && comes_through(job.bad, expected, size);
    free(expected);
    return good;
}

static void *in_thread(void *unused)
{
    (void)unused;
    for (int i = 0; i < 5; i++)
        if (!run_case())
            return &job;
    return NULL;
}

static bool run_threads(void)
{
    pthread_t threads[4];
    bool good = true;

    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, in_thread, NULL);
    for (int i = 0; i < 4; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        good = good && !failed;
    }
    return good;
}

static void *forks(void *unused)
{
    int status = -1;
    pid_t pid = fork();

    (void)unused;
    if (pid == 0)
        _exit(run_case() ? 0 : 1);
    waitpid(pid, &status, 0);
    return status == 0 ? NULL : &job;
}

static bool run_fork(void)
{
    pthread_t thread;
    void *failed;

    if (!run_case())
        return false;
    pthread_create(&thread, NULL, forks, NULL);
    pthread_join(thread, &failed);
    return !failed;
}

static int cat(const char *path)
{
    struct trial *trial = calloc(1, sizeof(*trial));
    int fd = open(path, O_RDONLY);

    if (fd < 0)
        return errno;
    ssize_t got = raw_fill(fd, trial);
    bool written = write(STDOUT_FILENO, trial->bytes, (size_t)got) == got;
    free(trial);
    return written ? 0 : EIO;
}

static int list(void)
{
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        for (const struct hookcase *at = tables[i]; at->symbol; at++)
            printf("%s%s%s%s\n", at->symbol, at->flags & CASE_WAY ? " way" : "",
                   at->flags & CASE_ALONE ? " alone" : "", at->flags & CASE_LATE ? " late" : "");
    return 0;
}

int hooktest_main(int argc, char **argv);

int hooktest_main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "list") == 0)
        return list();
    if (argc == 3 && strcmp(argv[1], "cat") == 0)
        return cat(argv[2]);
    if (argc != 7)
        return 2;
    job.hookcase = find_case(argv[2]);
    job.clean = argv[3];
    job.bad = argv[4];
    job.plain = argv[5];
    job.guarded = strcmp(argv[6], "guarded") == 0;
    if (!job.hookcase)
        return 2;
    if (strcmp(argv[1], "thread") == 0)
        return run_threads() ? 0 : 1;
    if (strcmp(argv[1], "fork") == 0)
        return run_fork() ? 0 : 1;
    return run_case() ? 0 : 1;
}

/* glibc hands a constructor what main gets. */
__attribute__((constructor)) static void before_main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "constructor") == 0)
        _exit(hooktest_main(argc, argv));
}
