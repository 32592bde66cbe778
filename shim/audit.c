/* audit.c - tells the few events that matter from the many that do not.
 *
 * Importing a library fires ten thousand events; all but some hundred must cost a few compares.
 */
#include "shim/audit.h"

#include "shim/effects.h"
#include "shim/find_class.h"
#include "shim/window.h"

static bool judge_names;
static bool watch_effects;

void sg_audit_start(const struct sg_policy *policy)
{
    judge_names = policy->find_class != SG_ALLOW;
    watch_effects = policy->effects != SG_ALLOW;
    sg_find_class_start(policy);
    sg_effects_start(policy);
}

/* By their first letters: object.__getattr__, compile, code.__new__, sys._getframe, builtins.id
 * and the like are most of what fires. */
static inline bool may_matter(const char *event)
{
    switch (event[0]) {
    case 'o':
        return event[1] != 'b'; /* object.… */
    case 'c':
        return event[1] != 'o'; /* compile, code.… */
    case 's':
        return event[1] != 'y' || strcmp(event, "sys.remote_exec") == 0;
    case 'b':
        return event[1] == 'u' && strcmp(event, "builtins.breakpoint") == 0;
    case 'f':
        return event[1] == 't'; /* ftplib, not function.… */
    case 'g':
    case 'a':
    case 'l':
    case 'r':
        return false;
    default:
        return true;
    }
}

static int named(struct sg_object *args)
{
    sg_effects_named();
    if (judge_names)
        return sg_find_class(args);
    sg_window_named();
    return 0;
}

int sg_audit(const char *event, struct sg_object *args, void *data)
{
    (void)data;
    if (sg_window_python())
        sg_window_tick();
    if (!may_matter(event))
        return 0;
    if (event[0] == 'i' && !strcmp(event, "import")) {
        sg_window_import(args);
        return watch_effects ? sg_effects_import(args) : 0;
    }
    if (event[0] == 'p' && !strcmp(event, "pickle.find_class"))
        return named(args);
    if (event[0] == 'c' && !strcmp(event, "cpython._PySys_ClearAuditHooks")) {
        sg_python_hooks_cleared();
        return 0;
    }
    return watch_effects ? sg_effects(event, args) : 0;
}
