/* supervise.c - the supervisor: starts the command under the filter, then looks after the tree. */
#include "shim/supervise/supervise.h"

#include "shim/supervise/filter.h"
#include "shim/supervise/front.h"
#include "shim/supervise/handover.h"
#include "shim/supervise/inherited.h"
#include "shim/supervise/place.h"
#include "shim/supervise/rights.h"
#include "shim/supervise/tree.h"
#include "shim/supervise/workers.h"

#include "shim/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

struct supervisor {
    const struct sg_supervised_command *command;
    int front;    /* to the front */
    int child;    /* to the command, before it is one */
    int listener; /* of its filter */
    pid_t pid;    /* of the command */
    pid_t parent; /* the front */
    atomic_bool ended;
};

static int refuse(const char *name, const char *what, int error)
{
    fprintf(stderr, "safeguard: run: %s: %s%s%s; not run\n", name, what, error ? ": " : "",
            error ? strerror(error) : "");
    return SG_STATUS_REFUSED;
}

static int explain(const char *name, const char *step, int error)
{
    if (error == EBUSY)
        return refuse(name, "it would be supervised already", 0);
    if (error == EINVAL || error == ENOSYS || error == EPERM || error == EACCES)
        return refuse(name,
                      "the kernel does not let system calls be supervised (it takes Linux 5.19, "
                      "and no sandbox around that refuses it)",
                      error);
    return refuse(name, step, error);
}

/* In the command's process. The byte that lets it go on comes when somebody listens. */
static int be_command(const struct sg_supervised_command *command, int channel,
                      const sigset_t *signals)
{
    const char *step;
    char byte;

    if (!sg_rights_give_up_tracing())
        return refuse(command->name, "the right to trace cannot be given up", errno);
    int listener = sg_filter_load(&step);
    if (listener < 0)
        return explain(command->name, step, -listener);
    if (!sg_handover_send(channel, listener))
        return refuse(command->name, "no supervisor", errno);
    close(listener);
    if (read(channel, &byte, 1) != 1)
        return SG_STATUS_REFUSED;
    close(channel);
    sigprocmask(SIG_SETMASK, signals, NULL);
    return command->become(command->ctx);
}

static void tell_front(const struct supervisor *self, enum sg_front_kind kind, int value)
{
    struct sg_front_word word = {.kind = kind, .value = value};
    siginfo_t info;

    word.last = kind == SG_FRONT_ENDED && waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) &&
                errno == ECHILD;
    (void)!send(self->front, &word, sizeof(word), MSG_NOSIGNAL);
}

/* The kernel may grant the listener and yet not let us look at what is listened to. */
static bool can_read_memory(pid_t pid)
{
    static const char known[] = "safeguard";
    char seen[sizeof(known)] = "";
    struct iovec mine = {seen, sizeof(seen)}, theirs = {(void *)(uintptr_t)known, sizeof(known)};

    return process_vm_readv(pid, &mine, 1, &theirs, 1, 0) == (ssize_t)sizeof(known) &&
           memcmp(seen, known, sizeof(known)) == 0;
}

/* Empty: the command said itself what is wrong, and ends with that status. */
static bool begin(struct supervisor *self, char *why, size_t cap)
{
    *why = '\0';
    self->listener = sg_handover_take(self->child);
    if (self->listener < 0)
        return false;
    if (!can_read_memory(self->pid))
        snprintf(why, cap, "the kernel does not let the memory of supervised programs be read: %s",
                 strerror(errno));
    else if (!sg_inherited_close(self->front, self->child, self->listener) ||
             !sg_workers_start(self->listener, self->command->policy))
        snprintf(why, cap, "no supervisor: %s", strerror(errno));
    return !*why;
}

/* Until the front is gone: answers which signals were the whole group's. */
static void *listen_to_front(void *arg)
{
    struct supervisor *self = arg;
    const struct timespec at_once = {0, 0};
    struct sg_front_word word;

    while (read(self->front, &word, sizeof(word)) == (ssize_t)sizeof(word)) {
        siginfo_t info = {0};
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, word.value);
        word.shared = sigtimedwait(&set, &info, &at_once) == word.value &&
                      info.si_code == word.code && info.si_pid == word.sender;
        (void)!send(self->front, &word, sizeof(word), MSG_NOSIGNAL);
    }
    if (!atomic_load(&self->ended))
        kill(self->pid, SIGKILL);
    return NULL;
}

