/* test_policy_glob.c - patterns: what they match, and that none of them is slow. */
#include "policy/glob.h"

#include <setjmp.h>
#include <stdarg.h>
#include <time.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

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

static void a_glob_matches_as_its_header_says(void **state)
{
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

/* `unit` over and over, with an end that no text here has. */
static size_t repeat(const char *unit, char *pattern)
{
    size_t step = strlen(unit), len = 0;

    for (; len + step + 2 < SG_GLOB_MAX; len += step)
        memcpy(pattern + len, unit, step);
    memcpy(pattern + len, "/b", 2);
    return len + 2;
}

static void no_pattern_is_slow(void **state)
{
    static const char *const units[] = {"**/", "**", "*a", "**a", "*/", "a*", "*", "**/*"};
    char pattern[SG_GLOB_MAX], text[1024];
    clock_t start = clock();

    (void)state;
    for (size_t i = 0; i < COUNT(units); i++) {
        size_t len = repeat(units[i], pattern);
        for (size_t between = 1; between < 5; between++) {
            for (size_t at = 0; at < sizeof(text); at++)
                text[at] = at % between == 0 ? '/' : 'a';
            assert_false(sg_glob_match((struct sg_text){pattern, len},
                                       (struct sg_text){text, sizeof(text)}, '/'));
        }
    }
    /* At most 32 times 4 M steps, which takes a second; one more factor of either length takes
     * minutes, and backtracking would not come back. */
    assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_glob_matches_as_its_header_says),
        cmocka_unit_test(a_glob_agrees_with_plain_recursion),
        cmocka_unit_test(a_bad_pattern_is_named),
        cmocka_unit_test(the_longest_pattern_matches),
        cmocka_unit_test(no_pattern_is_slow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
