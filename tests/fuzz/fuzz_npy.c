/* fuzz_npy.c - any bytes as a .npy array.
 *
 * Checked besides what the sanitizers see: all manners of reading agree, and nothing is said of
 * what was not read.
 */
#include "tests/fuzz/fuzzkit.h"

#include "readers/npy.h"

static enum sg_status read_npy(struct sg_stream *stream, struct sg_npy *npy)
{
    static uint8_t memory[SG_NPY_HEADER_MAX + 64];
    struct sg_arena arena = {.base = memory, .size = sizeof(memory)};
    enum sg_status status = sg_npy_read(stream, &arena, npy);

    CHECK(arena.used == 0);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t window[SG_WINDOW_MIN];
    struct sg_input input = {.data = data, .size = size, .step = 100};
    struct sg_source whole = sg_source_mem(data, size);
    struct sg_stream stream;
    struct sg_npy npy = {0}, again = {0};

    sg_stream_open(&stream, &whole, NULL, 0);
    enum sg_status status = read_npy(&stream, &npy);
    CHECK(status == SG_OK || status == SG_ERR_FORMAT);
    CHECK((status == SG_OK) == sg_npy_bid(data, size));
    sg_stream_decode(&stream, sg_input_fill, &input, window, sizeof(window));
    CHECK(read_npy(&stream, &again) == status);
    if (status)
        return 0;
    CHECK(npy.data == again.data && npy.data_offset == again.data_offset &&
          npy.data_size == again.data_size && npy.dims == again.dims &&
          npy.fortran_order == again.fortran_order && npy.cut_off == again.cut_off);
    CHECK(npy.data == SG_NPY_PLAIN || npy.data_size == SG_NPY_UNKNOWN);
    if (npy.cut_off) {
        CHECK(npy.data == SG_NPY_UNCLEAR);
        return 0;
    }
    CHECK(npy.data_offset <= size);
    return 0;
}
