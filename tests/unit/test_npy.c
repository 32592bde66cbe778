/* test_npy.c - headers of arrays as numpy reads them, and as it would not. */
#include "reader_cases.h"

#include "readers/npy.h"

#include <stdio.h>

static size_t make(uint8_t *into, uint8_t major, uint8_t minor, const char *header)
{
    size_t len = strlen(header), width = major < 2 ? 2 : 4;

    memcpy(into, "\x93NUMPY", 6);
    into[6] = major;
    into[7] = minor;
    for (size_t i = 0; i < width; i++)
        into[8 + i] = (uint8_t)(len >> 8 * i);
    memcpy(into + 8 + width, header, len);
    return 8 + width + len;
}

static struct sg_npy read_made(struct desk *desk, const uint8_t *bytes, size_t len)
{
    struct sg_npy npy[MANNERS];

    for (enum manner manner = 0; manner < MANNERS; manner++) {
        memset(&npy[manner], 0xaa, sizeof(*npy));
        desk_lay(desk, bytes, len, manner);
        assert_int_equal(sg_npy_read(&desk->stream, &desk->arena, &npy[manner]), SG_OK);
        assert_int_equal(desk->arena.used, 0);
        assert_int_equal(npy[manner].data, npy[0].data);
        assert_int_equal(npy[manner].data_offset, npy[0].data_offset);
        assert_int_equal(npy[manner].data_size, npy[0].data_size);
        assert_int_equal(npy[manner].cut_off, npy[0].cut_off);
    }
    return npy[0];
}

static struct sg_npy read_header(struct desk *desk, const char *header)
{
    uint8_t bytes[2048];

    return read_made(desk, bytes, make(bytes, 1, 0, header));
}

static const struct {
    const char *descr;
    enum sg_npy_data data;
    uint64_t item; /* bytes */
} descrs[] = {
    {"'<f8'", SG_NPY_PLAIN, 8},
    {"'|b1'", SG_NPY_PLAIN, 1},
    {"'>c16'", SG_NPY_PLAIN, 16},
    {"'|S5'", SG_NPY_PLAIN, 5},
    {"'<U5'", SG_NPY_PLAIN, 20},
    {"'|a5'", SG_NPY_PLAIN, 5},
    {"[('a', '<i4',), ('b', '<f4')]", SG_NPY_PLAIN, 8},
    {"\"|V12\"", SG_NPY_PLAIN, 12},
    {"'<M8[25s]'", SG_NPY_PLAIN, 8},
    {"'<m8'", SG_NPY_PLAIN, 8},
    {"u'<i4'", SG_NPY_PLAIN, 4},
    {"[('a', '<f4'), ('b', '<i8', (2, 3))]", SG_NPY_PLAIN, 52},
    {"[('a', '<f4'), ('', '|V4'), (('title', 'name'), '<f8', 2),]", SG_NPY_PLAIN, 24},
    {"[('O', '<f4'), ('b', [('object', '|S3'), ('O', '<U1', (3,))])]", SG_NPY_PLAIN, 19},
    {"('<f4', (2, 2))", SG_NPY_PLAIN, 16},
    {"[]", SG_NPY_PLAIN, 0},
    {"'|O'", SG_NPY_PICKLE, 0},
    {"'O'", SG_NPY_PICKLE, 0},
    {"'>O8'", SG_NPY_PICKLE, 0},
    {"[('a', '<f4'), ('b', '|O')]", SG_NPY_PICKLE, 0},
    {"[('a', '|O'), ('b', '<f4')]", SG_NPY_PICKLE, 0},
    {"[('a', [('b', [('c', '|O', (2,))])])]", SG_NPY_PICKLE, 0},
    {"('|O', (2,))", SG_NPY_PICKLE, 0},
    {"[('', '|O'), ('a', '|O')]", SG_NPY_PICKLE, 0},
    {"[('', '|O', (2,)), ('a', '<f4')]", SG_NPY_UNCLEAR, 0},
    {"[('a', '<f4'), (('title', ''), '|O', (2,))]", SG_NPY_UNCLEAR, 0},
    {"'object'", SG_NPY_UNCLEAR, 0},
    {"'f8,O'", SG_NPY_UNCLEAR, 0},
    {"'(2,)O'", SG_NPY_UNCLEAR, 0},
    {"'\\x4f'", SG_NPY_UNCLEAR, 0},
    {"'<f' 'O'", SG_NPY_UNCLEAR, 0},
    {"'''O'''", SG_NPY_UNCLEAR, 0},
    {"r'O'", SG_NPY_UNCLEAR, 0},
    {"{'names': ['a'], 'formats': ['O']}", SG_NPY_UNCLEAR, 0},
    {"'<M8[O,s]'", SG_NPY_UNCLEAR, 0},
    {"'<M8[s'", SG_NPY_UNCLEAR, 0},
    {"'<M8['", SG_NPY_UNCLEAR, 0},
    {"'<M8s'", SG_NPY_UNCLEAR, 0},
    {"'<M8[s{]'", SG_NPY_UNCLEAR, 0},
    {"[(('title'), '<f8')]", SG_NPY_UNCLEAR, 0},
    {"[(('title', 1), '<f8')]", SG_NPY_UNCLEAR, 0},
    {"[((1, 'name'), '<f8')]", SG_NPY_UNCLEAR, 0},
    {"[(('title', 'name',), '<f8')]", SG_NPY_UNCLEAR, 0},
    {"'<x8'", SG_NPY_UNCLEAR, 0},
    {"'f8O'", SG_NPY_UNCLEAR, 0},
    {"''", SG_NPY_UNCLEAR, 0},
    {"None", SG_NPY_UNCLEAR, 0},
    {"['O']", SG_NPY_UNCLEAR, 0},
    {"[('a' '|O')]", SG_NPY_UNCLEAR, 0},
    {"[('a', '<f4', (2,), '|O')]", SG_NPY_UNCLEAR, 0},
};

