/* guard.h - what the hooks ask: may this descriptor be handed out, may it be read? */
#ifndef SG_GUARD_H
#define SG_GUARD_H

#include "shim/fdtable.h"
#include "shim/note.h"
#include "shim/record.h"
#include "shim/start.h"

/* After an open that answered `fd`: the same, or -1 with errno EACCES, then it is closed. */
int sg_guard_opened(int fd, int flags, const char *path);

/* The same for a descriptor that stays its owner's, before it is read: false with errno EACCES. */
bool sg_guard_vet(int fd, enum sg_event event);

/* Before a stream or a mapping, of which no hook sees what is read when. `path` may be NULL. */
bool sg_guard_unseen(int fd, enum sg_event event, const char *path);

/* After a read at `at` (-1: where the descriptor's offset was) that had `*got` bytes. True: the
 * file had changed by then, was vetted once more, and is to be read once more, `*left` times at
 * most. `*got` is -1, errno EACCES, when it is refused. */
bool sg_guard_look_back(int fd, off_t at, ssize_t *got, int *left);

/* The same after bytes went from `fd` elsewhere, which cannot be done once more. */
bool sg_guard_look_back_at_move(int fd);

#define SG_GUARD_READS_AGAIN 8

/* Before bytes of `fd` are had: false with errno EACCES. */
static inline bool sg_guard_use(int fd, enum sg_event event)
{
    enum sg_fd_state state = SG_FD_STATE(sg_fd_word(fd));

    sg_note_drop();
    if (state == SG_FD_EXEMPT || state == SG_FD_CLEARED || state >= SG_FD_STILL)
        return true;
    return !sg_awake() || sg_guard_vet(fd, event);
}

static inline bool sg_guard_again(int fd, off_t at, ssize_t *got, int *left)
{
    return *got >= 0 && SG_FD_STATE(sg_fd_word(fd)) >= SG_FD_WATCHED &&
           sg_guard_look_back(fd, at, got, left);
}

/* The same where one look in the past is not enough: a read at a place of its own. */
static inline bool sg_guard_use_again(int fd, enum sg_event event)
{
    sg_fd_refresh(fd);
    return sg_guard_use(fd, event);
}

#endif
