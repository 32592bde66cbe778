/* workers.c - takes calls up, and hands each to whom it belongs. */
#include "shim/supervise/workers.h"

#include "shim/supervise/opening.h"
#include "shim/supervise/refusals.h"
#include "shim/supervise/rights.h"
#include "shim/supervise/waiting.h"

#include "shim/log.h"
#include "shim/supervised.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WORKERS_MOST 512u
#define IDLE_MOST 4u
#define STACK_SIZE (512u << 10)

#define NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define FD_SYNC_WAKE_UP 1ul

static struct {
    int listener;
    const struct sg_policy *policy;
    _Atomic unsigned all, idle;
} crew;

static bool start_one(void);

static void serve_open(struct sg_request *request)
{
    pid_t tid = (pid_t)request->call.pid;

    sg_refusals_drop(tid);
    int fd = sg_request_read_open(request);
    fd = fd == 0 ? sg_opening(request, crew.policy) : sg_opening_unread(request, fd);
    if (fd < 0) {
        if (fd == -EACCES)
            sg_refusals_keep(tid);
        (void)sg_request_fail(request, fd);
        return;
    }
    int answer = sg_request_give(request, fd);
    if (answer < 0 && answer != -ENOENT) /* no room for a descriptor, say */
        (void)sg_request_fail(request, answer);
}

static void serve(struct sg_request *request)
{
    bool asks = request->call.data.nr == SYS_prctl &&
                (uint32_t)request->call.data.args[0] == SG_SUPERVISED_WHY;

    switch (request->call.data.nr) {
#ifdef SYS_open
    case SYS_open:
#endif
    case SYS_openat:
    case SYS_openat2:
        serve_open(request);
        break;
    default:
        if (asks) {
            sg_refusals_answer(request);
            break;
        }
        sg_rights_note_change(); /* nothing of these calls is looked at */
        (void)sg_request_let_go_on(request);
    }
}

/* The process ends: nobody is to wait for answers that do not come. */
static void give_up(const char *what, int error)
{
    char text[128];

    errno = error;
    snprintf(text, sizeof(text), "run: %s: %m; the command is stopped", what);
    sg_log_say(text);
    _exit(1);
}

static void *work(void *unused)
{
    struct sg_request request;

    sg_waiting_prepare_thread();
    for (;;) {
        int answer = sg_request_wait(crew.listener, &request);
        if (answer == -EINTR || answer == -ENOENT)
            continue;
        if (answer < 0)
            give_up("supervisor", -answer);
        if (atomic_fetch_sub(&crew.idle, 1) == 1)
            (void)start_one(); /* when it cannot be, others wait a little */
        serve(&request);
        if (atomic_fetch_add(&crew.idle, 1) >= IDLE_MOST)
            break;
    }
    atomic_fetch_sub(&crew.idle, 1);
    atomic_fetch_sub(&crew.all, 1);
    return unused;
}

static bool start_one(void)
{
    pthread_attr_t attributes;
    pthread_t thread;

    if (atomic_fetch_add(&crew.all, 1) >= WORKERS_MOST) {
        atomic_fetch_sub(&crew.all, 1);
        return false;
    }
    atomic_fetch_add(&crew.idle, 1);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    errno = pthread_create(&thread, &attributes, work, NULL);
    pthread_attr_destroy(&attributes);
    if (errno) {
        atomic_fetch_sub(&crew.idle, 1);
        atomic_fetch_sub(&crew.all, 1);
    }
    return errno == 0;
}

bool sg_workers_start(int listener, const struct sg_policy *policy)
{
    crew.listener = listener;
    crew.policy = policy;
    /* Linux 6.6: the two sides take turns on one processor; where it is not known it is slower. */
    (void)ioctl(listener, NOTIF_SET_FLAGS, FD_SYNC_WAKE_UP);
    return sg_waiting_start() && start_one() && start_one();
}
