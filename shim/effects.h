/* effects.h - what a load has no business doing, and what becomes of it. */
#ifndef SG_EFFECTS_H
#define SG_EFFECTS_H

#include "policy/policy.h"
#include "shim/python_api.h"

#include <stdatomic.h>

struct sockaddr;

void sg_effects_start(const struct sg_policy *policy);

/* What is done about an effect: the weaker of the policy's key and its mode. */
enum sg_action sg_effects_action(void);

/* Any audit event; -1 with an exception set: refused. */
int sg_effects(const char *event, struct sg_object *args);

/* The event "import": of native code that is loaded without an import around it. */
int sg_effects_import(struct sg_object *args);

/* For libc's entries, which see what has no audit event, in a child after fork too. False with
 * errno EACCES: refused. `argv` may be NULL. */
bool sg_effects_spawn(const char *what, char *const argv[]);
bool sg_effects_connect(const struct sockaddr *to, unsigned len);
bool sg_effects_write(int dir, const char *path);

/* Whether a thread that is started now is started by Python code of a load, outside any import. */
bool sg_effects_in_load(void);

/* A load resolves a name: what was let pass before is over. */
void sg_effects_named(void);

/* A call that Python makes before it gives the GIL up to start a process: the last chance to look
 * at the frames. */
void sg_effects_look(void);

/* Before a file is opened. */
static inline bool sg_effects_open(int dir, const char *path, int flags)
{
    bool writes = (flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC);

    return !writes || sg_effects_write(dir, path);
}

#endif
