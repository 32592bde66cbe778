/* test_code_words.c - what the words of code objects name, and what a Keras configuration would
 * run. */
#include "composer_cases.h"

#include "readers/keras.h"

#include <stdio.h>

/* base64 of import os; os.system('touch x'), marshalled by CPython 3.11. */
#define CODE                                                                                       \
    "YwAAAAAAAAAAAAAAAAMAAAAAAAAA8y4AAACXAGQAZAFsAFoAAgBlAGoBAAAAAAAAAABkAqYBAACrAQAAAAAAAAAAAQBk" \
    "AVMAqQPpAAAAAE56B3RvdWNoIHipAtoCb3PaBnN5c3RlbakA8wAAAADaAXj6CDxtb2R1bGU+cgkAAAABAAAAcgcAAABy" \
    "BwAAAA=="

/* A beginning as marshalled code has it; what follows is none. */
#define NO_CODE "YwAAAAAAAAAAAAAAAAMAAAAAAAAA////////////////"

static struct sg_code_words words;

static void note(const char *word, bool name)
{
    sg_code_words_note(&words, sg_text_of(word), name);
}

static const struct sg_report *judged(struct composing *s)
{
    sg_code_words_judge(&s->c, &words, 77);
    return composing_report(s);
}

static void begin(struct composing *s)
{
    composing_again(s);
    memset(&words, 0, sizeof(words));
}

static void a_module_and_a_name_are_told_whatever_is_between_them(void **state)
{
    struct composing *s = *state;

    begin(s);
    note("system", true);
    note("harmless", true);
    note("__reduce__", true);
    note("posix", false);
    assert_int_equal(judged(s)->verdict, SG_MALICIOUS);
    assert_int_equal(s->report.reasons[0].offset, 77);
    begin(s);
    note("system", false); /* text is no name that code uses */
    note("posix", true);
    assert_int_equal(judged(s)->verdict, SG_BENIGN);
}

static void what_runs_text_needs_no_module(void **state)
{
    struct composing *s = *state;

    begin(s);
    note("exec", true);
    assert_int_equal(judged(s)->verdict, SG_MALICIOUS);
    begin(s);
    note("exec", false);
    assert_int_equal(judged(s)->verdict, SG_BENIGN);
}

static void words_that_are_no_identifiers_are_not_kept(void **state)
{
    char longest[SG_WORD_MAX + 1];

    begin(*state);
    note("", true);
    note("a b", true);
    note("a-b", true);
    memset(longest, 'x', SG_WORD_MAX);
    longest[SG_WORD_MAX] = '\0';
    note(longest, true);
    assert_int_equal(words.count, 0);
    note(longest + 1, true);
    note("A.b_9", true);
    note("A.b_9", true);
    note("A.b_9", false);
    assert_int_equal(words.count, 3);
    assert_true(words.any);
}

static void more_words_than_are_kept_are_told(void **state)
{
    struct composing *s = *state;
    char word[16];

    begin(s);
    for (unsigned i = 0; i < SG_WORDS_MAX; i++) {
        snprintf(word, sizeof(word), "w%u", i);
        note(word, i < 10);
    }
    assert_int_equal(judged(s)->coverage, SG_COMPLETE);
    note("posix", true);
    note("system", true);
    assert_int_equal(judged(s)->coverage, SG_PARTIAL);
    assert_int_equal(words.count, SG_WORDS_MAX);
    assert_true(report_tells(&s->report, "more names than are looked at"));
}

/* A thousand code objects of a thousand words each are a thousand million pairs. */
static void pairs_without_end_are_not_all_tried_and_that_is_told(void **state)
{
    struct composing *s = *state;

    begin(s);
    note("posix", false);
    note("system", true);
    s->c.pairs_tried = 4u << 20; /* and it goes on for as long as the file is */
    assert_int_equal(judged(s)->verdict, SG_MALICIOUS);
    assert_int_equal(s->report.coverage, SG_COMPLETE);
    assert_int_equal(s->c.pairs_tried, (4u << 20) + 2);
    s->c.size = 16;
    assert_int_equal(judged(s)->coverage, SG_COMPLETE);
    assert_int_equal(judged(s)->coverage, SG_PARTIAL);
    assert_int_equal(s->c.pairs_tried, (4u << 20) + 4);
    /* What needs no pair is told all the same. */
    composing_again(s);
    s->c.pairs_tried = 5u << 20;
    note("exec", true);
    assert_int_equal(judged(s)->verdict, SG_MALICIOUS);
}

static void of_many_pairs_some_are_told(void **state)
{
    static const char *const names[] = {"system", "popen", "execv", "execve", "spawnv"};
    struct composing *s = *state;

    begin(s);
    note("posix", false);
    note("os", false);
    for (size_t i = 0; i < 5; i++)
        note(names[i], true);
    assert_int_equal(judged(s)->verdict, SG_MALICIOUS);
    /* Four names of two modules each, in the order of the words. */
    assert_int_equal(report_tells(&s->report, "spawnv"), 0);
    assert_true(report_tells(&s->report, "execve"));
}

