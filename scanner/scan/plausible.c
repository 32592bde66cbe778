/* plausible.c - a look at the first bytes: could this be a pickle at all?
 *
 * Most files end here, within a few opcodes: a byte that is none, a value taken from an empty
 * stack, a MARK that is not there, a name that no import could find. As soon as something is
 * resolved, or loaders may go different ways, the machine has to look.
 */
#include "scan/composer.h"

#define MARKS_MAX 16

struct walk {
    const uint8_t *at, *end;
    size_t height;
    size_t marks[MARKS_MAX];
    size_t mark_count;
};

enum pace { GO, MAYBE, NEVER };

static enum pace pass(struct walk *w, uint64_t length)
{
    if (length >= (uint64_t)(w->end - w->at))
        return MAYBE;
    w->at += length;
    return GO;
}

static bool name_char(uint8_t c)
{
    return (c | 32) - 'a' + 0u < 26u || c - '0' + 0u < 10u || c == '_' || c == '.' || c == '<' ||
           c == '>' || c >= 0x80;
}

/* What a line must be made of: for an import to find a name, or (PERSID) for its decoding. */
enum line_kind { LINE_ANY, LINE_ASCII, LINE_PRINTABLE, LINE_NAME };

static bool fits(uint8_t c, enum line_kind kind)
{
    if (kind == LINE_ASCII)
        return c < 0x80;
    return kind == LINE_PRINTABLE ? c >= 0x20 && c != 0x7f : name_char(c);
}

static enum pace line(struct walk *w, enum line_kind kind)
{
    const uint8_t *newline = memchr(w->at, '\n', (size_t)(w->end - w->at));
    /* Of a line without an end pickle.py drops the last character. */
    const uint8_t *stop = newline ? newline : w->end - (w->at < w->end);

    for (const uint8_t *c = w->at; kind != LINE_ANY && c < stop; c++)
        if (!fits(*c, kind))
            return NEVER;
    if (!newline)
        return MAYBE;
    w->at = newline + 1;
    return GO;
}

static enum pace counted(struct walk *w, size_t width)
{
    if (width > (size_t)(w->end - w->at))
        return MAYBE;
    uint64_t length = width == 1 ? w->at[0] : width == 4 ? sg_le32(w->at) : sg_le64(w->at);
    w->at += width;
    return length > INT64_MAX ? NEVER : pass(w, length);
}

static enum pace argument(struct walk *w, uint8_t opcode)
{
    switch (opcode) {
    case 'K':
    case 'h':
    case 'q':
    case 0x80:
    case 0x82:
        return pass(w, 1);
    case 'M':
    case 0x83:
        return pass(w, 2);
    case 'J':
    case 'j':
    case 'r':
    case 0x84:
        return pass(w, 4);
    case 'G':
    case 0x95:
        return pass(w, 8);
    case 'U':
    case 'C':
    case 0x8a:
    case 0x8c:
        return counted(w, 1);
    case 'T':
    case 'X':
    case 'B':
    case 0x8b:
        return counted(w, 4);
    case 0x8d:
    case 0x8e:
    case 0x96:
        return counted(w, 8);
    case 'F':
    case 'I':
    case 'L':
    case 'S':
    case 'V':
    case 'g':
    case 'p':
        return line(w, LINE_ANY);
    case 'P': /* zips begin so */
        return line(w, LINE_ASCII);
    case 'c':
    case 'i': {
        /* INST without a MARK only imports, in pickle.py; program text begins so. */
        enum line_kind kind = opcode == 'c' || w->mark_count ? LINE_PRINTABLE : LINE_NAME;
        enum pace pace = line(w, kind);
        return pace == GO ? line(w, kind) : pace;
    }
    default:
        return GO;
    }
}

/* Takes `count` values; false when they are not there. */
static bool take(struct walk *w, size_t count)
{
    size_t fence = w->mark_count ? w->marks[w->mark_count - 1] : 0;

    if (w->height - fence < count)
        return false;
    w->height -= count;
    return true;
}

static enum pace to_mark(struct walk *w, size_t below, size_t more)
{
    if (!w->mark_count)
        return NEVER;
    w->height = w->marks[--w->mark_count];
    if (!take(w, below))
        return NEVER;
    w->height += below + more;
    return GO;
}

static enum pace mark(struct walk *w)
{
    if (w->mark_count == MARKS_MAX)
        return MAYBE;
    w->marks[w->mark_count++] = w->height;
    return GO;
}

static enum pace pop(struct walk *w)
{
    if (w->mark_count && w->marks[w->mark_count - 1] == w->height) {
        w->mark_count--;
        return GO;
    }
    return take(w, 1) ? GO : NEVER;
}

static enum pace effect(struct walk *w, uint8_t opcode)
{
    /* Takes and gives, for opcodes that need no MARK. */
    static const struct {
        char opcode;
        uint8_t takes, gives;
    } rows[] = {
        {'R', 2, 1},    {'b', 2, 1},    {'a', 2, 1},    {'s', 3, 1},    {'Q', 1, 1},
        {'2', 1, 2},    {'p', 1, 1},    {'q', 1, 1},    {'r', 1, 1},    {'\x81', 2, 1},
        {'\x85', 1, 1}, {'\x86', 2, 1}, {'\x87', 3, 1}, {'\x92', 3, 1}, {'\x94', 1, 1},
        {'\x98', 1, 1}, {'\x80', 0, 0},
    };

    switch (opcode) {
    case '(':
        return mark(w);
    case '0':
        return pop(w);
    case '.':
        return take(w, 1) ? MAYBE : NEVER;
    case '1':
        return to_mark(w, 0, 0);
    case 't':
    case 'l':
    case 'd':
    case 'o':
    case 0x91:
        return to_mark(w, 0, 1);
    case 'e':
    case 'u':
    case 0x90:
        return to_mark(w, 1, 0);
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if ((uint8_t)rows[i].opcode == opcode) {
            if (!take(w, rows[i].takes))
                return NEVER;
            w->height += rows[i].gives;
            return GO;
        }
    w->height++;
    return GO;
}

/* GLOBAL, INST, STACK_GLOBAL, EXT; FRAME, which readers of files take differently. */
static bool acts(uint8_t opcode)
{
    return opcode == 'c' || opcode == 'i' || opcode == 0x93 || opcode == 0x95 ||
           (opcode >= 0x82 && opcode <= 0x84);
}

bool sg_plausible_pickle(const uint8_t *head, size_t len)
{
    struct walk w = {.at = head, .end = head + len};

    while (w.at < w.end) {
        uint8_t opcode = *w.at++;
        if (!sg_opcode_name(opcode))
            return false;
        enum pace pace = argument(&w, opcode);
        if (pace == GO && acts(opcode))
            return true;
        if (pace == GO)
            pace = effect(&w, opcode);
        if (pace != GO)
            return pace == MAYBE;
    }
    return len > 0;
}
