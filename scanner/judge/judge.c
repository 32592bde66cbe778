/* judge.c - gathers what machines and containers tell, and weighs it as it comes. */
#include "judge/judge.h"

#include "judge/argument_flags.h"
#include "judge/sites.h"
#include "judge/verdict.h"

#include <string.h>

#define CACHE_SLOTS 1024u
#define DETAIL_CALL 176u /* leaves room for words after it */

/* What is known of a global of a machine. */
struct cached {
    const struct sg_machine *m;
    const struct sg_global *global;
    uint64_t offset;
    struct sg_name name;
};

struct sg_judge {
    struct sg_ledger ledger;
    uint64_t spent;    /* bytes of arguments looked at */
    uint64_t calls;    /* seen */
    bool partial;      /* something was not read */
    bool not_analysed; /* a format was only recognised */
    uint64_t member_print;
    char member[SG_MEMBER_MAX];
    struct cached cache[CACHE_SLOTS];
};

static uint64_t mix(uint64_t a, uint64_t b)
{
    a = (a ^ b) * 0x9e3779b97f4a7c15ULL;
    return a ^ a >> 31;
}

static uint64_t print_of(const char *text, size_t len)
{
    uint64_t print = len;

    for (size_t i = 0; i < len; i++)
        print = mix(print, (uint8_t)text[i]);
    return print;
}

enum sg_status sg_judge_open(struct sg_judge **out, struct sg_arena *arena)
{
    struct sg_judge *judge = sg_arena_take(arena, sizeof(*judge));

    if (!judge)
        return SG_ERR_MEMORY;
    memset(judge, 0, offsetof(struct sg_judge, ledger) + offsetof(struct sg_ledger, found));
    judge->spent = judge->calls = judge->member_print = 0;
    judge->partial = judge->not_analysed = false;
    judge->member[0] = '\0';
    memset(judge->cache, 0, sizeof(judge->cache));
    *out = judge;
    return SG_OK;
}

void sg_judge_member(struct sg_judge *judge, const char *member)
{
    size_t len = strlen(member), kept = sizeof(judge->member) - 1;

    judge->member_print = print_of(member, len);
    if (len > kept) { /* the end tells more: it is the file's own name */
        memcpy(judge->member, "...", 3);
        memcpy(judge->member + 3, member + len - (kept - 3), kept - 3);
        len = kept;
    } else {
        memcpy(judge->member, member, len);
    }
    judge->member[len] = '\0';
}

/* A new entry of the ledger with its member filled in, or NULL. */
static struct sg_found *note(struct sg_judge *judge, const struct sg_found *what)
{
    struct sg_found *found = sg_ledger_note(&judge->ledger, what);

    if (found)
        memcpy(found->member, judge->member, sizeof(found->member));
    return found;
}

static size_t put(char *detail, size_t used, const char *text)
{
    return sg_detail_write(detail, SG_DETAIL_MAX, used, text, strlen(text));
}

/* What an anomaly or a finding says. */
struct row {
    const char *rule, *detail;
    double weight;
    bool held;    /* says little where nothing is called: any file may read like that */
    bool partial; /* something was not read */
};

static void note_plain(struct sg_judge *judge, const struct row *row, uint64_t offset,
                       const char *detail)
{
    struct sg_found what = {.key = mix(mix((uintptr_t)row->rule, judge->member_print),
                                       print_of(detail, strlen(detail))),
                            .offset = offset,
                            .weight = row->weight,
                            .rule = row->rule,
                            .held = row->held,
                            .class = SG_FOUND_OTHER};
    struct sg_found *found = note(judge, &what);

    if (found)
        put(found->detail, 0, detail);
}

static const struct sg_name *know(struct sg_judge *judge, const struct sg_machine *m,
                                  const struct sg_global *global, bool anew)
{
    uint64_t slot = mix((uintptr_t)m, global->index) % CACHE_SLOTS;
    struct cached *cached = &judge->cache[slot];

    if (anew || cached->m != m || cached->global != global || cached->offset != global->offset) {
        cached->m = m;
        cached->global = global;
        cached->offset = global->offset;
        cached->name = sg_name_look(global->module, global->qualname);
    }
    return &cached->name;
}

