/* find_class.h - judges the names that unpicklers resolve. */
#ifndef SG_FIND_CLASS_H
#define SG_FIND_CLASS_H

#include "policy/policy.h"
#include "shim/python_api.h"

void sg_find_class_start(const struct sg_policy *policy);

/* The event "pickle.find_class": (module, name), as written, before names of Python 2 are mapped.
 * -1 with an exception set: refused. */
int sg_find_class(struct sg_object *args);

#endif
