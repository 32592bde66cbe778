/* find_class.c - may an unpickler resolve this name? */
#include "shim/find_class.h"

#include "shim/blocked.h"
#include "shim/effects.h"
#include "shim/frames.h"
#include "shim/window.h"

#include "judge/judge.h"
#include "judge/knowledge.h"

#include <stdatomic.h>
#include <sys/auxv.h>

#define DETAIL_MAX 320

static const struct sg_policy *rules;
static enum sg_action action;
static uint64_t key[2];

/* Names that were let pass before, by fingerprints under a key of this process: nobody who sends
 * pickles can make two names share one. Judging takes microseconds, and a pool's workers resolve
 * the same few names for every task. */
#define PASSED_SLOTS 1024u
static _Atomic uint64_t passed[PASSED_SLOTS];

void sg_find_class_start(const struct sg_policy *policy)
{
    const void *random = (const void *)getauxval(AT_RANDOM); /* NOLINT(performance-no-int-to-ptr) */

    rules = policy;
    action = policy->find_class < policy->mode ? policy->find_class : policy->mode;
    if (random)
        memcpy(key, random, sizeof(key));
    key[0] ^= (uintptr_t)&rules;
    key[1] |= 1;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t add_text(uint64_t print, struct sg_text text)
{
    for (size_t at = 0; at < text.len; at += 8) {
        uint64_t word = 0;
        memcpy(&word, text.at + at, text.len - at < 8 ? text.len - at : 8);
        print = mix(print ^ word, key[1] ^ 0x9e3779b97f4a7c15u);
    }
    return mix(print ^ text.len, key[0] ^ 0xbf58476d1ce4e5b9u);
}

static bool text_of(struct sg_object *args, ssize_t at, struct sg_text *text)
{
    struct sg_object *value = sg_py.PyTuple_GetItem(args, at);
    ssize_t len = 0;
    const char *bytes = value ? sg_py.PyUnicode_AsUTF8AndSize(value, &len) : NULL;

    if (!bytes) {
        sg_py.PyErr_Clear();
        return false;
    }
    *text = (struct sg_text){bytes, (size_t)len};
    return true;
}

/* Names that call sites are judged by, not found guilty alone: tasks and clean objects carry them,
 * and what they are made to do in a load is an import, or an effect. */
static bool is_ordinary(struct sg_text module, struct sg_text name)
{
    static const struct {
        const char *module, *name;
    } ordinary[] = {
        {"importlib", "import_module"},
        {"builtins", "__build_class__"},
        {"numpy", "memmap"}, /* as the class of an array that joblib wrote */
        {"numpy.core.memmap", "memmap"},
        {"numpy._core.memmap", "memmap"},
        {"__builtin__", "__build_class__"},
    };

    for (unsigned i = 0; i < sizeof(ordinary) / sizeof(ordinary[0]); i++)
        if (sg_text_is(module, ordinary[i].module) && sg_text_is(name, ordinary[i].name))
            return true;
    return false;
}

/* Whether effects are watched at least as strictly as names are. */
static bool effects_stand_behind(void)
{
    return sg_effects_action() >= action;
}

/* Names that find other objects, as getattr and `builtins.__dict__`, which dill's functions carry:
 * what they find is named itself, or its effect is seen. */
static bool only_leads_on(struct sg_text module, struct sg_text name)
{
    static const char dict[] = "__dict__";
    size_t len = sizeof(dict) - 1;
    enum sg_sink sink = sg_name_look(module, name).sink;
    bool is_dict = name.len >= len && memcmp(name.at + name.len - len, dict, len) == 0;

    return effects_stand_behind() &&
           (sink == SG_SINK_RESOLVE || (sink == SG_SINK_INSPECT && is_dict));
}

/* What a program sends to its own workers may name anything it can call: `pool.map(os.remove, …)`.
 * There the name alone is let pass while effects stand behind it: inside the load it can do
 * nothing. What would have something run after the load is not. */
static bool from_peer(struct sg_text module, struct sg_text name)
{
    static const char *const files[] = {
        "/multiprocessing/connection.py",  "/multiprocessing/queues.py",
        "/multiprocessing/spawn.py",       "/multiprocessing/forkserver.py",
        "/multiprocessing/managers.py",    "/multiprocess/connection.py",
        "/multiprocess/queues.py",         "/multiprocess/spawn.py",
        "/loky/backend/queues.py",         "/loky/backend/popen_loky_posix.py",
        "/loky/cloudpickle_wrapper.py",    "/loky/backend/spawn.py",
        "/distributed/protocol/pickle.py", "/pyspark/serializers.py",
        "/ray/_private/serialization.py",  "/concurrent/futures/process.py",
        "/torch/multiprocessing/queue.py", "/joblib/externals/loky/process_executor.py",
    };
    struct sg_object *caller = sg_window_caller();
    enum sg_sink sink = sg_name_look(module, name).sink;

    if (!caller || !effects_stand_behind() || sink == SG_SINK_DELAY)
        return false;
    for (unsigned i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        if (sg_frames_is(caller, files[i]))
            return true;
    return false;
}

static int refuse(const char *detail, double score)
{
    struct sg_deed deed = {.event = SG_EVENT_FIND_CLASS,
                           .rule = "find-class",
                           .detail = detail,
                           .score = score,
                           .action = action};
    struct sg_object *caller = sg_window_caller();

    sg_blocked_tell(&deed, caller ? caller : sg_py.PyEval_GetFrame());
    return action == SG_BLOCK ? sg_blocked_raise("safeguard refused this pickle: ", detail) : 0;
}

static int judge(struct sg_text module, struct sg_text name, bool *keep)
{
    char detail[DETAIL_MAX];
    struct sg_opinion opinion = sg_policy_opinion(rules);
    double score = sg_judge_name_heeding(&opinion, module, name, detail, sizeof(detail));

    *keep = false;
    if (score >= 1) /* denied by the policy */
        return refuse(detail, 1);
    *keep = score < rules->malicious || is_ordinary(module, name) || only_leads_on(module, name);
    if (*keep || from_peer(module, name))
        return 0;
    return refuse(detail, score);
}

int sg_find_class(struct sg_object *args)
{
    struct sg_text module, name;
    bool keep;

    sg_window_named();
    if (!text_of(args, 0, &module) || !text_of(args, 1, &name))
        return 0; /* no module has such a name */
    uint64_t print = add_text(add_text(key[0], module), name);
    _Atomic uint64_t *slot = &passed[print % PASSED_SLOTS];
    if (atomic_load_explicit(slot, memory_order_relaxed) == print)
        return 0;
    int refused = judge(module, name, &keep);
    if (keep)
        atomic_store_explicit(slot, print, memory_order_relaxed);
    return refused;
}
