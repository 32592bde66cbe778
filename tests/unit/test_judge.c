/* test_judge.c - verdicts on streams that the machine runs. */
#include "judge/judge.h"
#include "machine/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define ARENA_SIZE (8u << 20)

struct piece {
    const char *at;
    size_t len;
};

#define P(text)                                                                                    \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }

/* What attacks look like, a way each. */
static const struct piece attacks[] = {
    P("cos\nsystem\n(S'touch x'\ntR."),
    P("cos\nsystem\n."),
    P("(S'touch x'\nios\nsystem\n."),
    P("(cos\nsystem\nS'touch x'\no."),
    P("\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x07touch x\x85R."),
    P("cos\nsystem\n(S'touch x'\ntR\xff"),
    P("cos\nsystem\n(S'touch x'\ntR0N."),
    P("ctorch\nserialization.os.system\n(S'touch x'\ntR."),
    P("\x80\x04\x8c\x07pathlib\x8c\x09os.system\x93\x8c\x07touch x\x85R."),
    P("c__builtin__\ngetattr\n(c__builtin__\n__import__\n(S'os'\ntRS'system'\ntR(S'touch x'\ntR."),
    P("cbuiltins\neval\n(S'1+1'\ntR."),
    P("cfunctools\npartial\n(cos\nsystem\nS'touch x'\ntR(tR."),
    P("cpkgutil\nresolve_name\n(S'os:system'\ntR(S'touch x'\ntR."),
    P("ccopyreg\nadd_extension\n(S'os'\nS'system'\nI7\ntR0\x82\x07(S'touch x'\ntR."),
    P("cnumpy\n__builtins__\n."),
    P("crunpy\nrun_path\n(S'x.py'\ntR."),
    P("cpickle\nload\n(S'/tmp/x.pkl'\ntR."),
    P("cnowhere.module\nrun_command\n(S'touch x'\ntR."),
    P("cnowhere\nhandy\n(S'bash -c \"touch x\"'\ntR."),
    P("ccollections\nOrderedDict\n(N}S'x'\nI1\nstb."),
};

static const struct piece harmless[] = {
    P("N."),
    P("\x80\x04]\x94(K\x01K\x02\x8c\x09rm -rf ~/e."),
    P("\x80\x02"
      "ccollections\nOrderedDict\nq\x00)Rq\x01."),
    P("\x80\x02"
      "ctorch._utils\n_rebuild_tensor_v2\n(N(K\x01tR."),
    P("\x80\x02"
      "c_codecs\nencode\nX\x02\x00\x00\x00"
      "abX\x06\x00\x00\x00"
      "latin1\x86R."),
    P("\x80\x04\x8c\x08__main__\x8c\x03Net\x93)\x81}(\x8c\x01w]ub."),
    P("\x80\x04\x8c\x06my.lib\x8c\x08_rebuild\x93K\x03\x85R."),
    P("\x80\x04\x8c\x08"
      "builtins\x8c\x07getattr\x93\x8c\x06my.lib\x8c\x05"
      "Color\x93\x8c\x03RED\x86R."),
    P("\x80\x04\x8c\x04uuid\x8c\x04UUID\x93)\x81}\x8c\x03intK\x05sb."),
    P("\x80\x04\x8c\x09"
      "functools\x8c\x07partial\x93\x8c\x06my.lib\x8c\x01"
      "f\x93\x85R."),
    P("creversed\nname\n."),
};

struct bench {
    struct sg_arena judge_arena, arena;
    struct sg_judge *judge;
};

static struct bench *bench_open(void)
{
    struct bench *b = calloc(1, sizeof(*b));

    b->judge_arena = (struct sg_arena){.base = calloc(1, ARENA_SIZE), .size = ARENA_SIZE};
    b->arena = (struct sg_arena){.base = calloc(1, ARENA_SIZE), .size = ARENA_SIZE};
    assert_int_equal(sg_judge_open(&b->judge, &b->judge_arena), SG_OK);
    return b;
}

static struct sg_report bench_close(struct bench *b, void (*look)(const struct sg_report *))
{
    struct sg_report report = {.format = "pickle"};

    sg_judge_report(b->judge, &report);
    if (look)
        look(&report);
    free(b->judge_arena.base);
    free(b->arena.base);
    free(b);
    return report;
}

static void run(struct bench *b, const char *at, size_t len)
{
    struct sg_source source = sg_source_mem(at, len);
    struct sg_machine_options options = {.max_memory = ARENA_SIZE / 2};
    struct sg_events events = sg_judge_events(b->judge);
    struct sg_machine *m;
    struct sg_stream stream;
    struct sg_outcome outcome;

    memset(b->arena.base, 0, b->arena.used);
    b->arena.used = 0;
    assert_int_equal(sg_machine_open(&m, &b->arena, &options, &events), SG_OK);
    sg_stream_open(&stream, &source, NULL, 0);
    do {
        assert_int_equal(sg_machine_run(m, &stream, &outcome), SG_OK);
    } while (outcome.stop == SG_STOP_STOP && sg_stream_need(&stream, 1) > 0);
}

