/* watch.c - listens to a machine: weighs each name and call as it comes. */
#include "judge/argument_flags.h"
#include "judge/judge_state.h"
#include "judge/names_handed.h"
#include "judge/sites.h"

#include <string.h>

#define DETAIL_CALL 176u /* leaves room for words after it */

/* What the stream has under another name was that of Python 2. A name of which a part is not known
 * nobody can vouch for. */
static void heed(const struct sg_judge *judge, const struct sg_global *global, struct sg_name *name)
{
    enum sg_said said = sg_heed_ask(&judge->opinion, global->module, global->qualname);
    enum sg_said written =
        global->flags & SG_G_PYTHON2
            ? sg_heed_ask(&judge->opinion, global->written_module, global->written_name)
            : SG_SAID_NOTHING;

    said = said > written ? said : written;
    if (said == SG_SAID_DENIED || !(global->flags & SG_G_UNRESOLVED))
        sg_heed_name(name, said);
}

static void learn(struct sg_judge *judge, const struct sg_machine *m,
                  const struct sg_global *global, struct sg_cached *cached)
{
    cached->m = m;
    cached->global = global;
    cached->offset = global->offset;
    cached->name = sg_name_look(global->module, global->qualname);
    if (global->flags & SG_G_COMPUTED)
        cached->name.flags |= SG_N_COMPUTED;
    heed(judge, global, &cached->name);
    judge->names_held |= sg_global_holds_names(global);
}

static const struct sg_name *know(struct sg_judge *judge, const struct sg_machine *m,
                                  const struct sg_global *global, bool anew)
{
    /* The names of one machine never get in each other's way, until there are more than slots. */
    uint64_t slot = ((uintptr_t)m / 64 + global->index) % SG_CACHE_SLOTS;
    struct sg_cached *cached = &judge->cache[slot];

    if (anew || cached->m != m || cached->global != global || cached->offset != global->offset)
        learn(judge, m, global, cached);
    return &cached->name;
}

static void on_global(void *ctx, const struct sg_machine *m, const struct sg_global *global)
{
    struct sg_judge *judge = ctx;
    const struct sg_name *name = know(judge, m, global, global->count <= 1);
    struct sg_site site = sg_site_named(name);
    struct sg_found what = {
        .key = sg_mix(sg_mix((uintptr_t)site.rule, judge->member_print), name->print),
        .subject = name->print,
        .offset = global->offset,
        .weight = site.weight,
        .rule = site.rule,
        .class = SG_FOUND_NAME};
    struct sg_found *found;
    size_t used;

    if (global->flags & SG_G_UNRESOLVED && what.weight < 0.80) {
        what.weight = 0.80;
        what.rule = "computed-name";
        site.words = ", a name that is computed";
    }
    found = sg_judge_note(judge, &what);
    if (!found)
        return;
    used = sg_detail_put(found->detail, 0, "names ");
    used = sg_detail_put_name(found->detail, used, global->module, global->qualname);
    sg_detail_put(found->detail, used, site.words);
}

/* How a stream is put together says something only where it calls what nobody vouches for. */
static void note_structure(struct sg_judge *judge)
{
    struct sg_row row = {.rule = "structure"};
    struct sg_stream_vector structure;

    judge->structure_open = false;
    if (judge->structure_member != judge->member_print)
        return;
    sg_stream_features_fill(judge->head, judge->head_len, &structure);
    if (structure.at[SG_STREAM_NAMES] == 0)
        return;
    row.weight = sg_learned_stream(&judge->learned, &structure, &row.detail);
    if (row.weight >= SG_AT_SUSPICIOUS)
        sg_judge_note_row(judge, &row, 0, 0, row.detail);
}

