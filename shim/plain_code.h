/* plain_code.h - program text that libraries run while a clean object is rebuilt. */
#ifndef SG_PLAIN_CODE_H
#define SG_PLAIN_CODE_H

#include "shim/python_api.h"

/* Whether the arguments of the event "exec" are code which, with all that is defined in it, imports
 * nothing and names nothing that runs, opens or finds something: a named tuple's constructor, a
 * proxy's methods, the argument parser of a distribution, the term of a formula. What it does in
 * the load is watched like all else; this is about what it could leave behind. */
bool sg_plain_code(struct sg_object *args);

#endif
