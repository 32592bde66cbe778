/* front.c - passes on what happens to one of the two.
 *
 * The front, the supervisor and the command are in one process group, so what the terminal or
 * killpg() sends reaches the command by itself. What is sent to the front alone is passed on. To
 * tell the one from the other the supervisor is asked: it blocks all signals, and what was sent to
 * the group is pending there.
 */
#include "shim/supervise/front.h"

#include "shim/supervise/tree.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct front {
    int channel, signals;
    int command; /* a pidfd, or -1 */
    pid_t supervisor;
};

static void pass_on(const struct front *front, int number)
{
    syscall(SYS_pidfd_send_signal, front->command, number, NULL, 0);
}

static void ask_about(const struct front *front)
{
    struct signalfd_siginfo info;

    if (read(front->signals, &info, sizeof(info)) != (ssize_t)sizeof(info) ||
        info.ssi_signo == SIGCHLD)
        return;
    struct sg_front_word word = {.kind = SG_FRONT_SIGNAL,
                                 .value = (int32_t)info.ssi_signo,
                                 .code = info.ssi_code,
                                 .sender = (int32_t)info.ssi_pid};
    (void)!write(front->channel, &word, sizeof(word));
}

/* Dies as the command died, without a second core. */
static int end_by(int number)
{
    struct rlimit none = {0, 0};
    sigset_t set;

    setrlimit(RLIMIT_CORE, &none);
    signal(number, SIG_DFL);
    sigemptyset(&set);
    sigaddset(&set, number);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    kill(getpid(), number);
    return 128 + number;
}

/* False: the command goes on; else `status` is the end. */
static bool hear(struct front *front, const struct sg_front_word *word, int *status)
{
    switch ((enum sg_front_kind)word->kind) {
    case SG_FRONT_STARTED:
        front->command = (int)syscall(SYS_pidfd_open, word->value, 0);
        return false;
    case SG_FRONT_REFUSED:
        *status = word->value;
        return true;
    case SG_FRONT_STOPPED:
        kill(getpid(), SIGSTOP);
        return false;
    case SG_FRONT_SIGNAL:
        if (!word->shared)
            pass_on(front, word->value);
        return false;
    case SG_FRONT_ENDED:
        break;
    }
    if (word->last)
        (void)waitpid(front->supervisor, NULL, 0);
    *status = WIFEXITED(word->value) ? WEXITSTATUS(word->value) : end_by(WTERMSIG(word->value));
    return true;
}

static int lose_supervisor(const struct front *front)
{
    int status = 0;

    (void)waitpid(front->supervisor, &status, 0);
    sg_tree_kill();
    if (WIFSIGNALED(status))
        fprintf(stderr, "safeguard: run: the supervisor was killed (%s); so was the command\n",
                strsignal(WTERMSIG(status)));
    else
        fprintf(stderr, "safeguard: run: the supervisor gave up; the command was killed\n");
    return SG_STATUS_REFUSED;
}

int sg_front(int channel, pid_t supervisor)
{
    struct front front = {.channel = channel, .supervisor = supervisor, .command = -1};
    struct sg_front_word word;
    int status = SG_STATUS_REFUSED;
    sigset_t all;

    sigfillset(&all);
    front.signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
    for (;;) {
        struct pollfd ready[] = {{.fd = channel, .events = POLLIN},
                                 {.fd = front.signals, .events = POLLIN}};
        if (poll(ready, 2, -1) < 0 && errno != EINTR)
            return lose_supervisor(&front);
        if (ready[1].revents & POLLIN)
            ask_about(&front);
        if (!ready[0].revents)
            continue;
        ssize_t got = read(channel, &word, sizeof(word));
        if (got != (ssize_t)sizeof(word))
            return lose_supervisor(&front);
        if (hear(&front, &word, &status))
            return status;
    }
}
