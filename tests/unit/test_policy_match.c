/* test_policy_match.c - patterns, lists of names and processes, and what becomes of a file. */
#include "policy/edits.h"
#include "policy/glob.h"
#include "policy/policy.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

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

static void a_glob_matches_as_its_header_says(void **state)
{
    static const struct {
        const char *pattern, *text;
        char separator;
        bool matches;
    } rows[] = {
        {"/opt/a.pt", "/opt/a.pt", '/', true},
        {"/opt/a.pt", "/opt/a.ptx", '/', false},
        {"/opt/a.pt", "/opt/a.p", '/', false},
        {"/opt/*", "/opt/a", '/', true},
        {"/opt/*", "/opt/", '/', true},
        {"/opt/*", "/opt/a/b", '/', false},
        {"/opt/*/b", "/opt/a/b", '/', true},
        {"/opt/*.pt", "/opt/.pt", '/', true},
        {"/opt/*a*b*", "/opt/xaxbx", '/', true},
        {"/opt/*a*b", "/opt/xaxbxb", '/', true},
        {"/opt/*a*b", "/opt/xaxbx", '/', false},
        {"/opt/**", "/opt/a/b/c", '/', true},
        {"/opt/**", "/opt", '/', false},
        {"/opt/**", "/optional/a", '/', false},
        {"/opt/**/x", "/opt/x", '/', true},
        {"/opt/**/x", "/opt/a/x", '/', true},
        {"/opt/**/x", "/opt/a/b/x", '/', true},
        {"/opt/**/x", "/opt/ax", '/', false},
        {"/opt/**/x", "/opt/a/bx", '/', false},
        {"/opt/**x", "/opt/a/bx", '/', true},
        {"/**/a/**/b", "/a/b", '/', true},
        {"/**/a/**/b", "/x/a/y/z/b", '/', true},
        {"/**/a/*/b", "/a/a/y/b", '/', true},
        {"/**/a/*/b", "/a/y/z/b", '/', false},
        {"/a**/b", "/ax/y/b", '/', true},
        {"/a**/b", "/ab", '/', false},
        {"/***/b", "/x/b", '/', true},
        {"/a?c", "/abc", '/', true},
        {"/a?c", "/a/c", '/', false},
        {"/a?c", "/ac", '/', false},
        {"/[abc]", "/b", '/', true},
        {"/[abc]", "/d", '/', false},
        {"/[a-c]x", "/bx", '/', true},
        {"/[a-c]x", "/-x", '/', false},
        {"/[-a]", "/-", '/', true},
        {"/[a-]", "/-", '/', true},
        {"/[c-a]", "/b", '/', false},
        {"/[!a]", "/b", '/', true},
        {"/[!a]", "/a", '/', false},
        {"/[^a]", "/a", '/', false},
        {"/[]]", "/]", '/', true},
        {"/[!]]", "/]", '/', false},
        {"/[!]]", "/a", '/', true},
        {"/a[!b]c", "/a/c", '/', false},
        {"/a[/]c", "/a/c", '/', false},
        {"/[*]", "/*", '/', true},
        {"/[*]", "/a", '/', false},
        {"/[[]", "/[", '/', true},
        {"/\xff[\x80-\xfe]", "/\xff\xc3", '/', true},
        {"/\\*", "/\\x", '/', true},
        {"python*", "python3.11", 0, true},
        {"python*", "/usr/bin/python", 0, false},
        {"a.*", "a.b.c", 0, true},
        {"*", "", 0, true},
        {"*", "a/b", 0, true},
        {"**/x", "/x", 0, true},
        {"**/x", "x", 0, false},
        {"**/x", "x", '/', true},
        {"a[", "a[", '/', false},
        {"", "", '/', false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sg_text pattern = sg_text_of(rows[i].pattern), text = sg_text_of(rows[i].text);
        if (sg_glob_match(pattern, text, rows[i].separator) != rows[i].matches)
            fail_msg("'%s' and '%s': not %d", rows[i].pattern, rows[i].text, rows[i].matches);
    }
}

/* The same rules by plain recursion, which is slow and easy to believe. */
static bool slow_match(const char *whole, const char *p, const char *t)
{
    size_t stars = strspn(p, "*");

    if (!*p)
        return !*t;
    if (stars > 1 && p[stars] == '/' && (p == whole || p[-1] == '/')) {
        if (slow_match(whole, p + stars + 1, t))
            return true;
        for (; *t; t++)
            if (*t == '/' && slow_match(whole, p + stars + 1, t + 1))
                return true;
        return false;
    }
    if (stars) {
        for (;; t++) {
            if (slow_match(whole, p + stars, t))
                return true;
            if (!*t || (stars == 1 && *t == '/'))
                return false;
        }
    }
    return *t && (*p == '?' ? *t != '/' : *p == *t) && slow_match(whole, p + 1, t + 1);
}

/* Number `n` of the words over an alphabet, shortest first. */
static void word(const char *alphabet, unsigned n, char *into)
{
    unsigned base = (unsigned)strlen(alphabet);
    size_t len = 0;

    for (; n; n = (n - 1) / base)
        into[len++] = alphabet[(n - 1) % base];
    into[len] = '\0';
}

static void a_glob_agrees_with_plain_recursion(void **state)
{
    char pattern[8], text[8];

    (void)state;
    for (unsigned p = 1; p <= 4 + 16 + 64 + 256 + 1024 + 4096; p++) {
        word("a/*?", p, pattern);
        for (unsigned t = 0; t <= 3 + 9 + 27 + 81; t++) {
            word("ab/", t, text);
            bool matched = sg_glob_match(sg_text_of(pattern), sg_text_of(text), '/');
            if (matched != slow_match(pattern, pattern, text))
                fail_msg("'%s' and '%s'", pattern, text);
        }
    }
}

static void a_text_in_pieces_matches_as_a_whole(void **state)
{
    static const char text[] = "pkg.models.Net";
    struct sg_glob glob;

    (void)state;
    for (size_t cut = 0; cut <= strlen(text); cut++) {
        sg_glob_begin(&glob, SG_TEXT("pkg.*s.N?t"), 0);
        sg_glob_feed(&glob, (struct sg_text){text, cut});
        sg_glob_feed(&glob, sg_text_of(text + cut));
        assert_true(sg_glob_matched(&glob));
    }
}

static void a_bad_pattern_is_named(void **state)
{
    char longest[SG_GLOB_MAX + 2];

    (void)state;
    memset(longest, 'a', sizeof(longest));
    assert_string_equal(sg_glob_fault(SG_TEXT("")), "empty pattern");
    assert_string_equal(sg_glob_fault(SG_TEXT("a[b")), "'[' without its ']'");
    assert_string_equal(sg_glob_fault(SG_TEXT("[]")), "'[' without its ']'");
    assert_string_equal(sg_glob_fault(SG_TEXT("[!]")), "'[' without its ']'");
    assert_null(sg_glob_fault((struct sg_text){longest, SG_GLOB_MAX}));
    assert_string_equal(sg_glob_fault((struct sg_text){longest, SG_GLOB_MAX + 1}),
                        "pattern longer than 4095 bytes");
}

static void the_longest_pattern_matches(void **state)
{
    char pattern[SG_GLOB_MAX], text[SG_GLOB_MAX];

    (void)state;
    memset(pattern, '?', sizeof(pattern));
    memset(text, 'a', sizeof(text));
    assert_true(sg_glob_match((struct sg_text){pattern, sizeof(pattern)},
                              (struct sg_text){text, sizeof(text)}, '/'));
    assert_false(sg_glob_match((struct sg_text){pattern, sizeof(pattern)},
                               (struct sg_text){text, sizeof(text) - 1}, '/'));
}

static void no_pattern_is_slow(void **state)
{
    static const char *const units[] = {"**/", "**", "*a", "**a", "*/", "a*", "*", "**/*"};
    char pattern[SG_GLOB_MAX], text[4096];
    clock_t start = clock();

    (void)state;
    for (size_t i = 0; i < COUNT(units); i++) {
        size_t unit = strlen(units[i]), len = 0;
        while (len + unit + 2 < sizeof(pattern)) {
            memcpy(pattern + len, units[i], unit);
            len += unit;
        }
        memcpy(pattern + len, "/b", 2);
        for (size_t at = 0; at < sizeof(text); at++)
            text[at] = at % (i + 1) == 1 ? '/' : 'a';
        assert_false(sg_glob_match((struct sg_text){pattern, len + 2},
                                   (struct sg_text){text, sizeof(text)}, '/'));
    }
    /* 16 M steps each; backtracking would not come back. */
    assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 20);
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

static void names_are_allowed_unless_denied(void **state)
{
    struct sg_arena arena;
    struct sg_policy policy = policy_of(&arena, "[allow]\nglobal = pkg.*\nglobal = os.path.join\n"
                                                "[deny]\nglobal = *.run\nglobal = os.system\n");

    (void)state;
    assert_true(sg_policy_global_allowed(&policy, SG_TEXT("pkg.models"), SG_TEXT("Net.__new__")));
    assert_true(sg_policy_global_allowed(&policy, SG_TEXT("os"), SG_TEXT("path.join")));
    assert_false(sg_policy_global_allowed(&policy, SG_TEXT("pkgs"), SG_TEXT("Net")));
    assert_false(sg_policy_global_allowed(&policy, SG_TEXT("pkg.models"), SG_TEXT("run")));
    assert_true(sg_policy_global_denied(&policy, SG_TEXT("pkg.models"), SG_TEXT("run")));
    assert_true(sg_policy_global_denied(&policy, SG_TEXT("os"), SG_TEXT("system")));
    assert_false(sg_policy_global_denied(&policy, SG_TEXT("os"), SG_TEXT("systems")));
    policy = policy_of(&arena, "");
    assert_false(sg_policy_global_allowed(&policy, SG_TEXT("pkg"), SG_TEXT("Net")));
    assert_false(sg_policy_global_denied(&policy, SG_TEXT("os"), SG_TEXT("system")));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_glob_matches_as_its_header_says),
        cmocka_unit_test(a_glob_agrees_with_plain_recursion),
        cmocka_unit_test(a_text_in_pieces_matches_as_a_whole),
        cmocka_unit_test(a_bad_pattern_is_named),
        cmocka_unit_test(the_longest_pattern_matches),
        cmocka_unit_test(no_pattern_is_slow),
        cmocka_unit_test(processes_are_matched_by_file_name),
        cmocka_unit_test(names_are_allowed_unless_denied),
        cmocka_unit_test(thresholds_make_the_verdict),
        cmocka_unit_test(the_decision_follows_verdict_coverage_and_mode),
        cmocka_unit_test(lists_of_files_decide_before_the_verdict),
        cmocka_unit_test(edits_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
