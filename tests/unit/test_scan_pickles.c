/* test_scan_pickles.c - whole scans of bare pickles: what is one, what is left of one that cannot
 * be read on, and what only some loaders load. */
#include "scan_scene.h"

/* import os; os.system('touch x'), marshalled by CPython 3.11. */
#define LOADS_CODE                                                                                 \
    "cmarshal\nloads\nU\216"                                                                       \
    "c\000\000\000\000\000\000\000\000\000\000\000\000\003\000\000\000\000\000\000\000\363.\000"   \
    "\000\000\227\000d\000d\001l\000Z\000\002\000e\000j\001\000\000\000\000\000\000\000\000d"      \
    "\002\246\001\000\000\253\001\000\000\000\000\000\000\000\000\001\000d\001S\000\251\003\351"   \
    "\000\000\000\000Nz\007touch x\251\002\332\002os\332\006system\251\000\363\000\000\000\000"    \
    "\332\001x\372\010<module>r\011\000\000\000\001\000\000\000r\007\000\000\000r\007\000\000"     \
    "\000"                                                                                         \
    "\205R."

/* Bytes that stop at `ends` with an error, or (`early`) are no more there for the
 * first that asks. */
struct failing {
    const struct bytes *bytes;
    size_t ends;
    bool early;
};

static enum sg_status read_failing(void *ctx, uint64_t offset, void *into, size_t len, size_t *got)
{
    struct failing *failing = ctx;

    *got = 0;
    if (offset >= failing->ends && !failing->early)
        return SG_ERR_IO;
    failing->early = failing->early && offset < failing->ends;
    if (offset >= failing->ends)
        return SG_OK;
    *got = failing->ends - (size_t)offset < len ? failing->ends - (size_t)offset : len;
    memcpy(into, failing->bytes->at + offset, *got);
    return SG_OK;
}

static const struct sg_report *scan_failing(struct scene *s, size_t ends, bool early)
{
    struct failing failing = {&s->file, ends, early};
    struct sg_source source = {.read = read_failing, .ctx = &failing, .size = s->file.len};

    return scan_source(s, &source);
}

static void a_text_pickle_that_cannot_be_read_on_is_damaged(void **state)
{
    struct scene *s = *state;

    PUT(&s->file, TEXT_CALL);
    size_t called = s->file.len - 1;
    put_many(&s->file, 'N', 5000);
    assert_int_equal(scan_failing(s, called, false)->verdict, SG_MALICIOUS);
    assert_int_equal(s->report.coverage, SG_PARTIAL);
    assert_true(report_tells(&s->report, "the pickle is damaged"));
    /* A name is enough. */
    assert_int_equal(scan_failing(s, 15, false)->verdict, SG_MALICIOUS);
    assert_int_equal(s->report.coverage, SG_PARTIAL);
}

static void a_file_that_ended_and_then_fails_was_not_read(void **state)
{
    struct scene *s = *state;

    PUT(&s->file, "N.");
    put_many(&s->file, 'x', 5000);
    assert_int_equal(scan_failing(s, 100, true)->coverage, SG_PARTIAL);
    assert_true(report_tells(&s->report, "not all of the file could be read"));
}

static void a_pickle_of_a_module_that_no_import_names_is_one(void **state)
{
    struct scene *s = *state;

    PUT(&s->file, "cmy-package\nName\n.");
    assert_string_equal(scan(s, &s->file)->format, "pickle");
    s->file.len = 0;
    PUT(&s->file, "cmy package\nName\n.");
    assert_string_equal(scan(s, &s->file)->format, "none");
    s->file.len = 0;
    PUT(&s->file, "i<a>b.c_9\xc3\xa9\nName\n.");
    assert_true(sg_plausible_pickle(s->file.at, s->file.len));
    s->file.at[1] = '!';
    assert_false(sg_plausible_pickle(s->file.at, s->file.len));
    assert_false(sg_plausible_pickle((const uint8_t *)"ca\x1f\nb\n.", 7));
    assert_false(sg_plausible_pickle((const uint8_t *)"ca\x7f\nb\n.", 7));
    assert_true(sg_plausible_pickle((const uint8_t *)"ca b\nb\n.", 8));
}

static bool plausible(const char *bytes, size_t len)
{
    return sg_plausible_pickle((const uint8_t *)bytes, len);
}

/* As bytes of protocol 0 they are decoded before anything is made of them. */
static void a_persistent_id_that_is_not_ascii_is_no_pickle(void **state)
{
    (void)state;
    assert_true(plausible("Pabc\nN.", 8));
    assert_true(plausible("Pabc", 4));
    assert_false(plausible("Pab\xff\n.", 6));
    assert_false(plausible("P\xff"
                           "bc",
                           4));
    /* pickle.py drops the last character of a line that has no end. */
    assert_true(plausible("Pab\xff", 4));
    assert_true(plausible("P\xff", 2));
    assert_true(plausible("cposix\nsystem\1", 14));
    assert_false(plausible("cposix\nsystem\1x", 15));
    assert_true(plausible("P", 1));
}

/* A name of a megabyte, used again and again. */
static void names_that_take_too_long_are_told(void **state)
{
    struct scene *s = *state;

    PUT(&s->file, "\x80\2X\xff\xff\xf\0");
    put_many(&s->file, 'x', 0xfffff);
    PUT(&s->file, "q\0");
    for (int i = 0; i < 100; i++)
        PUT(&s->file, "h\0h\0\x93"
                      "0");
    PUT(&s->file, ".");
    assert_int_equal(scan(s, &s->file)->coverage, SG_PARTIAL);
    assert_true(report_tells(&s->report, "out of all proportion"));
}

/* The second pickle takes what the first has memoized: only one Unpickler for both
 * would load it. */
static void of_what_few_load_only_what_is_certain_is_told(void **state)
{
    struct scene *s = *state;

    PUT(&s->file, "\x80\2Nq\5.\x80\2h\5cposix\nsystem\n.");
    assert_int_equal(scan(s, &s->file)->verdict, SG_MALICIOUS);
    s->file.len = 0;
    PUT(&s->file, "\x80\2Nq\5.\x80\2h\5" LOADS_CODE);
    assert_int_equal(scan(s, &s->file)->verdict, SG_BENIGN);
    s->file.len = 0;
    PUT(&s->file, "\x80\2Nq\5.\x80\2" LOADS_CODE);
    assert_int_equal(scan(s, &s->file)->verdict, SG_MALICIOUS);
    assert_true(report_tells(&s->report, "system"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_text_pickle_that_cannot_be_read_on_is_damaged),
        TEST(a_file_that_ended_and_then_fails_was_not_read),
        TEST(a_pickle_of_a_module_that_no_import_names_is_one),
        cmocka_unit_test(a_persistent_id_that_is_not_ascii_is_no_pickle),
        TEST(names_that_take_too_long_are_told),
        TEST(of_what_few_load_only_what_is_certain_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
