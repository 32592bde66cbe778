/* state.h - the inside of the pickle machine; included by machine/ only.
 *
 * Values are 64-bit words: the kind in the low four bits, a payload of 60 bits above. Constants are
 * inline; strings of a stream that can be read again are an offset and a length; the rest lives
 * in a ring of words that forgets its oldest nodes, so memory is bounded whatever the stream is,
 * and what was forgotten is seen to be (a reference is a position that only grows).
 */
#ifndef SG_STATE_H
#define SG_STATE_H

#include "machine/machine.h"

#define SG_KIND_BITS 4u
#define SG_KIND_MASK 15u

/* STR and BYTES payloads: | 8-bit | in ring | length:18 | offset:40 |, or a ring position. */
#define SG_TEXT_8BIT (1ULL << 63)
#define SG_TEXT_RING (1ULL << 62)
#define SG_TEXT_LENGTH_BITS 18u
#define SG_TEXT_OFFSET_BITS 40u

#define SG_INT_LOST (1ULL << 63) /* an INT too large to keep inline */

static inline sg_value sg_make(enum sg_kind kind, uint64_t payload)
{
    return payload << SG_KIND_BITS | (uint64_t)kind;
}

#define SG_ABSENT ((sg_value)0)
#define SG_UNKNOWN_VALUE (sg_make(SG_V_UNKNOWN, 1))
#define SG_FORGOTTEN_VALUE (sg_make(SG_V_FORGOTTEN, 0))
#define SG_NONE_VALUE (sg_make(SG_V_NONE, 0))

/* What a ring node is. */
enum sg_node_kind {
    SG_N_ITEMS = 1, /* TUPLE: header, count of all, items */
    SG_N_CHAIN,     /* LIST, SET, DICT: header, first block, last block, count of all */
    SG_N_BLOCK,     /* header, next block, items */
    SG_N_CALL,      /* header, id, callee, args, kwargs, offset, state, op */
    SG_N_PAIR,      /* ATTR: base, name; PERSID: id */
    SG_N_BYTES,     /* bytes copied: header (count = length), words */
    SG_N_SPAN,      /* bytes of the stream: header, offset, length */
    SG_N_SPOOL,     /* bytes in the arena: header, pointer, length */
    SG_N_LOST,      /* bytes that were not kept: header, length */
};

struct sg_ring {
    uint64_t *words;
    uint64_t size; /* words; a power of two */
    uint64_t head; /* position of the next node */
};

/* The node at a position, or NULL when it was forgotten. */
static inline uint64_t *sg_ring_node(const struct sg_ring *ring, uint64_t position)
{
    if (position >= ring->head || ring->head - position > ring->size)
        return NULL;
    return ring->words + (position & (ring->size - 1));
}

static inline uint64_t sg_node_header(enum sg_node_kind kind, uint8_t weight, uint64_t count)
{
    return (uint64_t)kind << 56 | (uint64_t)weight << 48 | count;
}

static inline enum sg_node_kind sg_node_kind(uint64_t header)
{
    return (enum sg_node_kind)(header >> 56);
}

static inline uint64_t sg_node_count(uint64_t header)
{
    return header & 0xFFFFFFFFFFFFULL;
}

/* What a chain's header says of it. */
#define SG_CHAIN_ESCAPED 1u
#define SG_CHAIN_ONCE 2u /* an iterator, told as a list: who takes its items takes them away */

/* Of a tuple: the exponent of its number of leaves, seen as a tree. Of a chain: SG_CHAIN_… */
static inline uint8_t sg_node_weight(uint64_t header)
{
    return (uint8_t)(header >> 48);
}

/* Grows by doubling inside the arena. */
struct sg_words {
    uint64_t *at;
    size_t count;
    size_t room;
};

struct sg_memo {
    struct sg_words dense; /* key → value, SG_ABSENT where unset */
    uint64_t *sparse;      /* pairs key+1, value: open addressing */
    size_t sparse_room;    /* pairs; a power of two */
    size_t sparse_count;
    uint64_t count; /* keys set */
};

/* An array whose bytes joblib takes out of the stream. */
struct sg_array {
    uint64_t size; /* bytes */
    bool pad;      /* a length byte and that much padding come first */
    bool objects;  /* no bytes: a pickle of its own */
};

#define SG_ARRAYS_MAX 16u

