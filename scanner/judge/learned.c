/* learned.c - asks the model about calls and streams. */
#include "judge/learned.h"

#include "judge/verdict.h"

#include <string.h>

/* How much room the model has, by what the call is. Without a telling argument it must be surer of
 * a function that no table knows before that is malicious. */
enum room { ROOM_NONE, ROOM_PLAIN, ROOM_SUSPICIOUS, ROOM_UNSURE, ROOM_ANY };

#define SURE 0.975

static double within(enum room room, double weight)
{
    static const double most[] = {[ROOM_NONE] = 0,
                                  [ROOM_PLAIN] = 0.49,
                                  [ROOM_SUSPICIOUS] = 0.89,
                                  [ROOM_UNSURE] = 0.89,
                                  [ROOM_ANY] = 0.99};

    if (room == ROOM_UNSURE && weight >= SURE)
        return weight;
    return weight < most[room] ? weight : most[room];
}

/* What no attribute or argument of an ordinary call is. */
#define TELLING                                                                                    \
    (SG_ARG_PAYLOAD | SG_ARG_SHELL | SG_ARG_CODE | SG_ARG_URL | SG_ARG_HOST | SG_ARG_WALK |        \
     SG_ARG_RUNS | SG_ARG_PICKLE | SG_ARG_MARSHAL)

void sg_learned_open(struct sg_learned *learned)
{
    sg_learned_consult(learned, NULL, NULL);
    memset(learned->known, 0, sizeof(learned->known));
    for (size_t i = 0; i < SG_SIGHTS; i++)
        learned->sights[i].m = NULL;
}

void sg_learned_consult(struct sg_learned *learned, const struct sg_model *model,
                        const struct sg_tap *tap)
{
    learned->model = model ? model : &sg_model_embedded;
    learned->tap = tap;
}

static bool constructs(const struct sg_call *call)
{
    return call->op == SG_CALL_NEWOBJ || call->op == SG_CALL_NEWOBJ_EX;
}

/* … of a name that no table knows. Without a telling argument nobody can be sure of it. */
static enum room room_unknown(const struct sg_sight *sight, bool telling)
{
    unsigned flags = sight->name->flags;

    if (constructs(sight->call))
        return ROOM_NONE; /* takes classes only, runs __new__ only */
    if ((flags & (SG_N_CLASS | SG_N_VERB)) != SG_N_CLASS)
        return telling ? ROOM_ANY : ROOM_UNSURE;
    if (flags & SG_N_STDLIB)
        return ROOM_NONE; /* whose classes the table knows */
    return sight->glance->flags & SG_ARG_PAYLOAD ? ROOM_SUSPICIOUS : ROOM_PLAIN;
}

/* The most that the model may say of a call; 0: it is not asked. */
static enum room room_of(const struct sg_sight *sight, const struct sg_site *site)
{
    const struct sg_name *name = sight->name;
    enum sg_kind callee = sg_value_kind(sight->m, sight->call->callee);
    bool telling = (sight->glance->flags & TELLING) != 0;

    if (site->weight >= SG_AT_MALICIOUS || strcmp(site->rule, "code-carrier") == 0 ||
        (name && name->sink == SG_SINK_CLEAN && callee != SG_V_ATTR))
        return ROOM_NONE;
    if (constructs(sight->call) && (callee != SG_V_GLOBAL || !name))
        return ROOM_PLAIN;
    if (callee != SG_V_GLOBAL || !name)
        return telling ? ROOM_ANY : ROOM_UNSURE;
    return name->sink == SG_SINK_NONE                 ? room_unknown(sight, telling)
           : !(name->flags & (SG_N_SOFT | SG_N_INIT)) ? ROOM_ANY
           : telling                                  ? ROOM_SUSPICIOUS
                                                      : ROOM_PLAIN;
}

static size_t slot_of(const struct sg_site_vector *vector)
{
    uint64_t print = 0;

    for (size_t i = 0; i < SG_SITE_WIDTH; i++)
        print = (print ^ (uint16_t)vector->at[i]) * 0x9e3779b97f4a7c15ULL;
    return (size_t)((print ^ print >> 32) % SG_SEEN_SLOTS);
}

static double ask(struct sg_learned *learned, const struct sg_site_vector *vector)
{
    const struct sg_forest *forest = &learned->model->site;
    size_t slot = slot_of(vector);

    if (!learned->known[slot] ||
        memcmp(&learned->seen[slot].vector, vector, sizeof(*vector)) != 0) {
        learned->known[slot] = true;
        learned->seen[slot].vector = *vector;
        learned->seen[slot].thousandths =
            sg_model_thousandths(forest, sg_model_sum(forest, vector->at));
    }
    return learned->seen[slot].thousandths / 1000.0;
}

