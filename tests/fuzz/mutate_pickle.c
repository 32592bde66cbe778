/* mutate_pickle.c - changes a pickle opcode by opcode. */
#include "tests/fuzz/mutate.h"

#include "machine/handlers.h"

#include <string.h>

#define OPS_MAX 4096u
#define EXTRA_MAX 64u /* bytes of an opcode that is made here */

/* The input while it changes. */
struct change {
    struct sg_dice dice;
    uint8_t *data;
    size_t size, cap;
    size_t count;               /* of opcodes */
    size_t starts[OPS_MAX + 1]; /* and where the last one ends */
};

static size_t line_length(const uint8_t *at, size_t left)
{
    const uint8_t *end = memchr(at, '\n', left);

    return end ? (size_t)(end - at) + 1 : left;
}

static size_t counted_length(const uint8_t *at, size_t left, size_t width)
{
    uint64_t length = left < width ? 0
                      : width == 1 ? at[0]
                      : width == 4 ? sg_le32(at)
                                   : sg_le64(at);

    return left < width || length > left - width ? left : width + (size_t)length;
}

/* How long the argument at `at` is; all that is left when it is cut. */
static size_t argument_length(uint8_t opcode, const uint8_t *at, size_t left)
{
    size_t length;

    switch (sg_opcodes[opcode].argument) {
    case SG_ARG_NONE:
        return 0;
    case SG_ARG_U1:
        return left < 1 ? left : 1;
    case SG_ARG_U2:
        return left < 2 ? left : 2;
    case SG_ARG_U4:
        return left < 4 ? left : 4;
    case SG_ARG_U8:
        return left < 8 ? left : 8;
    case SG_ARG_LINE:
        return line_length(at, left);
    case SG_ARG_LINES:
        length = line_length(at, left);
        return length + line_length(at + length, left - length);
    case SG_ARG_TEXT1:
    case SG_ARG_BYTES1:
        return counted_length(at, left, 1);
    case SG_ARG_TEXT4:
    case SG_ARG_BYTES4:
        return counted_length(at, left, 4);
    case SG_ARG_TEXT8:
    case SG_ARG_BYTES8:
        return counted_length(at, left, 8);
    }
    return 0;
}

/* What is no opcode counts as one, so that everything has its place. */
static void parse(struct change *c)
{
    size_t at = 0;

    for (c->count = 0; at < c->size && c->count < OPS_MAX; c->count++) {
        c->starts[c->count] = at;
        at += 1 + argument_length(c->data[at], c->data + at + 1, c->size - at - 1);
    }
    c->starts[c->count] = at;
}

static size_t some_op(struct change *c)
{
    return c->count ? sg_dice_roll(&c->dice, c->count) : 0;
}

static size_t some_place(struct change *c)
{
    return c->starts[sg_dice_roll(&c->dice, c->count + 1)];
}

/* Puts `len` bytes in the place of `drop` bytes at `at`; false when there is no room. */
static bool replace(struct change *c, size_t at, size_t drop, const void *bytes, size_t len)
{
    if (len > c->cap - (c->size - drop))
        return false;
    memmove(c->data + at + len, c->data + at + drop, c->size - at - drop);
    if (len)
        memcpy(c->data + at, bytes, len);
    c->size += len - drop;
    return true;
}

static size_t put_number(uint8_t *into, uint64_t value, size_t width)
{
    for (size_t i = 0; i < width; i++)
        into[i] = (uint8_t)(value >> 8 * i);
    return width;
}

/* Small ones mostly: they are indices of the memo, lengths and codes. */
static uint64_t some_number(struct change *c)
{
    static const uint64_t edges[] = {127,       128,        255,        256,           32767,
                                     65535,     0x7fffffff, 0x80000000, 0xffffffff,    0x100000000,
                                     INT64_MAX, 1ULL << 63, UINT64_MAX, UINT64_MAX - 8};

    if (sg_dice_roll(&c->dice, 4))
        return sg_dice_roll(&c->dice, 12);
    return edges[sg_dice_roll(&c->dice, sizeof(edges) / sizeof(*edges))];
}

