/* heed.h - how a site's opinion of names (ground/opinion.h) counts.
 *
 * Denied: the name weighs 1.0 wherever it is used, under any of its spellings: as written, as
 * Python 2 names are mapped, and with the C modules that stand behind Python ones (posix.system,
 * nt.system and os.system are one name). What is reached by dotted traversal is denied like the
 * thing itself: torch + serialization.os.system is os.system.
 *
 * Allowed: the name weighs nothing, nor do the arguments that it is called with. But a pattern does
 * not vouch for what its author cannot have meant:
 *   - the name itself, written without wildcards: vouched for, whatever is known;
 *   - a pattern that writes out all but the last word (subprocess.*): also for what is known to be
 *     dangerous under just this name (subprocess.run), but not for a part of it that is known
 *     (subprocess.os.system) or for a name that leads into the interpreter or says that it runs
 *     something (mypkg.models.__globals__, mypkg.models.system);
 *   - any other pattern (mypkg.*): only for names that nothing is known against.
 */
#ifndef SG_JUDGE_HEED_H
#define SG_JUDGE_HEED_H

#include "ground/opinion.h"
#include "judge/knowledge.h"

/* What is said of a name under all its spellings. */
enum sg_said sg_heed_ask(const struct sg_opinion *opinion, struct sg_text module,
                         struct sg_text qualname);

/* The name with what was said of it: sink CLEAN where it is vouched for, SG_N_DENIED where it is
 * denied. */
void sg_heed_name(struct sg_name *name, enum sg_said said);

#endif
