/* effect_table.h - audit events that are effects, and what their arguments are. */
#ifndef SG_EFFECT_TABLE_H
#define SG_EFFECT_TABLE_H

#include "shim/python_api.h"

enum sg_effect {
    SG_EFFECT_SPAWN,
    SG_EFFECT_CONNECT,
    SG_EFFECT_NATIVE,
    SG_EFFECT_CODE,
    SG_EFFECT_FILE
};

enum sg_effect_flag {
    SG_E_RARE = 1,    /* rare enough to look at the frames each time */
    SG_E_NEVER = 2,   /* no module does it as it is imported */
    SG_E_LOG = 4,     /* harmless in itself: told, not refused */
    SG_E_ADDRESS = 8, /* the second argument is a socket's address: local ones are let pass */
    SG_E_OPEN = 16,   /* (path, mode, flags) */
    SG_E_LINK = 32,   /* acts on the link, not on what it leads to */
    SG_E_SYMBOL = 64, /* (library, name): a library's own functions are let pass */
};

struct sg_effect_row {
    const char *event;
    uint8_t effect; /* enum sg_effect */
    uint8_t flags;  /* enum sg_effect_flag */
    /* Arguments that are paths, and those that are the folders they start from; counted from 1,
     * 0: none. An effect without paths is refused wherever it happens. */
    uint8_t path[2];
    uint8_t folder[2];
};

/* NULL: the event is no effect. */
const struct sg_effect_row *sg_effect_find(const char *event);

/* Before the first question. */
void sg_effect_table_start(void);

/* "starts or ends a process" */
const char *sg_effect_words(enum sg_effect effect);

/* "effect-spawn" */
const char *sg_effect_rule(enum sg_effect effect);

/* "import" with a file: CPython loads an extension module. */
extern const struct sg_effect_row sg_effect_module;

#endif