/* What one load() has: an Unpickler, abstractly. */
struct sg_load {
    struct sg_words stack;
    struct sg_words marks; /* stack heights */
    struct sg_memo memo;
    uint8_t proto;
    uint64_t start;                        /* stream offset of its first opcode */
    uint64_t frame_end;                    /* stream offset; 0: no frame is open */
    struct sg_array arrays[SG_ARRAYS_MAX]; /* to be taken out where the frame ends */
    size_t array_count;
};

#define SG_LOADS_MAX 2u /* an array of objects is a pickle of its own, and that holds none */

struct sg_global_entry {
    struct sg_global shown;
    uint32_t hash;
    uint16_t fold; /* row of the table of known functions + 1; 0: none */
};

struct sg_globals {
    struct sg_global_entry **entries;
    size_t count, room;
    uint32_t *slots; /* index + 1, open addressing */
    size_t slot_room;
};

struct sg_argument {
    const uint8_t *bytes; /* in the window; NULL when it did not fit */
    uint64_t offset;      /* of the bytes in the stream */
    uint64_t length;
    uint64_t number;       /* for integers */
    const uint8_t *second; /* the second line of GLOBAL and INST */
    uint64_t second_length;
    bool cut; /* a line that the end of the data ended */
};

/* What a handler answers. */
enum sg_step { SG_STEP_ON, SG_STEP_STOP, SG_STEP_ERROR, SG_STEP_END, SG_STEP_MEMORY };

/* A short text that was looked up by: the same keys come again and again. */
struct sg_key {
    sg_value value;
    char bytes[32];
};

#define SG_KEYS 16u
#define SG_KEY_OF(value) ((value) >> SG_KIND_BITS & (SG_KEYS - 1))

/* Where a chain was looked at last: items are asked for one after the other. */
struct sg_walk {
    sg_value chain;
    uint64_t block;
    size_t first; /* index of its first word */
};

struct sg_machine {
    struct sg_arena *arena;
    struct sg_arena front; /* before the ring, see sg_machine_room() */
    size_t arena_start;
    struct sg_machine_options options;
    struct sg_events events;
    struct sg_stream *stream;
    struct sg_load *load; /* the innermost of `loads` */
    struct sg_ring ring;
    struct sg_globals globals;
    struct sg_outcome *outcome;
    struct sg_outcome guessed; /* while guessing */
    struct sg_key keys[SG_KEYS];
    struct sg_walk *walk; /* `walked`, for those who may not change the machine */
    struct sg_walk walked;
    struct sg_words extensions; /* pairs: code, GLOBAL value */
    uint64_t calls;
    uint64_t escaped; /* ring position: lists and dicts before it have all escaped */
    uint64_t work;    /* bytes and items looked at besides the stream's own */
    uint64_t opcode_offset;
    size_t scratch;    /* the arena before the opcode took scratch of it */
    uint8_t folding;   /* known functions inside one another */
    uint8_t straddles; /* met so far in this reading */
    bool memo_before;  /* a pickle before this one set memo keys */
    bool memo_shifted; /* … and this one uses MEMOIZE, which counts them */
    bool memo_differs; /* carry_memo matters */
    bool arrays;       /* array bytes were met: plain matters */
    bool guessing;     /* after array bytes whose end is not known: see resync.c */
    uint8_t opcode;
    uint8_t pickles; /* runs so far, saturated */
    const char *error;
    struct sg_load loads[SG_LOADS_MAX];
};

/* values.c: where `size` bytes for what stays are taken: in front of the ring for as long as there
 * is room, next to all else that is used often; then behind it. */
