/* sites.h - how much a name, or a call of it, says against a file. */
#ifndef SG_JUDGE_SITES_H
#define SG_JUDGE_SITES_H

#include "judge/argument_flags.h"
#include "judge/knowledge.h"
#include "machine/machine.h"

struct sg_site {
    double weight;      /* 0..1 */
    const char *rule;   /* static */
    const char *words;  /* static, to follow the name or the call: ", which runs program text" */
    unsigned arguments; /* enum sg_argument_flag, where they were looked at */
    const char *more;   /* static, or NULL: to follow the words */
};

/* The name alone, resolved and not (yet) called. */
struct sg_site sg_site_named(const struct sg_name *name);

/* A call of a global; arguments are looked at where they matter. */
struct sg_site sg_site_called(const struct sg_machine *m, const struct sg_call *call,
                              const struct sg_name *name, struct sg_glance *glance);

/* A call of anything else: an attribute, the result of another call. `inner` is the name that the
 * result came from and `made_by` the call, or NULL. */
struct sg_site sg_site_indirect(const struct sg_machine *m, const struct sg_call *call,
                                const struct sg_name *inner, const struct sg_call *made_by,
                                struct sg_glance *glance);

#endif
