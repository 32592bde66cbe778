/* waiting.c - a ticker looks after those who wait. */
#include "shim/supervise/waiting.h"

#include "shim/supervise/lookup.h"
#include "shim/supervise/target.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#define TICK_NS 20000000L
#define WAKE_UP SIGRTMAX
#define RESTART_CALL 512 /* the kernel's ERESTARTSYS: never seen by a program */

struct wait {
    const struct sg_request *request;
    pthread_t thread;
    _Atomic int error; /* to end with, once it is broken off */
    struct wait *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t some = PTHREAD_COND_INITIALIZER;
static struct wait *waits;

static void wake(int number)
{
    (void)number;
}

/* ERESTARTSYS would show where another thread took the signal first. */
static int interruption(pid_t tid)
{
    struct sg_target target;

    if (!sg_target_read(tid, &target))
        return 0;
    uint64_t open_to = ~(target.blocked | target.ignored);
    if (target.pending_thread & open_to)
        return RESTART_CALL;
    if (target.pending_process & open_to)
        return target.threads == 1 ? RESTART_CALL : EINTR;
    return 0;
}

/* Again and again: the thread may not have begun to wait when it was woken. */
static void look_after(struct wait *wait)
{
    if (!wait->error)
        wait->error = sg_request_is_valid(wait->request)
                          ? interruption((pid_t)wait->request->call.pid)
                          : EINTR;
    if (wait->error)
        pthread_kill(wait->thread, WAKE_UP);
}

static void *tick(void *unused)
{
    const struct timespec pause = {.tv_nsec = TICK_NS};

    for (;;) {
        pthread_mutex_lock(&lock);
        while (!waits)
            pthread_cond_wait(&some, &lock);
        for (struct wait *wait = waits; wait; wait = wait->next)
            look_after(wait);
        pthread_mutex_unlock(&lock);
        nanosleep(&pause, NULL);
    }
    return unused;
}

bool sg_waiting_start(void)
{
    struct sigaction action = {.sa_handler = wake}; /* not SA_RESTART: open() is to fail */
    pthread_t ticker;

    if (sigaction(WAKE_UP, &action, NULL))
        return false;
    errno = pthread_create(&ticker, NULL, tick, NULL);
    return errno == 0;
}

void sg_waiting_prepare_thread(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, WAKE_UP);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void add(struct wait *wait)
{
    pthread_mutex_lock(&lock);
    wait->next = waits;
    waits = wait;
    pthread_cond_signal(&some);
    pthread_mutex_unlock(&lock);
}

static void drop(const struct wait *wait)
{
    pthread_mutex_lock(&lock);
    for (struct wait **at = &waits; *at; at = &(*at)->next) {
        if (*at == wait) {
            *at = wait->next;
            break;
        }
    }
    pthread_mutex_unlock(&lock);
}

int sg_waiting_reopen(const struct sg_request *request, int fd, int flags)
{
    struct wait wait = {.request = request, .thread = pthread_self()};
    int opened = -EINTR;

    if (flags & O_NONBLOCK)
        return sg_reopen(fd, flags);
    add(&wait);
    while (opened == -EINTR && !wait.error)
        opened = sg_reopen(fd, flags);
    drop(&wait);
    return opened == -EINTR ? -wait.error : opened;
}
