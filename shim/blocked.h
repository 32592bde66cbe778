/* blocked.h - says what was refused: in the log, and as an exception. */
#ifndef SG_BLOCKED_H
#define SG_BLOCKED_H

#include "shim/python_api.h"
#include "shim/record.h"

struct sg_deed {
    enum sg_event event; /* SG_EVENT_FIND_CLASS, SG_EVENT_EFFECT */
    const char *rule;
    const char *detail; /* one line of plain words */
    double score;
    enum sg_action action; /* SG_LOG, SG_BLOCK */
};

/* Writes the record; its path is FILE:LINE where `frame`, which called load, stands (NULL: not
 * known, then no GIL is needed). */
void sg_blocked_tell(const struct sg_deed *deed, struct sg_object *frame);

/* Raises safeguard.BlockedError, a PermissionError with errno EACCES and the two texts one behind
 * the other; answers -1. */
int sg_blocked_raise(const char *what, const char *detail);

#endif
