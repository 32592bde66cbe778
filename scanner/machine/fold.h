/* fold.h - shared by the files that know what pure functions make of constants. */
#ifndef SG_FOLD_H
#define SG_FOLD_H

#include "machine/state.h"

/* The `index`-th positional argument; SG_ABSENT where there are fewer, SG_UNKNOWN_VALUE where that
 * is not known. */
sg_value sg_fold_argument(const struct sg_machine *m, const struct sg_call *call, size_t index);

/* A constant's bytes in scratch of the arena, at most SG_FOLD_MAX; false when it is none. The
 * caller puts arena->used back when the result has been copied. */
#define SG_FOLD_MAX 65536u
bool sg_fold_bytes(struct sg_machine *m, sg_value v, struct sg_text *out);

/* Whether keywords are given: what they change is not folded. */
bool sg_fold_keywords(const struct sg_machine *m, const struct sg_call *call);

/* Copies items `from`… of the arguments, `room` at most: how many, and whether those were all. */
size_t sg_fold_items(struct sg_machine *m, const struct sg_call *call, size_t from, sg_value *into,
                     size_t room, bool *all);

/* Items `from`… of the arguments as a tuple. */
sg_value sg_fold_rest(struct sg_machine *m, const struct sg_call *call, size_t from);

/* What is known of a module of that name: a GLOBAL without qualname. */
sg_value sg_fold_module(struct sg_machine *m, struct sg_text name);

/* object.a.b for a dotted name. */
sg_value sg_fold_path(struct sg_machine *m, sg_value object, struct sg_text path);

typedef sg_value sg_fold_fn(struct sg_machine *m, const struct sg_call *call);
/* `call` calls the result of `maker`: partial(f)(x). */
typedef sg_value sg_second_fn(struct sg_machine *m, const struct sg_call *call,
                              const struct sg_call *maker);

/* fold_calls.c */
sg_fold_fn sg_fold_newobj, sg_fold_reconstructor, sg_fold_getattr, sg_fold_setattr, sg_fold_import,
    sg_fold_gcd_import, sg_fold_dunder_import, sg_fold_resolve, sg_fold_apply, sg_fold_extension,
    sg_fold_marshal, sg_fold_code;
sg_second_fn sg_second_attrgetter, sg_second_methodcaller, sg_second_itemgetter, sg_second_partial,
    sg_second_type;

/* fold_loads.c */
sg_fold_fn sg_fold_load, sg_fold_loads;

/* fold_each.c */
sg_fold_fn sg_fold_map, sg_fold_starmap, sg_fold_reduce;

/* fold_text.c */
sg_fold_fn sg_fold_type_name; /* str.join and the like: a method called through its type */
sg_fold_fn sg_fold_str, sg_fold_bytes_type, sg_fold_chr, sg_fold_concat, sg_fold_getitem,
    sg_fold_reversed;

/* fold_codecs.c: base64, hex, rot13, … by name */
sg_fold_fn sg_fold_decoder;
/* `text` of `object` through a codec, as encode() or decode() of it; SG_ABSENT when it is not
 * certain what comes out. */
sg_value sg_fold_codec(struct sg_machine *m, sg_value object, struct sg_text text,
                       struct sg_text codec);
/* What encode(text, "latin1") gives, however long, in scratch of the arena; SG_ABSENT where that is
 * not known, or `made` is another call. */
sg_value sg_fold_long_latin1(struct sg_machine *m, const struct sg_call *made);
sg_value sg_fold_spaced_hex(struct sg_machine *m, struct sg_text text); /* as bytes.fromhex */

/* Text under construction, at most SG_FOLD_MAX bytes. */
struct sg_writer {
    char *at;
    size_t len;
    bool full;
};
struct sg_writer sg_writer_begin(struct sg_machine *m); /* full from the beginning without memory */
void sg_writer_byte(struct sg_writer *w, unsigned byte);
sg_value sg_writer_value(struct sg_machine *m, const struct sg_writer *w, enum sg_kind kind);

#endif
