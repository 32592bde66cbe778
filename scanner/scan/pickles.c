/* pickles.c - content read as pickles in a row, in every reading that a loader could choose. */
#include "scan/members.h"

#define WINDOW_SIZE (128u << 10)
#define READINGS_MAX 64
#define HEAD_SIZE 4096u

/* What a run of the machine is for. */
struct run {
    struct sg_composer *c;
    struct sg_events judge;
    struct sg_events seen; /* by an onlooker; none: all NULL */
    bool striking;         /* a name that alone is reason for suspicion */
    bool prose;            /* a module that no import could find: lines of text, … */
    bool called;           /* … but for what was called before it: that has happened */
    bool joblib;
    struct sg_code_words *words; /* of code objects */
    uint64_t code_offset;
    bool unlikely; /* a reading that no loader of clean files takes: only what is certain counts */
};

enum look { LOOK_PICKLE, LOOK_CUT, LOOK_DAMAGED, LOOK_LIMIT, LOOK_OTHER };

/* What one run of the machine says of the bytes. Random bytes die within a few opcodes. */
static enum look look_at(const struct sg_outcome *o, bool striking)
{
    bool header = o->proto >= 2;

    switch (o->stop) {
    case SG_STOP_STOP:
        return LOOK_PICKLE;
    case SG_STOP_EXHAUSTED:
        return LOOK_LIMIT;
    case SG_STOP_ERROR:
        if (o->calls || striking)
            return LOOK_PICKLE;
        return header && o->opcodes >= 4 ? LOOK_DAMAGED : LOOK_OTHER;
    case SG_STOP_END:
        /* Lines of text may each be an opcode; they keep nothing in a memo. */
        return header || o->calls || striking || (o->opcodes >= 16 && o->kept) ? LOOK_CUT
                                                                               : LOOK_OTHER;
    case SG_STOP_IO:
        break;
    }
    return header || o->calls || striking ? LOOK_DAMAGED : LOOK_OTHER;
}

static bool is_certain(const struct sg_global *global)
{
    return global && sg_name_is_certain(global->module, global->qualname);
}

static bool uncertain(const struct run *run, const struct sg_machine *m)
{
    return run->unlikely || sg_machine_guessing(m);
}

static void on_global(void *ctx, const struct sg_machine *m, const struct sg_global *global)
{
    struct run *run = ctx;

    if (run->seen.global)
        run->seen.global(run->seen.ctx, m, global);
    if (sg_text_starts(global->module, SG_TEXT("joblib.numpy_pickle")))
        run->joblib = true;
    if (!uncertain(run, m) || is_certain(global))
        run->judge.global(run->judge.ctx, m, global);
}

static void on_call(void *ctx, const struct sg_machine *m, const struct sg_call *call)
{
    struct run *run = ctx;

    if (run->seen.call)
        run->seen.call(run->seen.ctx, m, call);
    if (!uncertain(run, m) || is_certain(sg_value_global(m, call->callee)))
        run->judge.call(run->judge.ctx, m, call);
}

static void on_use(void *ctx, const struct sg_machine *m, uint64_t id, enum sg_use use)
{
    struct run *run = ctx;

    if (run->seen.use)
        run->seen.use(run->seen.ctx, m, id, use);
    if (!uncertain(run, m))
        run->judge.use(run->judge.ctx, m, id, use);
}

static void on_anomaly(void *ctx, const struct sg_machine *m, enum sg_anomaly what, uint64_t at)
{
    struct run *run = ctx;

    if (run->seen.anomaly)
        run->seen.anomaly(run->seen.ctx, m, what, at);
    if (!uncertain(run, m))
        run->judge.anomaly(run->judge.ctx, m, what, at);
}

static void on_opcode(void *ctx, const struct sg_machine *m, uint64_t offset, uint8_t opcode)
{
    struct run *run = ctx;

    run->seen.opcode(run->seen.ctx, m, offset, opcode);
}

static void on_code(void *ctx, const struct sg_machine *m, struct sg_text word, bool name,
                    const struct sg_call *call)
{
    struct run *run = ctx;

    if (uncertain(run, m))
        return;
    run->code_offset = call->offset;
    sg_code_words_note(run->words, word, name);
}

