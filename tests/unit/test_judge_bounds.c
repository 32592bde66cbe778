/* test_judge_bounds.c - names, members and sums that are larger than any; reports made twice. */
#include "judge/argument_flags.h"
#include "judge/grams.h"
#include "judge/heed.h"
#include "judge/judge_state.h"
#include "judge/model.h"
#include "tests/unit/judge_bench.h"
#include "tests/unit/pickle_text.h"

static void the_letters_of_long_names_are_hashed_so_far(void **state)
{
    char text[512];
    struct sg_grams grams, more;

    (void)state;
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (i % 2) ? '_' : (char)('a' + i / 2 % 26);
    sg_grams_of((struct sg_text){text, 300}, (struct sg_text){text, 300}, &grams);
    assert_int_equal(grams.count, SG_GRAMS_MAX);
    memset(text, 'x', sizeof(text)); /* of a word the first 24 letters */
    sg_grams_of(SG_TEXT(""), (struct sg_text){text, 24}, &grams);
    sg_grams_of(SG_TEXT(""), (struct sg_text){text, 30}, &more);
    assert_int_equal(grams.at[0], more.at[0]);
    sg_grams_of(SG_TEXT(""), (struct sg_text){text, 23}, &more);
    assert_int_not_equal(grams.at[0], more.at[0]);
}

static void the_sum_of_letters_keeps_within_its_width(void **state)
{
    static int8_t slots[SG_GRAM_SLOTS];
    struct sg_model model = {.grams = slots};
    struct sg_grams grams = {.count = SG_GRAMS_MAX};

    (void)state;
    memset(slots, 127, sizeof(slots));
    assert_int_equal(sg_model_grams(&model, &grams), 127 * (int)SG_GRAMS_MAX);
    memset(slots, -128, sizeof(slots));
    assert_int_equal(sg_model_grams(&model, &grams), -128 * (int)SG_GRAMS_MAX);
}

static void look_at_long_member(const struct sg_report *report)
{
    const char *member = report->reasons[0].member;

    assert_int_equal(strlen(member), 511);
    assert_memory_equal(member, "...aaa", 6);
    assert_string_equal(member + 511 - 9, "/data.pkl");
}

/* Of a member's name that is too long the end is told: it is the file's own. */
static void a_member_with_a_long_name_is_told_by_its_end(void **state)
{
    char member[2048];
    static const char stream[] = "cposix\nsystem\n.";
    struct bench *b = bench_open();

    (void)state;
    memset(member, 'a', sizeof(member));
    memcpy(member + sizeof(member) - 10, "/data.pkl", 10);
    sg_judge_member(b->judge, member);
    run(b, stream, sizeof(stream) - 1);
    bench_close(b, look_at_long_member);
}

static void look_at_cut(const struct sg_report *report)
{
    bool told = false;

    for (uint32_t i = 0; i < report->reason_count; i++) {
        told |= strncmp(report->reasons[i].detail, "names aaa", 9) == 0 &&
                strstr(report->reasons[i].detail, "aaa.bbb");
        assert_true(strlen(report->reasons[i].detail) < 232);
    }
    assert_true(told);
}

/* A name of which module and qualname are long is told with something of both. */
static void a_long_name_is_told_by_both_its_beginnings(void **state)
{
    char stream[1024] = "\x80\x04";
    size_t len = 2;
    struct bench *b = bench_open();

    (void)state;
    len += (size_t)sprintf(stream + len, "c");
    memset(stream + len, 'a', 200);
    len += 200;
    stream[len++] = '\n';
    memset(stream + len, 'b', 200);
    len += 200;
    len += (size_t)sprintf(stream + len, ".__globals__\n.");
    run(b, stream, len);
    bench_close(b, look_at_cut);
}

static size_t times(const char *text)
{
    size_t count = 0;

    for (const char *at = text; (at = strstr(at, " times)")) != NULL; at++)
        count++;
    return count;
}

