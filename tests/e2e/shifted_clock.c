/* shifted_clock.c - another time for this process's raw system calls: the guard's go past libc. By
 * ctypes: shift_clocks(seconds), again and again.
 *
 * A filter turns clock_gettime into a signal; the handler asks the vDSO, which makes no system
 * call.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__x86_64__)
#define FIRST(uc) ((uc)->uc_mcontext.gregs[REG_RDI])
#define SECOND(uc) ((uc)->uc_mcontext.gregs[REG_RSI])
#define RESULT(uc) ((uc)->uc_mcontext.gregs[REG_RAX])
#elif defined(__aarch64__)
#define FIRST(uc) ((uc)->uc_mcontext.regs[0])
#define SECOND(uc) ((uc)->uc_mcontext.regs[1])
#define RESULT(uc) ((uc)->uc_mcontext.regs[0])
#endif

static long long shift;
static int asked;

static void on_call(int signal, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    struct timespec *into = (struct timespec *)SECOND(uc);
    int before = errno;

    (void)signal;
    (void)info;
    RESULT(uc) = clock_gettime((clockid_t)FIRST(uc), into);
    into->tv_sec += shift;
    asked++;
    errno = before;
}

static int trap_clocks(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clock_gettime, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return -1;
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

/* How often the clocks were asked since the last shift; -1 where the kernel gives no filter. */
int shift_clocks(long long seconds)
{
    static int trapped;
    struct sigaction action = {.sa_sigaction = on_call, .sa_flags = SA_SIGINFO};
    int before = asked;

    shift = seconds;
    asked = 0;
    if (!trapped && (sigaction(SIGSYS, &action, NULL) || trap_clocks()))
        return -1;
    trapped = 1;
    return before;
}
