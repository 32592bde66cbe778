/* fuzz_hdf5.c - any bytes as HDF5, and searched for a Keras configuration.
 *
 * Checked besides what the sanitizers see: all manners of reading agree; offsets lie inside; no
 * text or code is longer than what was read.
 */
#include "tests/fuzz/fuzzkit.h"

#include "readers/hdf5.h"
#include "readers/keras.h"

struct sum {
    size_t size; /* of the input */
    uint64_t hash;
};

static void add(struct sum *sum, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;

    sum->hash = (sum->hash ^ len) * 0x9e3779b97f4a7c15ULL;
    for (size_t i = 0; i < len; i++)
        sum->hash = (sum->hash ^ at[i]) * 0x100000001b3ULL;
}

static void on_object(void *ctx, uint64_t offset, const struct sg_keras_object *object)
{
    struct sum *sum = ctx;

    CHECK(offset < sum->size);
    CHECK(object->module.len || object->class.len);
    add(sum, object->module.at, object->module.len);
    add(sum, object->class.at, object->class.len);
    add(sum, object->config.at, object->config.len);
}

static void on_code(void *ctx, uint64_t offset, const uint8_t *code, size_t len, bool cut)
{
    struct sum *sum = ctx;

    CHECK(offset < sum->size && len <= sum->size && !(cut && sum->size < SG_KERAS_TEXT_MAX));
    add(sum, code, len);
}

static uint64_t search(struct sg_stream *stream, size_t size)
{
    static uint8_t memory[1 << 20];
    struct sg_arena arena = {.base = memory, .size = sizeof(memory)};
    struct sum sum = {.size = size};
    struct sg_keras_events events = {.ctx = &sum, .object = on_object, .code = on_code};

    enum sg_status status = sg_keras_read(stream, &arena, &events);
    CHECK(status == SG_OK || status == SG_ERR_LIMIT);
    CHECK(arena.used == 0);
    return sum.hash + status;
}

static void check_superblock(const struct sg_source *whole, const struct sg_source *read)
{
    struct sg_hdf5 hdf5, again;
    enum sg_status status = sg_hdf5_find(whole, &hdf5);

    CHECK(status == SG_OK || status == SG_ERR_FORMAT);
    CHECK(sg_hdf5_find(read, &again) == status);
    if (status)
        return;
    CHECK(hdf5.start < whole->size && hdf5.start % 512 == 0 && hdf5.version == again.version);
    CHECK(hdf5.start == again.start && hdf5.end == again.end && hdf5.cut_off == again.cut_off);
    CHECK(hdf5.cut_off || hdf5.end <= whole->size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t window[SG_WINDOW_MIN];
    struct sg_input input = {.data = data, .size = size, .step = 100};
    struct sg_source whole = sg_source_mem(data, size);
    struct sg_source read = sg_input_source(&input);
    struct sg_stream stream;

    check_superblock(&whole, &read);
    sg_stream_open(&stream, &whole, NULL, 0);
    uint64_t hash = search(&stream, size);
    sg_stream_decode(&stream, sg_input_fill, &input, window, sizeof(window));
    CHECK(search(&stream, size) == hash);
    return 0;
}
