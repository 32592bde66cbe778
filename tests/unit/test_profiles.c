/* test_profiles.c - the filters of the profiles, run by hand for both architectures. */
#include "policy/profiles_filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define CODE_MAX 4096u
#define CALLS_MOST 512 /* numbers of system calls are below */
#define X32_BIT 0x40000000

struct architecture {
    const char *name;
    uint32_t token; /* of libseccomp and of the kernel: the same number */
};

static const struct architecture both[] = {
    {"x86-64", SCMP_ARCH_X86_64},
    {"arm64", SCMP_ARCH_AARCH64},
};

struct code {
    struct sock_filter at[CODE_MAX];
    size_t len;
};

static void build(struct code *code, const struct architecture *arch, enum sg_profile profile,
                  bool to_start)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    const char *step;
    int file = memfd_create("filter", 0);

    assert_non_null(filter);
    if (arch->token != seccomp_arch_native()) {
        assert_int_equal(seccomp_arch_add(filter, arch->token), 0);
        assert_int_equal(seccomp_arch_remove(filter, SCMP_ARCH_NATIVE), 0);
    }
    if (sg_profile_fill(filter, profile, to_start, &step))
        fail_msg("%s: %s", arch->name, step);
    assert_int_equal(seccomp_export_bpf(filter, file), 0);
    ssize_t got = pread(file, code->at, sizeof(code->at), 0);
    assert_in_range(got, sizeof(code->at[0]), sizeof(code->at) - 1);
    code->len = (size_t)got / sizeof(code->at[0]);
    close(file);
    seccomp_release(filter);
}

static bool jumps(const struct sock_filter *step, uint32_t word)
{
    switch (BPF_OP(step->code)) {
    case BPF_JEQ:
        return word == step->k;
    case BPF_JGT:
        return word > step->k;
    case BPF_JGE:
        return word >= step->k;
    case BPF_JSET:
        return word & step->k;
    default:
        fail_msg("jump %#x", step->code);
        return false;
    }
}

/* What the kernel would answer: the instructions that filters consist of. */
static uint32_t answer(const struct code *code, const struct seccomp_data *data)
{
    uint32_t word = 0;

    for (size_t at = 0; at < code->len; at++) {
        const struct sock_filter *step = &code->at[at];

        if (step->code == (BPF_LD | BPF_W | BPF_ABS))
            memcpy(&word, (const char *)data + step->k, sizeof(word));
        else if (step->code == (BPF_RET | BPF_K))
            return step->k;
        else if (step->code == (BPF_JMP | BPF_JA))
            at += step->k;
        else if (BPF_CLASS(step->code) == BPF_JMP)
            at += jumps(step, word) ? step->jt : step->jf;
        else if (step->code == (BPF_ALU | BPF_AND | BPF_K))
            word &= step->k;
        else
            fail_msg("instruction %#x", step->code);
    }
    fail_msg("no answer");
    return 0;
}

static uint32_t ask(const struct code *code, uint32_t arch, int number, unsigned arg,
                    uint64_t value)
{
    struct seccomp_data data = {.nr = number, .arch = arch};

    data.args[arg] = value;
    return answer(code, &data);
}

/* `value` is one that the row's condition takes, or just does not. */
static void holds_row(const struct code *code, const struct architecture *arch,
                      const struct sg_denied *row, bool refused)
{
    int number = seccomp_syscall_resolve_name_arch(arch->token, row->call);
    uint32_t error = refused ? SECCOMP_RET_ERRNO | (uint32_t)row->error : SECCOMP_RET_ALLOW;

    if (number < 0)
        fail_msg("%s has no %s", arch->name, row->call);
    if (ask(code, arch->token, number, row->arg, row->value) != error)
        fail_msg("%s: %s", arch->name, row->call);
    if (row->when == SG_DENIED_ALWAYS)
        return;
    assert_int_equal(ask(code, arch->token, number, row->arg, row->value - 1), SECCOMP_RET_ALLOW);
    assert_int_equal(ask(code, arch->token, number, row->arg, row->value + 1),
                     row->when == SG_DENIED_AT_LEAST ? error : SECCOMP_RET_ALLOW);
    assert_int_equal(ask(code, arch->token, number, row->arg, row->value | 1ull << 40),
                     row->when == SG_DENIED_AT_LEAST ? error : SECCOMP_RET_ALLOW);
}