static void tell_call(struct sg_judge *judge, const struct sg_machine *m,
                      const struct sg_call *call, const struct sg_site *site, uint64_t subject)
{
    struct sg_found what = {
        .key = sg_mix(sg_mix(sg_mix((uintptr_t)site->rule, judge->member_print), subject),
                      site->arguments),
        .subject = subject,
        .offset = call->offset,
        .weight = site->weight,
        .rule = site->rule,
        .class = SG_FOUND_CALL};
    struct sg_found *found = sg_judge_note(judge, &what);
    char text[DETAIL_CALL];
    size_t used, len;

    if (site->weight >= SG_AT_SUSPICIOUS && site->weight < SG_AT_MALICIOUS &&
        strcmp(site->rule, "code-carrier") != 0) /* cloudpickle drops what its state setter gives */

        judge->recent[call->id % SG_RECENT_CALLS] = (struct sg_recent){
            .m = m,
            .id = call->id,
            .offset = call->offset,
            .telling = site->weight >= 0.74 && !(site->arguments & SG_ARG_RESULT)};
    if (judge->structure_open)
        note_structure(judge);
    if (!found)
        return;
    len = sg_call_render(m, call, text, sizeof(text));
    used = sg_detail_put(found->detail, 0, "calls ");
    used = sg_detail_write(found->detail, SG_DETAIL_MAX, used, text, len);
    used = sg_detail_put(found->detail, used, site->words);
    if (site->more)
        sg_detail_put(found->detail, used, site->more);
}

/* Most calls are of what is known to be harmless. */
static inline void note_call(struct sg_judge *judge, const struct sg_machine *m,
                             const struct sg_call *call, const struct sg_site *site,
                             uint64_t subject)
{
    if (judge->spent > SG_ARGUMENT_BUDGET && !judge->partial)
        sg_judge_partial(judge, call->offset, "more arguments than are looked at");
    if (site->weight < SG_WORTH_TELLING)
        sg_ledger_weigh(&judge->ledger, site->weight);
    else
        tell_call(judge, m, call, site, subject);
}

/* The methods that an opcode which gives an object a state, an item or a member may call. */
static const char *const *stored_by(enum sg_call_op op)
{
    static const char *const build[] = {"__setstate__", NULL},
                             *const append[] = {"append", "extend", NULL},
                             *const item[] = {"__setitem__", NULL}, *const add[] = {"add", NULL};

    return op == SG_CALL_BUILD     ? build
           : op == SG_CALL_APPEND  ? append
           : op == SG_CALL_SETITEM ? item
           : op == SG_CALL_ADD     ? add
                                   : NULL;
}

/* Such an opcode on what is no instance: it changes what everybody has. */
static void on_store_global(struct sg_judge *judge, const struct sg_call *call,
                            const struct sg_global *global)
{
    static const struct sg_row sets = {.rule = "sets-on-global",
                                       .detail = "sets attributes of ",
                                       .weight = 0.93},
                               stores = {.rule = "stores-in-global",
                                         .detail = "stores items in ",
                                         .weight = 0.92};
    const struct sg_row *row = call->op == SG_CALL_BUILD ? &sets : &stores;
    char detail[SG_DETAIL_MAX];
    size_t used = sg_detail_put(detail, 0, row->detail);

    sg_detail_put_name(detail, used, global->module, global->qualname);
    sg_judge_note_row(judge, row, 0, call->offset, detail);
}

/* Such an opcode on an object of a class that is known for what its methods reach. */
static void on_store(struct sg_judge *judge, const struct sg_machine *m, const struct sg_call *call,
                     const char *const *methods)
{
    struct sg_call made_by;
    const struct sg_global *global;

    global = sg_value_global(m, call->callee);
    if (global)
        on_store_global(judge, call, global);
    if (!sg_value_call(m, call->callee, &made_by))
        return;
    global = sg_value_global(m, made_by.callee);
    if (!global || !(know(judge, m, global, false)->flags & SG_N_STORES))
        return;
    for (; *methods; methods++) {
        struct sg_name name = sg_name_method(global->module, global->qualname, *methods);
        struct sg_glance glance = {.spent = &judge->spent};
        struct sg_site site;

        if (name.sink == SG_SINK_NONE || name.sink == SG_SINK_CLEAN || name.flags & SG_N_SOFT)
            continue;
        site = sg_site_called(m, call, &name, &glance);
        note_call(judge, m, call, &site, name.print);
    }
}

