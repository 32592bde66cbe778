/* test_judge.c - verdicts on streams that the machine runs. */
#include "tests/unit/judge_bench.h"

static void attacks_are_malicious(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
        struct sg_report report = judged(attacks[i], NULL);

        if (report.verdict != SG_MALICIOUS || report.reason_count == 0)
            fail_msg("attack %zu: %s %.3f", i, sg_verdict_name(report.verdict), report.score);
    }
}

static void harmless_streams_are_benign(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
        struct sg_report report = judged(harmless[i], NULL);

        if (report.verdict != SG_BENIGN || report.coverage != SG_COMPLETE)
            fail_msg("stream %zu: %s %.3f", i, sg_verdict_name(report.verdict), report.score);
    }
}

static void look_at_shell(const struct sg_report *report)
{
    assert_string_equal(report->reasons[0].rule, "calls-spawn");
    assert_string_equal(report->reasons[0].detail, "calls posix.system(\"touch x\")");
    assert_string_equal(report->reasons[0].member, "");
    assert_int_equal(report->reasons[0].offset, 28);
    assert_true(report->reasons[0].weight == report->score);
    for (uint32_t i = 1; i < report->reason_count; i++)
        assert_true(report->reasons[i - 1].weight >= report->reasons[i].weight);
}

static void the_first_reason_names_the_call_and_its_arguments(void **state)
{
    (void)state;
    judged((struct piece)P("\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x07touch x\x85R."),
           look_at_shell);
}

static void functions_that_nothing_is_known_of_are_suspicious(void **state)
{
    struct sg_report plain, path;

    (void)state;
    plain = judged((struct piece)P("\x80\x04\x8c\x06my.lib\x8c\x04"
                                   "calc\x93K\x03\x85R."),
                   NULL);
    path = judged((struct piece)P("\x80\x04\x8c\x06my.lib\x8c\x04"
                                  "calc\x93\x8c\x06/tmp/x\x85R."),
                  NULL);
    assert_int_equal(plain.verdict, SG_SUSPICIOUS);
    assert_int_equal(path.verdict, SG_SUSPICIOUS);
    assert_true(path.score > plain.score);
}

static void look_at_code(const struct sg_report *report)
{
    assert_int_equal(report->verdict, SG_SUSPICIOUS);
    assert_string_equal(report->reasons[0].rule, "code-carrier");
}

static void code_is_suspicious_and_malicious_when_it_names_what_runs(void **state)
{
    static const struct piece plain =
        P("cdill._dill\n_create_code\n(I1\nC\x02t\x00(Vabs\nVround\nttR.");
    static const struct piece runs =
        P("cdill._dill\n_create_code\n(I1\nC\x02t\x00(Vos\nVsystem\nttR.");
    static const struct piece called = P("cdill._dill\n_create_function\n(NtR(tR.");
    static const struct piece by_hand = P("ctypes\nFunctionType\n(I1\ntR.");

    (void)state;
    judged(plain, look_at_code);
    assert_int_equal(judged(runs, NULL).verdict, SG_MALICIOUS);
    assert_int_equal(judged(called, NULL).verdict, SG_MALICIOUS);
    assert_int_equal(judged(by_hand, NULL).verdict, SG_MALICIOUS);
}

static void what_an_opcode_stores_runs_the_methods_of_the_object(void **state)
{
    static const struct piece item = P("cmailbox\nMaildir\n)\x81S'x'\nS'y'\ns.");
    static const struct piece plain = P("ccollections\nOrderedDict\n)\x81S'x'\nS'y'\ns.");

    (void)state;
    assert_int_equal(judged(item, NULL).verdict, SG_MALICIOUS);
    assert_int_equal(judged(plain, NULL).verdict, SG_BENIGN);
}

static void a_constructor_that_is_not_run_does_no_harm(void **state)
{
    static const struct piece made = P("clogging\nFileHandler\n)\x81}S'a'\nI1\nsb.");
    static const struct piece called = P("clogging\nFileHandler\n(S'/tmp/x'\ntR.");

    (void)state;
    assert_int_equal(judged(made, NULL).verdict, SG_BENIGN);
    assert_int_equal(judged(called, NULL).verdict, SG_MALICIOUS);
}

static void what_new_evaluates_or_opens_is_malicious_under_newobj(void **state)
{
    static const struct piece attacks_by_new[] = {
        P(NEW_WITH("sympy", "Sum", STR("open(x)"), "") "."),
        P(NEW_WITH("sympy", "Sum", CALL("builtins", "max", LIST(STR("open(x)"))), "") "."),
        P(NEW_WITH("numpy", "memmap", STR("victim") STR("uint8") STR("w+"), "") "."),
    };
    static const struct piece symbol =
                                  P(NEW_WITH("sympy.core.symbol", "Symbol", STR("f(x)"), "") "."),
                              sum = P(CALL(
                                  "sympy.core.add", "Add",
                                  NEW_WITH("sympy.core.symbol", "Symbol", STR("f(x)"), "")) ".");

    (void)state;
    for (size_t i = 0; i < sizeof(attacks_by_new) / sizeof(attacks_by_new[0]); i++)
        assert_int_equal(judged(attacks_by_new[i], NULL).verdict, SG_MALICIOUS);
    assert_int_equal(judged(symbol, NULL).verdict, SG_BENIGN);
    assert_int_equal(judged(sum, NULL).verdict, SG_BENIGN);
}

/* ChainMap(json.decoder.__dict__) takes an item into the module; what clean names stand for is then
 * another's to say. */