static size_t put_line(struct change *c, uint8_t *into)
{
    static const struct sg_text lines[] = {
        {"0\n", 2},     {"1\n", 2},      {"01\n", 3},   {"-1\n", 3},       {"0x10\n", 5},
        {"posix\n", 6}, {"system\n", 7}, {"eval\n", 5}, {"builtins\n", 9}, {"'id'\n", 5},
        {"\n", 1},      {"1\0x\n", 4},   {"2L\n", 3},   {"1e9\n", 4},      {"\\u0031\n", 7},
    };
    const struct sg_text *line = &lines[sg_dice_roll(&c->dice, sizeof(lines) / sizeof(*lines))];

    memcpy(into, line->at, line->len);
    return line->len;
}

static size_t put_counted(struct change *c, uint8_t *into, size_t width)
{
    size_t length = sg_dice_roll(&c->dice, 9);
    size_t used = put_number(into, sg_dice_roll(&c->dice, 16) ? length : some_number(c), width);

    memcpy(into + used, "os.id:01", length);
    return used + length;
}

static size_t put_argument(struct change *c, enum sg_argument_kind kind, uint8_t *into)
{
    size_t used;

    switch (kind) {
    case SG_ARG_NONE:
        return 0;
    case SG_ARG_U1:
        return put_number(into, some_number(c), 1);
    case SG_ARG_U2:
        return put_number(into, some_number(c), 2);
    case SG_ARG_U4:
        return put_number(into, some_number(c), 4);
    case SG_ARG_U8:
        return put_number(into, some_number(c), 8);
    case SG_ARG_LINE:
        return put_line(c, into);
    case SG_ARG_LINES:
        used = put_line(c, into);
        return used + put_line(c, into + used);
    case SG_ARG_TEXT1:
    case SG_ARG_BYTES1:
        return put_counted(c, into, 1);
    case SG_ARG_TEXT4:
    case SG_ARG_BYTES4:
        return put_counted(c, into, 4);
    case SG_ARG_TEXT8:
    case SG_ARG_BYTES8:
        return put_counted(c, into, 8);
    }
    return 0;
}

static bool insert_opcode(struct change *c)
{
    uint8_t bytes[EXTRA_MAX];

    do
        bytes[0] = (uint8_t)sg_dice_roll(&c->dice, 256);
    while (!sg_opcodes[bytes[0]].name);
    return replace(c, some_place(c), 0, bytes,
                   1 + put_argument(c, sg_opcodes[bytes[0]].argument, bytes + 1));
}

static bool drop_opcodes(struct change *c)
{
    size_t from = some_op(c), to = from + 1 + sg_dice_roll(&c->dice, 3);

    to = to < c->count ? to : c->count;
    return replace(c, c->starts[from], c->starts[to] - c->starts[from], NULL, 0);
}

/* A run of opcodes once more, somewhere. */
static bool repeat_opcodes(struct change *c)
{
    uint8_t bytes[1024];
    size_t from = some_op(c), to = from + 1 + sg_dice_roll(&c->dice, 6);

    to = to < c->count ? to : c->count;
    size_t len = c->starts[to] - c->starts[from];
    if (len > sizeof(bytes))
        return false;
    memcpy(bytes, c->data + c->starts[from], len);
    return replace(c, some_place(c), 0, bytes, len);
}

static bool move_opcode(struct change *c)
{
    uint8_t bytes[1024];
    size_t op = some_op(c), from = c->starts[op], len = c->starts[op + 1] - from;

    if (len > sizeof(bytes))
        return false;
    memcpy(bytes, c->data + from, len);
    (void)replace(c, from, len, NULL, 0);
    parse(c);
    return replace(c, some_place(c), 0, bytes, len);
}

static bool change_opcode(struct change *c)
{
    size_t at = c->starts[some_op(c)];
    enum sg_argument_kind kind = sg_opcodes[c->data[at]].argument;

    /* One with the same kind of argument keeps the rest in step. */
    for (unsigned tries = 0; tries < 64; tries++) {
        uint8_t other = (uint8_t)sg_dice_roll(&c->dice, 256);
        if (!sg_opcodes[other].name || sg_opcodes[other].argument != kind)
            continue;
        c->data[at] = other;
        return true;
    }
    return false;
}

static bool change_argument(struct change *c)
{
    uint8_t bytes[EXTRA_MAX];
    size_t op = some_op(c), at = c->starts[op] + 1;
    size_t len = put_argument(c, sg_opcodes[c->data[at - 1]].argument, bytes);

    return len && replace(c, at, c->starts[op + 1] - at, bytes, len);
}

