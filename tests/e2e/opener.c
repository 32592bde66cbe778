/* opener.c - a static program that opens files in every way but libc's: for test_supervise*.py.
 *
 *     opener VERB ARGUMENT…
 *
 * Prints what it read, or "errno N".
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int show(int fd)
{
    char bytes[4096];
    ssize_t got;

    if (fd < 0) {
        printf("errno %d\n", errno);
        return 1;
    }
    while ((got = read(fd, bytes, sizeof(bytes))) > 0)
        fwrite(bytes, 1, (size_t)got, stdout);
    return 0;
}

static int verb_openat(char **args)
{
    return show((int)syscall(SYS_openat, AT_FDCWD, args[0], O_RDONLY));
}

static int verb_open(char **args)
{
#ifdef SYS_open
    return show((int)syscall(SYS_open, args[0], O_RDONLY));
#else
    return verb_openat(args);
#endif
}

/* FOLDER PATH RESOLVE [FLAGS MODE]: with flags, prints what was opened instead of what is in it. */
static int verb_openat2(char **args)
{
    struct open_how how = {.resolve = strtoull(args[2], NULL, 0)};
    int folder = open(args[0], O_PATH | O_DIRECTORY);
    struct stat found;

    if (!args[3])
        return show((int)syscall(SYS_openat2, folder, args[1], &how, sizeof(how)));
    how.flags = strtoull(args[3], NULL, 0);
    how.mode = strtoull(args[4], NULL, 8);
    int fd = (int)syscall(SYS_openat2, folder, args[1], &how, sizeof(how));
    if (fd < 0 || fstat(fd, &found))
        return show(-1);
    printf("%o %ld %x %x\n", found.st_mode, (long)found.st_size, fcntl(fd, F_GETFD),
           fcntl(fd, F_GETFL) & ~O_NOFOLLOW);
    return 0;
}

/* What the kernel says to arguments that are none. */
static int verb_openat2_bad(char **args)
{
    struct {
        struct open_how how;
        uint64_t more;
    } longer = {.more = 1};
    struct open_how flags = {.flags = 1ull << 40}, mode = {.mode = 0600};

    printf("%ld", syscall(SYS_openat2, AT_FDCWD, args[0], &longer, sizeof(longer)));
    printf(" %d", errno);
    syscall(SYS_openat2, AT_FDCWD, args[0], &flags, sizeof(flags));
    printf(" %d", errno);
    syscall(SYS_openat2, AT_FDCWD, args[0], &mode, sizeof(mode));
    printf(" %d", errno);
    syscall(SYS_openat2, AT_FDCWD, args[0], &flags, (size_t)8);
    printf(" %d", errno);
    syscall(SYS_openat2, AT_FDCWD, args[0], NULL, sizeof(flags));
    printf(" %d", errno);
    syscall(SYS_openat, AT_FDCWD, NULL, O_RDONLY);
    printf(" %d", errno);
    syscall(SYS_openat, AT_FDCWD, "", O_RDONLY);
    printf(" %d", errno);
    syscall(SYS_openat, 77, "x", O_RDONLY);
    printf(" %d\n", errno);
    return 0;
}

static int verb_handle(char **args)
{
    char space[sizeof(struct file_handle) + MAX_HANDLE_SZ];
    struct file_handle *handle = (struct file_handle *)space;
    int mount;

    handle->handle_bytes = MAX_HANDLE_SZ;
    if (name_to_handle_at(AT_FDCWD, args[0], handle, &mount, 0))
        return show(-1);
    return show(open_by_handle_at(AT_FDCWD, handle, O_RDONLY));
}

static int verb_uring(char **args)
{
    char params[512] = {0};

    (void)args;
    return show((int)syscall(SYS_io_uring_setup, 4, params));
}

/* Becomes a copy of itself that has no path. */
static int verb_memfd(char **args)
{
    char bytes[65536], *words[] = {"copy", "openat", args[0], NULL};
    int copy = memfd_create("copy", 0), self = open("/proc/self/exe", O_RDONLY);
    ssize_t got;

    while ((got = read(self, bytes, sizeof(bytes))) > 0)
        if (write(copy, bytes, (size_t)got) != got)
            return 2;
    syscall(SYS_execveat, copy, "", words, NULL, AT_EMPTY_PATH);
    return show(-1);
}

static int verb_foreign(char **args)
{
#ifdef __x86_64__
    /* A path below 4 GB, for the calls of i386. */
    char *low =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    long i386 = 5, x32;
    strcpy(low, args[0]);
    __asm__ volatile("int $0x80"
                     : "+a"(i386)
                     : "b"(low), "c"(0L)
                     : "memory", "r8", "r9", "r10", "r11");
    x32 = syscall(0x40000000 + SYS_open, args[0], O_RDONLY) < 0 ? -errno : 0;
    printf("%d %ld\n", (int)i386, x32);
#else
    (void)args;
    printf("%d %d\n", -ENOSYS, -ENOSYS);
#endif
    return 0;
}

static volatile char flipped[4096];
static volatile int done;
static char *names[2];

static void *flip(void *unused)
{
    for (unsigned i = 0; !done; i++)
        for (size_t k = 0; k <= strlen(names[i % 2]); k++)
            flipped[k] = names[i % 2][k];
    return unused;
}

