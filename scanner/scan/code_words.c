/* code_words.c - what the words of a code object name.
 *
 * The machine knows marshalled code: it is shown a pickle that loads it, and tells the words. Code
 * names a function by its words only, os and system, somewhere; each pair of words is tried as
 * module and name.
 */
#include "scan/members.h"

#define NAMES_MAX 8u
#define PAIRS_FREE (4u << 20) /* that are tried in one file, besides one for each eight bytes */

/* What is given to the judge in place of a machine's own event. */
struct telling {
    struct sg_events judge;
    uint64_t offset;
};

static void tell_global(void *ctx, const struct sg_machine *m, const struct sg_global *global)
{
    struct telling *telling = ctx;
    struct sg_global moved = *global;

    moved.offset = telling->offset;
    telling->judge.global(telling->judge.ctx, m, &moved);
}

static void run(struct sg_composer *c, const uint8_t *pickle, size_t len,
                const struct sg_events *events)
{
    struct sg_machine_options options = {.max_memory = c->work.size};
    struct sg_source source = sg_source_mem(pickle, len);
    struct sg_stream stream;
    struct sg_outcome outcome;
    struct sg_machine *m;
    size_t used = c->work.used;

    sg_stream_open(&stream, &source, NULL, 0);
    if (sg_machine_open(&m, &c->work, &options, events))
        sg_judge_partial(c->judge, 0, "no memory to look at code");
    else
        sg_machine_run(m, &stream, &outcome);
    c->work.used = used;
}

void sg_compose_name(struct sg_composer *c, struct sg_text module, struct sg_text name,
                     uint64_t offset)
{
    struct telling telling = {.judge = sg_judge_events(c->judge), .offset = offset};
    struct sg_events events = {.ctx = &telling, .global = tell_global};
    uint8_t pickle[512], *at = pickle;

    if (module.len + name.len + 4 > sizeof(pickle))
        return;
    *at++ = 'c';
    at = mempcpy(at, module.at, module.len);
    *at++ = '\n';
    at = mempcpy(at, name.at, name.len);
    *at++ = '\n';
    *at++ = '.';
    run(c, pickle, (size_t)(at - pickle), &events);
}

static bool identifier(struct sg_text text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (!((c | 32) >= 'a' && (c | 32) <= 'z') && !(c >= '0' && c <= '9') && c != '_' &&
            c != '.')
            return false;
    }
    return text.len > 0 && text.len < SG_WORD_MAX;
}

static bool known(const struct sg_code_words *words, struct sg_text word, bool name)
{
    for (size_t i = 0; i < words->count; i++)
        if (words->list[i].len == word.len && words->list[i].name == name &&
            memcmp(words->list[i].at, word.at, word.len) == 0)
            return true;
    return false;
}

void sg_code_words_note(struct sg_code_words *words, struct sg_text word, bool name)
{
    words->any = true;
    if (words->more || !identifier(word) || known(words, word, name))
        return;
    if (words->count == SG_WORDS_MAX) {
        words->more = true;
        return;
    }
    memcpy(words->list[words->count].at, word.at, word.len);
    words->list[words->count].len = (uint8_t)word.len;
    words->list[words->count++].name = name;
}

static void on_code(void *ctx, const struct sg_machine *m __attribute__((unused)),
                    struct sg_text word, bool name,
                    const struct sg_call *call __attribute__((unused)))
{
    sg_code_words_note(ctx, word, name);
}

static struct sg_text word_at(const struct sg_code_words *words, size_t i)
{
    return (struct sg_text){words->list[i].at, words->list[i].len};
}

bool sg_name_runs_text(struct sg_text word)
{
    return sg_text_is(word, "exec") || sg_text_is(word, "eval") || sg_text_is(word, "__import__");
}

/* Names of the interpreter's inside are told for any module. */
static bool dunder(struct sg_text word)
{
    return sg_text_starts(word, SG_TEXT("__"));
}

bool sg_name_is_certain(struct sg_text module, struct sg_text name)
{
    return sg_judge_name(module, name, NULL, 0) >= SG_BEYOND_DOUBT;
}

/* Whether more pairs were tried than any honest file has. */
static bool baited(const struct sg_composer *c)
{
    return c->pairs_tried > PAIRS_FREE + (c->size + c->unpacked) / 8;
}

void sg_code_words_judge(struct sg_composer *c, const struct sg_code_words *words, uint64_t offset)
{
    bool more = words->more;
    size_t told = 0;

    for (size_t n = 0; n < words->count && told < NAMES_MAX; n++) {
        struct sg_text name = word_at(words, n);
        if (!words->list[n].name)
            continue;
        if (sg_name_runs_text(name)) {
            sg_compose_name(c, SG_TEXT("builtins"), name, offset);
            told++;
        }
        more |= baited(c);
        if (baited(c) || dunder(name))
            continue;
        c->pairs_tried += words->count;
        for (size_t i = 0; i < words->count && told < NAMES_MAX; i++)
            if (i != n && sg_name_is_certain(word_at(words, i), name)) {
                sg_compose_name(c, word_at(words, i), name, offset);
                told++;
            }
    }
    if (more)
        sg_judge_partial(c->judge, offset, "code with more names than are looked at");
}

bool sg_compose_marshal(struct sg_composer *c, const uint8_t *code, size_t len, uint64_t offset)
{
    static const char head[] = "\x80\x02"
                               "cmarshal\nloads\nB",
                      tail[] = "\x85R.";
    size_t used = c->work.used, size = sizeof(head) - 1 + 4 + len + sizeof(tail) - 1;
    struct sg_code_words *words = sg_arena_zero(&c->work, sizeof(*words));
    uint8_t *pickle = sg_arena_take(&c->work, size), *at = pickle;
    bool any = false;

    if (words && pickle && len <= UINT32_MAX) {
        at = mempcpy(at, head, sizeof(head) - 1);
        for (unsigned shift = 0; shift < 32; shift += 8)
            *at++ = (uint8_t)(len >> shift);
        at = mempcpy(at, code, len);
        memcpy(at, tail, sizeof(tail) - 1);
        struct sg_events events = {.ctx = words, .code = on_code};
        run(c, pickle, size, &events);
        sg_code_words_judge(c, words, offset);
        any = words->any;
    } else {
        sg_judge_partial(c->judge, offset, "no memory to look at code");
    }
    c->work.used = used;
    return any;
}
