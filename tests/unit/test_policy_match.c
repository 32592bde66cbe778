/* test_policy_match.c - lists of names and processes, and what becomes of a file. */
#include "policy/edits.h"
#include "policy/phrase.h"
#include "policy/sha256.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static uint8_t memory[1 << 16] __attribute__((aligned(16)));

/* The defaults, changed by the text of a policy. */
static struct sg_policy policy_of(struct sg_arena *arena, const char *text)
{
    struct sg_policy policy;
    struct sg_policy_error error;

    *arena = (struct sg_arena){.base = memory, .size = sizeof(memory)};
    sg_policy_defaults(&policy, arena);
    if (sg_policy_parse(&policy, sg_text_of(text), "test.ini", &error) != SG_OK)
        fail_msg("%s", error.message);
    return policy;
}

static void processes_are_matched_by_file_name(void **state)
{
    struct sg_arena arena;
    struct sg_policy policy = policy_of(&arena, "");

    (void)state;
    assert_true(sg_policy_process_match(&policy, "python3.11"));
    assert_false(sg_policy_process_match(&policy, "bash"));
    assert_false(sg_policy_process_match(&policy, "ipython"));
    policy = policy_of(&arena, "[guard]\nprocesses = pypy3 , python[23]*\tuwsgi,\n");
    assert_true(sg_policy_process_match(&policy, "pypy3"));
    assert_true(sg_policy_process_match(&policy, "python3"));
    assert_true(sg_policy_process_match(&policy, "uwsgi"));
    assert_false(sg_policy_process_match(&policy, "python"));
    assert_false(sg_policy_process_match(&policy, ""));
}

static void thresholds_make_the_verdict(void **state)
{
    static const struct {
        const char *policy;
        enum sg_verdict said;
        double score;
        enum sg_verdict verdict;
    } rows[] = {
        {"", SG_BENIGN, 0.4999, SG_BENIGN},
        {"", SG_SUSPICIOUS, 0.50, SG_SUSPICIOUS},
        {"", SG_SUSPICIOUS, 0.8999, SG_SUSPICIOUS},
        {"", SG_MALICIOUS, 0.90, SG_MALICIOUS},
        {"", SG_MALICIOUS, 1.0, SG_MALICIOUS},
        {"malicious = 0.8", SG_SUSPICIOUS, 0.85, SG_MALICIOUS},
        {"malicious = 0.95", SG_MALICIOUS, 0.93, SG_SUSPICIOUS},
        {"suspicious = 0.3", SG_BENIGN, 0.4, SG_SUSPICIOUS},
        {"suspicious = 0.7", SG_SUSPICIOUS, 0.6, SG_BENIGN},
        {"suspicious = 0\nmalicious = 0", SG_BENIGN, 0.0, SG_MALICIOUS},
        /* reached by other means than the score: stands */
        {"", SG_MALICIOUS, 0.6, SG_MALICIOUS},
        {"", SG_SUSPICIOUS, 0.1, SG_SUSPICIOUS},
        {"malicious = 0.95", SG_MALICIOUS, 0.7, SG_MALICIOUS},
        {"malicious = 0.05\nsuspicious = 0.01", SG_SUSPICIOUS, 0.1, SG_MALICIOUS},
        {"", SG_BENIGN, NAN, SG_MALICIOUS},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sg_arena arena;
        char text[128] = "[thresholds]\n";
        strcat(text, rows[i].policy);
        struct sg_policy policy = policy_of(&arena, text);
        struct sg_report report = {.verdict = rows[i].said, .score = rows[i].score};
        if (sg_policy_verdict(&report, &policy) != rows[i].verdict)
            fail_msg("row %zu", i);
    }
}

