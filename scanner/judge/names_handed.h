/* names_handed.h - m.__dict__, os.environ and the like: who has them can read and change all that
 * is there. */
#ifndef SG_NAMES_HANDED_H
#define SG_NAMES_HANDED_H

#include "judge/judge.h"
#include "machine/machine.h"

/* Whether a name is that of such names. */
bool sg_global_holds_names(const struct sg_global *global);

/* Notes it when the names of a module or the environment are handed to a call: any mapping around
 * them reads and changes all that is there. Code carriers are exempt: functions have them as their
 * globals. */
void sg_judge_names_handed(struct sg_judge *judge, const struct sg_machine *m,
                           const struct sg_call *call);

#endif