static void descr_decides(void **state)
{
    char header[512];

    for (size_t i = 0; i < COUNT(descrs); i++) {
        snprintf(header, sizeof(header),
                 "{'descr': %s, 'fortran_order': False, 'shape': (3, 2), }    \n", descrs[i].descr);
        struct sg_npy npy = read_header(*state, header);
        if (npy.data != descrs[i].data)
            fail_msg("%s is told as %d", descrs[i].descr, npy.data);
        assert_int_equal(npy.data_size,
                         npy.data == SG_NPY_PLAIN ? 6 * descrs[i].item : SG_NPY_UNKNOWN);
        assert_int_equal(npy.data_offset, 10 + strlen(header));
        assert_false(npy.cut_off);
    }
}

static void shapes_and_order_are_read(void **state)
{
    struct sg_npy npy;

    npy = read_header(*state, "{'shape': (), 'descr': '<f8', 'fortran_order': True}");
    assert_int_equal(npy.data_size, 8);
    assert_int_equal(npy.dims, 0);
    assert_true(npy.fortran_order);
    npy = read_header(*state, "{ 'shape' :( 5 , ),\n'fortran_order':False ,\t'descr': '<f8' } \n");
    assert_int_equal(npy.data_size, 40);
    npy = read_header(*state, "{'descr': '<f8', 'fortran_order': False, 'shape': (5L, 2L)}");
    assert_int_equal(npy.data_size, 80);
    assert_int_equal(npy.dims, 2);
    npy = read_header(*state, "{'descr': '<f8', 'fortran_order': False, 'shape': (0, 5)}");
    assert_int_equal(npy.data_size, 0);
}

static void a_size_that_has_no_number_is_unknown(void **state)
{
    struct sg_npy npy;

    npy = read_header(*state, "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}");
    assert_int_equal(npy.data, SG_NPY_PLAIN);
    assert_int_equal(npy.data_size, SG_NPY_UNKNOWN);
    npy = read_header(*state, "{'descr': '<f8', 'fortran_order': False, 'shape': "
                              "(99999999999999999999,)}");
    assert_int_equal(npy.data_size, SG_NPY_UNKNOWN);
    /* 2^64, the first that has none. */
    npy = read_header(*state, "{'descr': '|u1', 'fortran_order': False, 'shape': "
                              "(18446744073709551616,)}");
    assert_int_equal(npy.data_size, SG_NPY_UNKNOWN);
    npy = read_header(*state, "{'descr': '|u1', 'fortran_order': False, 'shape': "
                              "(18446744073709551614,)}");
    assert_int_equal(npy.data_size, SG_NPY_UNKNOWN - 1);
    npy = read_header(*state, "{'descr': '<f8', 'fortran_order': False, 'shape': "
                              "(9223372036854775807, 9223372036854775807)}");
    assert_int_equal(npy.data_size, SG_NPY_UNKNOWN);
}

