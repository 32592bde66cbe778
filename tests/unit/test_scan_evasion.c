/* test_scan_evasion.c - whole scans of what some loader finds where others would not look. */
#include "composer_cases.h"

#include "sgscan.h"

#include <stdio.h>

#define ARENA_SIZE ((size_t)32 << 20)
#define RUN "cmylib.runner\nrun_it\n(S'x'\ntR"
#define PROSE "cfoo bar\nx\n"
#define LAMBDA "{\"module\": \"keras.layers\", \"class_name\": \"Lambda\", \"config\": {}}"

struct scene {
    struct sg_arena arena;
    struct sg_report report;
};

static int setup(void **state)
{
    static struct scene scene;

    scene.arena = composing_arena(ARENA_SIZE);
    *state = &scene;
    return 0;
}

static int teardown(void **state)
{
    munmap(((struct scene *)*state)->arena.base, ARENA_SIZE);
    return 0;
}

static const struct sg_report *scan(struct scene *s, const void *bytes, size_t len)
{
    struct sg_options options = {.limits = SG_LIMITS_DEFAULT};
    struct sg_source source = sg_source_mem(bytes, len);

    s->arena.used = 0;
    assert_int_equal(sg_scan(&source, &options, &s->arena, &s->report), SG_OK);
    return &s->report;
}

#define SCAN(state, literal) scan(*(state), literal, sizeof(literal) - 1)

/* A line that no import could find makes text of a pickle, but not of what was called before. */
static void a_call_before_prose_has_happened(void **state)
{
    const struct sg_report *report = SCAN(state, PROSE RUN ".");

    assert_string_equal(report->format, "none");
    assert_int_equal(SCAN(state, RUN PROSE ".")->verdict, SG_MALICIOUS);
}

/* h5py looks for a superblock at 512, 1024, 2048 and so on. */
static void hdf5_is_found_behind_its_user_block(void **state)
{
    struct scene *s = *state;
    uint8_t *bytes = calloc(1, 8192);

    assert_non_null(bytes);
    for (size_t start = 512; start <= 4096; start *= 2) {
        memset(bytes, ' ', start);
        memset(bytes + start, 0, 8192 - start);
        memcpy(bytes + start, "\x89HDF\r\n\x1a\n\0\0\0\0\0\10\10", 16);
        memcpy(bytes + start + 1000, LAMBDA, sizeof(LAMBDA));
        assert_true(sg_sniff_block(bytes + start, SG_SNIFF_BLOCK));
        assert_false(sg_sniff_block(bytes + start, SG_SNIFF_BLOCK - 1));
        assert_string_equal(scan(s, bytes, 8192)->format, "hdf5");
        assert_int_equal(s->report.coverage, SG_NONE);
        assert_true(report_tells(&s->report, "Lambda"));
    }
    free(bytes);
}

/* numpy.fromfile() takes all items there are, and leaves what is no whole one for whoever comes. */
static void an_array_without_a_length_is_told(void **state)
{
    SCAN(state, "\x93NUMPY\1\0\x3c\0{'descr': '|V99', 'fortran_order': False, 'shape': (-1,), }\n"
                "\x80\2cposix\nsystem\nX\7\0\0\0touch x\x85R.");
    assert_int_equal(((struct scene *)*state)->report.coverage, SG_PARTIAL);
    assert_true(report_tells(&((struct scene *)*state)->report, "length"));
}

/* numpy.load() goes on behind the numbers of one, wherever the pickle in them ends. */
static void an_array_of_unclear_type_is_told(void **state)
{
    struct scene *s = *state;

    SCAN(state,
         "\x93NUMPY\1\0\x40\0{'descr': 'float64', 'fortran_order': False, 'shape': (20,), }\n"
         "\x80\4N.");
    assert_int_equal(s->report.coverage, SG_PARTIAL);
    assert_true(report_tells(&s->report, "header is not as numpy writes it"));
}

static void put_tar_member(uint8_t *block, const char *name, size_t size)
{
    unsigned sum = 0;

    memcpy(block, name, strlen(name));
    snprintf((char *)block + 124, 12, "%011zo", size);
    memset(block + 148, ' ', 8);
    for (size_t i = 0; i < 512; i++)
        sum += block[i];
    snprintf((char *)block + 148, 8, "%06o", sum);
}

/* Gigabytes of zeros are not looked through for a stream behind them; one that begins with a zero
 * stands behind none. */
static void zeros_of_one_member_do_not_hide_the_stream_of_another(void **state)
{
    /* lzma.compress(b"cposix\nsystem\n(S'touch x'\ntR.", FORMAT_ALONE), lc = lp = pb = 0 */
    static const uint8_t stream[] = {
        0x00, 0x00, 0x00, 0x01, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0x00, 0x31, 0x9d, 0xb2, 0xe8, 0x7a, 0x24, 0xda, 0x66, 0x5c, 0x75, 0x1c, 0xd4,
        0x3c, 0xf2, 0x0e, 0x87, 0x0b, 0x72, 0x5a, 0xa5, 0x75, 0xd1, 0xba, 0x98, 0x76,
        0xb1, 0x99, 0xb2, 0xe7, 0xaa, 0xea, 0x37, 0xff, 0xff, 0xc9, 0x92, 0x00, 0x00};
    const size_t zeros = 13u << 20, size = 512 + zeros + 512 + 512 + 1024;
    uint8_t *bytes = calloc(1, size);

    assert_non_null(bytes);
    put_tar_member(bytes, "a", zeros);
    put_tar_member(bytes + 512 + zeros, "b", sizeof(stream));
    memcpy(bytes + 1024 + zeros, stream, sizeof(stream));
    assert_int_equal(scan(*state, bytes, size)->verdict, SG_MALICIOUS);
    assert_int_equal(((struct scene *)*state)->report.coverage, SG_COMPLETE);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_before_prose_has_happened),
        cmocka_unit_test(hdf5_is_found_behind_its_user_block),
        cmocka_unit_test(an_array_without_a_length_is_told),
        cmocka_unit_test(an_array_of_unclear_type_is_told),
        cmocka_unit_test(zeros_of_one_member_do_not_hide_the_stream_of_another),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