/* GOOD BAD TIMES, names of one length: opens while another thread changes the name. Prints how
 * often each first byte was read, and how many opens were refused. */
static int verb_flip(char **args)
{
    unsigned good = 0, bad = 0, refused = 0, other = 0;
    pthread_t thread;
    char byte;

    names[0] = args[0];
    names[1] = args[1];
    strcpy((char *)flipped, names[0]);
    pthread_create(&thread, NULL, flip, NULL);
    for (int i = atoi(args[2]); i > 0; i--) {
        int fd = (int)syscall(SYS_openat, AT_FDCWD, flipped, O_RDONLY);
        if (fd < 0 && errno == EACCES)
            refused++;
        else if (fd < 0 || read(fd, &byte, 1) != 1)
            other++;
        else if (byte == 'g')
            good++;
        else
            bad++;
        if (fd >= 0)
            close(fd);
    }
    done = 1;
    pthread_join(thread, NULL);
    printf("%u %u %u %u\n", good, bad, refused, other);
    return 0;
}

static volatile int caught;

static void catch (int number)
{
    (void)number;
    caught++;
}

/* PATH FLAGS: opens a FIFO that nobody else has open, under a timer whose handler is set with
 * FLAGS; a child opens the other end a little later. Prints the outcome and the signals. */
static int verb_signals(char **args)
{
    struct sigaction action = {.sa_handler = catch, .sa_flags = atoi(args[1])};
    pid_t child = fork();

    if (child == 0) {
        usleep(400000);
        _exit(open(args[0], O_WRONLY | O_NONBLOCK) < 0);
    }
    sigaction(SIGALRM, &action, NULL);
    ualarm(100000, 0);
    int fd = open(args[0], O_RDONLY), error = errno;
    printf("%s %d\n", fd >= 0 ? "opened" : error == EINTR ? "interrupted" : "failed", caught);
    return 0;
}

/* Opens with O_EXCL and O_RDWR while a timer goes off every 100 us. */
static int verb_storm(char **args)
{
    struct sigaction action = {.sa_handler = catch, .sa_flags = SA_RESTART};
    int failures = 0;

    sigaction(SIGALRM, &action, NULL);
    ualarm(100, 100);
    for (int i = 0; i < 2000; i++) {
        int fd = open(args[0], O_RDONLY);
        failures += fd < 0;
        close(fd);
    }
    printf("%d %s\n", failures, caught ? "signals" : "none");
    return 0;
}

static void *open_one(void *path)
{
    return (void *)(intptr_t)open(path, O_RDONLY);
}

/* FIFO COUNT: so many threads open it and wait, more than the parent, the supervisor, has; when it
 * has no more to give the other end is opened. Prints how many got it. */
static int verb_crowd(char **args)
{
    int count = atoi(args[1]), opened = 0;
    pthread_t threads[count];
    struct stat tasks = {0};
    char path[64];
    pthread_attr_t small;
    void *fd;

    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 64 << 10);
    for (int i = 0; i < count; i++)
        pthread_create(&threads[i], &small, open_one, args[0]);
    snprintf(path, sizeof(path), "/proc/%d/task", (int)getppid());
    for (int i = 0; i < 1000 && tasks.st_nlink < 512 + 2; i++) {
        usleep(10000);
        stat(path, &tasks);
    }
    int writer = open(args[0], O_WRONLY);
    for (int i = 0; i < count; i++) {
        pthread_join(threads[i], &fd);
        opened += (intptr_t)fd >= 0;
    }
    close(writer);
    printf("%d\n", opened);
    return 0;
}

/* PATH MODE: makes it, prints its mode in octal. */
static int verb_make(char **args)
{
    struct stat made;
    int fd = open(args[0], O_RDWR | O_CREAT, strtoul(args[1], NULL, 8));

    if (fd < 0 || fstat(fd, &made))
        return show(-1);
    printf("%o %d\n", made.st_mode & 07777, (int)made.st_uid);
    return 0;
}

/* PROGRAM: opens it for writing, closes it and executes it; prints how often it was busy. */
static int verb_busy(char **args)
{
    int busy = 0, status;

    for (int i = 0; i < 300; i++) {
        close(open(args[0], O_RDWR));
        pid_t child = fork();
        if (child == 0) {
            execl(args[0], args[0], "none", (char *)NULL);
            _exit(errno == ETXTBSY ? 26 : 27);
        }
        waitpid(child, &status, 0);
        busy += WEXITSTATUS(status) != 2;
    }
    printf("%d\n", busy);
    return 0;
}

static const struct {
    const char *name;
    int (*run)(char **args);
} verbs[] = {
    {"open", verb_open},       {"openat", verb_openat}, {"openat2", verb_openat2},
    {"handle", verb_handle},   {"uring", verb_uring},   {"memfd", verb_memfd},
    {"foreign", verb_foreign}, {"flip", verb_flip},     {"signals", verb_signals},
    {"storm", verb_storm},     {"make", verb_make},     {"openat2-bad", verb_openat2_bad},
    {"busy", verb_busy},       {"crowd", verb_crowd},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++)
        if (strcmp(argv[1], verbs[i].name) == 0)
            return verbs[i].run(argv + 2);
    return 2;
}