static bool is_denied(const struct architecture *arch, enum sg_profile profile, int number)
{
    for (size_t i = 0; i < sg_denied_count; i++)
        if (sg_profile_denies(profile, &sg_denied_calls[i]) &&
            seccomp_syscall_resolve_name_arch(arch->token, sg_denied_calls[i].call) == number)
            return true;
    return false;
}

static void check_profile(const struct architecture *arch, enum sg_profile profile)
{
    static struct code code;

    build(&code, arch, profile, false);
    for (size_t i = 0; i < sg_denied_count; i++)
        if (strcmp(sg_denied_calls[i].call, "prctl") != 0)
            holds_row(&code, arch, &sg_denied_calls[i],
                      sg_profile_denies(profile, &sg_denied_calls[i]));
    for (int number = 0; number < CALLS_MOST; number++)
        if (!is_denied(arch, profile, number) &&
            ask(&code, arch->token, number, 0, 0) != SECCOMP_RET_ALLOW)
            fail_msg("%s: call %d", arch->name, number);
}

static void every_row_is_refused_and_nothing_else(void **state)
{
    (void)state;
    for (size_t a = 0; a < 2; a++)
        for (enum sg_profile p = SG_PROFILE_NO_BYPASS; p <= SG_PROFILE_INFERENCE; p++)
            check_profile(&both[a], p);
}

static void what_a_program_needs_to_start_comes_later(void **state)
{
    static struct code code;

    (void)state;
    for (size_t a = 0; a < 2; a++) {
        build(&code, &both[a], SG_PROFILE_INFERENCE, true);
        for (size_t i = 0; i < sg_denied_count; i++)
            holds_row(&code, &both[a], &sg_denied_calls[i], !sg_denied_calls[i].only_started);
    }
}

static void the_kernel_is_asked_by_prctl(void **state)
{
    static struct code code;

    (void)state;
    for (size_t a = 0; a < 2; a++) {
        int number = seccomp_syscall_resolve_name_arch(both[a].token, "prctl");

        build(&code, &both[a], SG_PROFILE_NO_BYPASS, false);
        for (unsigned p = 0; p < 4; p++)
            assert_int_equal(ask(&code, both[a].token, number, 0, SG_PROFILE_ASK + p),
                             p == SG_PROFILE_NO_BYPASS ? SECCOMP_RET_ERRNO | EALREADY
                                                       : SECCOMP_RET_ALLOW);
    }
}

static void calls_of_foreign_programs_are_refused(void **state)
{
    static const uint32_t foreign[] = {AUDIT_ARCH_I386, AUDIT_ARCH_ARM, AUDIT_ARCH_MIPS, 0};
    static struct code code;

    (void)state;
    for (size_t a = 0; a < 2; a++) {
        build(&code, &both[a], SG_PROFILE_NO_BYPASS, false);
        for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
            assert_int_equal(ask(&code, foreign[i], 20, 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
        assert_int_equal(ask(&code, both[1 - a].token, 1, 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
    }
    build(&code, &both[0], SG_PROFILE_NO_BYPASS, false);
    assert_int_equal(ask(&code, AUDIT_ARCH_X86_64, X32_BIT + 39, 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_refused_and_nothing_else),
        cmocka_unit_test(what_a_program_needs_to_start_comes_later),
        cmocka_unit_test(the_kernel_is_asked_by_prctl),
        cmocka_unit_test(calls_of_foreign_programs_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
