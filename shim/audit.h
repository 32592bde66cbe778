/* audit.h - CPython's audit events, handed to those who judge them. */
#ifndef SG_AUDIT_H
#define SG_AUDIT_H

#include "policy/policy.h"
#include "shim/python_api.h"

/* Before the hook is added. */
void sg_audit_start(const struct sg_policy *policy);

/* The hook: -1 with an exception set refuses what is about to happen. */
int sg_audit(const char *event, struct sg_object *args, void *data);

/* python.c: the interpreter ends and is about to free its list of hooks. */
void sg_python_hooks_cleared(void);

#endif
