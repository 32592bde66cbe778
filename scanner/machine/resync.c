/* resync.c - opcodes behind array bytes whose end is not known.
 *
 * The dtype of an array may be made in ways that do not show its size, and a loader would go on
 * behind bytes that look like anything. So whatever could name something is run from, with a stack
 * of unknown values; what is told is a guess, and the caller takes from it what is beyond doubt.
 */
#include "machine/state.h"

#define NAME_MAX_LENGTH 255u
#define LOOK_AHEAD (2 * NAME_MAX_LENGTH + 8)
#define TRIES_MAX 65536u

static bool name_char(uint8_t c)
{
    return (c | 32) - 'a' + 0u < 26u || c - '0' + 0u < 10u || c == '_' || c == '.';
}

/* Length of a run of name characters at `at`. */
static size_t name_length(const uint8_t *at, size_t have)
{
    size_t len = 0;

    while (len < have && len < NAME_MAX_LENGTH && name_char(at[len]))
        len++;
    return len;
}

/* GLOBAL and INST: two lines that are names. */
static bool two_names(const uint8_t *at, size_t have)
{
    size_t module = name_length(at, have);

    if (!module || module + 1 >= have || at[module] != '\n')
        return false;
    size_t name = name_length(at + module + 1, have - module - 1);
    return name && module + 1 + name < have && at[module + 1 + name] == '\n';
}

/* … SHORT_BINUNICODE and BINUNICODE: a name. */
static bool names_something(const uint8_t *at, size_t have)
{
    size_t head = *at == 0x8c ? 2 : 5;

    if (*at == 'c' || *at == 'i')
        return two_names(at + 1, have - 1);
    if ((*at != 0x8c && *at != 'X') || have <= head)
        return false;
    size_t length = *at == 0x8c ? at[1] : sg_le32(at + 1);
    return length && length < have - head && name_length(at + head, have - head) >= length;
}

/* Goes to the next place that could name something; false at the end of the data. */
static bool find_next(struct sg_stream *s)
{
    size_t have;

    while ((have = sg_stream_need(s, LOOK_AHEAD)) > 0) {
        size_t sure = have > LOOK_AHEAD ? have - LOOK_AHEAD : 1;
        for (size_t i = 0; i < sure; i++)
            if (names_something(s->at + i, have - i)) {
                s->at += i;
                return true;
            }
        s->at += sure;
    }
    return false;
}

/* Values for opcodes that take from the stack what was put there before the bytes. */
static bool fill_stack(struct sg_machine *m)
{
    for (int i = 0; i < 8; i++)
        if (!sg_words_push(m, &m->load->stack, SG_UNKNOWN_VALUE))
            return false;
    return sg_words_push(m, &m->load->marks, 4);
}

void sg_resync(struct sg_machine *m)
{
    struct sg_outcome *told = m->outcome;

    m->guessing = true;
    m->guessed = *told;
    m->outcome = &m->guessed;
    for (unsigned tries = 0; tries < TRIES_MAX && find_next(m->stream); tries++) {
        uint64_t start = sg_stream_offset(m->stream);
        m->load->frame_end = 0;
        if (!sg_run_ready(m) || !fill_stack(m))
            break;
        (void)sg_run_load(m);
        if (!sg_work(m, 4 * (sg_stream_offset(m->stream) - start)))
            break;
        m->load = m->loads;
        /* From the next byte, where that can be: an argument may have swallowed what matters. */
        if (sg_stream_again(m->stream))
            (void)sg_stream_seek(m->stream, start + 1);
    }
    told->overworked |= m->guessed.overworked;
    m->outcome = told;
    m->guessing = false;
}
