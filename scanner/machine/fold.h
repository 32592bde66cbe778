/* fold.h - shared by the files that know what pure functions make of constants. */
#ifndef SG_FOLD_H
#define SG_FOLD_H

#include "machine/state.h"

/* The `index`-th positional argument, or SG_ABSENT. */
sg_value sg_fold_argument(const struct sg_machine *m, const struct sg_call *call, size_t index);

/* A constant's bytes in scratch of the arena, at most SG_FOLD_MAX; false when it is none. The
 * caller puts arena->used back when the result has been copied. */
#define SG_FOLD_MAX 65536u
bool sg_fold_bytes(struct sg_machine *m, sg_value v, struct sg_text *out);

/* Items `from`… of the arguments as a tuple. */
sg_value sg_fold_rest(struct sg_machine *m, const struct sg_call *call, size_t from);

/* What is known of a module of that name: a GLOBAL without qualname. */
sg_value sg_fold_module(struct sg_machine *m, struct sg_text name);

/* object.a.b for a dotted name. */
sg_value sg_fold_path(struct sg_machine *m, sg_value object, struct sg_text path);

typedef sg_value sg_fold_fn(struct sg_machine *m, const struct sg_call *call);
sg_fold_fn sg_fold_decoder;   /* base64, hex, rot13, … by name */
sg_fold_fn sg_fold_type_name; /* str.join and the like: a method called through its type */
sg_fold_fn sg_fold_str, sg_fold_bytes_type, sg_fold_chr, sg_fold_concat, sg_fold_getitem,
    sg_fold_reversed;

#endif
