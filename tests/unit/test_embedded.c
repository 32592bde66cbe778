/* test_embedded.c - pickles somewhere inside other bytes, and where in HDF5 they are looked for. */
#include "composer_cases.h"

#define CALL "cposix\nsystem\n(S'touch x'\ntR."
#define MEGA ((size_t)1 << 20)

/* A source that is not in memory: `text` at `at`, blanks elsewhere. */
struct sparse {
    const char *text;
    size_t len;
    uint64_t at;
    uint64_t read; /* bytes, in all */
};

static enum sg_status read_sparse(void *ctx, uint64_t offset, void *into, size_t len, size_t *got)
{
    struct sparse *sparse = ctx;

    memset(into, ' ', len);
    for (size_t i = 0; i < sparse->len; i++)
        if (sparse->at + i >= offset && sparse->at + i - offset < len)
            ((char *)into)[sparse->at + i - offset] = sparse->text[i];
    sparse->read += len;
    *got = len;
    return SG_OK;
}

static const struct sg_report *search(struct composing *s, const void *bytes, size_t len)
{
    struct sg_source source = sg_source_mem(bytes, len);

    composing_again(s);
    sg_compose_embedded(&s->c, &source, 0, len);
    assert_int_equal(s->c.work.used, 0);
    return composing_report(s);
}

#define SEARCH(s, literal) search(s, literal, sizeof(literal) - 1)

static void a_name_in_two_lines_is_told_where_it_stands(void **state)
{
    const struct sg_report *report = SEARCH(*state, "cposix\nsystem\n");

    assert_int_equal(report->verdict, SG_MALICIOUS);
    assert_int_equal(report->reasons[0].offset, 0);
    report = SEARCH(*state, "\0 x.icposix\nsystem\n");
    assert_int_equal(report->verdict, SG_MALICIOUS);
    assert_int_equal(report->reasons[0].offset, 5);
    assert_int_equal(SEARCH(*state, "cposix\nsystem ")->verdict, SG_BENIGN);
    assert_int_equal(SEARCH(*state, "cposix\nsys tem\n")->verdict, SG_BENIGN);
    assert_int_equal(SEARCH(*state, "cposix\n\nsystem\n")->verdict, SG_BENIGN);
    assert_int_equal(SEARCH(*state, "posix\nsystem\n")->verdict, SG_BENIGN);
    assert_int_equal(SEARCH(*state, "c\nsystem\n")->verdict, SG_BENIGN);
    /* A line longer than any module is looked through from its end. */
    char text[300];
    memset(text, 'x', sizeof(text));
    memcpy(text + sizeof(text) - 14, "cposix\nsystem\n", 14);
    assert_int_equal(search(*state, text, sizeof(text))->verdict, SG_MALICIOUS);
    assert_int_equal(SEARCH(*state, "_9cposix\nsystem\n")->verdict, SG_MALICIOUS);
}

/* The beginning of the lines may have been in the window before. */
static void lines_are_found_wherever_a_window_ends(void **state)
{
    struct composing *s = *state;

    for (uint64_t window = 1; window <= 3; window++)
        for (uint64_t at = window * 65536 - 800; at < window * 65536 + 40; at += 3) {
            struct sparse sparse = {.text = CALL, .len = sizeof(CALL) - 1, .at = at};
            struct sg_source source = {.read = read_sparse, .ctx = &sparse, .size = 250000};
            composing_again(s);
            sg_compose_embedded(&s->c, &source, 0, source.size);
            assert_int_equal(composing_report(s)->verdict, SG_MALICIOUS);
            assert_int_equal(s->report.reasons[0].offset, at);
            assert_int_equal(s->report.reason_count, 1);
        }
}

static void pickles_are_told_that_run_to_their_end(void **state)
{
    struct composing *s = *state;

    SEARCH(s, "\0\0\x80\2cnowhere.module\nrun_command\n(X\7\0\0\0touch xtR.");
    assert_int_equal(s->report.verdict, SG_MALICIOUS);
    /* … or name what is beyond doubt before they fail. */
    SEARCH(s, "\0\0\x80\4\x8c\5posix\x8c\6system\x93\xff");
    assert_int_equal(s->report.verdict, SG_MALICIOUS);
    /* Numbers that happen to look like one are nothing. */
    SEARCH(s, "\0\0\x80\2cnowhere.module\nrun_command\n(X\7\0\0\0touch xtR\xff");
    assert_int_equal(s->report.verdict, SG_BENIGN);
    SEARCH(s, "\0\0\x80\2K\1.\x80\6N.\x80\1N.");
    assert_int_equal(s->report.reason_count, 0);
}

