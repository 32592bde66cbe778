/* structure.c - the features of a stream's beginning: shares of its opcodes. */
#include "judge/features.h"

#include <string.h>

/* Opcodes by what follows them: so many bytes, or as it says. */
enum follow {
    FOLLOW_NOTHING = 0,
    FOLLOW_1 = 1,
    FOLLOW_2 = 2,
    FOLLOW_4 = 4,
    FOLLOW_8 = 8,
    FOLLOW_LINE,
    FOLLOW_LINES, /* two */
    FOLLOW_COUNT_1,
    FOLLOW_COUNT_4,
    FOLLOW_COUNT_8,
};

/* In the order in which their shares are told. Source: pickletools.opcodes. */
/* clang-format off */
#define OPCODES(X)                                                                                \
    X('I', LINE) X('J', 4) X('K', 1) X('M', 2) X('L', LINE) X(0x8a, COUNT_1) X(0x8b, COUNT_4)     \
    X('S', LINE) X('T', COUNT_4) X('U', COUNT_1) X('B', COUNT_4) X('C', COUNT_1)                  \
    X(0x8e, COUNT_8) X(0x96, COUNT_8) X(0x97, NOTHING) X(0x98, NOTHING) X('N', NOTHING)           \
    X(0x88, NOTHING) X(0x89, NOTHING) X('V', LINE) X(0x8c, COUNT_1) X('X', COUNT_4)               \
    X(0x8d, COUNT_8) X('F', LINE) X('G', 8) X(']', NOTHING) X('a', NOTHING) X('e', NOTHING)       \
    X('l', NOTHING) X(')', NOTHING) X('t', NOTHING) X(0x85, NOTHING) X(0x86, NOTHING)             \
    X(0x87, NOTHING) X('}', NOTHING) X('d', NOTHING) X('s', NOTHING) X('u', NOTHING)              \
    X(0x8f, NOTHING) X(0x90, NOTHING) X(0x91, NOTHING) X('0', NOTHING) X('2', NOTHING)            \
    X('(', NOTHING) X('1', NOTHING) X('g', LINE) X('h', 1) X('j', 4) X('p', LINE) X('q', 1)       \
    X('r', 4) X(0x94, NOTHING) X(0x82, 1) X(0x83, 2) X(0x84, 4) X('c', LINES) X(0x93, NOTHING)    \
    X('R', NOTHING) X('b', NOTHING) X('i', LINES) X('o', NOTHING) X(0x81, NOTHING)                \
    X(0x92, NOTHING) X(0x80, 1) X('.', NOTHING) X(0x95, 8) X('P', LINE) X('Q', NOTHING)
/* clang-format on */

#define OPCODE_OF(opcode, follow) opcode,
#define FOLLOW_OF(opcode, follow) [opcode] = FOLLOW_##follow + 1,

static const uint8_t opcodes[SG_OPCODES_COUNTED] = {OPCODES(OPCODE_OF)};
static const uint8_t follows[256] = {OPCODES(FOLLOW_OF)}; /* and 1; 0: no opcode */

struct walk {
    const uint8_t *at, *end;
    uint32_t counts[256]; /* by opcode */
    uint32_t total, built, straight;
    uint64_t text, texts;
    uint8_t last, proto;
    bool stopped, broken;
};

const char *sg_stream_opcode(size_t i)
{
    return sg_opcode_name(opcodes[i]);
}

static bool pass(struct walk *w, uint64_t n)
{
    if (n > (uint64_t)(w->end - w->at))
        return false;
    w->at += n;
    return true;
}

static bool pass_line(struct walk *w)
{
    const uint8_t *newline = memchr(w->at, '\n', (size_t)(w->end - w->at));

    if (!newline)
        return false;
    w->at = newline + 1;
    return true;
}

static bool pass_counted(struct walk *w, size_t width)
{
    uint64_t n;

    if (width > (size_t)(w->end - w->at))
        return false;
    n = width == 1 ? w->at[0] : width == 4 ? sg_le32(w->at) : sg_le64(w->at);
    w->text += n < (uint64_t)(w->end - w->at) ? n : (uint64_t)(w->end - w->at);
    w->texts++;
    w->at += width;
    return pass(w, n);
}