struct sg_arena *sg_machine_room(struct sg_machine *m, size_t size);
SG_MUST_CHECK bool sg_words_push(struct sg_machine *m, struct sg_words *words, uint64_t value);
sg_value sg_value_int_make(int64_t number);
sg_value sg_value_span(struct sg_machine *m, enum sg_kind kind, uint64_t offset, uint64_t length);
sg_value sg_value_copy(struct sg_machine *m, enum sg_kind kind, const void *bytes, size_t length);
sg_value sg_value_lost(struct sg_machine *m, enum sg_kind kind, uint64_t length);
sg_value sg_value_spool(struct sg_machine *m, enum sg_kind kind, const void *bytes, size_t length);
sg_value sg_value_tuple(struct sg_machine *m, const sg_value *items, size_t count);
/* A tuple of which these are the first items: unless `all`, it says that it is not whole. */
sg_value sg_value_tuple_begun(struct sg_machine *m, const sg_value *items, size_t count, bool all);
sg_value sg_value_chain(struct sg_machine *m, enum sg_kind kind);
void sg_value_extend(struct sg_machine *m, sg_value chain, const sg_value *items, size_t count);
sg_value sg_value_pair(struct sg_machine *m, enum sg_kind kind, sg_value first, sg_value second);
sg_value sg_value_call_make(struct sg_machine *m, const struct sg_call *call);
sg_value sg_value_state(const struct sg_machine *m, sg_value result);
void sg_value_set_state(struct sg_machine *m, sg_value result, sg_value state);
uint8_t sg_value_weight(const struct sg_machine *m, sg_value v);
/* LIST, DICT, SET: code that is not known had it and may have changed it. */
void sg_value_escape(struct sg_machine *m, sg_value v);
bool sg_value_escaped(const struct sg_machine *m, sg_value v);
sg_value sg_value_iterator(struct sg_machine *m, const sg_value *items, size_t count);
bool sg_value_once(const struct sg_machine *m, sg_value v); /* an iterator */
bool sg_value_is_text(sg_value v);                          /* STR or BYTES */
/* A global, as it is called to everybody: modules of Python 2 and underlined twins are others. */
bool sg_value_is_name(const struct sg_machine *m, sg_value v, const char *module,
                      const char *qualname);
/* Text that stands in the window, until the stream goes on; NULL: it has to be read. */
const char *sg_value_shown(const struct sg_machine *m, sg_value v);
/* What a dict has for a key of at most 32 characters: the last of that name. SG_ABSENT for none;
 * SG_UNKNOWN_VALUE where it is no dict, or not all of its keys are known. */
sg_value sg_value_lookup(struct sg_machine *m, sg_value dict, const char *key);

/* memo.c */
SG_MUST_CHECK bool sg_memo_put(struct sg_machine *m, uint64_t key, sg_value value);
sg_value sg_memo_get(const struct sg_memo *memo, uint64_t key);
void sg_memo_clear(struct sg_memo *memo);

/* globals.c: resolve as find_class would; SG_ABSENT without memory. */
struct sg_naming {
    struct sg_text module;
    struct sg_text name;
    uint8_t opcode;
    uint8_t flags;
};
sg_value sg_global_resolve(struct sg_machine *m, const struct sg_naming *naming);
sg_value sg_global_attribute(struct sg_machine *m, const struct sg_global *of, struct sg_text name,
                             uint8_t flags);

/* names.c: charges work that is not bounded by the bytes read (folding, hashing, walking what a
 * memo gives again and again); false when it is out of proportion: the answer is
 * then "not known". */
SG_MUST_CHECK bool sg_work(struct sg_machine *m, uint64_t amount);

/* names.c: text of a value as a name; false when it is not a constant STR. The text stays until the
 * stream goes on, or the arena's mark is restored. */
bool sg_name_text(struct sg_machine *m, sg_value v, struct sg_text *out);
bool sg_utf8_valid(struct sg_text text);
bool sg_text_ascii(struct sg_text text);

/* literals.c: decimal and base-0 integers as PyLong_FromString and strtol read them. */
enum sg_literal { SG_LITERAL_OK, SG_LITERAL_BIG, SG_LITERAL_BAD };
enum sg_literal sg_literal_int(struct sg_text text, int base, int64_t *value, bool *odd);
enum sg_literal sg_literal_key(struct sg_text text, uint64_t *key, bool *odd);
bool sg_literal_float(struct sg_text text);
bool sg_literal_escapes(struct sg_text text, char *into, size_t *length);
bool sg_literal_raw_unicode(struct sg_text text, char *into, size_t *length);

/* calls.c */
void sg_call_tell(struct sg_machine *m, struct sg_call *call);
/* Code that is not known has the arguments, and what lies in them. */
void sg_call_escape(struct sg_machine *m, const struct sg_call *call);
sg_value sg_call_make(struct sg_machine *m, enum sg_call_op op, sg_value callee, sg_value args,
                      sg_value kwargs);
void sg_call_used(struct sg_machine *m, sg_value v, enum sg_use use);
void sg_machine_anomaly(struct sg_machine *m, enum sg_anomaly what);
void sg_machine_payload(struct sg_machine *m, enum sg_payload what, sg_value content,
                        const struct sg_call *call);

