/* machine.h - the pickle machine: runs a stream abstractly, as every CPython 3.8-3.14 would.
 *
 *     struct sg_machine *m;
 *     sg_machine_open(&m, arena, &options, &events);
 *     sg_machine_run(m, &stream, &outcome);
 *
 * Nothing is loaded and nothing is called. What the stream would resolve, call, build or store
 * is told through `events` in the order in which the interpreter would do it; what ran before
 * an error counts. Where interpreters differ, all of their readings are told (a name that only
 * one of them resolves is told as well).
 *
 * Source of the rules: Modules/_pickle.c and Lib/pickle.py of CPython 3.8 to 3.14.
 */
#ifndef SG_MACHINE_H
#define SG_MACHINE_H

#include "ground/arena.h"
#include "ground/bytes.h"
#include "ground/limits.h"
#include "ground/status.h"
#include "ground/stream.h"

#include <stdbool.h>

struct sg_machine;

/* An abstract value. Opaque; 64 bits; valid as long as its machine (what it refers to may be
 * forgotten under memory pressure, sg_value_kind() then says so). */
typedef uint64_t sg_value;

enum sg_kind {
    SG_V_UNKNOWN,   /* any object: out-of-band buffer, item of something unknown */
    SG_V_FORGOTTEN, /* known once, dropped under memory pressure */
    SG_V_NONE,
    SG_V_BOOL,
    SG_V_INT,
    SG_V_FLOAT,
    SG_V_STR,
    SG_V_BYTES, /* bytes or bytearray */
    SG_V_TUPLE,
    SG_V_LIST,
    SG_V_DICT,
    SG_V_SET,    /* set or frozenset */
    SG_V_GLOBAL, /* a resolved name, or a module (empty qualname) */
    SG_V_RESULT, /* result of a call */
    SG_V_ATTR,   /* attribute of something that is no global: RESULT, constant, … */
    SG_V_PERSID, /* object made by persistent_load */
};

static inline bool sg_kind_is_container(enum sg_kind kind)
{
    return kind >= SG_V_TUPLE && kind <= SG_V_SET;
}

/* How a global was named. */
enum sg_global_flag {
    SG_G_COMPUTED = 1,     /* by a call that was folded: getattr, import_module, … */
    SG_G_DOTTED = 2,       /* the written name has dots: attribute of an attribute */
    SG_G_PYTHON2 = 4,      /* the written name is mapped by _compat_pickle below protocol 3 */
    SG_G_EXTENSION = 8,    /* through an extension code registered in the stream */
    SG_G_ODD_CHARS = 16,   /* not a dotted identifier */
    SG_G_CUT = 32,         /* the line ended at the end of the data (only pickle.py takes it) */
    SG_G_INSTANCE = 64,    /* attribute of an instance of the class before the last dot */
    SG_G_UNRESOLVED = 128, /* an operand is not known: module or qualname is "?" */
};

struct sg_global {
    struct sg_text module;   /* as the interpreter would import it (after Python 2 mapping) */
    struct sg_text qualname; /* dotted; empty for a module object */
    struct sg_text
        written_module; /* as the stream has it; what find_class and the audit hook see */
    struct sg_text written_name;
    uint64_t offset; /* of the opcode that first named it */
    uint64_t count;  /* how often it was named */
    uint32_t index;  /* 0.. in order of first appearance */
    uint8_t opcode;  /* 'c', 'i', 0x93, 0x82..0x84; 0 when computed by a folded call */
    uint8_t flags;   /* enum sg_global_flag */
};

/* What a call is made by. The byte values are the opcodes'. */
enum sg_call_op {
    SG_CALL_FOLDED = 0, /* by a known function: partial, map, methodcaller, … */
    SG_CALL_REDUCE = 'R',
    SG_CALL_INST = 'i',
    SG_CALL_OBJ = 'o',
    SG_CALL_NEWOBJ = 0x81,
    SG_CALL_NEWOBJ_EX = 0x92,
    SG_CALL_BUILD = 'b',   /* callee: the object; args: (state,); a __setstate__ or attributes */
    SG_CALL_APPEND = 'a',  /* append, extend of something that is no list */
    SG_CALL_SETITEM = 's', /* __setitem__ of something that is no dict */
    SG_CALL_ADD = 0x90,    /* add of something that is no set */
};

