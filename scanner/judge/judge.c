/* judge.c - gathers what machines and containers tell, and weighs it as it comes. */
#include "judge/judge.h"

#include "judge/judge_state.h"
#include "judge/sites.h"

#include <string.h>

uint64_t sg_mix(uint64_t a, uint64_t b)
{
    a = (a ^ b) * 0x9e3779b97f4a7c15ULL;
    return a ^ a >> 31;
}

static uint64_t print_of(const char *text, size_t len)
{
    uint64_t print = len;

    for (size_t i = 0; i < len; i++)
        print = sg_mix(print, (uint8_t)text[i]);
    return print;
}

enum sg_status sg_judge_open(struct sg_judge **out, struct sg_arena *arena)
{
    struct sg_judge *judge = sg_arena_take(arena, sizeof(*judge));

    if (!judge)
        return SG_ERR_MEMORY;
    memset(judge, 0, offsetof(struct sg_judge, ledger) + offsetof(struct sg_ledger, found));
    judge->spent = judge->caller_count = judge->caller_member = judge->member_print = 0;
    judge->caller = NULL;
    judge->opinion = (struct sg_opinion){0};
    memset(judge->callers, 0, sizeof(judge->callers));
    judge->partial = judge->not_analysed = false;
    judge->member[0] = '\0';
    memset(judge->recent, 0, sizeof(judge->recent));
    for (size_t i = 0; i < SG_CACHE_SLOTS; i++)
        judge->cache[i].m = NULL;
    judge->structure_open = false;
    judge->nested = judge->names_held = false;
    sg_learned_open(&judge->learned);
    *out = judge;
    return SG_OK;
}

void sg_judge_consult(struct sg_judge *judge, const struct sg_model *model,
                      const struct sg_tap *tap)
{
    sg_learned_consult(&judge->learned, model, tap);
}

void sg_judge_stream(struct sg_judge *judge, const uint8_t *head, size_t len)
{
    const struct sg_tap *tap = judge->learned.tap;
    struct sg_stream_vector structure;

    judge->head_len = len < sizeof(judge->head) ? len : sizeof(judge->head);
    memcpy(judge->head, head, judge->head_len);
    judge->structure_open = true;
    judge->structure_member = judge->member_print;
    if (!tap)
        return;
    sg_stream_features_fill(judge->head, judge->head_len, &structure);
    tap->stream(tap->ctx, judge->member, &structure);
}

void sg_judge_heed(struct sg_judge *judge, const struct sg_opinion *opinion)
{
    judge->opinion = *opinion;
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
    judge->nested = strstr(judge->member, "(bytes)") != NULL;
}

struct sg_found *sg_judge_note(struct sg_judge *judge, const struct sg_found *what)
{
    struct sg_found *found = sg_ledger_note(&judge->ledger, what);

    if (found)
        memcpy(found->member, judge->member, sizeof(found->member));
    return found;
}

size_t sg_detail_put(char *detail, size_t used, const char *text)
{
    return sg_detail_write(detail, SG_DETAIL_MAX, used, text, strlen(text));
}

void sg_judge_note_row(struct sg_judge *judge, const struct sg_row *row, uint64_t stream,
                       uint64_t offset, const char *detail)
{
    struct sg_found what = {.key = sg_mix(sg_mix((uintptr_t)row->rule, judge->member_print),
                                          print_of(detail, strlen(detail))),
                            .offset = offset,
                            .weight = row->weight,
                            .rule = row->rule,
                            .held_for = row->held ? stream : 0,
                            .class = SG_FOUND_OTHER};
    struct sg_found *found = sg_judge_note(judge, &what);

    if (found)
        sg_detail_put(found->detail, 0, detail);
}

size_t sg_detail_put_name(char *detail, size_t used, struct sg_text module, struct sg_text qualname)
{
    struct sg_text cut = module.len > 90 ? (struct sg_text){module.at, 90} : module;
    struct sg_text rest = qualname.len > 90 ? (struct sg_text){qualname.at, 90} : qualname;

    used = sg_detail_write(detail, SG_DETAIL_MAX - 48, used, cut.at, cut.len);
    if (rest.len > 0 && module.len > 0)
        used = sg_detail_put(detail, used, ".");
    return sg_detail_write(detail, SG_DETAIL_MAX - 48, used, rest.at, rest.len);
}

static const struct sg_row findings[SG_F_COUNT_] = {
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
    sg_judge_note_row(judge, &findings[what], 0, offset, detail);
}

void sg_judge_partial(struct sg_judge *judge, uint64_t offset, const char *detail)
{
    static const struct sg_row row = {.rule = "incomplete", .weight = 0.30};

    judge->partial = true;
    sg_judge_note_row(judge, &row, 0, offset, detail);
}

void sg_judge_report(struct sg_judge *judge, struct sg_report *report)
{
    sg_ledger_report(&judge->ledger, report);
    report->coverage = judge->partial ? SG_PARTIAL : judge->not_analysed ? SG_NONE : SG_COMPLETE;
}

double sg_judge_name(struct sg_text module, struct sg_text qualname, char *detail, size_t cap)
{
    return sg_judge_name_heeding(NULL, module, qualname, detail, cap);
}

double sg_judge_name_here(const struct sg_judge *judge, struct sg_text module,
                          struct sg_text qualname, char *detail, size_t cap)
{
    return sg_judge_name_heeding(&judge->opinion, module, qualname, detail, cap);
}

double sg_judge_name_heeding(const struct sg_opinion *opinion, struct sg_text module,
                             struct sg_text qualname, char *detail, size_t cap)
{
    struct sg_name name = sg_name_look(module, qualname);
    char text[SG_DETAIL_MAX];

    sg_heed_name(&name, sg_heed_ask(opinion, module, qualname));
    struct sg_site site = sg_site_named(&name);
    if (cap == 0)
        return site.weight;
    size_t used = sg_detail_put(text, 0, "names ");
    used = sg_detail_put_name(text, used, module, qualname);
    used = sg_detail_put(text, used, site.words);
    used = used < cap - 1 ? used : cap - 1;
    memcpy(detail, text, used);
    detail[used] = '\0';
    return site.weight;
}