static size_t put_name(char *detail, size_t used, struct sg_text module, struct sg_text qualname)
{
    struct sg_text cut = module.len > 90 ? (struct sg_text){module.at, 90} : module;
    struct sg_text rest = qualname.len > 90 ? (struct sg_text){qualname.at, 90} : qualname;

    used = sg_detail_write(detail, SG_DETAIL_MAX - 48, used, cut.at, cut.len);
    if (rest.len > 0 && module.len > 0)
        used = put(detail, used, ".");
    return sg_detail_write(detail, SG_DETAIL_MAX - 48, used, rest.at, rest.len);
}

static void on_global(void *ctx, const struct sg_machine *m, const struct sg_global *global)
{
    struct sg_judge *judge = ctx;
    const struct sg_name *name = know(judge, m, global, global->count <= 1);
    struct sg_site site = sg_site_named(name);
    struct sg_found what = {.key = mix(mix((uintptr_t)site.rule, judge->member_print), name->print),
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
    found = note(judge, &what);
    if (!found)
        return;
    used = put(found->detail, 0, "names ");
    used = put_name(found->detail, used, global->module, global->qualname);
    put(found->detail, used, site.words);
}

/* A state, an item or a member given to an object that is none of the built-in containers. The
 * object's own methods run; on globals the machine tells an anomaly. */
static bool stores(enum sg_call_op op)
{
    return op == SG_CALL_BUILD || op == SG_CALL_APPEND || op == SG_CALL_SETITEM ||
           op == SG_CALL_ADD;
}

static void note_call(struct sg_judge *judge, const struct sg_machine *m,
                      const struct sg_call *call, const struct sg_site *site, uint64_t subject)
{
    struct sg_found what = {
        .key = mix(mix(mix((uintptr_t)site->rule, judge->member_print), subject), site->arguments),
        .subject = subject,
        .offset = call->offset,
        .weight = site->weight,
        .rule = site->rule,
        .class = SG_FOUND_CALL};
    struct sg_found *found = note(judge, &what);
    char text[DETAIL_CALL];
    size_t used, len;

    if (!found)
        return;
    len = sg_call_render(m, call, text, sizeof(text));
    used = put(found->detail, 0, "calls ");
    used = sg_detail_write(found->detail, SG_DETAIL_MAX, used, text, len);
    put(found->detail, used, site->words);
}

/* A call of what is no global. */
static void indirect(struct sg_judge *judge, const struct sg_machine *m, const struct sg_call *call)
{
    struct sg_call made_by;
    const struct sg_name *inner = NULL;
    const struct sg_global *global = NULL;
    struct sg_site site;

    if (sg_value_call(m, call->callee, &made_by))
        global = sg_value_global(m, made_by.callee);
    if (global)
        inner = know(judge, m, global, false);
    site = sg_site_indirect(m, call, inner, &made_by, &judge->spent);
    note_call(judge, m, call, &site, inner ? inner->print : 0);
}

static void on_call(void *ctx, const struct sg_machine *m, const struct sg_call *call)
{
    struct sg_judge *judge = ctx;
    const struct sg_global *global;
    const struct sg_name *name;
    struct sg_site site;

    judge->calls++;
    if (stores(call->op))
        return;
    global = sg_value_global(m, call->callee);
    if (!global) {
        indirect(judge, m, call);
        return;
    }
    name = know(judge, m, global, false);
    if (name->sink == SG_SINK_CLEAN)
        return;
    site = sg_site_called(m, call, name, &judge->spent);
    note_call(judge, m, call, &site, name->print);
    if (judge->spent > SG_ARGUMENT_BUDGET && !judge->partial)
        sg_judge_partial(judge, call->offset, "more arguments than are looked at");
}

static const struct row anomalies[SG_A_COUNT_] = {
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
                                .weight = 0.60},
    [SG_A_MEMO_ACROSS] = {.rule = "memo-across",
                          .detail = "uses the memo of the pickle before it",
                          .weight = 0.10},
    [SG_A_PROTO_LATE] = {.rule = "late-proto",
                         .detail = "PROTO is not at the beginning, or above 5",
                         .weight = 0.35,
                         .held = true},
    [SG_A_BUILD_GLOBAL] = {.rule = "sets-on-global",
                           .detail = "sets attributes of a module, class or function",
                           .weight = 0.93},
    [SG_A_STORE_GLOBAL] = {.rule = "stores-in-global",
                           .detail = "stores items in an object of a module",
                           .weight = 0.92},
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

    (void)m;
    if (what == SG_A_FORGOTTEN_USED)
        judge->partial = true;
    note_plain(judge, &anomalies[what], offset, anomalies[what].detail);
}