static bool pass_argument(struct walk *w, enum follow follow)
{
    switch (follow) {
    case FOLLOW_LINE:
        return pass_line(w);
    case FOLLOW_LINES:
        return pass_line(w) ? pass_line(w) : false;
    case FOLLOW_COUNT_1:
        return pass_counted(w, 1);
    case FOLLOW_COUNT_4:
        return pass_counted(w, 4);
    case FOLLOW_COUNT_8:
        return pass_counted(w, 8);
    default:
        return pass(w, follow);
    }
}

static bool names(uint8_t opcode)
{
    return opcode == 'c' || opcode == 0x93;
}

/* What an opcode says together with the one before it; memo opcodes stand between any two. */
static void pair(struct walk *w, uint8_t opcode)
{
    switch (opcode) {
    case 'q':
    case 'r':
    case 'p':
    case 0x94:
        return;
    case 'b':
        w->built += w->last == 'R' || w->last == 0x81;
        break;
    case '(':
    case ')':
    case 'R':
        w->straight += names(w->last);
        break;
    }
    w->last = opcode;
}

/* One opcode; false at the end, or where the walk cannot go on. */
static bool step(struct walk *w)
{
    if (w->at == w->end)
        return false;
    uint8_t opcode = *w->at, follow = follows[opcode];
    w->broken = follow == 0;
    if (w->broken)
        return false;
    w->at++;
    if (opcode == 0x80 && w->at<w->end && * w->at> w->proto)
        w->proto = *w->at;
    w->counts[opcode]++;
    w->total++;
    pair(w, opcode);
    if (!pass_argument(w, (enum follow)(follow - 1)))
        return false;
    if (opcode != '.')
        return true;
    w->stopped = true;
    return w->at < w->end && *w->at == 0x80; /* one more pickle */
}

static int16_t share(uint64_t part, uint64_t whole)
{
    return (int16_t)(whole ? part * 1000 / whole : 0);
}

static uint32_t of(const struct walk *w, const char *which)
{
    uint32_t count = 0;

    for (; *which; which++)
        count += w->counts[(uint8_t)*which];
    return count;
}

static int16_t bin(uint64_t n)
{
    int16_t bits = 0;

    for (; n > 0 && bits < 31; n >>= 1)
        bits++;
    return bits;
}

static void sum_up(const struct walk *w, size_t len, int16_t *at)
{
    uint32_t kinds = 0, names = of(w, "ci\x93"), calls = of(w, "Rio\x81\x92");

    for (size_t i = 0; i < SG_OPCODES_COUNTED; i++) {
        uint32_t count = w->counts[opcodes[i]];
        at[SG_STREAM_OPCODE + i] = share(count, w->total);
        kinds += count > 0;
    }
    at[SG_STREAM_OPCODES] = bin(w->total);
    at[SG_STREAM_KINDS] = (int16_t)(kinds / 4 < 15 ? kinds / 4 : 15);
    at[SG_STREAM_PROTOCOL] = w->proto < 31 ? w->proto : 31;
    at[SG_STREAM_NAMES] = share(names, w->total);
    at[SG_STREAM_CALLS] = share(calls, w->total);
    at[SG_STREAM_PUTS] = share(of(w, "pqr\x94"), w->total);
    at[SG_STREAM_GETS] = share(of(w, "ghj"), w->total);
    at[SG_STREAM_TEXT] = share(w->text, len);
    at[SG_STREAM_CALLS_TO_BUILDS] = share(w->built, calls);
    at[SG_STREAM_NAMES_TO_CALLS] = share(w->straight < names ? w->straight : names, names);
    at[SG_STREAM_MEAN_TEXT] = bin(w->texts ? w->text / w->texts : 0);
    at[SG_STREAM_STOPPED] = w->stopped;
    at[SG_STREAM_BROKEN] = w->broken;
}

void sg_stream_features_fill(const uint8_t *head, size_t len, struct sg_stream_vector *out)
{
    struct walk w = {.at = head, .end = head + len};

    while (step(&w))
        continue;
    memset(out, 0, sizeof(*out));
    sum_up(&w, len, out->at);
}
