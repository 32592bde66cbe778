/* test_python_source.c - names that program text uses: what is told of them, and what is none. */
#include "composer_cases.h"

#include <stdio.h>

#define MANY ((size_t)4 << 20)

static void read_text(struct composing *s, const char *text, size_t len, bool torchscript)
{
    struct sg_source source = sg_source_mem(text, len);
    struct sg_stream stream;

    composing_again(s);
    sg_stream_open(&stream, &source, s->window, sizeof(s->window));
    sg_compose_python(&s->c, &stream, torchscript);
    assert_int_equal(s->c.work.used, 0);
    assert_int_equal(sg_stream_offset(&stream), len);
}

static enum sg_verdict judged(struct composing *s, const char *text)
{
    read_text(s, text, strlen(text), false);
    return composing_report(s)->verdict;
}

static void check_told(struct composing *s, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (judged(s, texts[i]) != SG_MALICIOUS)
            fail_msg("not told: %s", texts[i]);
}

static void check_untold(struct composing *s, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (judged(s, texts[i]) != SG_BENIGN)
            fail_msg("told: %s", texts[i]);
        assert_int_equal(s->report.coverage, SG_COMPLETE);
    }
}

#define CHECK(check, state, texts) check(*(state), texts, sizeof(texts) / sizeof(*(texts)))

static void names_are_followed_through_imports(void **state)
{
    static const char *const texts[] = {
        "import os\nos.system('x')",
        "import math, os as o\no.system('x')",
        "from os import system\nsystem('x')",
        "from os import (path, system as go,)\ngo('x')",
        "import os as o, \nimport os as p\np.system",
        "import os.path\nos.system",
        "import math as os; import os; os.system",
        "import os else\nos.system",
        "from torch.utils import cpp_extension as c\nc.load('x')",
        "def os(): pass\nx = [os.system]",
        "__import__('os')",
        "if eval (text): exec",
        "exec('x')",
        "import torch\ntorch.ops.load_library('x')",
        "\xc3\xa9 = '' + os.system",
    };

    CHECK(check_told, state, texts);
}

static void a_name_may_go_over_lines_and_blanks(void **state)
{
    static const char *const texts[] = {
        "os . system",
        "os.\\\nsystem",
        "os.\\\r\nsystem",
        "os\\\r.system",
        "(os\n.\nsystem)",
        "[os.\f\r\n\tsystem]",
        "{1: os.# x\nsystem}",
        "(')', \"]\", os.\nsystem)",
        "x = 1.5e3.os.system + os.system",
        "''''os.' ''' + os.system",
        "'\\'' + os.system",
        "\"a\nos.system",
    };

    CHECK(check_told, state, texts);
}

static void what_is_no_use_of_a_name_is_not_told(void **state)
{
    static const char *const texts[] = {
        "",
        "self.os.system(1)",
        "os..system",
        "os.\nsystem",
        "(os).system",
        "'os.system'",
        "'''os.system\n' '' os.system'''",
        "\"\"\"a\\\"\"\"os.system\"\"\"",
        "'os.system",
        "'''os.system''",
        "'\\",
        "# os.system",
        "def eval(x): pass",
        "class exec(x): pass",
        "self.eval(x)",
        "x = eval",
        "import os as path",
        "import\nfrom\nfrom .\nfrom x\nfrom os\nfrom os x\nsystem",
        "from . import x as y\nfrom .os import system",
        "from os import 1\nsystem",
        "import os as 1",
        "{os\n}.system",
        "}])os)\n.system",
        "os\\",
        "import math as os\nos.system",
    };

    CHECK(check_untold, state, texts);
}

static void torchscript_that_reaches_files_is_told(void **state)
{
    static const char text[] = "def f(self, x: Tensor) -> Tensor:\n  torch.save(x, 'f')\n"
                               "  return ops.aten.relu(x)\n";

    read_text(*state, text, sizeof(text) - 1, true);
    const struct sg_report *report = composing_report(*state);
    assert_int_equal(report->verdict, SG_SUSPICIOUS);
    assert_int_equal(report_tells(report, "opens or writes files"), 1);
    assert_int_equal(report->reasons[0].offset, 36);
    /* … by TorchScript only: elsewhere torch is what was imported. */
    assert_int_equal(judged(*state, text), SG_BENIGN);
}

static void names_are_told_some_times_only(void **state)
{
    struct composing *s = *state;
    char text[2000] = "";

    for (int i = 0; i < 20; i++)
        strcat(strcat(text, "os.system('x')\n"), "eval(1)\n");
    assert_int_equal(judged(s, text), SG_MALICIOUS);
    assert_int_equal(s->report.coverage, SG_COMPLETE);
}