/* Every combination of what the decision depends on, held against the rule said once more. */
static void the_decision_follows_verdict_coverage_and_mode(void **state)
{
    static const double scores[] = {0.1, 0.6, 0.95};
    struct sg_arena arena;
    struct sg_policy policy = policy_of(&arena, "");
    unsigned blocked = 0;

    (void)state;
    for (unsigned n = 0; n < 3 * 3 * 3 * 2 * 2; n++) {
        enum sg_verdict verdict = n % 3;
        enum sg_coverage coverage = n / 3 % 3;
        policy.mode = n / 9 % 3;
        policy.block_at = n / 27 % 2 ? SG_MALICIOUS : SG_SUSPICIOUS;
        policy.on_partial = n / 54 ? SG_BLOCK : SG_LOG;
        struct sg_report report = {
            .verdict = verdict, .score = scores[verdict], .coverage = coverage, .format = "pickle"};
        bool bad = verdict == SG_MALICIOUS ||
                   (verdict == SG_SUSPICIOUS && policy.block_at == SG_SUSPICIOUS);
        bool block = bad || (coverage == SG_PARTIAL && policy.on_partial == SG_BLOCK);
        bool tell = block || verdict != SG_BENIGN || coverage != SG_COMPLETE;
        enum sg_action expected = SG_ALLOW;
        if (policy.mode == SG_BLOCK && block)
            expected = SG_BLOCK;
        else if (policy.mode != SG_ALLOW && tell)
            expected = SG_LOG;
        assert_int_equal(sg_policy_decide(&report, "/m.pt", NULL, &policy), expected);
        blocked += expected == SG_BLOCK;
    }
    assert_int_equal(blocked, 3 + 5 + 6 + 7); /* by block_at and on_partial, counted by hand */
}

#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const uint8_t empty_sha256[32] = {
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55};

static void lists_of_files_decide_before_the_verdict(void **state)
{
    static const uint8_t other[32] = {1};
    static const struct {
        const char *policy, *path;
        const uint8_t *sha256;
        const char *format;
        double score;
        enum sg_action action;
    } rows[] = {
        {"[allow]\npath = /opt/**", "/opt/a/m.pt", NULL, "pickle", 0.95, SG_ALLOW},
        {"[allow]\npath = /opt/**", "/srv/m.pt", NULL, "pickle", 0.95, SG_BLOCK},
        {"[allow]\npath = /opt/**", NULL, NULL, "pickle", 0.95, SG_BLOCK},
        /* what is not resolved is on no allow list */
        {"[allow]\npath = /opt/**", "/opt/../tmp/m.pt", NULL, "pickle", 0.95, SG_BLOCK},
        {"[allow]\npath = /opt/**", "/opt/./m.pt", NULL, "pickle", 0.95, SG_BLOCK},
        {"[allow]\npath = /opt/**", "/opt//m.pt", NULL, "pickle", 0.95, SG_BLOCK},
        {"[allow]\npath = /opt/**", "opt/m.pt", NULL, "pickle", 0.95, SG_BLOCK},
        {"[allow]\npath = /opt/..m/*", "/opt/..m/m.pt", NULL, "pickle", 0.95, SG_ALLOW},
        {"[allow]\nsha256 = " EMPTY_SHA256, "/m.pt", empty_sha256, "pickle", 0.95, SG_ALLOW},
        {"[allow]\nsha256 = " EMPTY_SHA256, "/m.pt", other, "pickle", 0.95, SG_BLOCK},
        {"[allow]\nsha256 = " EMPTY_SHA256, "/m.pt", NULL, "pickle", 0.95, SG_BLOCK},
        {"[deny]\npath = /tmp/*", "/tmp/m.pt", NULL, "pickle", 0.0, SG_BLOCK},
        {"[deny]\npath = /tmp/*", "/tmp/a/m.pt", NULL, "pickle", 0.0, SG_ALLOW},
        {"[deny]\npath = /tmp/*", "/tmp/notes.txt", NULL, "none", 0.0, SG_ALLOW},
        {"[deny]\nsha256 = " EMPTY_SHA256, "/m.pt", empty_sha256, "pickle", 0.0, SG_BLOCK},
        {"[deny]\nsha256 = " EMPTY_SHA256, "/m.pt", other, "pickle", 0.0, SG_ALLOW},
        /* deny wins; the mode is above all */
        {"[allow]\npath = /**\n[deny]\npath = /t/*", "/t/m.pt", NULL, "pickle", 0.0, SG_BLOCK},
        {"[guard]\nmode = log\n[deny]\npath = /t/*", "/t/m.pt", NULL, "pickle", 0.0, SG_LOG},
        {"[guard]\nmode = off\n[deny]\npath = /t/*", "/t/m.pt", NULL, "pickle", 0.95, SG_ALLOW},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sg_arena arena;
        struct sg_policy policy = policy_of(&arena, rows[i].policy);
        struct sg_report report = {.verdict = rows[i].score < 0.9 ? SG_BENIGN : SG_MALICIOUS,
                                   .score = rows[i].score,
                                   .format = rows[i].format};
        if (sg_policy_decide(&report, rows[i].path, rows[i].sha256, &policy) != rows[i].action)
            fail_msg("row %zu: %s", i, rows[i].policy);
    }
}

