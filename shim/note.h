/* note.h - why this thread's last hooked call was refused, for whoever asks strerror(). */
#ifndef SG_NOTE_H
#define SG_NOTE_H

#include "shim/libc.h"

#include "policy/phrase.h"

struct sg_note;

extern __thread struct sg_note *sg_note_mine;

/* A buffer for the text of a note, which from now on is this thread's; then its end. */
struct sg_phrase sg_note_begin(void);
void sg_note_end(struct sg_phrase *phrase);

/* Drops it: every hooked call that vets does so first, so that a note never tells about an older
 * call than the last. */
static inline void sg_note_drop(void)
{
    if (__builtin_expect(sg_note_mine != NULL, 0))
        sg_note_mine = NULL;
}

#define SG_NOTE_BEGIN " [safeguard: "

/* "MESSAGE [safeguard: NOTE]" in memory that holds until this thread's next note, or NULL: there
 * is none. */
const char *sg_note_append(const char *message);

#endif
