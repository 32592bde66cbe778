/* test_torch_tar.c - pickles and raw bytes in turn, as torch's oldest format has them. */
#include "composer_cases.h"

#define COUNT "\x80\2K\1."
#define KEY "(K\1U\3cpu"
#define FLOATS "\x80\2" KEY "ctorch\nFloatStorage\nt."
#define CALL "\x80\2cposix\nsystem\nX\7\0\0\0touch x\x85R."

static const struct sg_report *read_member(struct composing *s, const char *name, const char *bytes,
                                           size_t len)
{
    struct sg_source source = sg_source_mem(bytes, len);

    composing_again(s);
    sg_compose_torch_tar(&s->c, sg_text_of(name), &source);
    assert_int_equal(s->c.work.used, 0);
    return composing_report(s);
}

#define READ(state, name, literal) read_member(*(state), name, literal, sizeof(literal) - 1)

static void assert_unknown(const struct sg_report *report)
{
    assert_int_equal(report->coverage, SG_PARTIAL);
    assert_int_equal(report->verdict, SG_BENIGN);
    assert_true(report_tells(report, "raw bytes of unknown length"));
}

static void a_pickle_behind_raw_bytes_is_told(void **state)
{
    const struct sg_report *report = READ(state, "storages",
                                          COUNT FLOATS "\2\0\0\0\0\0\0\0"
                                                       "12345678" CALL);

    assert_int_equal(report->verdict, SG_MALICIOUS);
    assert_int_equal(report->coverage, SG_COMPLETE);
    report = READ(state, "storages",
                  COUNT FLOATS "\0\0\0\0\0\0\0\0" FLOATS "\1\0\0\0\0\0\0\0"
                               "1234" CALL);
    assert_int_equal(report->verdict, SG_MALICIOUS);
    report = READ(state, "tensors",
                  COUNT "\x80\2(K\1K\1K\1t.\2\0\0\0"
                        "size----size----stride--stride--offset--pad-" CALL);
    assert_int_equal(report->verdict, SG_MALICIOUS);
}

/* … up to its end: its own reader takes what follows for raw bytes. */
static void what_an_ordinary_reading_has_is_not_told_here(void **state)
{
    assert_int_equal(READ(state, "storages", CALL)->reason_count, 0);
    assert_int_equal(READ(state, "pickle", FLOATS "\0\0\0\0\0\0\0\0" CALL)->reason_count, 0);
    assert_int_equal(READ(state, "storages", COUNT FLOATS "\2\0\0\0\0\0\0\0" CALL)->coverage,
                     SG_COMPLETE);
}

static void a_pickle_that_does_not_end_behind_raw_bytes_is_told(void **state)
{
    const struct sg_report *report = READ(state, "storages",
                                          COUNT FLOATS "\0\0\0\0\0\0\0\0"
                                                       "\x80\2cposix\nsystem\nX\7\0");

    assert_int_equal(report->verdict, SG_MALICIOUS);
    assert_int_equal(report->coverage, SG_PARTIAL);
}

static void raw_bytes_of_unknown_length_are_told(void **state)
{
    /* A type that is no storage, a number, one too long, too many elements, no room for a count. */
    assert_unknown(READ(state, "storages", "\x80\2" KEY "ctorch\nStrange\nt.\0\0\0\0\0\0\0\0"));
    assert_unknown(READ(state, "storages", "\x80\2" KEY "ctorch\nS\nt.\0\0\0\0\0\0\0\0"));
    assert_unknown(READ(state, "storages", "\x80\2" KEY "K\1t.\0\0\0\0\0\0\0\0"));
    assert_unknown(READ(state, "storages", FLOATS "\0\0\0\0\0\0\0\x7f"));
    assert_unknown(READ(state, "storages",
                        "\x80\2" KEY "ctorch\nCharStorage\nt."
                        "\xff\xff\xff\xff\xff\xff\xff\xff"));
    assert_unknown(READ(state, "storages", FLOATS "\1\0\0\0\0\0\0"));
    assert_unknown(READ(state, "storages",
                        FLOATS "\1\0\0\0\0\0\0\0"
                               "123"));
    assert_unknown(READ(state, "tensors", "\x80\2(K\1K\1K\1t.\2\0\0"));
    assert_unknown(READ(state, "tensors", "\x80\2(K\1K\1K\1t.\xff\xff\xff\xff"));
}

/* tarfile puts what a link leads to in its place. */
static void a_link_in_its_place_is_told(void **state)
{
    struct composing *s = *state;
    const char *names[] = {"storages", "tensors", "pickle"};

    for (size_t i = 0; i < 3; i++) {
        composing_again(s);
        sg_compose_torch_link(&s->c, sg_text_of(names[i]));
        assert_int_equal(composing_report(s)->coverage, i < 2 ? SG_PARTIAL : SG_COMPLETE);
    }
}

static void without_three_items_there_are_no_raw_bytes(void **state)
{
    const struct sg_report *report =
        READ(state, "storages", "\x80\2K\1K\1\x86.\x80\2]." FLOATS "\0\0\0\0\0\0\0\0" CALL);

    assert_int_equal(report->verdict, SG_MALICIOUS);
}

static void without_memory_it_stops_and_the_scan_says_so(void **state)
{
    struct composing *s = *state;

    for (s->work = 0; s->work < 100000; s->work += 2000) {
        READ(state, "storages",
             COUNT FLOATS "\2\0\0\0\0\0\0\0"
                          "12345678" CALL);
        assert_true(s->report.verdict == SG_MALICIOUS || s->c.work.refused);
    }
    s->work = COMPOSER_WORK;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pickle_behind_raw_bytes_is_told),
        cmocka_unit_test(what_an_ordinary_reading_has_is_not_told_here),
        cmocka_unit_test(a_pickle_that_does_not_end_behind_raw_bytes_is_told),
        cmocka_unit_test(raw_bytes_of_unknown_length_are_told),
        cmocka_unit_test(a_link_in_its_place_is_told),
        cmocka_unit_test(without_three_items_there_are_no_raw_bytes),
        cmocka_unit_test(without_memory_it_stops_and_the_scan_says_so),
    };

    return cmocka_run_group_tests(tests, composing_setup, composing_teardown);
}