static void the_names_of_a_module_are_handed_to_nothing_but_functions(void **state)
{
    static const struct piece handed[] = {
        P(CALL("collections", "ChainMap", "cjson\ndecoder.__dict__\n") "."),
        P(CALL("collections", "ChainMap", LIST("cjson\ndecoder.__dict__\n")) "."),
        P(CALL("collections", "ChainMap", "csubprocess\nos.environ\n") "."),
        P("ccollections\nUserDict\n)\x81(S'data'\ncshutil\nos.__dict__\ndb."),
        P(CALL("shutil", "os.__dict__.get", STR("x")) "."),
        P("\x80\x04" CALL("collections", "ChainMap", "c__builtin__\n__main__\n") "."),
    };
    static const struct piece function =
        P(CALL("dill._dill", "_create_function", "Nc__builtin__\n__main__\n") ".");

    (void)state;
    for (size_t i = 0; i < sizeof(handed) / sizeof(handed[0]); i++)
        assert_int_equal(judged(handed[i], NULL).verdict, SG_MALICIOUS);
    assert_int_equal(judged(function, NULL).verdict, SG_SUSPICIOUS);
}

static void attributes_of_globals_are_not_for_setting(void **state)
{
    static const struct piece label =
        P("c__builtin__\nsetattr\n(cmy.lib\nColor\nS'__qualname__'\nS'Color'\ntR.");
    static const struct piece other =
        P("c__builtin__\nsetattr\n(cmy.lib\nColor\nS'check'\ncmy.lib\nother\ntR.");

    (void)state;
    assert_int_equal(judged(label, NULL).verdict, SG_BENIGN);
    assert_int_equal(judged(other, NULL).verdict, SG_MALICIOUS);
}

static void oddities_count_where_something_is_called(void **state)
{
    static const struct piece quiet = P("I0x10\n.");
    static const struct piece calling = P("I0x10\n0cmy.lib\nThing\n(tR.");
    struct bench *b = bench_open();

    (void)state;
    assert_int_equal(judged(quiet, NULL).verdict, SG_BENIGN);
    assert_int_equal(judged(calling, NULL).verdict, SG_SUSPICIOUS);
    sg_judge_member(b->judge, "a");
    run(b, quiet.at, quiet.len);
    sg_judge_member(b->judge, "b");
    run(b, harmless[2].at, harmless[2].len);
    assert_int_equal(bench_close(b, NULL).verdict, SG_BENIGN);
}

static void what_is_loaded_only_to_be_thrown_away_is_malicious(void **state)
{
    static const struct piece kept = P("cpickle\nloads\n(C\x02N.tR.");
    static const struct piece dropped = P("cpickle\nloads\n(C\x02N.tR0N.");

    (void)state;
    assert_true(judged(kept, NULL).verdict >= SG_SUSPICIOUS);
    assert_int_equal(judged(dropped, NULL).verdict, SG_MALICIOUS);
}

static void look_at_member(const struct sg_report *report)
{
    assert_string_equal(report->reasons[0].member, "archive/data.pkl");
    assert_non_null(strstr(report->reasons[0].detail, "(3 times)"));
}

static void a_reason_knows_its_member_and_how_often(void **state)
{
    static const char stream[] = "cos\nsystem\np0\n(S'x'\ntR0g0\n(S'x'\ntR0g0\n(S'x'\ntR.";
    struct bench *b = bench_open();

    (void)state;
    sg_judge_member(b->judge, "archive/data.pkl");
    run(b, stream, sizeof(stream) - 1);
    bench_close(b, look_at_member);
}

static void containers_set_coverage(void **state)
{
    struct bench *b = bench_open();
    struct sg_report report;

    (void)state;
    sg_judge_finding(b->judge, SG_F_NOT_ANALYSED, 0, "HDF5");
    report = bench_close(b, NULL);
    assert_int_equal(report.coverage, SG_NONE);
    assert_int_equal(report.verdict, SG_BENIGN);
    b = bench_open();
    sg_judge_finding(b->judge, SG_F_ENCRYPTED, 0, "a member is encrypted");
    sg_judge_finding(b->judge, SG_F_NOT_ANALYSED, 0, "HDF5");
    assert_int_equal(bench_close(b, NULL).coverage, SG_PARTIAL);
    b = bench_open();
    sg_judge_finding(b->judge, SG_F_BOMB, 0, "unpacks without end");
    assert_int_equal(bench_close(b, NULL).verdict, SG_MALICIOUS);
    b = bench_open();
    sg_judge_finding(b->judge, SG_F_ZIP_DISAGREES, 0, "two directories");
    assert_int_equal(bench_close(b, NULL).verdict, SG_SUSPICIOUS);
    b = bench_open();
    sg_judge_partial(b->judge, 9, "memory");
    report = bench_close(b, NULL);
    assert_int_equal(report.coverage, SG_PARTIAL);
    assert_int_equal(report.reason_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attacks_are_malicious),
        cmocka_unit_test(harmless_streams_are_benign),
        cmocka_unit_test(the_first_reason_names_the_call_and_its_arguments),
        cmocka_unit_test(functions_that_nothing_is_known_of_are_suspicious),
        cmocka_unit_test(code_is_suspicious_and_malicious_when_it_names_what_runs),
        cmocka_unit_test(what_an_opcode_stores_runs_the_methods_of_the_object),
        cmocka_unit_test(a_constructor_that_is_not_run_does_no_harm),
        cmocka_unit_test(what_new_evaluates_or_opens_is_malicious_under_newobj),
        cmocka_unit_test(the_names_of_a_module_are_handed_to_nothing_but_functions),
        cmocka_unit_test(attributes_of_globals_are_not_for_setting),
        cmocka_unit_test(oddities_count_where_something_is_called),
        cmocka_unit_test(what_is_loaded_only_to_be_thrown_away_is_malicious),
        cmocka_unit_test(a_reason_knows_its_member_and_how_often),
        cmocka_unit_test(containers_set_coverage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