/* fold.c: what a known function makes of constants; SG_ABSENT when it is not known. */
uint16_t sg_fold_row(struct sg_text module, struct sg_text qualname);
sg_value sg_fold_call(struct sg_machine *m, const struct sg_call *call);
sg_value sg_fold_attribute(struct sg_machine *m, sg_value object, sg_value name);
/* SETITEM on a global: what it registers. */
void sg_fold_store(struct sg_machine *m, const struct sg_call *call);

/* fold_text.c: methods of constants, and decoders. */
sg_value sg_fold_method(struct sg_machine *m, sg_value object, struct sg_text name,
                        const struct sg_call *call);

/* code.c: tells the words of marshalled bytes (false when they are no marshal), or of the arguments
 * that make a code object. */
bool sg_code_marshalled(struct sg_machine *m, struct sg_text text, const struct sg_call *call);
void sg_code_arguments(struct sg_machine *m, const struct sg_call *call);

/* arrays.c: an object that numpy.dtype made: what sets its state changes nothing else. */
bool sg_array_dtype(const struct sg_machine *m, sg_value object);
/* arrays.c: after BUILD, whether joblib takes array bytes out of the stream; they then wait in
 * load->arrays. */
SG_MUST_CHECK enum sg_step sg_array_after_build(struct sg_machine *m, sg_value object);

/* run.c: runs opcodes until something stops them. */
enum sg_step sg_run_load(struct sg_machine *m);
/* run.c: readies the innermost load for opcodes that begin where the stream stands. */
SG_MUST_CHECK bool sg_run_ready(struct sg_machine *m);

/* resync.c: looks for opcodes behind array bytes whose end is not known, to the end of the data. */
void sg_resync(struct sg_machine *m);

/* opcode_args.c: reads an opcode's argument as the unpicklers do. */
enum sg_argument_kind {
    SG_ARG_NONE,
    SG_ARG_U1,
    SG_ARG_U2,
    SG_ARG_U4,
    SG_ARG_U8,
    SG_ARG_LINE,
    SG_ARG_LINES, /* two lines */
    SG_ARG_TEXT1, /* length of 1, 4, 8 bytes, then as much; a straddle drops the frame's rest */
    SG_ARG_TEXT4,
    SG_ARG_TEXT8,
    SG_ARG_BYTES1, /* the same, but read straight through */
    SG_ARG_BYTES4,
    SG_ARG_BYTES8,
};
SG_MUST_CHECK enum sg_step sg_argument_read(struct sg_machine *m, enum sg_argument_kind kind,
                                            struct sg_argument *out);
/* Before FRAME fetches `length` bytes while another frame is open. */
SG_MUST_CHECK enum sg_step sg_argument_frame(struct sg_machine *m, uint64_t length);
/* At STOP: where the next load() begins when a frame is still open. */
void sg_argument_stop(struct sg_machine *m);

/* fast.c: runs simple opcodes from where the stream stands; may do nothing. */
void sg_run_fast(struct sg_machine *m);

/* opcodes.c */
typedef enum sg_step sg_opcode_fn(struct sg_machine *m, const struct sg_argument *argument);
struct sg_opcode {
    const char *name;
    sg_opcode_fn *run;
    enum sg_argument_kind argument;
};
extern const struct sg_opcode sg_opcodes[256];

/* stack.c */
static inline size_t sg_stack_fence(const struct sg_load *load)
{
    return load->marks.count ? (size_t)load->marks.at[load->marks.count - 1] : 0;
}
SG_MUST_CHECK bool sg_stack_pop(struct sg_machine *m, sg_value *out);
SG_MUST_CHECK bool sg_stack_top(struct sg_machine *m, sg_value **out);
/* Takes the innermost MARK off; `*items` are the values above it, which the caller drops by
 * setting the stack's count to `*height`. */
SG_MUST_CHECK bool sg_stack_mark(struct sg_machine *m, size_t *height, size_t *count);
/* ops_containers.c: after a tuple was made by an opcode. */
void sg_tuple_made(struct sg_machine *m, sg_value tuple);
enum sg_step sg_stack_push(struct sg_machine *m, sg_value value);
enum sg_step sg_machine_error(struct sg_machine *m, const char *why);

#define SG_HANDLER(name)                                                                           \
    enum sg_step sg_op_##name(struct sg_machine *m,                                                \
                              const struct sg_argument *a __attribute__((unused)))

#endif
