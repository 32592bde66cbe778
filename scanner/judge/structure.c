/* structure.c - the features of a stream's beginning: shares of its opcodes. */
#include "judge/features.h"

#include <string.h>

/* Opcodes by what follows them. */
enum follow {
    FOLLOW_NO_OPCODE,
    FOLLOW_NOTHING,
    FOLLOW_1,
    FOLLOW_2,
    FOLLOW_4,
    FOLLOW_8,
    FOLLOW_LINE,
    FOLLOW_LINES, /* two */
    FOLLOW_COUNT_1,
    FOLLOW_COUNT_4,
    FOLLOW_COUNT_8,
};

/* In the order in which their shares are told: 1 + index. Source: pickletools.opcodes. */
static const struct {
    uint8_t opcode, follow;
} opcodes[SG_OPCODES_COUNTED] = {
    {'I', FOLLOW_LINE},     {'J', FOLLOW_4},        {'K', FOLLOW_1},        {'M', FOLLOW_2},
    {'L', FOLLOW_LINE},     {0x8a, FOLLOW_COUNT_1}, {0x8b, FOLLOW_COUNT_4}, {'S', FOLLOW_LINE},
    {'T', FOLLOW_COUNT_4},  {'U', FOLLOW_COUNT_1},  {'B', FOLLOW_COUNT_4},  {'C', FOLLOW_COUNT_1},
    {0x8e, FOLLOW_COUNT_8}, {0x96, FOLLOW_COUNT_8}, {0x97, FOLLOW_NOTHING}, {0x98, FOLLOW_NOTHING},
    {'N', FOLLOW_NOTHING},  {0x88, FOLLOW_NOTHING}, {0x89, FOLLOW_NOTHING}, {'V', FOLLOW_LINE},
    {0x8c, FOLLOW_COUNT_1}, {'X', FOLLOW_COUNT_4},  {0x8d, FOLLOW_COUNT_8}, {'F', FOLLOW_LINE},
    {'G', FOLLOW_8},        {']', FOLLOW_NOTHING},  {'a', FOLLOW_NOTHING},  {'e', FOLLOW_NOTHING},
    {'l', FOLLOW_NOTHING},  {')', FOLLOW_NOTHING},  {'t', FOLLOW_NOTHING},  {0x85, FOLLOW_NOTHING},
    {0x86, FOLLOW_NOTHING}, {0x87, FOLLOW_NOTHING}, {'}', FOLLOW_NOTHING},  {'d', FOLLOW_NOTHING},
    {'s', FOLLOW_NOTHING},  {'u', FOLLOW_NOTHING},  {0x8f, FOLLOW_NOTHING}, {0x90, FOLLOW_NOTHING},
    {0x91, FOLLOW_NOTHING}, {'0', FOLLOW_NOTHING},  {'2', FOLLOW_NOTHING},  {'(', FOLLOW_NOTHING},
    {'1', FOLLOW_NOTHING},  {'g', FOLLOW_LINE},     {'h', FOLLOW_1},        {'j', FOLLOW_4},
    {'p', FOLLOW_LINE},     {'q', FOLLOW_1},        {'r', FOLLOW_4},        {0x94, FOLLOW_NOTHING},
    {0x82, FOLLOW_1},       {0x83, FOLLOW_2},       {0x84, FOLLOW_4},       {'c', FOLLOW_LINES},
    {0x93, FOLLOW_NOTHING}, {'R', FOLLOW_NOTHING},  {'b', FOLLOW_NOTHING},  {'i', FOLLOW_LINES},
    {'o', FOLLOW_NOTHING},  {0x81, FOLLOW_NOTHING}, {0x92, FOLLOW_NOTHING}, {0x80, FOLLOW_1},
    {'.', FOLLOW_NOTHING},  {0x95, FOLLOW_8},       {'P', FOLLOW_LINE},     {'Q', FOLLOW_NOTHING},
};

struct walk {
    const uint8_t *at, *end;
    uint8_t index[256]; /* into opcodes, from 1 */
    uint32_t counts[SG_OPCODES_COUNTED];
    uint32_t total, built, straight, between;
    uint64_t text, texts;
    uint8_t last, proto;
    bool stopped, broken;
};

const char *sg_stream_opcode(size_t i)
{
    return sg_opcode_name(opcodes[i].opcode);
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
    case FOLLOW_1:
        return pass(w, 1);
    case FOLLOW_2:
        return pass(w, 2);
    case FOLLOW_4:
        return pass(w, 4);
    case FOLLOW_8:
        return pass(w, 8);
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
        return true;
    }
}

static bool memo(uint8_t opcode)
{
    return opcode == 'q' || opcode == 'r' || opcode == 'p' || opcode == 0x94;
}

/* What an opcode says together with the one before it; memo opcodes stand between any two. */
static void pair(struct walk *w, uint8_t opcode)
{
    bool names = w->last == 'c' || w->last == 0x93, makes = w->last == 'R' || w->last == 0x81;

    if (opcode == 'b')
        w->built += makes;
    w->straight += names && (opcode == '(' || opcode == ')' || opcode == 'R');
    if (!memo(opcode))
        w->last = opcode;
}

/* One opcode; false at the end, or where the walk cannot go on. */
static bool step(struct walk *w)
{
    uint8_t opcode = w->at < w->end ? *w->at : 0;
    uint8_t index = w->at < w->end ? w->index[opcode] : 0;

    if (w->at == w->end)
        return false;
    if (index == 0) {
        w->broken = true;
        return false;
    }
    w->at++;
    if (opcode == 0x80 && w->at<w->end && * w->at> w->proto)
        w->proto = *w->at;
    w->counts[index - 1]++;
    w->total++;
    pair(w, opcode);
    if (!pass_argument(w, (enum follow)opcodes[index - 1].follow))
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
        count += w->counts[w->index[(uint8_t)*which] - 1];
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
        at[SG_STREAM_OPCODE + i] = share(w->counts[i], w->total);
        kinds += w->counts[i] > 0;
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

    for (size_t i = 0; i < SG_OPCODES_COUNTED; i++)
        w.index[opcodes[i].opcode] = (uint8_t)(i + 1);
    while (step(&w))
        continue;
    memset(out, 0, sizeof(*out));
    sum_up(&w, len, out->at);
}
