/* injector.c - lets one system call of this thread fail, whoever makes it: the guard's own go past
 * libc.
 *
 * A filter turns each system call into a signal, but those made at `gate`; the handler counts them,
 * and makes them all the same, but for the one that is to fail. From Python by ctypes, and from a
 * unit test in a thread of its own: begin(), what is to be disturbed, end().
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NUMBER(uc) ((uc)->uc_mcontext.gregs[REG_RAX])
#define RESULT(uc) ((uc)->uc_mcontext.gregs[REG_RAX])
#define ARGUMENT(uc, i) ((uc)->uc_mcontext.gregs[argument_at[i]])
static const int argument_at[] = {REG_RDI, REG_RSI, REG_RDX, REG_R10, REG_R8, REG_R9};

long gate(long number, long a, long b, long c, long d, long e, long f);
extern const char gate_after[];
__asm__(".pushsection .text\n.globl gate\n.globl gate_after\n"
        "gate:\n"
        "mov %rdi, %rax\nmov %rsi, %rdi\nmov %rdx, %rsi\nmov %rcx, %rdx\n"
        "mov %r8, %r10\nmov %r9, %r8\nmov 8(%rsp), %r9\nsyscall\n"
        "gate_after:\nret\n.popsection\n");
#else
#error only x86-64 so far
#endif

enum kind { KIND_ERRNO, KIND_HALF, KIND_NOTHING, KIND_EVER_AFTER, KIND_VISIT };

static struct {
    int at; /* which call, from 1 on; 0: none */
    enum kind kind;
    int error;
    int calls;   /* so far */
    long number; /* of the call that failed; -1: none did */
    int counting;
    void (*visit)(void); /* of KIND_VISIT: what is done before that call and each after it */
} plan;

int begin(int at, int kind, int error);
int end(void);
long failed(void);

/* Reads and writes, of which fewer bytes may be done than were asked for. */
static int moves_bytes(long number)
{
    static const long numbers[] = {SYS_read,     SYS_pread64,  SYS_write,
                                   SYS_pwrite64, SYS_sendfile, SYS_sendto};

    for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (numbers[i] == number)
            return 1;
    return 0;
}

static int is_due(long number)
{
    if (!plan.counting)
        return 0;
    if (++plan.calls != plan.at)
        return (plan.kind == KIND_EVER_AFTER && number == plan.number) ||
               (plan.kind == KIND_VISIT && plan.calls > plan.at);
    return plan.kind == KIND_ERRNO || plan.kind >= KIND_EVER_AFTER || moves_bytes(number);
}

/* The mask that counts is the one that the handler's end puts back. */
static long change_mask(ucontext_t *uc, long how, const uint64_t *set, uint64_t *old)
{
    uint64_t mask;

    memcpy(&mask, &uc->uc_sigmask, sizeof(mask));
    if (old)
        *old = mask;
    if (set && how == SIG_BLOCK)
        mask |= *set;
    else if (set && how == SIG_UNBLOCK)
        mask &= ~*set;
    else if (set)
        mask = *set;
    mask &= ~(1ull << (SIGSYS - 1));
    memcpy(&uc->uc_sigmask, &mask, sizeof(mask));
    return 0;
}

static long make(ucontext_t *uc, long number, int half)
{
    long a[6];

    for (int i = 0; i < 6; i++)
        a[i] = (long)ARGUMENT(uc, i);
    if (half)
        a[number == SYS_sendfile ? 3 : 2] /= 2;
    if (number == SYS_rt_sigprocmask)
        return change_mask(uc, a[0], (const uint64_t *)a[1], (uint64_t *)a[2]);
    return gate(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void on_call(int signal, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    long number = info->si_syscall;
    int before = errno, now = is_due(number);

    (void)signal;
    if (now)
        plan.number = number;
    if (now && plan.kind == KIND_VISIT)
        plan.visit();
    if (now && number == SYS_brk) /* which never says that it fails */
        RESULT(uc) = gate(SYS_brk, 0, 0, 0, 0, 0, 0);
    else if (now && plan.kind == KIND_NOTHING)
        RESULT(uc) = 0;
    else if (now && plan.kind != KIND_HALF && plan.kind != KIND_VISIT)
        RESULT(uc) = -plan.error;
    else
        RESULT(uc) = make(uc, number, now && plan.kind == KIND_HALF);
    errno = before;
}

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static int trap_calls(void)
{
    uint64_t gate_ip = (uint64_t)gate_after;
    struct sock_filter filter[] = {
        LOAD(nr),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigreturn, 0, 1),
        ALLOW,
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
        ALLOW,
        LOAD(instruction_pointer),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)gate_ip, 0, 3),
        LOAD(instruction_pointer) /* its upper half */,
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(gate_ip >> 32), 0, 1),
        ALLOW,
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
    };
    struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};

    filter[7].k += 4;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return -1;
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

/* 0, or -1 where the kernel gives no filter. */
int begin(int at, int kind, int error)
{
    struct sigaction action = {.sa_sigaction = on_call, .sa_flags = SA_SIGINFO | SA_NODEFER};

    plan.at = at;
    plan.kind = kind;
    plan.error = error;
    plan.calls = 0;
    plan.number = -1;
    if (sigaction(SIGSYS, &action, NULL) || trap_calls())
        return -1;
    plan.counting = 1;
    return 0;
}

/* How many calls there were. */
int end(void)
{
    plan.counting = 0;
    return plan.calls;
}

/* Which call failed; -1: none. */
long failed(void)
{
    return plan.number;
}
