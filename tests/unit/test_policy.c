/* test_policy.c - the text of a policy: what is taken, what is refused, and the words for it. */
#include "policy_fixture.h"

/* Of ini_memory.c: inih must be linked with these, not with malloc. */
void *ini_malloc(size_t size);
void *ini_realloc(void *block, size_t size);
void ini_free(void *block);

static void what_is_unknown_is_refused_with_the_nearest_name(void **state)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"[guard]\n\n\n\n\n\nblock_att = malicious\n",
         "test.ini:7: unknown key 'block_att' in [guard]; did you mean 'block_at'?"},
        {"[guard]\nMode = log\n",
         "test.ini:2: unknown key 'Mode' in [guard]; did you mean 'mode'?"},
        {"[scan]\nmode = log\n",
         "test.ini:2: unknown key 'mode' in [scan]; did you mean 'mode' in [guard]?"},
        {"[guard]\nfind_clas = log\n",
         "test.ini:2: unknown key 'find_clas' in [guard]; did you mean 'find_class' in [python]?"},
        {"[deny]\npaths = /x\n", "test.ini:2: unknown key 'paths' in [deny]; did you mean 'path'?"},
        {"mode = log\n",
         "test.ini:1: no [section] stands before the key 'mode'; did you mean 'mode' in [guard]?"},
        {"[guard]\n\xc3\xa9\x27 = log\n",
         "test.ini:2: unknown key '\\xc3\\xa9'' in [guard]; did you mean 'log'?"},
        {"[guard]\nmode = log\n[gaurd]\n",
         "test.ini:3: unknown section 'gaurd'; did you mean 'guard'?"},
        {"[Guard]\n", "test.ini:1: unknown section 'Guard'; did you mean 'guard'?"},
        {"[ guard ]\n", "test.ini:1: unknown section ' guard '; did you mean 'guard'?"},
        {"[threshold]\n", "test.ini:1: unknown section 'threshold'; did you mean 'thresholds'?"},
        {"[guardaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]\n",
         "test.ini:1: unknown section "
         "'guardaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...'; did you mean "
         "'guard'?"},
        {"[]\n", "test.ini:1: unknown section ''; did you mean 'deny'?"},
        {"[guard\nmode = log\n", "test.ini:1: '[' without its ']'"},
        {"[guard] ; main\n", "test.ini:1: text behind ']'; comments stand on lines of their own"},
        {"[guard]\nmode\n", "test.ini:2: neither a [section], nor 'key = value', nor a comment"},
        {"[guard]\nmode\nlocked = maybe\n",
         "test.ini:2: neither a [section], nor 'key = value', nor a comment"},
        {"[guard]\nlocked = maybe\nmode\n",
         "test.ini:2: bad value 'maybe' for 'locked' in [guard]: expected one of yes, no"},
        {"[guard]\nmode\n[nonsense]\n",
         "test.ini:2: neither a [section], nor 'key = value', nor a comment"},
        {"[guard]\nmode = log ; for now\n", "test.ini:2: bad value 'log ; for now' for 'mode' in "
                                            "[guard]: comments stand on lines of their own"},
        {"[deny]\npath = /tmp/** # all\n", "test.ini:2: bad value '/tmp/** # all' for 'path' in "
                                           "[deny]: comments stand on lines of their own"},
        {"[guard]\nmode = log\x1b[2J\n", "test.ini:2: control character '\\x1b'"},
        {"[guard]\nmode = log\rlocked = no\n", "test.ini:2: control character '\\x0d'"},
        {"[guard]\n; a comment\x07\n", "test.ini:2: control character '\\x07'"},
        {"[thresholds]\nsuspicious = 0.95\n",
         "test.ini:2: 'malicious' in [thresholds] is below 'suspicious'"},
        {"[thresholds]\nmalicious = 0.2\nsuspicious = 0.3\n\n",
         "test.ini:3: 'malicious' in [thresholds] is below 'suspicious'"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        refuses(rows[i].text, strlen(rows[i].text), rows[i].message);
}

static void a_nul_byte_is_refused(void **state)
{
    static const char text[] = "[guard]\nmode = log\n\0[guard]\n";

    (void)state;
    refuses(text, sizeof(text) - 1, "test.ini:3: control character '\\x00'");
}

static void forms_that_editors_write_are_taken(void **state)
{
    static const char *const texts[] = {
        "[guard]\nmode = log\n",
        "[guard]\nmode=log",
        "[guard]\r\nmode = log\r\n",
        "\xef\xbb\xbf[guard]\nmode = log\n",
        "\n  [guard]  \n\t mode\t=\tlog \n",
        "; c\n# c\n[guard]\n  ; c\nmode: log\n",
        "[scan]\n[guard]\n[scan]\nmax_depth = 3\n[guard]\nmode = log\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct sg_policy policy;
        sg_policy_defaults(&policy, &arena);
        if (parse(&policy, texts[i]) != SG_OK)
            fail_msg("%s", error_text());
        assert_int_equal(policy.mode, SG_LOG);
    }
}

