/* effects.c - refuses what a load has no business doing, whichever gadget asked. */
#include "shim/effects.h"

#include "shim/arguments.h"
#include "shim/blocked.h"
#include "shim/effect_table.h"
#include "shim/frames.h"
#include "shim/native.h"
#include "shim/note.h"
#include "shim/plain_code.h"
#include "shim/python.h"
#include "shim/scratch.h"
#include "shim/trackers.h"
#include "shim/window.h"

#include <sys/socket.h>

#define DETAIL_MAX 512

static enum sg_action action;

/* The last effect of this thread that had an audit event was let pass, by an import or outside any
 * load: so is what libc is asked for next, with the GIL released and no frames to look at. */
static __thread unsigned let_pass; /* enum sg_effect + 1 */

void sg_effects_start(const struct sg_policy *policy)
{
    action = policy->effects < policy->mode ? policy->effects : policy->mode;
    if (action != SG_ALLOW) {
        sg_effect_table_start();
        sg_scratch_start();
    }
}

enum sg_action sg_effects_action(void)
{
    return action;
}

static void begin_detail(struct sg_phrase *phrase, char *detail, enum sg_effect effect)
{
    *phrase = sg_phrase_open(detail, DETAIL_MAX);
    sg_phrase_string(phrase, sg_effect_words(effect));
    sg_phrase_string(phrase, " while a pickle is loaded: ");
}

static int refuse(const struct sg_effect_row *row, struct sg_object *args, struct sg_object *loader)
{
    char detail[DETAIL_MAX];
    struct sg_phrase phrase;
    struct sg_deed deed = {.event = SG_EVENT_EFFECT,
                           .rule = sg_effect_rule(row->effect),
                           .detail = detail,
                           .score = 1,
                           .action = row->flags & SG_E_LOG ? SG_LOG : action};

    begin_detail(&phrase, detail, row->effect);
    sg_phrase_string(&phrase, row->event);
    sg_arguments_show(args, &phrase);
    sg_blocked_tell(&deed, loader);
    if (deed.action == SG_BLOCK)
        return sg_blocked_raise("safeguard refused what this pickle does: ", detail);
    if (action == SG_LOG)
        let_pass = row->effect + 1u; /* not to be told twice */
    return 0;
}

/* What of it can be said without looking at frames or files. */
static bool is_harmless(const struct sg_effect_row *row, struct sg_object *args)
{
    if (row->flags & SG_E_OPEN)
        return !sg_arguments_open_writes(args);
    if (row->flags & SG_E_ADDRESS)
        return sg_arguments_local(args);
    return false;
}

static bool is_expected(const struct sg_effect_row *row, struct sg_object *args,
                        struct sg_object *loader)
{
    if (row->path[0])
        return sg_arguments_scratch(args, row);
    if (row->flags & SG_E_SYMBOL)
        return sg_native_own(args, loader);
    return row->effect == SG_EFFECT_CODE && sg_plain_code(args);
}

static int judge(const struct sg_effect_row *row, struct sg_object *args)
{
    struct sg_object *loader;

    let_pass = 0;
    if (is_harmless(row, args))
        return 0;
    enum sg_place place = sg_window_place(&loader);
    if (place == SG_PLACE_LOADING || (place == SG_PLACE_IMPORTING && row->flags & SG_E_NEVER)) {
        if (!is_expected(row, args, loader))
            return refuse(row, args, loader);
        if (row->path[0])
            return 0; /* what is then opened need not be that path: libc's entries look again */
    }
    let_pass = row->effect + 1u;
    return 0;
}

int sg_effects(const char *event, struct sg_object *args)
{
    bool open = sg_window_open() || sg_window_python();
    const struct sg_effect_row *row = sg_effect_find(event);

    if (!row || (!open && !(row->flags & SG_E_RARE)))
        return 0;
    return judge(row, args);
}

int sg_effects_import(struct sg_object *args)
{
    if (!(sg_window_open() || sg_window_python()) || !sg_arguments_names_library(args))
        return 0;
    return judge(&sg_effect_module, args);
}

static bool holds_gil(void)
{
    struct sg_state *state = sg_py.Py_IsInitialized() ? sg_py.PyThreadState_GetUnchecked() : NULL;

    return state && (sg_py.minor >= 12 || state == sg_py.PyGILState_GetThisThreadState());
}

/* As far as can be known without frames. */
static bool in_load(void)
{
    return sg_window_open() || sg_window_python();
}

/* Whether libc may be asked, where no audit event said so. */
static bool may_pass(enum sg_effect effect, struct sg_object **loader)
{
    *loader = NULL;
    if (action == SG_ALLOW || !sg_python_here())
        return true;
    if (!holds_gil())
        return !in_load() || let_pass == effect + 1u;
    if (action == SG_LOG && let_pass == effect + 1u)
        return true; /* it was told with the event */
    return sg_window_place(loader) != SG_PLACE_LOADING;
}

static bool refuse_call(enum sg_effect effect, const char *call, const char *what,
                        struct sg_object *loader)
{
    char detail[DETAIL_MAX];
    struct sg_phrase phrase;
    struct sg_deed deed = {.event = SG_EVENT_EFFECT,
                           .rule = sg_effect_rule(effect),
                           .detail = detail,
                           .score = 1,
                           .action = action};

    begin_detail(&phrase, detail, effect);
    sg_phrase_string(&phrase, call);
    sg_phrase_string(&phrase, "(");
    sg_phrase_quote(&phrase, sg_text_of(what ? what : ""));
    sg_phrase_string(&phrase, ")");
    sg_blocked_tell(&deed, loader);
    if (action != SG_BLOCK)
        return true;
    phrase = sg_note_begin();
    sg_phrase_string(&phrase, detail);
    sg_note_end(&phrase);
    errno = EACCES;
    return false;
}

bool sg_effects_spawn(const char *what, char *const argv[])
{
    struct sg_object *loader;

    if (may_pass(SG_EFFECT_SPAWN, &loader) || sg_trackers_is(what, argv))
        return true;
    return refuse_call(SG_EFFECT_SPAWN, "exec", what, loader);
}

bool sg_effects_connect(const struct sockaddr *to, unsigned len)
{
    struct sg_object *loader;

    if (len < sizeof(to->sa_family) || (to->sa_family != AF_INET && to->sa_family != AF_INET6) ||
        may_pass(SG_EFFECT_CONNECT, &loader))
        return true;
    return refuse_call(SG_EFFECT_CONNECT, "connect", "", loader);
}

bool sg_effects_write(int dir, const char *path)
{
    struct sg_object *loader;

    if (!in_load() || !path || may_pass(SG_EFFECT_FILE, &loader) ||
        sg_scratch_holds(dir, path, true))
        return true;
    return refuse_call(SG_EFFECT_FILE, "open", path, loader);
}

bool sg_effects_in_load(void)
{
    struct sg_object *loader;

    return action != SG_ALLOW && sg_python_here() && holds_gil() &&
           sg_window_place(&loader) == SG_PLACE_LOADING;
}

void sg_effects_named(void)
{
    let_pass = 0;
}

void sg_effects_look(void)
{
    if (!sg_effects_in_load())
        return;
    sg_window_named(); /* or as good as */
    if (action == SG_BLOCK)
        let_pass = 0; /* by an import that is over */
}
