/* weigh.h - how weights are put together; for sites.c and sites_indirect.c. */
#ifndef SG_JUDGE_WEIGH_H
#define SG_JUDGE_WEIGH_H

#include "judge/sites.h"

static inline struct sg_site sg_site_of(double weight, const char *rule, const char *words)
{
    return (struct sg_site){.weight = weight, .rule = rule, .words = words};
}

static inline double sg_least(double a, double b)
{
    return a < b ? a : b;
}

static inline double sg_most(double a, double b)
{
    return a > b ? a : b;
}

/* What arguments (enum sg_argument_flag) add to a function that nothing is known of. */
double sg_weigh_arguments(unsigned arguments);

/* Whether a call is dill's or cloudpickle's that finds a built-in type by its name, and that type
 * is none that makes code: _load_type("slice"). */
bool sg_finds_plain_type(const struct sg_machine *m, const struct sg_call *call);

#endif
