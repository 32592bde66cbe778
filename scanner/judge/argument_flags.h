/* argument_flags.h - what the arguments of a call look like. */
#ifndef SG_JUDGE_ARGUMENT_FLAGS_H
#define SG_JUDGE_ARGUMENT_FLAGS_H

#include "machine/machine.h"

enum sg_argument_flag {
    SG_ARG_TEXT = 1 << 0,     /* a string that is not empty */
    SG_ARG_BYTES = 1 << 1,    /* bytes that are not empty */
    SG_ARG_WORD = 1 << 2,     /* an identifier, dotted or not */
    SG_ARG_SHELL = 1 << 3,    /* reads like a command line */
    SG_ARG_CODE = 1 << 4,     /* reads like Python source */
    SG_ARG_PAYLOAD = 1 << 5,  /* command or source that no model has a use for */
    SG_ARG_URL = 1 << 6,      /* scheme://… */
    SG_ARG_HOST = 1 << 7,     /* host:port, an IP address */
    SG_ARG_PATH = 1 << 8,     /* a path of a file */
    SG_ARG_ENCODED = 1 << 9,  /* long base64 or hexadecimal */
    SG_ARG_WALK = 1 << 10,    /* attribute that leads to interpreter internals */
    SG_ARG_RUNS = 1 << 11,    /* word of a function that runs something: system, popen, … */
    SG_ARG_PICKLE = 1 << 12,  /* begins like a pickle */
    SG_ARG_GLOBAL = 1 << 13,  /* a resolved name among the arguments */
    SG_ARG_RESULT = 1 << 14,  /* result of another call */
    SG_ARG_UNKNOWN = 1 << 15, /* something that is not known */
    SG_ARG_LINES = 1 << 16,   /* more than one line */
    SG_ARG_CARRIES = 1 << 17, /* code that names what runs, connects or deletes */
    SG_ARG_MARSHAL = 1 << 18, /* begins like marshalled code */
    SG_ARG_DUNDER = 1 << 19,  /* a __dunder__ */
    SG_ARG_SPACES = 1 << 20,  /* more than one word */
};

/* What a look at the arguments of one call counts, at all depths that are looked at. */
struct sg_glance {
    uint64_t *spent;
    bool looked;
    unsigned flags;                   /* enum sg_argument_flag */
    unsigned counts[SG_V_PERSID + 1]; /* by enum sg_kind */
    unsigned depth;
    uint64_t longest; /* string or bytes */
};

/* Bytes of arguments that are looked at, per file: 0 flags once `*spent` is past it. */
#define SG_ARGUMENT_BUDGET (256ULL << 20)

/* Flags of all strings and values among the arguments of `call`, to a bounded depth and number;
 * `*glance->spent` grows by the bytes that were read. Looks once for each glance. */
unsigned sg_arguments_look(const struct sg_machine *m, const struct sg_call *call,
                           struct sg_glance *glance);

/* Whether text among the arguments, or in what other libraries made of theirs, could call something
 * if it were evaluated; `*more` when there is more than is looked at. `*spent` as above. */
bool sg_arguments_evaluable(const struct sg_machine *m, const struct sg_call *call, uint64_t *spent,
                            bool *more);

/* What code in `args` (tuples of names, constants, marshalled bytes) refers to:
 * SG_ARG_CARRIES, SG_ARG_PAYLOAD or 0. */
unsigned sg_arguments_carry(const struct sg_machine *m, sg_value args, uint64_t *spent);

#endif