static void code_without_memory_is_told(void **state)
{
    static const uint8_t code[100] = "c";
    struct composing *s = *state;

    for (s->work = 1000; s->work < 200000; s->work += 10000) {
        composing_again(s);
        assert_false(sg_compose_marshal(&s->c, code, sizeof(code), 0));
        assert_int_equal(s->c.work.used, 0);
        if (s->c.work.refused)
            assert_int_equal(composing_report(s)->coverage, SG_PARTIAL);
    }
    assert_false(s->c.work.refused);
    s->work = COMPOSER_WORK;
}

static const struct sg_report *configured(struct composing *s, const char *text)
{
    struct sg_source source = sg_source_mem(text, strlen(text));
    struct sg_stream stream;

    composing_again(s);
    sg_stream_open(&stream, &source, NULL, 0);
    sg_compose_keras(&s->c, &stream);
    return composing_report(s);
}

static void functions_of_a_configuration_are_judged_by_name(void **state)
{
    static const char *const kinds[] = {"function", "builtin_function_or_method", "type"};
    struct composing *s = *state;
    char text[200];

    for (size_t i = 0; i < 3; i++) {
        snprintf(text, sizeof(text),
                 "{\"module\":\"posix\",\"class_name\":\"%s\",\"config\":\"system\"}", kinds[i]);
        assert_int_equal(configured(s, text)->verdict, SG_MALICIOUS);
    }
    configured(s, "{\"module\":\"posix\",\"class_name\":\"Dense\",\"config\":\"system\"}");
    assert_int_equal(s->report.verdict, SG_BENIGN);
    configured(s, "{\"module\":\"posix\",\"config\":\"system\"}");
    assert_int_equal(s->report.verdict, SG_BENIGN);
    configured(s, "{\"class_name\":\"function\",\"config\":\"system\"}");
    assert_int_equal(s->report.verdict, SG_BENIGN);
    assert_int_equal(configured(s, "{\"module\":\"posix\",\"class_name\":\"system\"}")->verdict,
                     SG_MALICIOUS);
}

static void lambdas_are_told_with_and_without_their_code(void **state)
{
    struct composing *s = *state;

    assert_int_equal(configured(s, "{\"class_name\":\"Lambda\"}")->verdict, SG_SUSPICIOUS);
    assert_int_equal(configured(s, "{\"class_name\":\"__lambda__\"}")->verdict, SG_SUSPICIOUS);
    assert_int_equal(configured(s, "{\"code\":\"" CODE "\"}")->verdict, SG_MALICIOUS);
    assert_true(report_tells(&s->report, "marshalled code"));
    assert_true(report_tells(&s->report, "system"));
    assert_int_equal(configured(s, "{\"code\":\"" NO_CODE "\"}")->reason_count, 0);
}

static void code_longer_than_is_kept_is_told(void **state)
{
    struct composing *s = *state;
    size_t len = SG_KERAS_TEXT_MAX + 100;
    char *text = malloc(len + 20);

    assert_non_null(text);
    memset(text, 'A', len);
    memcpy(text, "{\"code\":\"" NO_CODE, sizeof("{\"code\":\"" NO_CODE) - 1);
    strcpy(text + len, "\"}");
    assert_int_equal(configured(s, text)->coverage, SG_PARTIAL);
    assert_int_equal(s->report.verdict, SG_SUSPICIOUS);
    assert_true(report_tells(&s->report, "more code than is looked at"));
    free(text);
}

static void more_code_objects_than_are_looked_at_are_told(void **state)
{
    struct composing *s = *state;
    char *text = malloc(1u << 20), *at = text;

    assert_non_null(text);
    at = stpcpy(at, "{\"a\":[\"\"");
    for (unsigned i = 0; i < 1024; i++)
        at = stpcpy(at, ",\"" NO_CODE "\"");
    strcpy(at, ",\"" CODE "\"]}");
    assert_int_equal(configured(s, text)->coverage, SG_PARTIAL);
    assert_true(report_tells(&s->report, "more code than is looked at"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_module_and_a_name_are_told_whatever_is_between_them),
        cmocka_unit_test(what_runs_text_needs_no_module),
        cmocka_unit_test(words_that_are_no_identifiers_are_not_kept),
        cmocka_unit_test(more_words_than_are_kept_are_told),
        cmocka_unit_test(pairs_without_end_are_not_all_tried_and_that_is_told),
        cmocka_unit_test(of_many_pairs_some_are_told),
        cmocka_unit_test(code_without_memory_is_told),
        cmocka_unit_test(functions_of_a_configuration_are_judged_by_name),
        cmocka_unit_test(lambdas_are_told_with_and_without_their_code),
        cmocka_unit_test(code_longer_than_is_kept_is_told),
        cmocka_unit_test(more_code_objects_than_are_looked_at_are_told),
    };

    return cmocka_run_group_tests(tests, composing_setup, composing_teardown);
}
