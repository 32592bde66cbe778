/* test_xz_memory.c - decoders of .xz and .lzma: dictionaries larger than memory, and their heap. */
#include "xz_maker.h"

#include "readers/xz_heap.h"

static void memory_is_all_taken_at_the_start(void **state)
{
    struct cases *cases = *state;
    struct packed packed = xz_of(cases->plain, LARGE, 3, LZMA_CHECK_CRC32);
    struct packed bare = alone_with(cases->plain, LARGE, 4u << 20, 3);

    check_memory(cases, &xz, packed, LARGE);
    check_memory(cases, &alone, bare, LARGE);
    free(packed.bytes);
    free(bare.bytes);
}

/* xz -9 and what Python writes at preset 9. */
static void a_dictionary_of_64_mb_is_decoded(void **state)
{
    struct cases *cases = *state;
    struct packed packed = xz_of(cases->plain, SMALL, 9 | LZMA_PRESET_EXTREME, LZMA_CHECK_CRC64);

    check_decodes(cases, &xz, packed, SMALL);
    free(packed.bytes);
}

static void a_dictionary_larger_than_memory_is_told(void **state)
{
    struct cases *cases = *state;
    lzma_stream lzma = LZMA_STREAM_INIT;
    lzma_options_lzma options;
    lzma_filter filters[] = {{LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, NULL}};

    assert_false(lzma_lzma_preset(&options, 0));
    options.dict_size = 256u << 20;
    assert_int_equal(lzma_stream_encoder(&lzma, filters, LZMA_CHECK_CRC32), LZMA_OK);
    struct packed packed = code_all(&lzma, cases->plain, SMALL);
    decode(cases, &xz, packed, (struct manner){0});
    assert_int_equal(cases->out.status, SG_ERR_MEMORY);
    free(packed.bytes);
}

/* Python asks the system for the 4 GB, and gets them. */
static void an_lzma_stream_may_ask_for_more_than_it_uses(void **state)
{
    static const uint32_t sizes[] = {UINT32_MAX, 1u << 31, 3u << 30};
    struct cases *cases = *state;

    for (size_t i = 0; i < 3; i++) {
        struct packed packed = alone_of(cases->plain, LARGE);
        for (int byte = 0; byte < 4; byte++)
            packed.bytes[1 + byte] = (uint8_t)(sizes[i] >> 8 * byte);
        check_decodes(cases, &alone, packed, LARGE);
        free(packed.bytes);
    }
}

static void an_lzma_stream_that_uses_more_is_told(void **state)
{
    struct cases *cases = *state;
    size_t size = cases->arena.size;
    struct packed packed = alone_with(cases->plain, 1000, 4u << 20, 3);

    free(packed.bytes);
    /* A match from 2 MB back, at the end. */
    uint8_t *plain = calloc(1, 3u << 20);
    assert_non_null(plain);
    memcpy(plain, cases->plain, 1000);
    memcpy(plain + (2u << 20), cases->plain, 1000);
    packed = alone_with(plain, (2u << 20) + 1000, 4u << 20, 3);
    memcpy(packed.bytes + 1, "\xff\xff\xff\xff", 4);
    cases->arena.size = 2u << 20;
    decode(cases, &alone, packed, (struct manner){0});
    assert_int_equal(cases->out.status, SG_ERR_MEMORY);
    assert_true(cases->out.len >= 2u << 20);
    cases->arena.size = size;
    free(plain);
    free(packed.bytes);
}

static void the_heap_uses_freed_blocks_again(void **state)
{
    static _Alignas(16) uint8_t memory[4096];
    struct sg_xz_heap heap = {memory, sizeof(memory)};

    (void)state;
    sg_xz_heap_clear(&heap);
    for (int i = 0; i < 1000; i++) {
        uint8_t *a = sg_xz_heap_take(&heap, 1, 1000), *b = sg_xz_heap_take(&heap, 2, 1000);
        assert_non_null(a);
        assert_non_null(b);
        assert_null(sg_xz_heap_take(&heap, 1, 1100));
        memset(a, 1, 1000);
        memset(b, 2, 2000);
        sg_xz_heap_drop(&heap, i & 1 ? a : b);
        sg_xz_heap_drop(&heap, i & 1 ? b : a);
        uint8_t *all = sg_xz_heap_take(&heap, 1, sizeof(memory) - 16);
        assert_ptr_equal(all, memory + 16);
        sg_xz_heap_drop(&heap, all);
    }
    assert_null(sg_xz_heap_take(&heap, SIZE_MAX, 2));
    assert_null(sg_xz_heap_take(&heap, 1, SIZE_MAX));
    assert_null(sg_xz_heap_take(&heap, 1, sizeof(memory)));
    sg_xz_heap_drop(&heap, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_all_taken_at_the_start),
        cmocka_unit_test(a_dictionary_of_64_mb_is_decoded),
        cmocka_unit_test(a_dictionary_larger_than_memory_is_told),
        cmocka_unit_test(an_lzma_stream_may_ask_for_more_than_it_uses),
        cmocka_unit_test(an_lzma_stream_that_uses_more_is_told),
        cmocka_unit_test(the_heap_uses_freed_blocks_again),
    };

    return cmocka_run_group_tests(tests, cases_setup, cases_teardown);
}