static const char *what_words(const struct sg_sight *sight, const struct sg_site_vector *vector)
{
    enum sg_kind callee = sg_value_kind(sight->m, sight->call->callee);

    if (callee == SG_V_ATTR)
        return ", a method taken by its name";
    if (callee != SG_V_GLOBAL)
        return ", the result of another call";
    if (vector->at[SG_SITE_SINK])
        return ", which can be steered to do harm";
    if (vector->at[SG_SITE_CLASS])
        return ", an unknown class";
    return ", an unknown function";
}

static const char *with_words(unsigned flags)
{
    static const struct {
        unsigned flag;
        const char *words;
    } rows[] = {
        {SG_ARG_PAYLOAD, " with a command or program text"},
        {SG_ARG_WALK, " with a way into the interpreter"},
        {SG_ARG_SHELL, " with a shell command"},
        {SG_ARG_CODE, " with program text"},
        {SG_ARG_MARSHAL, " with marshalled code"},
        {SG_ARG_PICKLE, " with a pickle"},
        {SG_ARG_URL, " with an address"},
        {SG_ARG_HOST, " with a host"},
        {SG_ARG_RUNS, " with the name of what runs something"},
        {SG_ARG_PATH, " with a path"},
        {SG_ARG_ENCODED, " with encoded data"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (flags & rows[i].flag)
            return rows[i].words;
    return "";
}

static void tell(const struct sg_tap *tap, const struct sg_sight *sight, const struct sg_site *site,
                 struct sg_site_row row)
{
    row.m = sight->m;
    row.call_id = sight->call->id;
    row.offset = sight->call->offset;
    row.weight = site->weight;
    row.rule = site->rule;
    row.open = room_of(sight, site) != ROOM_NONE;
    tap->site(tap->ctx, &row);
}

/* Only what is uncertain is kept: what is not cannot crowd it out. */
static void keep(struct sg_learned *learned, const struct sg_sight *sight, enum room room,
                 const struct sg_site_vector *vector)
{
    uint64_t id = sight->call->id;

    learned->sights[id % SG_SIGHTS] =
        (struct sg_open_sight){sight->m, id, sight->call->offset, (int)room, *vector};
}

void sg_learned_site(struct sg_learned *learned, struct sg_sight *sight, const char *member,
                     struct sg_site *site)
{
    enum room room = room_of(sight, site);
    bool asked = within(room, 1) > site->weight;
    double weight;
    struct sg_site_vector vector;
    struct sg_spoken spoken;
    struct sg_grams grams;

    if (!asked && !learned->tap)
        return;
    sg_arguments_look(sight->m, sight->call, sight->glance);
    sg_sight_name(sight, &spoken);
    sg_site_features_fill(sight, &spoken, &vector);
    sg_grams_of(spoken.module, spoken.qualname, &grams);
    if (learned->tap)
        tell(learned->tap, sight, site,
             (struct sg_site_row){.member = member,
                                  .module = spoken.module,
                                  .qualname = spoken.qualname,
                                  .vector = &vector,
                                  .grams = &grams});
    if (!asked)
        return;
    vector.at[SG_SITE_GRAMS] = sg_model_grams(learned->model, &grams);
    weight = within(room, ask(learned, &vector));
    if (weight > site->weight) {
        site->weight = weight;
        site->rule = "learned-call";
        site->words = what_words(sight, &vector);
        site->more = with_words(sight->glance->flags);
    }
    if (site->weight >= SG_WORTH_TELLING)
        keep(learned, sight, room, &vector);
}

double sg_learned_use(struct sg_learned *learned, const struct sg_machine *m, uint64_t id,
                      enum sg_use use, uint64_t *offset)
{
    struct sg_open_sight *open = &learned->sights[id % SG_SIGHTS];

    if (learned->tap)
        learned->tap->use(learned->tap->ctx, m, id, use);
    if (open->m != m || open->id != id)
        return 0;
    open->vector.at[SG_SITE_DISCARDED] |= use == SG_USE_DISCARDED;
    open->vector.at[SG_SITE_CALLED] |= use == SG_USE_CALLED;
    open->vector.at[SG_SITE_BUILT] |= use == SG_USE_BUILT;
    *offset = open->offset;
    return within((enum room)open->room, ask(learned, &open->vector));
}

double sg_learned_stream(const struct sg_learned *learned, const struct sg_stream_vector *vector,
                         const char **words)
{
    const struct sg_model *model = learned->model;
    int32_t like, unlike;
    double weight;

    like = sg_model_thousandths(&model->structure, sg_model_sum(&model->structure, vector->at));
    unlike = sg_model_thousandths(&model->outlier, sg_model_sum(&model->outlier, vector->at));
    *words =
        like >= unlike ? "is put together as attacks are" : "is put together as no clean model is";
    weight = (like >= unlike ? like : unlike) / 1000.0;
    return weight < SG_STRUCTURE_MOST ? weight : SG_STRUCTURE_MOST;
}
