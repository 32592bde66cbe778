/* fold_loads.c - functions that load what they are given: which bytes that is. */
#include "machine/fold.h"

static bool is_stream(const struct sg_machine *m, sg_value callee)
{
    return sg_value_is_name(m, callee, "io", "BytesIO") ||
           sg_value_is_name(m, callee, "_io", "BytesIO");
}

/* The bytes that a loader gets: themselves, or what a BytesIO was made of. What another call gives
 * is not known, nor what may have been changed. */
static sg_value content_of(struct sg_machine *m, sg_value v)
{
    struct sg_call made;

    for (int i = 0; i < 4 && sg_value_call(m, v, &made) && is_stream(m, made.callee); i++) {
        if (sg_value_state(m, v) != SG_ABSENT)
            return SG_UNKNOWN_VALUE;
        v = sg_fold_argument(m, &made, 0);
    }
    if (sg_value_call(m, v, &made))
        v = sg_fold_long_latin1(m, &made);
    bool changeable = (v & SG_KIND_MASK) == SG_V_BYTES && v & SG_TEXT_8BIT;
    return v == SG_ABSENT || changeable ? SG_UNKNOWN_VALUE : v;
}

/* What the calls that made it were given first: packed, say, or a part of it. */
static sg_value innermost(struct sg_machine *m, sg_value v)
{
    struct sg_call made;

    for (int i = 0; i < 4 && sg_value_call(m, v, &made); i++)
        v = sg_fold_argument(m, &made, 0);
    return v;
}

static sg_value load(struct sg_machine *m, const struct sg_call *call, enum sg_payload what)
{
    sg_value given = sg_fold_argument(m, call, 0), guess = innermost(m, given);

    if (given == SG_ABSENT)
        return SG_ABSENT;
    sg_value content = content_of(m, given);
    sg_machine_payload(m, what, content, call);
    if (content == SG_UNKNOWN_VALUE && sg_value_is_text(guess))
        sg_machine_payload(m, what, guess, call);
    return SG_ABSENT;
}

sg_value sg_fold_load(struct sg_machine *m, const struct sg_call *call)
{
    return load(m, call, SG_P_ANY);
}

sg_value sg_fold_loads(struct sg_machine *m, const struct sg_call *call)
{
    return load(m, call, SG_P_PICKLE);
}
