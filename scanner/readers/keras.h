/* keras.h - what a Keras configuration would make: its classes, its functions, its code.
 *
 *     struct sg_keras_events events = {.ctx = ctx, .object = on_object, .code = on_code};
 *     status = sg_keras_read(&stream, &arena, &events);
 *
 * A configuration is JSON; each object that names a class is made when the model is loaded, and the
 * function of a Lambda layer is a marshalled code object in base64. The JSON is found wherever it
 * stands in the bytes, as an attribute of an HDF5 file say: an object begins with a brace and a
 * quote, and a byte that no JSON has ends it. skops writes its schema the same way, with other
 * keys.
 *
 * Rules: keras.saving.serialization_lib.deserialize_keras_object() of Keras 3,
 * tf_keras.utils.generic_utils.func_load() of Keras 2, skops.io._persist.
 */
#ifndef SG_KERAS_H
#define SG_KERAS_H

#include "ground/arena.h"
#include "ground/bytes.h"
#include "ground/status.h"
#include "ground/stream.h"

#include <stdbool.h>

#define SG_KERAS_TEXT_MAX (256u << 10) /* bytes of a string that are kept */

/* Strings of one object; empty where it has none. Cut to 127 bytes. */
struct sg_keras_object {
    struct sg_text module; /* "module", "__module__" */
    struct sg_text class;  /* "class_name", "__class__" */
    struct sg_text spec;   /* "spec_name": of a "__typespec__", the name of its class */
    struct sg_text config; /* "config", where it is a string: the name of a function */
};

/* Texts and bytes are valid during the call. Offsets are the stream's. */
struct sg_keras_events {
    void *ctx;
    void (*object)(void *ctx, uint64_t offset, const struct sg_keras_object *object);
    /* Bytes that begin as marshalled code does; whether they are is for the caller to see. */
    void (*code)(void *ctx, uint64_t offset, const uint8_t *code, size_t len, bool cut);
};

/* Whether json.loads() would take what begins with `head` for UTF-16 or UTF-32, which is not read
 * here. Wants 2 bytes. */
bool sg_keras_is_wide(const uint8_t *head, size_t len);

/* Reads to the end of the stream. SG_OK; SG_ERR_MEMORY; SG_ERR_LIMIT: objects were deeper inside
 * one another than are followed, and are not told; the stream's own failure. */
SG_MUST_CHECK enum sg_status sg_keras_read(struct sg_stream *stream, struct sg_arena *arena,
                                           const struct sg_keras_events *events);

#endif
