/* seccomp.c - a profile becomes a filter of the kernel's: built by libseccomp, loaded by hand. */
#include "shim/seccomp.h"

#include "shim/raw.h"

#include "policy/profiles_filter.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
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
    const char *step;
    int answer = sg_profile_fill(filter, profile, false, &step);
    bool applied = answer < 0 ? failed(why, step, answer) : export_and_load(filter, why);
    seccomp_release(filter);
    return applied;
}