/* Repeats `line`, with its number, and ends with `last`. */
static void read_lines(struct composing *s, unsigned count, const char *line, const char *last)
{
    char *text = malloc(MANY), *at = text;

    assert_non_null(text);
    for (unsigned i = 0; i < count; i++)
        at += sprintf(at, "%s%u\n", line, i);
    at = stpcpy(at, last);
    assert_true((size_t)(at - text) < MANY);
    read_text(s, text, (size_t)(at - text), false);
    free(text);
    (void)composing_report(s);
}

static void more_imports_than_are_kept_are_no_hiding_place(void **state)
{
    struct composing *s = *state;

    read_lines(s, 255, "import m", "import os as o\no.system");
    assert_int_equal(s->report.verdict, SG_MALICIOUS);
    assert_int_equal(s->report.coverage, SG_COMPLETE);
    read_lines(s, 256, "import m", "import os as o\no.system");
    assert_int_equal(s->report.coverage, SG_PARTIAL);
    assert_int_equal(report_tells(&s->report, "more or longer names"), 1);
}

static void more_names_than_are_looked_up_are_told(void **state)
{
    struct composing *s = *state;

    read_lines(s, 1u << 18, "os.x", "");
    assert_int_equal(s->report.coverage, SG_COMPLETE);
    read_lines(s, (1u << 18) + 1, "os.x", "os.system");
    assert_int_equal(s->report.coverage, SG_PARTIAL);
    assert_int_equal(s->report.verdict, SG_BENIGN);
}

static void names_longer_than_are_kept_are_told(void **state)
{
    struct composing *s = *state;
    char text[1000], name[120];

    memset(name, 'n', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    /* Two that differ in their ends only. */
    sprintf(text, "import os as %sa\nimport math as %sb\n%sa.system", name, name, name);
    (void)judged(s, text);
    assert_int_equal(s->report.coverage, SG_PARTIAL);
    sprintf(text, "os.%s.system", name);
    (void)judged(s, text);
    assert_int_equal(s->report.coverage, SG_PARTIAL);
    /* Those of a model's own modules are long, and no matter. */
    sprintf(text, "__torch__.%s.system", name);
    assert_int_equal(judged(s, text), SG_BENIGN);
    assert_int_equal(s->report.coverage, SG_COMPLETE);
}

static enum sg_status fail_to_read(void *ctx, uint64_t offset, void *into, size_t len, size_t *got)
{
    (void)ctx;
    (void)len;
    if (offset)
        return SG_ERR_IO;
    memset(into, ' ', 100);
    *got = 100;
    return SG_OK;
}

static void text_that_cannot_be_read_on_is_told(void **state)
{
    struct composing *s = *state;
    struct sg_source source = {.read = fail_to_read, .size = 5000};
    struct sg_stream stream;

    sg_stream_open(&stream, &source, s->window, sizeof(s->window));
    sg_compose_python(&s->c, &stream, false);
    assert_int_equal(composing_report(s)->coverage, SG_PARTIAL);
    assert_int_equal(report_tells(&s->report, "not read to its end"), 1);
}

static void without_memory_that_is_told(void **state)
{
    struct composing *s = *state;
    struct sg_source source = sg_source_mem("os.system", 9);
    struct sg_stream stream;

    s->c.work.size = 1000;
    sg_stream_open(&stream, &source, NULL, 0);
    sg_compose_python(&s->c, &stream, false);
    assert_int_equal(composing_report(s)->coverage, SG_PARTIAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(names_are_followed_through_imports, composing_setup,
                                        composing_teardown),
        cmocka_unit_test_setup_teardown(a_name_may_go_over_lines_and_blanks, composing_setup,
                                        composing_teardown),
        cmocka_unit_test_setup_teardown(what_is_no_use_of_a_name_is_not_told, composing_setup,
                                        composing_teardown),
        cmocka_unit_test_setup_teardown(torchscript_that_reaches_files_is_told, composing_setup,
                                        composing_teardown),
        cmocka_unit_test_setup_teardown(names_are_told_some_times_only, composing_setup,
                                        composing_teardown),
        cmocka_unit_test_setup_teardown(more_imports_than_are_kept_are_no_hiding_place,
                                        composing_setup, composing_teardown),
        cmocka_unit_test_setup_teardown(more_names_than_are_looked_up_are_told, composing_setup,
                                        composing_teardown),
        cmocka_unit_test_setup_teardown(names_longer_than_are_kept_are_told, composing_setup,
                                        composing_teardown),
        cmocka_unit_test_setup_teardown(text_that_cannot_be_read_on_is_told, composing_setup,
                                        composing_teardown),
        cmocka_unit_test_setup_teardown(without_memory_that_is_told, composing_setup,
                                        composing_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