/* The content of a counted string, with the count that it then has. */
static bool change_content(struct change *c)
{
    uint8_t bytes[512];
    size_t op = some_op(c), at = c->starts[op] + 1, end = c->starts[op + 1];
    enum sg_argument_kind kind = sg_opcodes[c->data[at - 1]].argument;
    size_t width = kind == SG_ARG_TEXT1 || kind == SG_ARG_BYTES1   ? 1
                   : kind == SG_ARG_TEXT4 || kind == SG_ARG_BYTES4 ? 4
                                                                   : 8;

    if (kind < SG_ARG_TEXT1 || end - at < width || end - at - width > 200)
        return false;
    size_t len = end - at - width;
    memcpy(bytes + width, c->data + at + width, len);
    len = sg_mutate_bytes(&c->dice, bytes + width, len, width == 1 ? 255 : 400);
    put_number(bytes, len, width);
    return replace(c, at, end - at, bytes, width + len);
}

static bool splice_shape(struct change *c)
{
    const struct sg_text *shape = &sg_attack_shapes[sg_dice_roll(&c->dice, sg_attack_shape_count)];
    size_t at = some_place(c);

    return replace(c, at, 0, shape->at, shape->len) &&
           (sg_dice_roll(&c->dice, 2) || replace(c, at + shape->len, 0, "0", 1));
}

static bool set_proto(struct change *c)
{
    uint8_t bytes[] = {0x80, (uint8_t)sg_dice_roll(&c->dice, 7)};
    bool has = c->size >= 2 && c->data[0] == 0x80;

    if (sg_dice_roll(&c->dice, 8) == 0)
        return replace(c, some_place(c), 0, bytes, 2);
    return replace(c, 0, has ? 2 : 0, bytes, 2);
}

/* A frame up to some opcode, or one that ends inside of it. */
static bool insert_frame(struct change *c)
{
    uint8_t bytes[9] = {0x95};
    size_t from = some_op(c), to = from + sg_dice_roll(&c->dice, c->count - from + 1);
    uint64_t length = c->starts[to] - c->starts[from];

    if (sg_dice_roll(&c->dice, 4) == 0)
        length += sg_dice_roll(&c->dice, 9) - 4;
    put_number(bytes + 1, length, 8);
    return replace(c, c->starts[from], 0, bytes, sizeof(bytes));
}

/* The whole as bytes that an inner loader gets. */
static bool nest(struct change *c)
{
    static const char begin[] = "c_pickle\nloads\n(B", end[] = "tR.";
    uint8_t length[4];

    put_number(length, c->size, sizeof(length));
    if (c->cap - c->size < sizeof(begin) + sizeof(length) + sizeof(end))
        return false;
    return replace(c, 0, 0, length, sizeof(length)) && replace(c, 0, 0, begin, sizeof(begin) - 1) &&
           replace(c, c->size, 0, end, sizeof(end) - 1);
}

static bool change_once(struct change *c)
{
    static bool (*const ways[])(struct change *) = {
        insert_opcode, insert_opcode,   drop_opcodes,   drop_opcodes, repeat_opcodes, move_opcode,
        change_opcode, change_argument, change_content, splice_shape, set_proto,      insert_frame,
        nest,
    };
    size_t way = sg_dice_roll(&c->dice, sizeof(ways) / sizeof(*ways));

    parse(c);
    if (c->count == 0)
        return insert_opcode(c) && replace(c, c->size, 0, ".", 1);
    return ways[way](c);
}

size_t sg_mutate_bytes(struct sg_dice *dice, uint8_t *data, size_t size, size_t cap)
{
    if (LLVMFuzzerMutate && size && sg_dice_roll(dice, 2))
        return LLVMFuzzerMutate(data, size, cap);
    if (size < cap && sg_dice_roll(dice, 3) == 0) {
        data[size] = (uint8_t)sg_dice_roll(dice, 256);
        return size + 1;
    }
    if (size)
        data[sg_dice_roll(dice, size)] ^= (uint8_t)(1u << sg_dice_roll(dice, 8));
    return size;
}

size_t sg_mutate_pickle(uint8_t *data, size_t size, size_t cap, unsigned seed)
{
    static struct change c;

    c = (struct change){.dice = sg_dice_of(seed), .data = data, .size = size, .cap = cap};
    if (sg_dice_roll(&c.dice, 16) == 0)
        return sg_mutate_bytes(&c.dice, data, size, cap);
    for (size_t times = 1 + sg_dice_roll(&c.dice, 4); times > 0; times--)
        for (unsigned tries = 0; tries < 8 && !change_once(&c); tries++)
            ;
    return c.size;
}