static void ask_model(struct sg_judge *judge, struct sg_sight *sight, struct sg_site *site)
{
    sight->nested = judge->nested;
    sg_learned_site(&judge->learned, sight, judge->member, site);
}

/* A call of what is no global. */
static void indirect(struct sg_judge *judge, const struct sg_machine *m, const struct sg_call *call)
{
    struct sg_call made_by;
    const struct sg_name *inner = NULL;
    const struct sg_global *global = NULL;
    struct sg_glance glance = {.spent = &judge->spent};
    struct sg_site site;

    if (sg_value_call(m, call->callee, &made_by))
        global = sg_value_global(m, made_by.callee);
    if (global)
        inner = know(judge, m, global, false);
    site = sg_site_indirect(m, call, inner, &made_by, &glance);
    ask_model(judge, &(struct sg_sight){m, call, global, inner, &glance, false}, &site);
    note_call(judge, m, call, &site, inner ? inner->print : 0);
}

/* A stream of a member, not 0. Another machine may come to lie at the same address. */
static uint64_t stream_of(const struct sg_judge *judge, const struct sg_machine *m)
{
    return sg_mix((uintptr_t)m, judge->member_print) | 1;
}

static bool has_called(const struct sg_judge *judge, uint64_t stream)
{
    for (size_t i = 0; i < SG_CALLERS; i++)
        if (judge->callers[i] == stream)
            return true;
    return false;
}

static void note_caller(struct sg_judge *judge, const struct sg_machine *m)
{
    uint64_t stream;

    if (judge->caller == m && judge->caller_member == judge->member_print)
        return;
    judge->caller = m;
    judge->caller_member = judge->member_print;
    stream = stream_of(judge, m);
    judge->callers[judge->caller_count++ % SG_CALLERS] = stream;
    sg_ledger_release(&judge->ledger, stream);
}

static void weigh(struct sg_judge *judge, const struct sg_machine *m, const struct sg_call *call,
                  const struct sg_global *global, const struct sg_name *name)
{
    struct sg_glance glance = {.spent = &judge->spent};
    struct sg_site site = sg_site_called(m, call, name, &glance);

    ask_model(judge, &(struct sg_sight){m, call, global, name, &glance, false}, &site);
    note_call(judge, m, call, &site, name->print);
}

static void on_call(void *ctx, const struct sg_machine *m, const struct sg_call *call)
{
    struct sg_judge *judge = ctx;
    const struct sg_global *global;
    const struct sg_name *name;
    const char *const *methods;

    note_caller(judge, m);
    if (judge->names_held)
        sg_judge_names_handed(judge, m, call);
    methods = stored_by(call->op);
    if (methods) {
        on_store(judge, m, call, methods);
        return;
    }
    global = sg_value_global(m, call->callee);
    if (!global) {
        indirect(judge, m, call);
        return;
    }
    name = know(judge, m, global, false);
    if (name->sink != SG_SINK_CLEAN || name->flags & SG_N_DENIED || judge->learned.tap)
        weigh(judge, m, call, global, name);
}

static void use_model(struct sg_judge *judge, const struct sg_machine *m, uint64_t call_id,
                      enum sg_use use)
{
    static const char *const details[] = {
        [SG_USE_CALLED] = "calls what an uncertain call gave",
        [SG_USE_DISCARDED] = "makes a call only for what it does, and throws away what it gave",
        [SG_USE_BUILT] = "gives a state to what an uncertain call gave",
        [SG_USE_NAME] = "takes a name from what an uncertain call gave",
    };
    struct sg_row row = {.rule = "learned-use", .detail = details[use]};
    uint64_t offset = 0;

    row.weight = sg_learned_use(&judge->learned, m, call_id, use, &offset);
    if (row.weight >= SG_AT_SUSPICIOUS)
        sg_judge_note_row(judge, &row, 0, offset, row.detail);
}