static void edits_are_counted(void **state)
{
    (void)state;
    assert_int_equal(sg_edits("", ""), 0);
    assert_int_equal(sg_edits("mode", "mode"), 0);
    assert_int_equal(sg_edits("", "mode"), 4);
    assert_int_equal(sg_edits("mode", ""), 4);
    assert_int_equal(sg_edits("bolck", "block"), 1);
    assert_int_equal(sg_edits("block_att", "block_at"), 1);
    assert_int_equal(sg_edits("kitten", "sitting"), 3);
    assert_int_equal(sg_edits("ca", "abc"), 3);
}

static enum sg_status read_nothing(void *ctx, uint64_t at, void *into, size_t len, size_t *got)
{
    (void)ctx, (void)at, (void)into, (void)len;
    *got = 0;
    return SG_OK;
}

static void what_is_shorter_than_it_says_has_no_hash(void **state)
{
    struct sg_source source = {.read = read_nothing, .size = 1};
    uint8_t digest[SG_SHA256_SIZE], window[16];

    (void)state;
    assert_int_equal(sg_sha256(&source, window, sizeof(window), digest), SG_ERR_IO);
}

#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* Reading a file whole costs more than scanning it. */
static void a_hash_matters_only_where_a_list_of_them_may_change_the_end(void **state)
{
    static const struct {
        const char *text, *format;
        enum sg_verdict verdict;
        bool matters;
    } rows[] = {
        {"", "pickle", SG_MALICIOUS, false},
        {"[deny]\nsha256 = " SHA, "pickle", SG_BENIGN, true},
        {"[deny]\nsha256 = " SHA, "none", SG_BENIGN, false},
        {"[deny]\nsha256 = " SHA, NULL, SG_BENIGN, false},
        {"[allow]\nsha256 = " SHA, "pickle", SG_MALICIOUS, true},
        {"[allow]\nsha256 = " SHA, "pickle", SG_BENIGN, false},
        {"[deny]\nsha256 = " SHA "\n[allow]\nsha256 = " SHA, "none", SG_BENIGN, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sg_arena arena;
        struct sg_policy policy = policy_of(&arena, rows[i].text);
        struct sg_report report = {.format = rows[i].format,
                                   .verdict = rows[i].verdict,
                                   .score = rows[i].verdict == SG_MALICIOUS ? 1 : 0,
                                   .coverage = SG_COMPLETE};
        if (sg_sha256_matters(&report, "/x", &policy) != rows[i].matters)
            fail_msg("%s", rows[i].text);
    }
}

/* Somebody else's text, in a line of our own. */
static void a_text_is_shown_so_far(void **state)
{
    char line[256];

    (void)state;
    struct sg_phrase phrase = sg_phrase_open(line, sizeof(line));
    sg_phrase_plain(&phrase, "abcdef", 3);
    sg_phrase_json(&phrase, "ab\"cdef", 4);
    sg_phrase_plain(&phrase, "abc", 3);
    sg_phrase_quote(&phrase, sg_text_of("~\x7f\xc3"));
    assert_string_equal(line, "abc…\"ab\\\"c…\"abc'~\\x7f\\xc3'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(processes_are_matched_by_file_name),
        cmocka_unit_test(thresholds_make_the_verdict),
        cmocka_unit_test(the_decision_follows_verdict_coverage_and_mode),
        cmocka_unit_test(lists_of_files_decide_before_the_verdict),
        cmocka_unit_test(edits_are_counted),
        cmocka_unit_test(what_is_shorter_than_it_says_has_no_hash),
        cmocka_unit_test(a_hash_matters_only_where_a_list_of_them_may_change_the_end),
        cmocka_unit_test(a_text_is_shown_so_far),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
