/* guard.h - what the hooks ask: may this descriptor be handed out, may it be read? */
#ifndef SG_GUARD_H
#define SG_GUARD_H

#include "shim/fdtable.h"
#include "shim/note.h"
#include "shim/record.h"
#include "shim/start.h"

/* After an open that answered `fd`: the same, or -1 with errno EACCES, then it is closed. */
int sg_guard_opened(int fd, int flags, const char *path);

/* The same for a descriptor that stays its owner's: false with errno EACCES. `path` may be NULL. */
bool sg_guard_vet(int fd, enum sg_event event, const char *path);

/* Before bytes of `fd` are had: false with errno EACCES. */
static inline bool sg_guard_use(int fd, enum sg_event event)
{
    enum sg_fd_state state = SG_FD_STATE(sg_fd_word(fd));

    sg_note_drop();
    if (state == SG_FD_EXEMPT || state == SG_FD_CLEARED)
        return true;
    return !sg_awake() || sg_guard_vet(fd, event, NULL);
}

/* The same where one look in the past is not enough: a mapping, a read from the beginning. */
static inline bool sg_guard_use_again(int fd, enum sg_event event)
{
    sg_fd_refresh(fd);
    return sg_guard_use(fd, event);
}

#endif
