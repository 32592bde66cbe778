/* features.c - the features of a call site. */
#include "judge/features.h"

#include "judge/words.h"

#include <string.h>

#define FEATURE_ROW(id, kind, what) {#id, #kind, what},

const struct sg_feature sg_site_features[SG_SITE_WIDTH] = {SG_SITE_FEATURES(FEATURE_ROW)};
const struct sg_feature sg_stream_features[SG_STREAM_OPCODE] = {SG_STREAM_FEATURES(FEATURE_ROW)};

#define COUNT_MAX 15u

static int16_t capped(uint64_t n)
{
    return (int16_t)(n < COUNT_MAX ? n : COUNT_MAX);
}

/* 0 for 0, else how many bits it takes. */
static int16_t bin(uint64_t n)
{
    int16_t bits = 0;

    for (; n > 0 && bits < 31; n >>= 1)
        bits++;
    return bits;
}

static int16_t bit(unsigned set)
{
    return set != 0;
}

static struct sg_text last_of(struct sg_text dotted)
{
    const char *dot = dotted.len ? memrchr(dotted.at, '.', dotted.len) : NULL;

    return dot ? (struct sg_text){dot + 1, (size_t)(dotted.at + dotted.len - dot - 1)} : dotted;
}

static size_t count_char(struct sg_text text, char c)
{
    size_t count = 0;

    for (size_t i = 0; i < text.len; i++)
        count += text.at[i] == c;
    return count;
}

void sg_sight_name(const struct sg_sight *sight, struct sg_spoken *out)
{
    enum sg_kind kind = sg_value_kind(sight->m, sight->call->callee);
    size_t len = 0;

    out->module = out->qualname = (struct sg_text){out->text, 0};
    if (kind == SG_V_ATTR) {
        len = sg_value_read(sight->m, sg_value_attr_name(sight->m, sight->call->callee), 0,
                            out->text, sizeof(out->text));
        out->qualname.len = len;
    } else if (sight->global) {
        out->module = sight->global->module;
        out->qualname = sight->global->qualname;
    }
}

/* How bad a sink is, as knowledge.c ranks them; what is clean by review is nothing here. */
static int16_t sink_rank(const struct sg_name *name)
{
    static const uint8_t ranks[SG_SINK_COUNT_] = {
        [SG_SINK_EXEC] = 14,    [SG_SINK_SPAWN] = 13,  [SG_SINK_NATIVE] = 12, [SG_SINK_DELETE] = 11,
        [SG_SINK_CONNECT] = 10, [SG_SINK_INSPECT] = 9, [SG_SINK_DELAY] = 8,   [SG_SINK_FILE] = 7,
        [SG_SINK_STATE] = 6,    [SG_SINK_RESOLVE] = 5, [SG_SINK_LOAD] = 4,    [SG_SINK_CODE] = 3,
        [SG_SINK_RELAY] = 2,    [SG_SINK_DECODE] = 1,
    };

    return ranks[name->sink];
}

static void fill_known(const struct sg_name *name, int16_t *at)
{
    at[SG_SITE_SINK] = sink_rank(name);
    at[SG_SITE_DISTANCE] = at[SG_SITE_SINK] ? (int16_t)name->distance : 0;
    at[SG_SITE_SOFT] = bit(name->flags & SG_N_SOFT);
    at[SG_SITE_INIT] = bit(name->flags & SG_N_INIT);
    at[SG_SITE_INSIDE] = bit(name->flags & SG_N_INSIDE);
    at[SG_SITE_STORES] = bit(name->flags & SG_N_STORES);
    at[SG_SITE_LIBRARY] = bit(name->flags & SG_N_LIBRARY);
    at[SG_SITE_STDLIB] = bit(name->flags & SG_N_STDLIB);
    at[SG_SITE_ASIDE] = bit(name->flags & SG_N_ASIDE);
    at[SG_SITE_CLASS] = bit(name->flags & SG_N_CLASS);
    at[SG_SITE_VERB] = bit(name->flags & SG_N_VERB);
    at[SG_SITE_REBUILD] = bit(name->flags & SG_N_REBUILD);
    at[SG_SITE_DUNDER] = bit(name->flags & SG_N_DUNDER);
    at[SG_SITE_LONG] = bit(name->flags & SG_N_LONG);
    at[SG_SITE_COMPUTED] = bit(name->flags & SG_N_COMPUTED);
}

static bool private_part(struct sg_text dotted)
{
    for (size_t i = 0; i < dotted.len; i++)
        if (dotted.at[i] == '_' && (i == 0 || dotted.at[i - 1] == '.'))
            return true;
    return false;
}

static size_t capitals(struct sg_text word)
{
    size_t count = 0;

    for (size_t i = 0; i < word.len; i++)
        count += (word.at[i] >= 'A' && word.at[i] <= 'Z') || word.at[i] == '_';
    return count;
}

static void fill_spoken(const struct sg_spoken *spoken, int16_t *at)
{
    struct sg_text last = last_of(spoken->qualname);

    at[SG_SITE_MAIN] = sg_text_is(spoken->module, "__main__");
    at[SG_SITE_DUNDER_LAST] = sg_word_dunder(last);
    at[SG_SITE_PRIVATE] = last.len > 0 && last.at[0] == '_' && !sg_word_dunder(last);
    at[SG_SITE_PRIVATE_MODULE] = private_part(spoken->module);
    at[SG_SITE_MODULE_DEPTH] = spoken->module.len ? capped(count_char(spoken->module, '.') + 1) : 0;
    at[SG_SITE_NAME_DEPTH] =
        spoken->qualname.len ? capped(count_char(spoken->qualname, '.') + 1) : 0;
    at[SG_SITE_WORDS] = last.len ? capped(count_char(last, '_') + 1) : 0;
    at[SG_SITE_NAME_LENGTH] = bin(last.len);
    at[SG_SITE_UPPER] = last.len > 1 && capitals(last) == last.len;
}

