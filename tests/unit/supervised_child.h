/* supervised_child.h - a real process under the supervisor's filter, whose calls a test answers. */
#ifndef SG_SUPERVISED_CHILD_H
#define SG_SUPERVISED_CHILD_H

#include "shim/supervise/filter.h"
#include "shim/supervise/handover.h"
#include "shim/supervise/request.h"
#include "shim/supervise/rights.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ANSWERS_MOST 32

/* What the child's calls came to, one after the other: a number, or -errno. */
struct child {
    pid_t pid;
    int listener;
    struct answers {
        _Atomic unsigned count;
        long at[ANSWERS_MOST];
    } * answers;
};

/* A raw call, made by the child; its answer is kept. */
#define CALL(answers, ...)                                                                         \
    do {                                                                                           \
        long answer_ = syscall(__VA_ARGS__);                                                       \
        (answers)->at[(answers)->count] = answer_ < 0 ? -errno : answer_;                          \
        (answers)->count++;                                                                        \
    } while (0)

/* Runs `prepare` (or nothing) and then, under the filter, `act` in a new process. Skips the test
 * where the kernel does not let it. */
static inline void child_start(struct child *child, void (*prepare)(void),
                               void (*act)(struct answers *answers))
{
    int pair[2];
    const char *step;

    child->answers = mmap(NULL, sizeof(*child->answers), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(child->answers != MAP_FAILED);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    child->pid = fork();
    if (child->pid == 0) {
        if (prepare)
            prepare();
        int listener = sg_rights_give_up_tracing() ? sg_filter_load(&step) : -1;
        if (listener < 0 || !sg_handover_send(pair[1], listener))
            _exit(1);
        close(listener);
        act(child->answers);
        _exit(0);
    }
    close(pair[1]);
    child->listener = sg_handover_take(pair[0]);
    close(pair[0]);
    if (child->listener < 0) {
        waitpid(child->pid, NULL, 0);
        skip();
    }
}

/* Its next call, which is an open; what reading it answers. */
static inline int child_opens(const struct child *child, struct sg_request *request)
{
    assert_int_equal(sg_request_wait(child->listener, request), 0);
    return sg_request_read_open(request);
}

static inline void child_kill(const struct child *child)
{
    kill(child->pid, SIGKILL);
    assert_int_equal(waitpid(child->pid, NULL, 0), child->pid);
}

/* Waits for its end; its answers. */
static inline const long *child_end(struct child *child)
{
    static long answers[ANSWERS_MOST];
    int status;

    assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
    assert_int_equal(status, 0);
    memcpy(answers, child->answers->at, sizeof(answers));
    munmap(child->answers, sizeof(*child->answers));
    close(child->listener);
    return answers;
}

#endif