struct sg_events sg_judge_events(struct sg_judge *judge)
{
    return (struct sg_events){
        .ctx = judge, .global = on_global, .call = on_call, .anomaly = on_anomaly};
}

static const struct row findings[SG_F_COUNT_] = {
    [SG_F_ZIP_DISAGREES] = {.rule = "zip-disagrees", .weight = 0.65},
    [SG_F_ZIP_DUPLICATE] = {.rule = "zip-duplicate", .weight = 0.60},
    [SG_F_ZIP_FLAGS] = {.rule = "zip-flags", .weight = 0.60},
    [SG_F_ZIP_CRC] = {.rule = "zip-crc", .weight = 0.45},
    [SG_F_ENCRYPTED] = {.rule = "encrypted", .weight = 0.30, .partial = true},
    [SG_F_TRUNCATED] = {.rule = "truncated", .weight = 0.30, .partial = true},
    [SG_F_DAMAGED] = {.rule = "damaged", .weight = 0.30, .partial = true},
    [SG_F_LIMIT] = {.rule = "limit", .weight = 0.30, .partial = true},
    [SG_F_BOMB] = {.rule = "bomb", .weight = 0.96},
    [SG_F_TRAILING] = {.rule = "trailing", .weight = 0.20},
    [SG_F_POLYGLOT] = {.rule = "polyglot", .weight = 0.55},
    [SG_F_CODE] = {.rule = "code-carrier", .weight = 0.60},
    [SG_F_NOT_ANALYSED] = {.rule = "not-analysed", .weight = 0.30},
};

void sg_judge_finding(struct sg_judge *judge, enum sg_finding what, uint64_t offset,
                      const char *detail)
{
    judge->partial |= findings[what].partial;
    judge->not_analysed |= what == SG_F_NOT_ANALYSED;
    note_plain(judge, &findings[what], offset, detail);
}

void sg_judge_partial(struct sg_judge *judge, uint64_t offset, const char *detail)
{
    static const struct row row = {.rule = "incomplete", .weight = 0.30};

    judge->partial = true;
    note_plain(judge, &row, offset, detail);
}

void sg_judge_report(struct sg_judge *judge, struct sg_report *report)
{
    sg_ledger_report(&judge->ledger, judge->calls > 0, report);
    report->coverage = judge->partial ? SG_PARTIAL : judge->not_analysed ? SG_NONE : SG_COMPLETE;
}

double sg_judge_name(struct sg_text module, struct sg_text qualname, char *detail, size_t cap)
{
    struct sg_name name = sg_name_look(module, qualname);
    struct sg_site site = sg_site_named(&name);
    char text[SG_DETAIL_MAX];
    size_t used = put(text, 0, "names ");

    used = put_name(text, used, module, qualname);
    used = put(text, used, site.words);
    if (cap > 0) {
        size_t len = used < cap - 1 ? used : cap - 1;

        memcpy(detail, text, len);
        detail[len] = '\0';
    }
    return site.weight;
}
