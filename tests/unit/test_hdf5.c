/* test_hdf5.c - superblocks of HDF5, wherever they may stand. */
#include "reader_cases.h"

#include "readers/hdf5.h"

#define SUPERBLOCK 96u

/* A superblock of `version` that says the file ends at `end`. */
static void put_superblock(uint8_t *at, uint8_t version, uint64_t end)
{
    size_t addresses = version < 2 ? 24 + 4u * version : 12;

    memset(at, 0, SUPERBLOCK);
    memcpy(at, "\x89HDF\r\n\x1a\n", 8);
    at[8] = version;
    at[version < 2 ? 13 : 9] = 8;
    at[version < 2 ? 14 : 10] = 8;
    memset(at + addresses + 8, 0xff, 8);
    for (size_t i = 0; i < 8; i++)
        at[addresses + 16 + i] = (uint8_t)(end >> 8 * i);
}

static void every_version_is_recognised(void **state)
{
    struct desk *desk = *state;
    uint8_t bytes[SUPERBLOCK];
    struct sg_hdf5 hdf5;

    for (uint8_t version = 0; version <= 3; version++)
        for (enum manner manner = IN_MEMORY; manner <= BY_PIECES; manner++) {
            put_superblock(bytes, version, sizeof(bytes));
            desk_lay(desk, bytes, sizeof(bytes), manner);
            assert_int_equal(sg_hdf5_find(&desk->source, &hdf5), SG_OK);
            assert_int_equal(hdf5.start, 0);
            assert_int_equal(hdf5.end, sizeof(bytes));
            assert_int_equal(hdf5.version, version);
            assert_false(hdf5.cut_off);
        }
}

static void a_superblock_may_follow_a_user_block(void **state)
{
    static uint8_t bytes[65536 + SUPERBLOCK];
    struct desk *desk = *state;
    struct sg_hdf5 hdf5;

    for (size_t start = 512; start <= 65536; start *= 2) {
        memset(bytes, 'u', sizeof(bytes));
        put_superblock(bytes + start, 2, sizeof(bytes));
        desk_lay(desk, bytes, sizeof(bytes), BY_PIECES);
        assert_int_equal(sg_hdf5_find(&desk->source, &hdf5), SG_OK);
        assert_int_equal(hdf5.start, start);
    }
    memset(bytes, 'u', sizeof(bytes));
    put_superblock(bytes + 1536, 2, sizeof(bytes));
    desk_lay(desk, bytes, sizeof(bytes), BY_PIECES);
    assert_int_equal(sg_hdf5_find(&desk->source, &hdf5), SG_ERR_FORMAT);
}

static void addresses_may_be_narrow(void **state)
{
    struct desk *desk = *state;
    struct sg_hdf5 hdf5;

    for (uint8_t width = 2; width <= 4; width += 2) {
        uint8_t bytes[SUPERBLOCK] = "\x89HDF\r\n\x1a\n\2";
        bytes[9] = bytes[10] = width;
        bytes[12 + 2 * width + 1] = 1; /* 256 */
        desk_lay(desk, bytes, sizeof(bytes), IN_MEMORY);
        assert_int_equal(sg_hdf5_find(&desk->source, &hdf5), SG_OK);
        assert_int_equal(hdf5.end, 256);
        assert_true(hdf5.cut_off);
    }
}

static enum sg_status read_nothing(void *ctx, uint64_t offset, void *into, size_t len, size_t *got)
{
    (void)offset;
    (void)into;
    (void)len;
    ++*(unsigned *)ctx;
    *got = 0;
    return SG_OK;
}

static void a_size_beyond_all_bounds_ends_the_search(void **state)
{
    unsigned reads = 0;
    struct sg_source source = {.read = read_nothing, .ctx = &reads, .size = UINT64_MAX};
    struct sg_hdf5 hdf5;

    (void)state;
    assert_int_equal(sg_hdf5_find(&source, &hdf5), SG_ERR_FORMAT);
    assert_int_equal(reads, 1 + 55); /* at 0, and from 2^9 to 2^63 */
}

static void a_file_that_is_too_short_is_told(void **state)
{
    struct desk *desk = *state;
    uint8_t bytes[SUPERBLOCK];
    struct sg_hdf5 hdf5;

    put_superblock(bytes, 0, 1 << 20);
    desk_lay(desk, bytes, sizeof(bytes), IN_MEMORY);
    assert_int_equal(sg_hdf5_find(&desk->source, &hdf5), SG_OK);
    assert_true(hdf5.cut_off);
    assert_int_equal(hdf5.end, 1 << 20);
}

static void a_superblock_of_an_unknown_kind_says_nothing(void **state)
{
    struct desk *desk = *state;
    uint8_t bytes[SUPERBLOCK];
    struct sg_hdf5 hdf5;

    for (int i = 0; i < 3; i++) {
        put_superblock(bytes, 0, 1 << 20);
        bytes[i == 0 ? 8 : i == 1 ? 13 : 14] = 9;
        desk_lay(desk, bytes, sizeof(bytes), IN_MEMORY);
        assert_int_equal(sg_hdf5_find(&desk->source, &hdf5), SG_OK);
        assert_int_equal(hdf5.end, 0);
        assert_false(hdf5.cut_off);
    }
}

static void every_truncation_is_read(void **state)
{
    struct desk *desk = *state;
    uint8_t bytes[SUPERBLOCK];
    struct sg_hdf5 hdf5;

    for (uint8_t version = 0; version <= 3; version++) {
        put_superblock(bytes, version, SUPERBLOCK);
        for (size_t len = 0; len < SUPERBLOCK; len++)
            for (enum manner manner = IN_MEMORY; manner <= BY_PIECES; manner++) {
                desk_lay(desk, bytes, len, manner);
                enum sg_status status = sg_hdf5_find(&desk->source, &hdf5);
                assert_int_equal(status, len < 8 ? SG_ERR_FORMAT : SG_OK);
                assert_true(len < 8 || hdf5.cut_off);
            }
    }
}

static void a_bid_needs_the_whole_signature(void **state)
{
    (void)state;
    assert_true(sg_hdf5_bid((const uint8_t *)"\x89HDF\r\n\x1a\n", 8));
    assert_false(sg_hdf5_bid((const uint8_t *)"\x89HDF\r\n\x1a\n", 7));
    assert_false(sg_hdf5_bid((const uint8_t *)"\x89PNG\r\n\x1a\n", 8));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_version_is_recognised),
        cmocka_unit_test(a_superblock_may_follow_a_user_block),
        cmocka_unit_test(addresses_may_be_narrow),
        cmocka_unit_test(a_size_beyond_all_bounds_ends_the_search),
        cmocka_unit_test(a_file_that_is_too_short_is_told),
        cmocka_unit_test(a_superblock_of_an_unknown_kind_says_nothing),
        cmocka_unit_test(every_truncation_is_read),
        cmocka_unit_test(a_bid_needs_the_whole_signature),
    };

    return cmocka_run_group_tests(tests, desk_setup, desk_teardown);
}
