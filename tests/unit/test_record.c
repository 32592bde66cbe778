/* test_record.c - records of odd reports, and what is said where no supervisor answers. */
#include "shim/record.h"

#include "shim/note.h"
#include "shim/supervised.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char text[SG_RECORD_MAX];

static struct sg_phrase told_as(const struct sg_report *report, bool json)
{
    struct sg_record record = {
        .event = SG_EVENT_OPEN, .exe = "", .path = "/a", .report = report, .pid = 12, .tid = 34};
    struct sg_phrase phrase = sg_phrase_open(text, sizeof(text));

    if (json)
        sg_record_json(&record, &phrase);
    else
        sg_record_line(&record, &phrase);
    assert_true(phrase.len < sizeof(text));
    return phrase;
}

/* What is no number counts as the worst. */
static void a_score_out_of_bounds_is_told_within(void **state)
{
    static const struct {
        double score;
        const char *told;
    } rows[] = {{-1, " 0.000"}, {0.9995, " 1.000"}, {2, " 1.000"}, {(double)NAN, " 1.000"}};
    struct sg_report report = {.format = "none"};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        report.score = rows[i].score;
        (void)told_as(&report, false);
        assert_non_null(strstr(text, rows[i].told));
    }
}

static void as_many_reasons_as_there_can_be_are_told(void **state)
{
    static struct sg_report report = {.format = "none", .reason_count = SG_REASONS_MAX};
    int count = 0;

    (void)state;
    for (int i = 0; i < SG_REASONS_MAX; i++)
        report.reasons[i] = (struct sg_reason){.rule = "r", .detail = "d", .member = ""};
    for (uint32_t more = 0; more < 2; more++) {
        report.reason_count = SG_REASONS_MAX + more;
        (void)told_as(&report, true);
        count = 0;
        for (const char *at = text; (at = strstr(at, "\"rule\"")); at++)
            count++;
        assert_int_equal(count, SG_REASONS_MAX);
    }
    assert_non_null(strstr(text, "\"pid\":12,\"tid\":34"));
}

static void a_long_note_is_cut_and_closed(void **state)
{
    static char longest[4000];
    struct sg_phrase note = sg_note_begin();

    (void)state;
    memset(longest, 'x', sizeof(longest) - 1);
    sg_phrase_string(&note, longest);
    sg_note_end(&note);
    const char *told = sg_note_append("Permission denied");
    assert_non_null(strstr(told, "Permission denied [safeguard: xxx"));
    assert_string_equal(told + strlen(told) - 2, "x]");
    sg_note_drop();
    assert_null(sg_note_append("Permission denied"));
}

/* prctl() knows no such operation then: nobody is asked again. */
static void without_a_supervisor_there_is_no_note(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        errno = EACCES;
        sg_supervised_ask();
        assert_int_equal(errno, EACCES);
        assert_null(sg_note_append("Permission denied"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_score_out_of_bounds_is_told_within),
        cmocka_unit_test(as_many_reasons_as_there_can_be_are_told),
        cmocka_unit_test(a_long_note_is_cut_and_closed),
        cmocka_unit_test(without_a_supervisor_there_is_no_note),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
