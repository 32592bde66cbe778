/* seccomp.c - a profile becomes a filter of the kernel's: built by libseccomp, loaded by hand. */
#include "shim/seccomp.h"

#include "shim/raw.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/prctl.h>

#define FILTER_MAX 4096u /* instructions the kernel takes */

static bool failed(struct sg_phrase *why, const char *step, long answer)
{
    sg_phrase_string(why, step);
    sg_phrase_string(why, " (error ");
    sg_phrase_number(why, (uint64_t)-answer);
    sg_phrase_string(why, ")");
    return false;
}

static int add_row(scmp_filter_ctx filter, const struct sg_denied *row)
{
    struct scmp_arg_cmp condition = {
        .arg = row->arg,
        .op = row->when == SG_DENIED_EQUAL ? SCMP_CMP_EQ : SCMP_CMP_GE,
        .datum_a = row->value,
    };
    int number = seccomp_syscall_resolve_name(row->call);

    if (number == __NR_SCMP_ERROR)
        return -ENOENT;
    return seccomp_rule_add_array(filter, SCMP_ACT_ERRNO((uint32_t)row->error), number,
                                  row->when != SG_DENIED_ALWAYS, &condition);
}

/* A filter begins with the native architecture alone; all others are refused like calls that an
 * older kernel does not have. */
static bool fill(scmp_filter_ctx filter, enum sg_profile profile, struct sg_phrase *why)
{
    int answer = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));

    if (answer < 0)
        return failed(why, "foreign programs cannot be refused", answer);
    for (size_t i = 0; i < sg_denied_count; i++) {
        const struct sg_denied *row = &sg_denied_calls[i];
        if (!sg_profile_denies(profile, row))
            continue;
        answer = add_row(filter, row);
        if (answer < 0)
            return failed(why, row->call, answer);
    }
    return true;
}

/* Through a pipe: libseccomp writes to descriptors only. A pipe holds more than the kernel takes
 * as a filter, and its end is marked as not to wait, should that ever change. */
static long export(scmp_filter_ctx filter, struct sock_filter *code, size_t cap)
{
    int ends[2] = {-1, -1};
    long answer = SG_RAW(SYS_pipe2, ends, O_CLOEXEC | O_NONBLOCK);

    if (answer < 0)
        return answer;
    answer = seccomp_export_bpf(filter, ends[1]);
    if (answer >= 0)
        answer = SG_RAW(SYS_read, ends[0], code, cap);
    (void)SG_RAW(SYS_close, ends[0]);
    (void)SG_RAW(SYS_close, ends[1]);
    return answer;
}

/* 0, a negative errno, or the thread that is under another filter and cannot follow. */
static long load(struct sock_filter *code, size_t bytes)
{
    struct sock_fprog program = {.len = (unsigned short)(bytes / sizeof(*code)), .filter = code};

    long answer = SG_RAW(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (answer < 0)
        return answer;
    return SG_RAW(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
}

static bool export_and_load(scmp_filter_ctx filter, struct sg_phrase *why)
{
    size_t cap = FILTER_MAX * sizeof(struct sock_filter);
    struct sock_filter *code = sg_raw_map(cap);

    if (!code)
        return failed(why, "no memory for the filter", -ENOMEM);
    long answer = export(filter, code, cap);
    bool exported = answer > 0 && (size_t)answer < cap;
    if (exported)
        answer = load(code, (size_t)answer);
    sg_raw_unmap(code, cap);
    if (!exported)
        return failed(why, "the filter cannot be written", answer < 0 ? answer : -EFBIG);
    if (answer > 0)
        return failed(why, "a thread is under another filter", -EBUSY);
    return answer == 0 || failed(why, "the kernel does not take the filter", answer);
}

bool sg_seccomp_apply(enum sg_profile profile, struct sg_phrase *why)
{
    if (SG_RAW(SYS_prctl, SG_PROFILE_ASK + profile, 0, 0, 0, 0) == -EALREADY)
        return true;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (!filter)
        return failed(why, "no memory for the filter", -ENOMEM);
    bool applied = fill(filter, profile, why) && export_and_load(filter, why);
    seccomp_release(filter);
    return applied;
}