/* numpy refuses these, or means something else by them. */
static void what_numpy_does_not_write_is_unclear(void **state)
{
    static const char *const headers[] = {
        "",
        "{}",
        "{",
        "'descr'",
        "{'descr': '<f8', 'fortran_order': False}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), 'more': 1}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), 'descr': '|O'}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': 1}",
        "{'descr': '<f8', 'fortran_order': 0, 'shape': (1,)}",
        "{'descr': '<f8', 'fortran_order': Falsehood, 'shape': (1,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1,)} + {}",
        "{'descr': '<f8', # '\n'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f8' \"O\", 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (010,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1 2)}",
        "{'de''scr': '<f8', 'fortran_order': False, 'shape': (1,)}",
        "{u",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (0",
        "{'descr': [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    };

    for (size_t i = 0; i < COUNT(headers); i++) {
        struct sg_npy npy = read_header(*state, headers[i]);
        if (npy.data != SG_NPY_UNCLEAR)
            fail_msg("%s is told as %d", headers[i], npy.data);
        assert_int_equal(npy.data_size, SG_NPY_UNKNOWN);
    }
}

static void deep_nesting_is_unclear(void **state)
{
    char header[4096] = "{'fortran_order': False, 'shape': (), 'descr': ";
    size_t len = strlen(header);
    uint8_t bytes[5000];

    for (int i = 0; i < 200; i++)
        len += (size_t)snprintf(header + len, sizeof(header) - len, "[('a', ");
    assert_int_equal(read_made(*state, bytes, make(bytes, 3, 0, header)).data, SG_NPY_UNCLEAR);
}

static void versions_have_their_lengths(void **state)
{
    static const struct {
        uint8_t major, minor;
        enum sg_npy_data data;
    } rows[] = {
        {1, 0, SG_NPY_PICKLE},  {2, 0, SG_NPY_PICKLE},  {3, 0, SG_NPY_PICKLE},
        {0, 0, SG_NPY_UNCLEAR}, {1, 1, SG_NPY_UNCLEAR}, {4, 0, SG_NPY_UNCLEAR},
    };
    static const char header[] = "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}\n";
    uint8_t bytes[256];

    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t len = make(bytes, rows[i].major, rows[i].minor, header);
        struct sg_npy npy = read_made(*state, bytes, len);
        assert_int_equal(npy.data, rows[i].data);
        assert_int_equal(npy.data_offset, len);
        assert_int_equal(npy.major, rows[i].major);
    }
}

static void a_header_beyond_all_bounds_is_not_read(void **state)
{
    struct desk *desk = *state;
    uint8_t bytes[64];
    size_t len = make(bytes, 2, 0, "{}");
    struct sg_npy npy;

    memset(bytes + 8, 0xff, 4);
    npy = read_made(desk, bytes, len);
    assert_true(npy.cut_off);
    assert_int_equal(npy.data, SG_NPY_UNCLEAR);
    assert_int_equal(npy.data_offset, 12 + (uint64_t)UINT32_MAX);
}

static void no_memory_for_the_header_is_told(void **state)
{
    struct desk *desk = *state;
    uint8_t bytes[256];
    size_t len = make(bytes, 1, 0, "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}\n");
    struct sg_npy npy;

    desk_lay(desk, bytes, len, BY_PIECES);
    desk->arena.used = desk->arena.size - 16;
    assert_int_equal(sg_npy_read(&desk->stream, &desk->arena, &npy), SG_ERR_MEMORY);
}

static void other_bytes_are_no_array(void **state)
{
    struct desk *desk = *state;
    struct sg_npy npy;

    desk_lay(desk, "\x93NUMPX\1\0", 8, BY_PIECES);
    assert_int_equal(sg_npy_read(&desk->stream, &desk->arena, &npy), SG_ERR_FORMAT);
    assert_true(sg_npy_bid((const uint8_t *)"\x93NUMPY", 6));
    assert_false(sg_npy_bid((const uint8_t *)"\x93NUMPY", 5));
}

static void every_truncation_is_told(void **state)
{
    struct desk *desk = *state;
    uint8_t bytes[256];
    size_t whole = make(bytes, 2, 0,
                        "{'descr': [('a', '<f4'), ('b', '|O')], 'fortran_order': False, "
                        "'shape': (10,), }\n");
    struct sg_npy npy;

    for (size_t len = 0; len < whole; len++)
        for (enum manner manner = 0; manner < MANNERS; manner++) {
            desk_lay(desk, bytes, len, manner);
            enum sg_status status = sg_npy_read(&desk->stream, &desk->arena, &npy);
            assert_int_equal(status, len < 6 ? SG_ERR_FORMAT : SG_OK);
            assert_true(len < 6 || npy.cut_off);
        }
}

/* What is not beyond doubt must not be told as plain where it was an object. */
static void damage_never_hides_an_object(void **state)
{
    struct desk *desk = *state;
    uint8_t bytes[256];
    size_t len = make(bytes, 1, 0, "{'descr': '|O', 'fortran_order': False, 'shape': (10,), }\n");
    struct sg_npy npy;

    for (size_t at = 8; at < len; at++)
        for (unsigned value = 0; value < 256; value++) {
            uint8_t before = bytes[at];
            if (bytes[at - 1] == '|' && before == 'O')
                continue;
            bytes[at] = (uint8_t)value;
            desk_lay(desk, bytes, len, IN_MEMORY);
            assert_int_equal(sg_npy_read(&desk->stream, &desk->arena, &npy), SG_OK);
            assert_int_not_equal(npy.data, SG_NPY_PLAIN);
            bytes[at] = before;
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(descr_decides),
        cmocka_unit_test(shapes_and_order_are_read),
        cmocka_unit_test(a_size_that_has_no_number_is_unknown),
        cmocka_unit_test(what_numpy_does_not_write_is_unclear),
        cmocka_unit_test(deep_nesting_is_unclear),
        cmocka_unit_test(versions_have_their_lengths),
        cmocka_unit_test(a_header_beyond_all_bounds_is_not_read),
        cmocka_unit_test(no_memory_for_the_header_is_told),
        cmocka_unit_test(other_bytes_are_no_array),
        cmocka_unit_test(every_truncation_is_told),
        cmocka_unit_test(damage_never_hides_an_object),
    };

    return cmocka_run_group_tests(tests, desk_setup, desk_teardown);
}
