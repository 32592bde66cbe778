/* knowledge.h - what is known of a name: does calling it reach something dangerous?
 *
 * The knowledge is a generated table (names_data.c) of 56-bit fingerprints of dotted names, made
 * by scripts/knowledge/build from reviewed lists. A name is looked at in all its parts: what
 * `torch` + `serialization.os.system` resolves to is `os.system`.
 */
#ifndef SG_JUDGE_KNOWLEDGE_H
#define SG_JUDGE_KNOWLEDGE_H

#include "ground/bytes.h"

/* What a call of the name reaches. The numbers are those of names_data.c. */
enum sg_sink {
    SG_SINK_NONE,
    SG_SINK_EXEC,    /* runs program text or bytecode */
    SG_SINK_SPAWN,   /* starts or ends processes */
    SG_SINK_CONNECT, /* opens a network connection */
    SG_SINK_NATIVE,  /* loads or writes native code or raw memory */
    SG_SINK_FILE,    /* opens or writes files */
    SG_SINK_DELETE,  /* deletes or moves files */
    SG_SINK_LOAD,    /* deserialises something else */
    SG_SINK_RESOLVE, /* finds an object by its name */
    SG_SINK_INSPECT, /* walks to interpreter internals */
    SG_SINK_CODE,    /* makes functions, classes or code objects */
    SG_SINK_DELAY,   /* has something run later */
    SG_SINK_STATE,   /* changes the interpreter or its modules */
    SG_SINK_DECODE,  /* decodes or decompresses */
    SG_SINK_RELAY,   /* calls what it is given */
    SG_SINK_CLEAN,   /* known in clean models */
    SG_SINK_COUNT_
};

enum sg_name_flag {
    SG_N_SOFT = 1,      /* ordinary in itself; its arguments decide */
    SG_N_INIT = 2,      /* a class whose constructor reaches the sink; naming it does not */
    SG_N_CLASS = 4,     /* looks like a class: _*[A-Z]… */
    SG_N_DUNDER = 8,    /* has a __dunder__ that leads to interpreter internals */
    SG_N_VERB = 16,     /* its last word says that it runs something */
    SG_N_REBUILD = 32,  /* its last word says that it rebuilds an object */
    SG_N_INSIDE = 64,   /* the sink is part of a longer name */
    SG_N_LIBRARY = 128, /* of a library that clean models are made with */
    SG_N_LONG = 256,    /* more parts than names have */
    SG_N_STORES = 1024, /* a class whose __setstate__, append, … reach a sink: see sg_name_method */
    SG_N_COMPUTED = 512, /* found by a call, not written in the stream (set by the judge) */
    SG_N_DENIED = 2048,  /* by the site (set by heed.c) */
    SG_N_STDLIB = 4096,  /* of the standard library */
    SG_N_METHOD = 16384, /* ends in a __dunder__ that picklers do not call */
    SG_N_ASIDE = 8192,   /* of tests, tools or command lines of a library */
};

struct sg_name {
    enum sg_sink sink; /* SG_SINK_NONE: nothing known */
    unsigned distance; /* calls from the name to the sink; 3 is "3 or more" */
    unsigned flags;    /* enum sg_name_flag */
    uint64_t print;    /* fingerprint of the whole name */
};

struct sg_name sg_name_look(struct sg_text module, struct sg_text qualname);

/* A method of a class that sg_name_look() found. */
struct sg_name sg_name_method(struct sg_text module, struct sg_text qualname, const char *method);

/* What the first word of a name stands for: posix is os. Rows 0.. until false. */
bool sg_name_alias(size_t row, struct sg_text *from, struct sg_text *to);

/* names_data.c: (fingerprint & ~255) | sink | distance << 4 | SOFT << 6 | INIT << 7, ascending. */
extern const uint64_t sg_names_table[];
extern const size_t sg_names_count;

/* A bit for each of the highest 16 bits of a fingerprint that some row has: most names end here. */
extern const uint64_t sg_names_filter[];

#endif
