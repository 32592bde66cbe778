/* hookstress.c - the guard under load: hookstress signals|forks|leaks CLEAN BAD [COUNT]
 *
 * Exit status 0: CLEAN always opened, BAD never did, and nothing was left behind.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *clean, *bad;
static atomic_int wrong, handled, depth, deepest;
static atomic_bool stop;

/* Callable from a handler: no stdio, no malloc. */
static void try_both(void)
{
    char byte;
    int fd = open(clean, O_RDONLY);

    if (fd < 0 || read(fd, &byte, 1) != 1)
        atomic_fetch_add(&wrong, 1);
    if (fd >= 0)
        close(fd);
    errno = 0;
    fd = open(bad, O_RDONLY);
    if (fd >= 0 || errno != EACCES)
        atomic_fetch_add(&wrong, 1);
    if (fd >= 0)
        close(fd);
}

static void handler(int number)
{
    int before = errno;

    (void)number;
    if (atomic_fetch_add(&depth, 1) >= atomic_load(&deepest))
        atomic_fetch_add(&deepest, 1);
    try_both();
    atomic_fetch_sub(&depth, 1);
    atomic_fetch_add(&handled, 1);
    errno = before;
}

/* A handler that opens files interrupts opens, and now and then itself. */
static int signals(int count)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART | SA_NODEFER};
    struct itimerval often = {{0, 700}, {0, 700}}, never = {{0, 0}, {0, 0}};

    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    for (int i = 0; i < count; i++)
        try_both();
    setitimer(ITIMER_REAL, &never, NULL);
    printf("%d signals handled, %d deep\n", atomic_load(&handled), atomic_load(&deepest));
    return atomic_load(&handled) > 0 ? 0 : 1;
}

static void *keep_trying(void *unused)
{
    (void)unused;
    while (!atomic_load(&stop))
        try_both();
    return NULL;
}

/* Children of a process whose threads are in the middle of vetting. */
static int forks(int count)
{
    pthread_t threads[3];
    int failed = 0, status;

    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, keep_trying, NULL);
    for (int i = 0; i < count; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            atomic_store(&wrong, 0);
            alarm(20);
            try_both();
            _exit(atomic_load(&wrong) ? 1 : 0);
        }
        waitpid(pid, &status, 0);
        failed += status != 0;
    }
    atomic_store(&stop, true);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    return failed ? 1 : 0;
}

static long pages_mapped(void)
{
    char text[128] = "";
    int fd = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/statm", O_RDONLY);

    (void)!syscall(SYS_read, fd, text, sizeof(text) - 1);
    syscall(SYS_close, fd);
    return strtol(text, NULL, 10);
}

static int leaks(int count)
{
    try_both();
    long before = pages_mapped();
    int first = dup(0);
    close(first);
    for (int i = 0; i < count; i++)
        try_both();
    int last = dup(0);
    long after = pages_mapped();
    printf("descriptor %d before, %d after; %ld pages before, %ld after\n", first, last, before,
           after);
    return first == last && after <= before ? 0 : 1;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(int count);
    } kinds[] = {{"signals", signals}, {"forks", forks}, {"leaks", leaks}};

    if (argc != 5)
        return 2;
    clean = argv[2];
    bad = argv[3];
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i].name, argv[1]) != 0)
            continue;
        int failed = kinds[i].run(atoi(argv[4]));
        printf("%d wrong answers\n", atomic_load(&wrong));
        return failed || atomic_load(&wrong);
    }
    return 2;
}