static struct sg_report judged(struct piece stream, void (*look)(const struct sg_report *))
{
    struct bench *b = bench_open();

    run(b, stream.at, stream.len);
    return bench_close(b, look);
}

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
    assert_int_equal(judged(kept, NULL).verdict, SG_SUSPICIOUS);
    assert_int_equal(judged(dropped, NULL).verdict, SG_MALICIOUS);
}

/* Whatever stands beside an attack, and wherever: the score stays. */
static void nothing_that_is_added_lowers_a_score(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
        double alone = judged(attacks[i], NULL).score;

        for (size_t j = 0; j < sizeof(harmless) / sizeof(harmless[0]); j++) {
            struct bench *b = bench_open();

            run(b, harmless[j].at, harmless[j].len);
            run(b, attacks[i].at, attacks[i].len);
            run(b, harmless[j].at, harmless[j].len);
            assert_true(bench_close(b, NULL).score >= alone);
        }
    }
}

/* `times` harmless objects made and dropped before the attack, in one stream. */
static struct piece buried(struct piece attack, struct piece filler, size_t times)
{
    size_t len = times * filler.len + attack.len;
    char *at = malloc(len);

    for (size_t i = 0; i < times; i++)
        memcpy(at + i * filler.len, filler.at, filler.len);
    memcpy(at + times * filler.len, attack.at, attack.len);
    return (struct piece){at, len};
}

static void an_attack_stays_one_under_ten_thousand_clean_objects(void **state)
{
    static const struct piece fillers[] = {
        P("ccollections\nOrderedDict\n)R0"),
        P("cmy.lib\nThing\n(S'x'\ntR0"),
        P("cmy.lib\n_rebuild\n(I1\ntR0"),
        P("cmy.lib\ncalc\n(S'x'\ntR0"),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i += 3) {
        struct sg_report alone = judged(attacks[i], NULL);

        for (size_t j = 0; j < sizeof(fillers) / sizeof(fillers[0]); j++) {
            struct piece stream = buried(attacks[i], fillers[j], 10000);
            struct sg_report report = judged(stream, NULL);

            assert_true(report.score >= alone.score);
            assert_int_equal(report.verdict, SG_MALICIOUS);
            free((void *)stream.at);
        }
    }
}

static void look_at_flood(const struct sg_report *report)
{
    bool seen = false;

    assert_int_equal(report->reason_count, SG_REASONS_MAX);
    for (uint32_t i = 0; i < report->reason_count; i++)
        seen |= strstr(report->reasons[i].detail, "posix.system(\"touch x\")") != NULL;
    assert_true(seen);
}

static void a_flood_of_lesser_reasons_does_not_wash_out_the_worst(void **state)
{
    struct bench *b = bench_open();
    char text[64];

    (void)state;
    run(b, attacks[4].at, attacks[4].len);
    for (int i = 0; i < 2000; i++) {
        int len = snprintf(text, sizeof(text), "cmy.lib\ncalc%d\n(S'x'\ntR.", i);

        run(b, text, (size_t)len);
    }
    bench_close(b, look_at_flood);
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

static void every_truncation_of_an_attack_is_judged_without_harm(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
        double before = 0;

        for (size_t len = 1; len <= attacks[i].len; len++) {
            char *tight = malloc(len); /* so that reading past the end is seen */
            double score;

            memcpy(tight, attacks[i].at, len);
            score = judged((struct piece){tight, len}, NULL).score;
            assert_true(score >= 0 && score <= 1);
            before = score > before ? score : before;
            free(tight);
        }
        assert_true(before >= 0.9);
    }
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
        cmocka_unit_test(attributes_of_globals_are_not_for_setting),
        cmocka_unit_test(oddities_count_where_something_is_called),
        cmocka_unit_test(what_is_loaded_only_to_be_thrown_away_is_malicious),
        cmocka_unit_test(nothing_that_is_added_lowers_a_score),
        cmocka_unit_test(an_attack_stays_one_under_ten_thousand_clean_objects),
        cmocka_unit_test(a_flood_of_lesser_reasons_does_not_wash_out_the_worst),
        cmocka_unit_test(a_reason_knows_its_member_and_how_often),
        cmocka_unit_test(containers_set_coverage),
        cmocka_unit_test(every_truncation_of_an_attack_is_judged_without_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
