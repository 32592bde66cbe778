/* profiles_filter.c - a profile as rules of libseccomp. */
#include "policy/profiles_filter.h"

#include <errno.h>

int sg_profile_add(scmp_filter_ctx filter, const struct sg_denied *row)
{
    struct scmp_arg_cmp condition = {
        .arg = row->arg,
        .op = row->when == SG_DENIED_EQUAL ? SCMP_CMP_EQ : SCMP_CMP_GE,
        .datum_a = row->value,
    };
    int number = seccomp_syscall_resolve_name(row->call); /* one that is none is refused below */

    return seccomp_rule_add_array(filter, SCMP_ACT_ERRNO((uint32_t)row->error), number,
                                  row->when != SG_DENIED_ALWAYS, &condition);
}

/* A filter begins with the native architecture alone; all others are refused like calls that an
 * older kernel does not have. */
int sg_profile_fill(scmp_filter_ctx filter, enum sg_profile profile, bool to_start,
                    const char **step)
{
    int answer = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));

    *step = "foreign programs cannot be refused";
    for (size_t i = 0; answer == 0 && i < sg_denied_count; i++) {
        const struct sg_denied *row = &sg_denied_calls[i];
        if (!sg_profile_denies(profile, row) || (to_start && row->only_started))
            continue;
        *step = row->call;
        answer = sg_profile_add(filter, row);
    }
    return answer;
}
