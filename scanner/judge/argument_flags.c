/* argument_flags.c - flags on the arguments of a call, from bounded looks at them. */
#include "judge/argument_flags.h"

#include "judge/phrases.h"

#include <string.h>

#define LOOK_ITEMS 96u /* values, over all depths */
#define LOOK_DEPTH 4u
#define CODE_ITEMS 4096u /* values of a code object */
#define CODE_DEPTH 8u
#define CODE_WINDOW 4096u
#define CODE_BYTES (1u << 20) /* of marshalled code */

/* Names in code that run, connect or delete, whatever object they are taken from. */
static const char *const carried[] = {
    "popen",     "subprocess",   "Popen",       "exec",           "execfile",        "ctypes",
    "pty",       "urlopen",      "urlretrieve", "rmtree",         "b64decode",       "__import__",
    "getoutput", "check_output", "check_call",  "posix_spawn",    "execv",           "execve",
    "execl",     "execlp",       "execvp",      "spawnl",         "spawnv",          "spawnlp",
    "fork",      "dlopen",       "CDLL",        "__subclasses__", "getstatusoutput", "startfile",
    "system",
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

struct look {
    const struct sg_machine *m;
    uint64_t *spent;
    size_t left; /* values that may still be looked at */
    unsigned flags;
};

static bool whole(const struct sg_machine *m, sg_value v, size_t got)
{
    return sg_value_length(m, v) <= got;
}

static void look_text(struct look *look, sg_value v, unsigned kind)
{
    char head[SG_PHRASE_MAX];
    size_t got = sg_value_read(look->m, v, 0, head, sizeof(head));

    *look->spent += got;
    if (got > 0)
        look->flags |= kind | sg_phrase_flags(head, got, whole(look->m, v, got));
}

static void look_value(struct look *look, sg_value v, unsigned depth)
{
    enum sg_kind kind = sg_value_kind(look->m, v);
    bool all = true;

    if (look->left == 0)
        return;
    look->left--;
    *look->spent += 16;
    if (kind == SG_V_STR || kind == SG_V_BYTES) {
        look_text(look, v, kind == SG_V_STR ? SG_ARG_TEXT : SG_ARG_BYTES);
    } else if (kind == SG_V_GLOBAL) {
        look->flags |= SG_ARG_GLOBAL;
    } else if (kind == SG_V_RESULT || kind == SG_V_ATTR) {
        look->flags |= SG_ARG_RESULT;
    } else if (kind == SG_V_UNKNOWN || kind == SG_V_FORGOTTEN) {
        look->flags |= SG_ARG_UNKNOWN;
    } else if (depth > 0 &&
               (kind == SG_V_TUPLE || kind == SG_V_LIST || kind == SG_V_DICT || kind == SG_V_SET)) {
        size_t count = sg_value_count(look->m, v, &all);

        for (size_t i = 0; i < count && look->left > 0; i++) {
            look_value(look, sg_value_item(look->m, v, i), depth - 1);
            if (kind == SG_V_DICT)
                look_value(look, sg_value_mapped(look->m, v, i), depth - 1);
        }
    }
}

unsigned sg_arguments_look(const struct sg_machine *m, sg_value args, uint64_t *spent)
{
    struct look look = {.m = m, .spent = spent, .left = LOOK_ITEMS};

    if (*spent <= SG_ARGUMENT_BUDGET)
        look_value(&look, args, LOOK_DEPTH);
    return look.flags;
}

/* Names in marshalled code are written with their length in front (a byte for short ones), so a
 * name inside a longer word or a sentence does not count. */
static unsigned carried_bytes(const char *at, size_t len)
{
    for (size_t i = 0; i < COUNT(carried); i++) {
        size_t n = strlen(carried[i]);
        const char *hit = at;

        while ((hit = memmem(hit, (size_t)(at + len - hit), carried[i], n)) != NULL) {
            if (hit > at && (uint8_t)hit[-1] == n)
                return SG_ARG_CARRIES;
            hit++;
        }
    }
    return 0;
}

static void carry_bytes(struct look *look, sg_value v)
{
    char window[CODE_WINDOW];
    uint64_t offset = 0;
    size_t got;

    while (offset < CODE_BYTES && look->flags == 0) {
        got = sg_value_read(look->m, v, offset, window, sizeof(window));
        *look->spent += got + 16;
        look->flags |= carried_bytes(window, got);
        if (sg_phrase_attacks(window, got))
            look->flags |= SG_ARG_PAYLOAD;
        if (got < sizeof(window))
            return;
        offset += sizeof(window) - 64; /* a name may lie across the border */
    }
}

static bool carries(struct sg_text word)
{
    for (size_t i = 0; i < COUNT(carried); i++)
        if (sg_text_is(word, carried[i]))
            return true;
    return false;
}

static void carry_text(struct look *look, sg_value v)
{
    char head[SG_PHRASE_MAX];
    size_t got = sg_value_read(look->m, v, 0, head, sizeof(head));

    *look->spent += got + 16;
    if (carries((struct sg_text){head, got}))
        look->flags |= SG_ARG_CARRIES;
    else if (sg_phrase_flags(head, got, whole(look->m, v, got)) & SG_ARG_PAYLOAD)
        look->flags |= SG_ARG_PAYLOAD;
}

static void carry_value(struct look *look, sg_value v, unsigned depth)
{
    enum sg_kind kind = sg_value_kind(look->m, v);
    bool all = true;
    size_t count;

    if (look->left == 0)
        return;
    look->left--;
    *look->spent += 16;
    if (kind == SG_V_STR)
        carry_text(look, v);
    else if (kind == SG_V_BYTES)
        carry_bytes(look, v);
    if (depth == 0 || (kind != SG_V_TUPLE && kind != SG_V_LIST && kind != SG_V_DICT))
        return;
    count = sg_value_count(look->m, v, &all);
    for (size_t i = 0; i < count && look->left > 0; i++) {
        carry_value(look, sg_value_item(look->m, v, i), depth - 1);
        if (kind == SG_V_DICT)
            carry_value(look, sg_value_mapped(look->m, v, i), depth - 1);
    }
}

unsigned sg_arguments_carry(const struct sg_machine *m, sg_value args, uint64_t *spent)
{
    struct look look = {.m = m, .spent = spent, .left = CODE_ITEMS};

    if (*spent <= SG_ARGUMENT_BUDGET)
        carry_value(&look, args, CODE_DEPTH);
    return look.flags;
}