static void a_report_made_twice_says_the_same(void **state)
{
    static const char stream[] = "cposix\nsystem\np0\n(S'x'\ntR0g0\n(S'x'\ntR.";
    struct bench *b = bench_open();
    struct sg_report report = {.format = "pickle"};

    (void)state;
    run(b, stream, sizeof(stream) - 1);
    sg_judge_report(b->judge, &report);
    assert_int_equal(times(report.reasons[0].detail), 1);
    sg_judge_report(b->judge, &report);
    assert_int_equal(times(report.reasons[0].detail), 1);
    bench_close(b, NULL);
}

static enum sg_said says_named(const void *ctx, struct sg_text name)
{
    const struct sg_text *wanted = ctx;

    return sg_text_equal(name, *wanted) ? SG_SAID_NAMED : SG_SAID_NOTHING;
}

/* A module's other name is not tried where the whole would not fit. */
static void a_name_too_long_for_its_other_spelling_is_asked_as_it_is(void **state)
{
    char module[512], qualname[513], other[1100], own[1100];
    struct sg_text wanted;
    struct sg_opinion opinion = {.of = says_named, .ctx = &wanted};

    (void)state;
    memset(module, 'a', sizeof(module));
    memcpy(module, "_frozen_importlib.", 18);
    module[511] = '\0';
    memset(qualname, 'b', sizeof(qualname));
    for (size_t len = 500; len <= 512; len += 12) {
        qualname[len] = '\0';
        wanted = (struct sg_text){
            other, (size_t)sprintf(other, "importlib._bootstrap.%s.%s", module + 18, qualname)};
        assert_int_equal(sg_heed_ask(&opinion, sg_text_of(module), sg_text_of(qualname)),
                         len == 500 ? SG_SAID_NAMED : SG_SAID_NOTHING);
        wanted = (struct sg_text){own, (size_t)sprintf(own, "%s.%s", module, qualname)};
        assert_int_equal(sg_heed_ask(&opinion, sg_text_of(module), sg_text_of(qualname)),
                         SG_SAID_NAMED);
        qualname[len] = 'b';
    }
}

/* What a site allows by a pattern that leaves much open stays what its name says it is. */
static void a_wide_pattern_does_not_vouch_for_names_that_run(void **state)
{
    static const struct {
        unsigned flags;
        enum sg_sink sink;
        bool clean;
    } rows[] = {
        {0, SG_SINK_NONE, true},
        {SG_N_VERB, SG_SINK_NONE, false},
        {SG_N_LONG, SG_SINK_NONE, false},
        {SG_N_DUNDER, SG_SINK_INSPECT, false},
        {SG_N_INSIDE, SG_SINK_SPAWN, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct sg_name name = {.sink = rows[i].sink, .flags = rows[i].flags};
        sg_heed_name(&name, SG_SAID_ALLOWED);
        assert_int_equal(name.sink == SG_SINK_CLEAN, rows[i].clean);
    }
}

/* Bytes of arguments are looked at to a bound; past it the file is not wholly read. */
static void arguments_past_the_bound_leave_a_file_partial(void **state)
{
    static const struct piece streams[] = {
        P("cnowhere\nhandy\np0\n(S'x'\ntR0g0\n(S'y'\ntR."),
        P("\x97p0\n(S'x'\ntR0g0\n(S'y'\ntR."), /* what is called is no global */
    };

    (void)state;
    for (uint64_t i = 0; i < 4; i++) {
        struct bench *b = bench_open();
        b->judge->spent = SG_ARGUMENT_BUDGET - 1000000 + i % 2 * 1000000;
        run(b, streams[i / 2].at, streams[i / 2].len);
        assert_int_equal(bench_close(b, NULL).coverage, i % 2 ? SG_PARTIAL : SG_COMPLETE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_letters_of_long_names_are_hashed_so_far),
        cmocka_unit_test(the_sum_of_letters_keeps_within_its_width),
        cmocka_unit_test(a_member_with_a_long_name_is_told_by_its_end),
        cmocka_unit_test(a_long_name_is_told_by_both_its_beginnings),
        cmocka_unit_test(a_report_made_twice_says_the_same),
        cmocka_unit_test(a_name_too_long_for_its_other_spelling_is_asked_as_it_is),
        cmocka_unit_test(a_wide_pattern_does_not_vouch_for_names_that_run),
        cmocka_unit_test(arguments_past_the_bound_leave_a_file_partial),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