static void on_payload(void *ctx, const struct sg_machine *m,
                       enum sg_payload what __attribute__((unused)), sg_value content,
                       const struct sg_call *call)
{
    struct run *run = ctx;
    struct sg_source source;
    struct sg_place place;

    if (sg_value_kind(m, content) != SG_V_BYTES && sg_value_kind(m, content) != SG_V_STR) {
        if (!uncertain(run, m))
            sg_judge_partial(run->c->judge, call->offset, "what a loader is given is not known");
        return;
    }
    if (!sg_value_source(m, content, &source)) {
        sg_judge_partial(run->c->judge, call->offset, "bytes given to a loader were not kept");
        return;
    }
    if (!sg_compose_enter(run->c, SG_TEXT("(bytes)"), &place))
        return;
    sg_compose_source(run->c, &source);
    sg_compose_leave(run->c, &place);
}

/* What a module's file can be called: program text that reads as GLOBAL has blanks and brackets. */
static bool importable(struct sg_text module)
{
    for (size_t i = 0; i < module.len; i++) {
        char c = module.at[i];
        bool letter = ((c | 32) >= 'a' && (c | 32) <= 'z') || (c >= '0' && c <= '9');
        if (!letter && c != '_' && c != '.' && c != '-' && !(c & 0x80))
            return false;
    }
    return true;
}

static void on_probed_name(void *ctx, const struct sg_machine *m __attribute__((unused)),
                           const struct sg_global *global)
{
    struct run *run = ctx;

    if (!(global->flags & SG_G_UNRESOLVED) && !importable(global->module))
        run->prose |= !run->called;
    if (!(global->flags & SG_G_ODD_CHARS) &&
        sg_judge_name(global->module, global->qualname, NULL, 0) >= 0.5)
        run->striking = true;
}

static void on_probed_call(void *ctx, const struct sg_machine *m __attribute__((unused)),
                           const struct sg_call *call __attribute__((unused)))
{
    ((struct run *)ctx)->called = true;
}

static struct sg_machine *new_machine(struct sg_composer *c, const struct sg_events *events,
                                      struct sg_reading reading)
{
    struct sg_machine_options options = {.max_memory = c->work.size, .reading = reading};
    struct sg_machine *m;

    return sg_machine_open(&m, &c->work, &options, events) ? NULL : m;
}

/* Runs the first pickle without telling anything. */
static enum look probe(struct sg_composer *c, const struct sg_feed *feed)
{
    struct run run = {.c = c};
    struct sg_events events = {.ctx = &run, .global = on_probed_name, .call = on_probed_call};
    struct sg_stream stream;
    struct sg_outcome outcome;
    size_t used = c->work.used;
    enum look look = LOOK_LIMIT;

    struct sg_machine *m =
        feed->open(c, feed, &stream) ? new_machine(c, &events, (struct sg_reading){0}) : NULL;
    if (m) {
        sg_machine_run(m, &stream, &outcome);
        look = run.prose && !run.striking ? LOOK_OTHER : look_at(&outcome, run.striking);
    }
    c->work.used = used;
    return look;
}

static void tell(struct sg_composer *c, enum look look, const struct sg_outcome *o)
{
    if (look == LOOK_LIMIT) {
        sg_judge_partial(c->judge, o->end, "memory limit reached inside a pickle");
    } else if (look == LOOK_CUT) {
        sg_judge_finding(c->judge, SG_F_TRUNCATED, o->end, "the pickle ends before its STOP");
        sg_judge_partial(c->judge, o->end, "the pickle ends before its STOP");
    } else if (look == LOOK_DAMAGED) {
        sg_judge_finding(c->judge, SG_F_DAMAGED, o->end, "the pickle is damaged");
        sg_judge_partial(c->judge, o->end, "the pickle is damaged");
    }
}

static bool more_follows(struct sg_stream *s)
{
    size_t have = sg_stream_need(s, HEAD_SIZE < s->window_size / 2 ? HEAD_SIZE : 1);

    return have && sg_plausible_pickle(s->at, have < HEAD_SIZE ? have : HEAD_SIZE);
}

/* One reading of all pickles in a row. */
static void run_all(struct sg_composer *c, struct sg_machine *m, struct sg_stream *s, bool first)
{
    struct sg_outcome outcome = {.frame_open = true};

    /* An open frame: another reading may go on elsewhere, so the machine has to look. */
    for (uint64_t n = 0; outcome.frame_open ? sg_stream_need(s, 1) > 0 || n == 0 : more_follows(s);
         n++) {
        sg_machine_run(m, s, &outcome);
        enum look look = look_at(&outcome, false);
        if (outcome.overworked)
            sg_judge_partial(c->judge, outcome.end, "constants are used out of all proportion");
        if (outcome.guessed)
            sg_judge_partial(c->judge, outcome.end, "an array's bytes end at an unknown place");
        if (first && (n == 0 || outcome.proto >= 2 || outcome.calls))
            tell(c, look, &outcome);
        if (outcome.stop != SG_STOP_STOP)
            return;
        c->pickles_end = outcome.end;
    }
    /* The loader may have taken fewer bytes for opcodes, and go on among these. */
    if (outcome.arrays && sg_stream_need(s, 1) > 0)
        sg_judge_partial(c->judge, outcome.end,
                         "bytes that are no pickle stand behind one with arrays");
}

