/* decoder.h - what the decoders of compressed streams have in common.
 *
 *     struct sg_decoder *decoder;
 *     if (sg_gzip_bid(head, len) && sg_gzip_open(&packed, &arena, &decoder) == SG_OK)
 *         sg_stream_decode(&stream, sg_decoder_fill, decoder, window, sizeof(window));
 *
 * Each format has a bid and an open. A bid says whether some loader would take what begins with
 * `head` for this format (it may say yes to other bytes). An open takes all the memory that its
 * decoder will ever use from the arena: nothing is freed but by setting the arena back. It reads
 * from `packed`'s context. SG_ERR_FORMAT: the bytes are not of this format; SG_ERR_MEMORY;
 * SG_ERR_IO.
 *
 * A decoder is at least as lenient as Python's modules of the format: what some loader would get
 * from the bytes, comes out here, in the same order.
 */
#ifndef SG_DECODER_H
#define SG_DECODER_H

#include "ground/arena.h"
#include "ground/source.h"
#include "ground/status.h"
#include "ground/stream.h"

#include <stdbool.h>

struct sg_decoder {
    /* Decodes some further bytes; none may be without being the end. SG_END: the end. What was
     * decoded before an error is given together with it. */
    enum sg_status (*step)(struct sg_decoder *self, uint8_t *into, size_t len, size_t *got);
    enum sg_status status; /* of the last step */
    bool cut;              /* it failed since the packed bytes end too early */
};

typedef bool sg_decoder_bid_fn(const uint8_t *head, size_t len);
typedef enum sg_status sg_decoder_open_fn(const struct sg_source *packed, struct sg_arena *arena,
                                          struct sg_decoder **opened);

/* How many leading bytes a bid wants; fewer when the file is shorter. */
#define SG_DECODER_HEAD 32u

/* An sg_fill_fn; its ctx is a struct sg_decoder. All that was decoded before an error is given
 * before the error is told. SG_ERR_FORMAT: damaged or cut short; SG_ERR_MEMORY: the stream wants
 * more memory than its beginning said; SG_ERR_IO. */
sg_fill_fn sg_decoder_fill;

/* For decoders: the packed bytes as a stream, with a window from the arena. */
SG_MUST_CHECK enum sg_status sg_decoder_input(const struct sg_source *packed,
                                              struct sg_arena *arena, struct sg_stream *input);

/* For decoders: says that packed bytes are missing, for which `input` may have its reason. */
SG_MUST_CHECK enum sg_status sg_decoder_starved(struct sg_decoder *self,
                                                const struct sg_stream *input);

#endif
