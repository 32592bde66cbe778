/* status.c - plain words for a status. */
#include "ground/status.h"

const char *sg_status_text(enum sg_status status)
{
    switch (status) {
    case SG_OK:
        return "ok";
    case SG_END:
        return "end of data";
    case SG_ERR_IO:
        return "cannot be read";
    case SG_ERR_MEMORY:
        return "memory limit reached";
    case SG_ERR_LIMIT:
        return "limit reached";
    case SG_ERR_FORMAT:
        return "not of this format";
    case SG_ERR_ARG:
        return "invalid argument";
    }
    return "unknown status";
}