/* What is inside a pickle that was told is its own. */
static void a_pickle_inside_another_is_not_told_again(void **state)
{
    struct composing *s = *state;

#define INSIDE "\x80\4\x8c\5posix\x8c\6system\x93."
    SEARCH(s, INSIDE);
    assert_int_equal(s->report.verdict, SG_MALICIOUS);
    SEARCH(s, "\x80\2cmy.lib\nNet\nX\x13\0\0\0" INSIDE "\x86.");
    assert_int_equal(s->report.verdict, SG_BENIGN);
    SEARCH(s, "\x80\2cmy.lib\nNet\nX\x13\0\0\0" INSIDE "\x86." INSIDE);
    assert_int_equal(s->report.verdict, SG_MALICIOUS);
}

static void no_more_names_are_told_than_anybody_reads(void **state)
{
    struct composing *s = *state;
    char text[1000] = "";

    for (int i = 0; i < 20; i++)
        strcat(text, " cposix\nsystem\n");
    search(s, text, strlen(text));
    assert_int_equal(s->report.verdict, SG_MALICIOUS);
    assert_true(s->c.names_tried <= 8);
}

static void beginnings_without_end_are_not_all_tried_and_that_is_told(void **state)
{
    struct composing *s = *state;
    size_t size = 4 * MEGA;
    char *bytes = malloc(size);

    assert_non_null(bytes);
    for (size_t i = 0; i < size; i++)
        bytes[i] = "\x80\2R"[i % 3];
    search(s, bytes, size / 4);
    assert_int_equal(s->report.coverage, SG_COMPLETE);
    search(s, bytes, size);
    assert_int_equal(s->report.coverage, SG_PARTIAL);
    assert_true(report_tells(&s->report, "not all of it was tried"));
    free(bytes);
}

static void without_memory_that_is_told(void **state)
{
    struct composing *s = *state;
    struct sparse sparse = {.text = CALL, .len = sizeof(CALL) - 1};
    struct sg_source source = {.read = read_sparse, .ctx = &sparse, .size = 100};

    s->work = 1000;
    composing_again(s);
    sg_compose_embedded(&s->c, &source, 0, source.size);
    assert_int_equal(composing_report(s)->coverage, SG_PARTIAL);
    /* Where the window has room and the machine has none, the scan says so in the end. */
    sparse = (struct sparse){.text = "\x80\2cposix\nsystem\n.", .len = 17};
    for (s->work = 0; s->work < 600000; s->work += 3000) {
        composing_again(s);
        sg_compose_embedded(&s->c, &source, 0, source.size);
        assert_true(composing_report(s)->verdict == SG_MALICIOUS || s->c.work.refused);
    }
    assert_false(s->c.work.refused);
    s->work = COMPOSER_WORK;
}

static void put_superblock(uint8_t *at, uint64_t end)
{
    memcpy(at, "\x89HDF\r\n\x1a\n\2\10\10", 11);
    memset(at + 12, 0, 8);
    memset(at + 20, 0xff, 8);
    memcpy(at + 28, &end, 8);
}

/* The verdict of HDF5 of that size with a call at `at`. */
static enum sg_verdict hdf5_with(struct composing *s, uint8_t *bytes, size_t size, size_t at)
{
    struct sg_source source = sg_source_mem(bytes, size);

    put_superblock(bytes, size);
    memcpy(bytes + at, "\n" CALL, sizeof(CALL));
    composing_again(s);
    assert_true(sg_compose_hdf5(&s->c, &source));
    memset(bytes + at, 0, sizeof(CALL));
    return composing_report(s)->verdict;
}

static void hdf5_is_searched_at_both_its_ends(void **state)
{
    struct composing *s = *state;
    struct sg_arena arena = composing_arena(60 * MEGA);
    uint8_t *bytes = arena.base;

    assert_int_equal(hdf5_with(s, bytes, 33 * MEGA, 31 * MEGA), SG_MALICIOUS);
    assert_int_equal(hdf5_with(s, bytes, 33 * MEGA, 33 * MEGA - 100), SG_MALICIOUS);
    assert_int_equal(hdf5_with(s, bytes, 60 * MEGA, 53 * MEGA), SG_MALICIOUS);
    /* … and it says that it is not read as a whole. */
    assert_int_equal(hdf5_with(s, bytes, 60 * MEGA, 40 * MEGA), SG_BENIGN);
    assert_int_equal(s->report.coverage, SG_NONE);
    assert_int_equal(report_tells(&s->report, "not read as a whole"), 1);
    munmap(arena.base, arena.size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_in_two_lines_is_told_where_it_stands),
        cmocka_unit_test(lines_are_found_wherever_a_window_ends),
        cmocka_unit_test(pickles_are_told_that_run_to_their_end),
        cmocka_unit_test(a_pickle_inside_another_is_not_told_again),
        cmocka_unit_test(no_more_names_are_told_than_anybody_reads),
        cmocka_unit_test(beginnings_without_end_are_not_all_tried_and_that_is_told),
        cmocka_unit_test(without_memory_that_is_told),
        cmocka_unit_test(hdf5_is_searched_at_both_its_ends),
    };

    return cmocka_run_group_tests(tests, composing_setup, composing_teardown);
}
