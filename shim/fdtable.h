/* fdtable.h - what is known of each descriptor, in one word that is read and written whole.
 *
 * A word says a state and, in its upper bits, a hash of the identity that was vetted. Descriptors
 * change hands by ways no hook sees (a raw close, a message over a socket). So a state that lets
 * reads through without a look at the file is only entered from a read, left at every close, and
 * never written by a vfork child, whose numbers are not its parent's.
 */
#ifndef SG_FDTABLE_H
#define SG_FDTABLE_H

#include "shim/identity.h"

#include <stdatomic.h>

#define SG_FD_MAX 16384 /* descriptors from here on are vetted at each use */

enum sg_fd_state {
    SG_FD_UNVETTED = 0, /* never looked at */
    SG_FD_EXEMPT,       /* no regular file, or not open for reading */
    SG_FD_FRESH,        /* vetted, no carrier; the next use looks whether it is still the same */
    SG_FD_CLEARED,      /* the same, and one use has looked */
    SG_FD_WRITABLE,     /* no carrier, but it may become one: every use looks */
    SG_FD_WATCHED,      /* a carrier: every use looks, and once more when it is done */
    /* snapshot = strict, where a read is looked at when it is done: */
    SG_FD_STILL,   /* no carrier: fine as long as the file is as it was */
    SG_FD_HELD,    /* a lease holds the file as it was vetted */
    SG_FD_PRIVATE, /* a copy of the file, or one that nobody can change */
};

extern _Atomic uint64_t sg_fd_words[SG_FD_MAX];

/* No descriptor above it is SG_FD_HELD; -1: none is. */
extern _Atomic int sg_fd_held_most;

#define SG_FD_STATE(word) ((enum sg_fd_state)((word)&15u))

static inline uint64_t sg_fd_word(int fd)
{
    return (unsigned)fd < SG_FD_MAX ? atomic_load_explicit(&sg_fd_words[fd], memory_order_relaxed)
                                    : SG_FD_UNVETTED;
}

static inline void sg_fd_forget(int fd)
{
    if ((unsigned)fd < SG_FD_MAX)
        atomic_store_explicit(&sg_fd_words[fd], SG_FD_UNVETTED, memory_order_relaxed);
}

/* Whether `word` was made for a file of this identity. */
bool sg_fd_matches(uint64_t word, const struct sg_identity *identity);

/* The same but for what changes with the content. */
bool sg_fd_same_file(uint64_t word, const struct sg_identity *identity);

/* Writes a state that will be held against `identity`: from SG_FD_FRESH on, but SG_FD_CLEARED. */
void sg_fd_bind(int fd, enum sg_fd_state state, const struct sg_identity *identity);

/* Turns SG_FD_FRESH to SG_FD_CLEARED. */
void sg_fd_clear(int fd, uint64_t word);

void sg_fd_exempt(int fd);

/* Makes the next use of a cleared descriptor look again (its offset went elsewhere). */
void sg_fd_refresh(int fd);

/* `to` is now what `from` is. */
void sg_fd_copy(int from, int to);

/* Takes the memory that tells a fork's child from a vfork's. Before the first exempt or clear. */
void sg_fd_start(void);

#endif