static void tell_of_command(const struct supervisor *self, int status)
{
    if (WIFSTOPPED(status))
        tell_front(self, SG_FRONT_STOPPED, WSTOPSIG(status));
    else if (!WIFCONTINUED(status))
        tell_front(self, SG_FRONT_ENDED, status);
    else if (getppid() == self->parent) /* the front stopped with the command */
        kill(self->parent, SIGCONT);
}

/* Also of orphans, which come to us. Ends when there is no child left. */
static void look_after(struct supervisor *self)
{
    siginfo_t info;
    int status;

    for (;;) {
        /* The command stays a zombie until everybody knows, so that its number
         * means nobody else. */
        info.si_pid = 0;
        if (waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WCONTINUED | WNOWAIT) && errno == ECHILD)
            return;
        if (info.si_pid == self->pid && info.si_code != CLD_STOPPED &&
            info.si_code != CLD_CONTINUED)
            atomic_store(&self->ended, true);
        if (info.si_pid > 0 &&
            waitpid(info.si_pid, &status, WUNTRACED | WCONTINUED | WNOHANG) == self->pid)
            tell_of_command(self, status);
    }
}

static int wait_for(pid_t pid)
{
    int status = 0;

    (void)waitpid(pid, &status, 0); /* all signals are blocked */
    return WIFEXITED(status) ? WEXITSTATUS(status) : SG_STATUS_REFUSED;
}

/* Every worker has a few open, and the command keeps the limit that it had. */
static void raise_limit(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
}

/* Not to be read or steered by those who are supervised. */
static void set_hidden(bool hidden)
{
    prctl(PR_SET_DUMPABLE, !hidden, 0, 0, 0);
}

static int supervise(struct supervisor *self)
{
    char why[512];
    pthread_t thread;

    if (!begin(self, why, sizeof(why))) {
        if (*why)
            kill(self->pid, SIGKILL);
        int status = wait_for(self->pid);
        tell_front(self, SG_FRONT_REFUSED, *why ? refuse(self->command->name, why, 0) : status);
        return 1;
    }
    raise_limit();
    set_hidden(true);
    errno = pthread_create(&thread, NULL, listen_to_front, self);
    if (errno)
        return 1;
    tell_front(self, SG_FRONT_STARTED, self->pid);
    if (write(self->child, "x", 1) != 1)
        return 1;
    close(self->child);
    look_after(self);
    return 0;
}

/* Before there is a command: it is to have the descriptors that were vetted. NULL, or what speaks
 * against it. */
static const char *prepare(const struct sg_policy *policy)
{
    static char fault[128];

    if (sg_rights_start() && sg_place_start())
        return sg_inherited_fault(policy);
    snprintf(fault, sizeof(fault), "/proc: %s (is it mounted, and that of this PID namespace?)",
             strerror(errno));
    return fault;
}

static int be_supervisor(const struct sg_supervised_command *command, int front,
                         const sigset_t *signals)
{
    struct supervisor self = {
        .command = command, .front = front, .listener = -1, .pid = -1, .parent = getppid()};
    int pair[2];

    const char *fault = prepare(command->policy);

    if (fault) {
        tell_front(&self, SG_FRONT_REFUSED, refuse(command->name, fault, 0));
        return 1;
    }
    prctl(PR_SET_NAME, "sg-supervisor", 0, 0, 0);
    if (sg_tree_adopt() && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0)
        self.pid = fork();
    switch (self.pid) {
    case -1:
        tell_front(&self, SG_FRONT_REFUSED, refuse(command->name, "no supervisor", errno));
        return 1;
    case 0:
        close(pair[0]);
        close(front);
        _exit(be_command(command, pair[1], signals));
    default:
        close(pair[1]);
        self.child = pair[0];
        return supervise(&self);
    }
}

int sg_supervise(const struct sg_supervised_command *command)
{
    sigset_t all, before;
    int pair[2], status;
    pid_t supervisor = -1;

    sg_log_open(&command->policy->log);
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    set_hidden(true); /* before there is anybody to hide from */
    if (sg_tree_adopt() && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0)
        supervisor = fork();
    switch (supervisor) {
    case -1:
        return refuse(command->name, "no supervisor", errno);
    case 0:
        set_hidden(false);
        close(pair[0]);
        status = be_supervisor(command, pair[1], &before);
        sg_tree_kill();
        _exit(status);
    default:
        close(pair[1]);
        (void)sg_inherited_close(pair[0], pair[0], pair[0]); /* a pipe is not to stay open */
        return sg_front(pair[0], supervisor);
    }
}