static void fill_global(const struct sg_global *global, int16_t *at)
{
    at[SG_SITE_COMPUTED] |= bit(global->flags & SG_G_COMPUTED);
    at[SG_SITE_PYTHON2] = bit(global->flags & SG_G_PYTHON2);
    at[SG_SITE_EXTENSION] = bit(global->flags & SG_G_EXTENSION);
    at[SG_SITE_ODD] = bit(global->flags & SG_G_ODD_CHARS);
    at[SG_SITE_INSTANCE] = bit(global->flags & SG_G_INSTANCE);
    at[SG_SITE_UNRESOLVED] = bit(global->flags & SG_G_UNRESOLVED);
}

static int16_t op_code(enum sg_call_op op)
{
    switch (op) {
    case SG_CALL_FOLDED:
        return 0;
    case SG_CALL_REDUCE:
        return 1;
    case SG_CALL_INST:
        return 2;
    case SG_CALL_OBJ:
        return 3;
    case SG_CALL_NEWOBJ:
        return 4;
    default: /* NEWOBJ_EX: of what stores nobody asks */
        return 5;
    }
}

static void fill_call(const struct sg_sight *sight, int16_t *at)
{
    const struct sg_machine *m = sight->m;
    const struct sg_call *call = sight->call;
    bool whole;
    size_t count = sg_value_count(m, call->args, &whole);

    at[SG_SITE_CALLEE] = (int16_t)sg_value_kind(m, call->callee);
    if (at[SG_SITE_CALLEE] == SG_V_ATTR)
        at[SG_SITE_BASE] = (int16_t)sg_value_kind(m, sg_value_attr_base(m, call->callee)) + 1;
    at[SG_SITE_OPCODE] = op_code(call->op);
    at[SG_SITE_ARGUMENTS] = capped(count);
    at[SG_SITE_FIRST] = count ? (int16_t)sg_value_kind(m, sg_value_item(m, call->args, 0)) + 1 : 0;
    if (sg_value_kind(m, call->kwargs) == SG_V_DICT)
        at[SG_SITE_KEYWORDS] = capped(sg_value_count(m, call->kwargs, &whole));
}

static void fill_tally(const struct sg_glance *t, int16_t *at)
{
    static const struct {
        unsigned flag;
        enum sg_site_feature feature;
    } flags[] = {
        {SG_ARG_WORD, SG_SITE_WORD},      {SG_ARG_SHELL, SG_SITE_SHELL},
        {SG_ARG_CODE, SG_SITE_CODE},      {SG_ARG_PAYLOAD, SG_SITE_PAYLOAD},
        {SG_ARG_URL, SG_SITE_URL},        {SG_ARG_HOST, SG_SITE_HOST},
        {SG_ARG_PATH, SG_SITE_PATH},      {SG_ARG_ENCODED, SG_SITE_ENCODED},
        {SG_ARG_WALK, SG_SITE_WALK},      {SG_ARG_RUNS, SG_SITE_RUNS},
        {SG_ARG_PICKLE, SG_SITE_PICKLE},  {SG_ARG_MARSHAL, SG_SITE_MARSHAL},
        {SG_ARG_DUNDER, SG_SITE_DUNDERS}, {SG_ARG_LINES, SG_SITE_LINES},
        {SG_ARG_SPACES, SG_SITE_SPACES},
    };

    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        at[flags[i].feature] = bit(t->flags & flags[i].flag);
    at[SG_SITE_DEPTH] = capped(t->depth);
    at[SG_SITE_STRINGS] = capped(t->counts[SG_V_STR]);
    at[SG_SITE_BYTES] = capped(t->counts[SG_V_BYTES]);
    at[SG_SITE_NUMBERS] = capped(t->counts[SG_V_INT] + t->counts[SG_V_FLOAT]);
    at[SG_SITE_CONSTANTS] = capped(t->counts[SG_V_NONE] + t->counts[SG_V_BOOL]);
    at[SG_SITE_CONTAINERS] = capped(t->counts[SG_V_TUPLE] + t->counts[SG_V_LIST] +
                                    t->counts[SG_V_DICT] + t->counts[SG_V_SET]);
    at[SG_SITE_GLOBALS] = capped(t->counts[SG_V_GLOBAL]);
    at[SG_SITE_RESULTS] =
        capped(t->counts[SG_V_RESULT] + t->counts[SG_V_ATTR] + t->counts[SG_V_PERSID]);
    at[SG_SITE_UNKNOWNS] = capped(t->counts[SG_V_UNKNOWN] + t->counts[SG_V_FORGOTTEN]);
    at[SG_SITE_LONGEST] = bin(t->longest);
}

void sg_site_features_fill(const struct sg_sight *sight, const struct sg_spoken *spoken,
                           struct sg_site_vector *out)
{
    memset(out, 0, sizeof(*out));
    if (sight->name)
        fill_known(sight->name, out->at);
    if (sight->global)
        fill_global(sight->global, out->at);
    fill_spoken(spoken, out->at);
    fill_call(sight, out->at);
    fill_tally(sight->glance, out->at);
    out->at[SG_SITE_NESTED] = sight->nested;
}