struct sg_call {
    uint64_t id; /* 1.. in the order of execution */
    uint64_t offset;
    sg_value callee;
    sg_value args;   /* TUPLE where the stream is well-formed */
    sg_value kwargs; /* DICT for NEWOBJ_EX and folded calls; else NONE */
    enum sg_call_op op;
};

enum sg_use {
    SG_USE_CALLED,    /* the result is itself called */
    SG_USE_DISCARDED, /* POP, POP_MARK, or left on the stack at STOP */
    SG_USE_BUILT,     /* target of BUILD */
    SG_USE_NAME,      /* operand of STACK_GLOBAL, and not foldable */
};

/* Oddities of a stream that a plain pickler does not write. */
enum sg_anomaly {
    SG_A_BROKEN_AFTER_CALL, /* an error stops the load after a call was made */
    SG_A_FRAME_STRADDLE,    /* an argument crosses its frame's end: readings differ */
    SG_A_NUL_IN_LINE,       /* NUL inside a line argument */
    SG_A_ODD_INTEGER,       /* INT/LONG/PUT/GET literal that pickletools refuses */
    SG_A_COMPUTED_NAME,     /* STACK_GLOBAL on an operand that does not fold */
    SG_A_EXTENSION,         /* EXT1/2/4 */
    SG_A_EXTENSION_UNKNOWN, /* … with a code the stream does not register */
    SG_A_MEMO_ACROSS,       /* uses the memo of a pickle before it */
    SG_A_PROTO_LATE,        /* PROTO not at the beginning, or above 5 */
    SG_A_BUILD_GLOBAL,      /* BUILD on a global: setattr on a module, class or function */
    SG_A_STORE_GLOBAL,      /* append/setitem on a global */
    SG_A_BOMB,              /* grows exponentially or without end when loaded */
    SG_A_FORGOTTEN_USED,    /* something dropped under memory pressure mattered */
    SG_A_LEFTOVER,          /* items or MARK left at STOP */
    SG_A_NON_TUPLE_ARGS,    /* REDUCE/NEWOBJ with args that are no tuple */
    SG_A_COUNT_
};

/* Content inside the stream that a call hands to another loader. */
enum sg_payload {
    SG_P_PICKLE, /* pickle.loads & co. */
    SG_P_ANY,    /* a loader of files: torch.load, joblib.load, numpy.load, … on BytesIO */
};

/* All may be NULL. Pointers, and texts of globals, are valid during the call only: copy what is
 * to be kept, and not into the machine's arena. Events of a later reading of the same bytes may
 * repeat earlier ones. */
struct sg_events {
    void *ctx;
    void (*opcode)(void *ctx, const struct sg_machine *m, uint64_t offset, uint8_t opcode);
    void (*global)(void *ctx, const struct sg_machine *m, const struct sg_global *global);
    void (*call)(void *ctx, const struct sg_machine *m, const struct sg_call *call);
    void (*use)(void *ctx, const struct sg_machine *m, uint64_t call_id, enum sg_use use);
    void (*anomaly)(void *ctx, const struct sg_machine *m, enum sg_anomaly what, uint64_t offset);
    void (*payload)(void *ctx, const struct sg_machine *m, enum sg_payload what, sg_value content,
                    const struct sg_call *call);
    /* A word of a code object that `call` makes (marshal.loads, CodeType, …): a name that it uses,
     * or, when !name, text that it holds; at most 512 bytes of it. */
    void (*code)(void *ctx, const struct sg_machine *m, struct sg_text word, bool name,
                 const struct sg_call *call);
};

/* Where loaders differ about the same bytes, one run takes one choice and asks for further runs
 * (sg_machine_more). A zeroed reading is the first. */
struct sg_reading {
    uint32_t straddles; /* bit i: at the i-th frame straddle go on after the frame, as the C
                           unpickler reading a file; 0: go straight on */
    bool carry_memo;    /* later pickles are loaded by the same Unpickler: its memo goes on */
    bool plain;         /* array bytes that joblib would take out are read as opcodes */
    bool want_carry;    /* some run found that carry_memo, or plain, matters */
    bool want_plain;
};

struct sg_machine_options {
    uint64_t max_memory; /* bytes of the arena, by which what is taken first is sized; the arena
                            itself bounds the rest */
    struct sg_reading reading;
};

enum sg_stop {
    SG_STOP_STOP,      /* the STOP opcode */
    SG_STOP_END,       /* the data ended */
    SG_STOP_ERROR,     /* every interpreter raises here */
    SG_STOP_EXHAUSTED, /* a limit of ours: memory */
    SG_STOP_IO,        /* the stream could not be read or decoded on */
};