/* What is made only to be thrown away is called for what it does on the way. Picklers throw away
 * what a state setter gives, whose first argument is the object. */
static void on_use(void *ctx, const struct sg_machine *m, uint64_t call_id, enum sg_use use)
{
    static const struct sg_row rows[] = {
        {.rule = "result-discarded",
         .detail = "throws away what an uncertain call gave",
         .weight = 0.85},
        {.rule = "result-discarded",
         .detail = "makes a telling call only for what it does, and throws away what it gave",
         .weight = 0.91},
    };
    struct sg_judge *judge = ctx;
    const struct sg_recent *recent = &judge->recent[call_id % SG_RECENT_CALLS];

    use_model(judge, m, call_id, use);
    if (use == SG_USE_DISCARDED && recent->m == m && recent->id == call_id)
        sg_judge_note_row(judge, &rows[recent->telling], 0, recent->offset,
                          rows[recent->telling].detail);
}

static const struct sg_row anomalies[SG_A_COUNT_] = {
    [SG_A_BROKEN_AFTER_CALL] = {.rule = "broken-after-call",
                                .detail = "breaks off after a call was made",
                                .weight = 0.30},
    [SG_A_FRAME_STRADDLE] = {.rule = "frame-straddle",
                             .detail = "an argument crosses the end of its frame",
                             .weight = 0.70,
                             .held = true},
    [SG_A_NUL_IN_LINE] = {.rule = "nul-in-line",
                          .detail = "a NUL hides the rest of a line",
                          .weight = 0.60,
                          .held = true},
    [SG_A_ODD_INTEGER] = {.rule = "odd-integer",
                          .detail = "a number is written as no pickler writes it",
                          .weight = 0.55,
                          .held = true},
    [SG_A_COMPUTED_NAME] = {.rule = "computed-name",
                            .detail = "a name is computed while loading",
                            .weight = 0.80,
                            .held = true},
    [SG_A_EXTENSION] = {.rule = "extension-code",
                        .detail = "resolves a name by an extension code",
                        .weight = 0.60,
                        .held = true},
    [SG_A_EXTENSION_UNKNOWN] = {.rule = "extension-code",
                                .detail = "resolves a name by an extension code that is not known",
                                .weight = 0.60,
                                .held = true},
    [SG_A_MEMO_ACROSS] = {.rule = "memo-across",
                          .detail = "uses the memo of the pickle before it",
                          .weight = 0.10},
    [SG_A_PROTO_LATE] = {.rule = "late-proto",
                         .detail = "PROTO is not at the beginning, or above 5",
                         .weight = 0.35,
                         .held = true},
    [SG_A_BOMB] = {.rule = "bomb", .detail = "grows without end when loaded", .weight = 0.96},
    [SG_A_FORGOTTEN_USED] = {.rule = "forgotten",
                             .detail = "more to remember than there is memory for",
                             .weight = 0.30},
    [SG_A_LEFTOVER] = {.rule = "leftover",
                       .detail = "leaves objects behind on the stack",
                       .weight = 0.35,
                       .held = true},
    [SG_A_NON_TUPLE_ARGS] = {.rule = "odd-arguments",
                             .detail = "calls with arguments that are no tuple",
                             .weight = 0.45,
                             .held = true},
};

static void on_anomaly(void *ctx, const struct sg_machine *m, enum sg_anomaly what, uint64_t offset)
{
    struct sg_judge *judge = ctx;
    uint64_t stream = stream_of(judge, m);

    if (!anomalies[what].rule)
        return; /* on_store() tells it, by name */
    if (what == SG_A_FORGOTTEN_USED)
        judge->partial = true;
    stream = has_called(judge, stream) ? 0 : stream;
    sg_judge_note_row(judge, &anomalies[what], stream, offset, anomalies[what].detail);
}

struct sg_events sg_judge_events(struct sg_judge *judge)
{
    return (struct sg_events){
        .ctx = judge, .global = on_global, .call = on_call, .use = on_use, .anomaly = on_anomaly};
}
