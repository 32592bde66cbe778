/* note.c - notes of refusals. They lie in a ring, since a thread's own storage must stay small. */
#include "shim/note.h"

#include <stdatomic.h>

#define NOTES 32u
#define MESSAGE_MAX 128u /* bytes of libc's message, in any language */
#define TEXT_MAX 1920u

struct sg_note {
    _Atomic(struct sg_note **) owner;   /* whose thread it is; a later one takes it over */
    char bytes[MESSAGE_MAX + TEXT_MAX]; /* a message ends, and the text begins, at MESSAGE_MAX */
};

__thread struct sg_note *sg_note_mine;

static struct sg_note ring[NOTES];
static _Atomic uint32_t next;

struct sg_phrase sg_note_begin(void)
{
    struct sg_note *note = &ring[atomic_fetch_add_explicit(&next, 1, memory_order_relaxed) % NOTES];

    atomic_store_explicit(&note->owner, &sg_note_mine, memory_order_relaxed);
    sg_note_mine = note;
    struct sg_phrase phrase = sg_phrase_open(note->bytes + MESSAGE_MAX, TEXT_MAX - 1);
    sg_phrase_string(&phrase, SG_NOTE_BEGIN);
    return phrase;
}

void sg_note_end(struct sg_phrase *phrase)
{
    size_t len = phrase->len < phrase->cap ? phrase->len : phrase->cap - 1;

    memcpy(phrase->into + len, "]", 2);
}

const char *sg_note_append(const char *message)
{
    struct sg_note *note = sg_note_mine;

    if (!note || atomic_load_explicit(&note->owner, memory_order_relaxed) != &sg_note_mine)
        return NULL;
    size_t len = strnlen(message, MESSAGE_MAX);
    char *start = note->bytes + MESSAGE_MAX - len;
    memcpy(start, message, len);
    return start;
}