/* What became of one pickle. */
struct sg_outcome {
    enum sg_stop stop;
    uint64_t start;   /* offset of its first byte */
    uint64_t end;     /* offset after its last opcode */
    uint64_t opcodes; /* executed */
    uint64_t calls;   /* made */
    uint64_t globals; /* named */
    uint64_t kept;    /* memo keys set */
    uint8_t proto;    /* highest PROTO seen */
    bool framed;
    bool overworked;   /* constants were not looked into: that would have taken too long */
    bool guessed;      /* an array's end was not known: what follows was searched for opcodes */
    bool arrays;       /* array bytes were taken out of the stream, in this pickle or before it */
    bool frame_open;   /* bytes behind STOP belong to a frame, or an argument has crossed one */
    sg_value result;   /* at STOP */
    const char *error; /* plain words for SG_STOP_ERROR */
};

SG_MUST_CHECK enum sg_status sg_machine_open(struct sg_machine **out, struct sg_arena *arena,
                                             const struct sg_machine_options *options,
                                             const struct sg_events *events);

/* Runs one pickle from where `stream` stands; leaves it where the next load() would begin. May be
 * called again for the pickle after it (in the same stream, by the same machine); globals go on.
 * Why it ended is in `outcome`. */
void sg_machine_run(struct sg_machine *m, struct sg_stream *stream, struct sg_outcome *outcome);

/* Whether what is told now stands behind array bytes whose end is not known: bytes that happen to
 * look like opcodes are told as well. */
bool sg_machine_guessing(const struct sg_machine *m);

/* Whether the bytes must be run again, by a new machine from their beginning, with the reading
 * `*next` (loaders differ about them). The first readings are the likeliest; a caller may stop
 * after some and say so. */
bool sg_machine_more(const struct sg_machine *m, struct sg_reading *next);

/* What lies on top of the stack, from inside an event; false when nothing does. */
bool sg_machine_top(const struct sg_machine *m, sg_value *top);

/* Looking at values, from inside an event or after a run. */
enum sg_kind sg_value_kind(const struct sg_machine *m, sg_value v);
bool sg_value_int(const struct sg_machine *m, sg_value v, int64_t *out); /* INT and BOOL */

/* Length of a STR (UTF-8 bytes, as far as it is valid) or BYTES; 0 for other kinds. */
uint64_t sg_value_length(const struct sg_machine *m, sg_value v);

/* Copies up to `cap` bytes of a STR or BYTES from `offset`; returns how many were copied. */
size_t sg_value_read(const struct sg_machine *m, sg_value v, uint64_t offset, void *into,
                     size_t cap);

/* A STR or BYTES as a source; false when it is neither or no longer there. It reads from the
 * stream's source or the arena. */
bool sg_value_source(const struct sg_machine *m, sg_value v, struct sg_source *out);

/* Items that are known of a TUPLE, LIST, SET, or pairs of a DICT; *whole = false when there are
 * more than were kept. */
size_t sg_value_count(const struct sg_machine *m, sg_value v, bool *whole);
sg_value sg_value_item(const struct sg_machine *m, sg_value v, size_t index); /* key of a DICT */
sg_value sg_value_mapped(const struct sg_machine *m, sg_value v,
                         size_t index); /* value of a DICT */

const struct sg_global *sg_value_global(const struct sg_machine *m, sg_value v); /* or NULL */

/* The call that a RESULT came from; false for other kinds or when forgotten. */
bool sg_value_call(const struct sg_machine *m, sg_value v, struct sg_call *out);

/* ATTR: the object, and the attribute's name (STR). */
sg_value sg_value_attr_base(const struct sg_machine *m, sg_value v);
sg_value sg_value_attr_name(const struct sg_machine *m, sg_value v);

/* PERSID: the id. */
sg_value sg_value_persid(const struct sg_machine *m, sg_value v);

/* Writes `v` as people would in Python source, printable ASCII with escapes, cut with "…" marks
 * ("...") to fit `cap` bytes with a NUL; returns the length. */
size_t sg_value_render(const struct sg_machine *m, sg_value v, char *into, size_t cap);

/* Writes a call the same way: posix.system("touch x"). */
size_t sg_call_render(const struct sg_machine *m, const struct sg_call *call, char *into,
                      size_t cap);

/* Name of an opcode as pickletools has it, or NULL. */
const char *sg_opcode_name(uint8_t opcode);

#endif