static void a_line_may_be_8192_bytes_long(void **state)
{
    static char text[3 + 8192 + sizeof("\r\n[guard]\nmode = log\n")];
    struct sg_policy policy;

    (void)state;
    memset(text, ';', 8192);
    strcpy(text + 8192, "\r\n[guard]\nmode = log\n");
    sg_policy_defaults(&policy, &arena);
    assert_int_equal(parse(&policy, text), SG_OK);
    assert_int_equal(policy.mode, SG_LOG);
    memmove(text + 1, text, strlen(text) + 1);
    refuses(text, strlen(text), "test.ini:1: line longer than 8192 bytes");
}

static void the_defaults_are_those_of_the_design(void **state)
{
    struct sg_policy policy;
    struct sg_limits limits = SG_LIMITS_DEFAULT;

    (void)state;
    sg_policy_defaults(&policy, &arena);
    assert_int_equal(policy.mode, SG_BLOCK);
    assert_int_equal(policy.block_at, SG_MALICIOUS);
    assert_int_equal(policy.on_partial, SG_BLOCK);
    assert_false(policy.locked);
    assert_int_equal(policy.log.target, SG_LOG_STDERR);
    assert_null(policy.log.path);
    assert_true(sg_text_is(policy.processes, "python*"));
    assert_int_equal(policy.allow_globals.count + policy.allow_paths.count, 0);
    assert_int_equal(policy.allow_sha256.count + policy.deny_globals.count, 0);
    assert_true(policy.suspicious == SG_POLICY_SUSPICIOUS);
    assert_true(policy.malicious == SG_POLICY_MALICIOUS);
    assert_int_equal(policy.limits.max_depth, limits.max_depth);
    assert_int_equal(policy.limits.max_inflate, limits.max_inflate);
    assert_int_equal(policy.limits.max_memory, limits.max_memory);
    assert_int_equal(policy.snapshot, SG_SNAPSHOT_AUTO);
    assert_int_equal(policy.find_class, SG_BLOCK);
    assert_int_equal(policy.effects, SG_BLOCK);
    assert_int_equal(policy.seccomp, SG_PROFILE_OFF);
    assert_null(policy.file);
    assert_int_equal(arena.used, 0);
}

static void lists_add_up_over_files_and_values_are_replaced(void **state)
{
    struct sg_policy policy;

    (void)state;
    sg_policy_defaults(&policy, &arena);
    assert_int_equal(parse(&policy, "[guard]\nmode = log\nlocked = yes\n[allow]\nglobal = a.*\n"
                                    "global = b.*\nsha256 = " SHA "\n"),
                     SG_OK);
    assert_int_equal(parse(&policy, "[guard]\nmode = off\n[allow]\nglobal = c.*\n"), SG_OK);
    assert_int_equal(parse(&policy, "[allow]\nglobal = d.*\nglobal = e.*\nfoo = 1\n"),
                     SG_ERR_FORMAT);
    assert_int_equal(parse(&policy, "[allow]\nglobal = f.*\n"), SG_OK);
    assert_int_equal(policy.mode, SG_ALLOW);
    assert_true(policy.locked);
    assert_int_equal(policy.allow_globals.count, 4);
    for (size_t i = 0; i < 4; i++) {
        const char *expected[] = {"a.*", "b.*", "c.*", "f.*"};
        assert_string_equal(policy.allow_globals.items[i].at, expected[i]);
    }
    assert_int_equal(policy.allow_sha256.count, 1);
    assert_memory_equal(policy.allow_sha256.items[0].at, "\x01\x23\x45\x67\x89\xab\xcd\xef", 8);
}

static void an_arena_that_is_too_small_is_told(void **state)
{
    struct sg_policy policy;
    size_t refused = 0;

    (void)state;
    for (size_t size = 0; size < 2048; size += 16) {
        arena = (struct sg_arena){.base = memory, .size = size};
        sg_policy_defaults(&policy, &arena);
        enum sg_status status =
            parse(&policy, "[allow]\nglobal = a\nglobal = b\nsha256 = " SHA "\npath = /c\n");
        if (status == SG_OK)
            continue;
        assert_int_equal(status, SG_ERR_MEMORY);
        assert_string_equal(error.message, "too many entries");
        assert_int_equal(policy.allow_globals.count, 0);
        assert_int_equal(arena.used, 0);
        refused++;
    }
    assert_in_range(refused, 5, 100);
}

static void inih_gets_memory_for_the_longest_line_and_no_more(void **state)
{
    char *block = ini_malloc(200);

    (void)state;
    assert_non_null(block);
    assert_ptr_equal(ini_realloc(block, 2 * SG_POLICY_LINE_MAX), block);
    block[2 * SG_POLICY_LINE_MAX - 1] = 1;
    assert_null(ini_realloc(block, 1 << 20));
    ini_free(block);
    assert_null(ini_malloc(1 << 20));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_is_unknown_is_refused_with_the_nearest_name, fresh_arena),
        cmocka_unit_test_setup(a_nul_byte_is_refused, fresh_arena),
        cmocka_unit_test_setup(forms_that_editors_write_are_taken, fresh_arena),
        cmocka_unit_test_setup(a_line_may_be_8192_bytes_long, fresh_arena),
        cmocka_unit_test_setup(the_defaults_are_those_of_the_design, fresh_arena),
        cmocka_unit_test_setup(lists_add_up_over_files_and_values_are_replaced, fresh_arena),
        cmocka_unit_test_setup(an_arena_that_is_too_small_is_told, fresh_arena),
        cmocka_unit_test_setup(inih_gets_memory_for_the_longest_line_and_no_more, fresh_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