static const char *format_of(const struct sg_feed *feed, struct sg_composer *c, bool joblib)
{
    /* torch.serialization's MAGIC_NUMBER as LONG1. */
    static const char magic[] = "\x8a\nl\xfc\x9c\x46\xf9 j\xa8P\x19";
    struct sg_stream s;
    size_t used = c->work.used;
    bool legacy = false;

    if (feed->open(c, feed, &s)) {
        size_t have = sg_stream_need(&s, 64);
        legacy = memmem(s.at, have < 64 ? have : 64, magic, sizeof(magic) - 1) != NULL;
    }
    c->work.used = used;
    return legacy ? "torch-legacy" : joblib ? "joblib" : "pickle";
}

static bool head_is_pickle(struct sg_composer *c, const struct sg_feed *feed, bool *certain)
{
    struct sg_stream s;
    size_t used = c->work.used;
    bool plausible = false;

    *certain = false;
    if (feed->open(c, feed, &s)) {
        size_t have = sg_stream_need(&s, HEAD_SIZE);
        plausible = sg_plausible_pickle(s.at, have < HEAD_SIZE ? have : HEAD_SIZE);
        *certain = have >= 2 && s.at[0] == 0x80 && s.at[1] >= 2 && s.at[1] <= 5;
    }
    c->work.used = used;
    return plausible;
}

static void tell_head(struct sg_composer *c, struct sg_stream *s)
{
    size_t have = sg_stream_need(s, SG_JUDGE_HEAD);

    sg_judge_stream(c->judge, s->at, have < SG_JUDGE_HEAD ? have : SG_JUDGE_HEAD);
}

/* Every reading, by a new machine each. */
static void run_readings(struct sg_composer *c, const struct sg_feed *feed, struct run *run)
{
    const struct sg_events events = {.ctx = run,
                                     .opcode = run->seen.opcode ? on_opcode : NULL,
                                     .global = on_global,
                                     .call = on_call,
                                     .use = on_use,
                                     .anomaly = on_anomaly,
                                     .payload = on_payload,
                                     .code = on_code};
    struct sg_reading reading = {0};
    size_t used = c->work.used;

    for (int i = 0; i < READINGS_MAX; i++) {
        struct sg_stream stream;
        struct sg_machine *m =
            feed->open(c, feed, &stream) ? new_machine(c, &events, reading) : NULL;
        run->unlikely = reading.carry_memo || reading.plain;
        if (!m) {
            sg_judge_partial(c->judge, 0, "no memory to read the pickle");
            return;
        }
        if (i == 0)
            tell_head(c, &stream);
        if (c->onlooker)
            c->onlooker->begin(c->onlooker->ctx, c->member, (unsigned)i, run->unlikely);
        run_all(c, m, &stream, i == 0);
        if (c->onlooker)
            c->onlooker->end(c->onlooker->ctx);
        if (!sg_machine_more(m, &reading))
            return;
        c->work.used = used;
    }
    sg_judge_partial(c->judge, 0, "more ways to read the pickle than are tried");
}

bool sg_compose_pickles(struct sg_composer *c, const struct sg_feed *feed)
{
    struct run run = {.c = c, .judge = sg_judge_events(c->judge)};
    size_t used = c->work.used;
    bool certain;

    c->pickles_end = 0;
    if (!head_is_pickle(c, feed, &certain))
        return false;
    if (!certain && probe(c, feed) == LOOK_OTHER)
        return false;
    if (c->onlooker)
        run.seen = c->onlooker->events;
    run.words = sg_arena_take(&c->work, sizeof(*run.words));
    if (run.words) {
        run.words->count = 0;
        run.words->any = run.words->more = false;
        run_readings(c, feed, &run);
        sg_code_words_judge(c, run.words, run.code_offset);
    } else {
        sg_judge_partial(c->judge, 0, "no memory to read the pickle");
    }
    c->work.used = used;
    sg_compose_format(c, format_of(feed, c, run.joblib));
    return true;
}
