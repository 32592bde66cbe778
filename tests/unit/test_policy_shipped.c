/* test_policy_shipped.c - the shipped files, and policies written out. */
#include "policy_fixture.h"

static size_t read_shipped(const char *name, char *into)
{
    FILE *file = fopen(name, "rb");

    if (!file)
        fail_msg("%s: run me in the folder of the sources", name);
    size_t len = fread(into, 1, TEXT_MAX - 1, file);
    fclose(file);
    into[len] = '\0';
    return len;
}

static const char *const shipped[] = {"policy/default.ini", "policy/strict.ini",
                                      "policy/jupyter.ini", "policy/inference.ini"};

static void shipped_files_are_good_and_shown_as_themselves(void **state)
{
    static char text[TEXT_MAX], first[TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < COUNT(shipped); i++) {
        struct sg_policy policy;
        size_t len = read_shipped(shipped[i], text);

        sg_policy_defaults(&policy, &arena);
        if (parse_bytes(&policy, text, len) != SG_OK)
            fail_msg("%s: %s", shipped[i], error_text());
        strcpy(first, show(&policy));
        sg_policy_defaults(&policy, &arena);
        assert_int_equal(parse(&policy, first), SG_OK);
        assert_string_equal(show(&policy), first);
    }
}

static void default_ini_is_what_is_built_in(void **state)
{
    static char text[TEXT_MAX];
    struct sg_policy policy;

    (void)state;
    read_shipped("policy/default.ini", text);
    sg_policy_defaults(&policy, &arena);
    assert_string_equal(text, show(&policy));
}

static void strict_and_inference_are_locked_and_strict(void **state)
{
    static char text[TEXT_MAX];

    (void)state;
    for (size_t i = 1; i < COUNT(shipped); i += 2) {
        struct sg_policy policy;
        size_t len = read_shipped(shipped[i], text);
        sg_policy_defaults(&policy, &arena);
        assert_int_equal(parse_bytes(&policy, text, len), SG_OK);
        assert_true(policy.locked);
        assert_int_equal(policy.mode, SG_BLOCK);
        assert_int_equal(policy.block_at, SG_SUSPICIOUS);
        assert_int_equal(policy.snapshot, SG_SNAPSHOT_STRICT);
        assert_int_equal(policy.seccomp, i == 1 ? SG_PROFILE_NO_BYPASS : SG_PROFILE_INFERENCE);
        assert_int_equal(policy.allow_paths.count, 0);
    }
}

/* A file that is cut anywhere is taken or refused with a line; it is never an accident. */
static void every_truncation_is_taken_or_refused(void **state)
{
    static char text[TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < COUNT(shipped); i++) {
        size_t len = read_shipped(shipped[i], text);
        for (size_t cut = 0; cut < len; cut++) {
            struct sg_policy policy;
            sg_policy_defaults(&policy, &arena);
            enum sg_status status = parse_bytes(&policy, text, cut);
            if (status == SG_OK)
                continue;
            assert_int_equal(status, SG_ERR_FORMAT);
            assert_in_range(error.line, 1, 500);
            assert_true(strlen(error.message) > 10);
        }
    }
}

static void a_policy_with_lists_is_shown_in_full(void **state)
{
    static const char text[] = "[guard]\nlog = /l\nprocesses = a, b*\n"
                               "[allow]\nglobal = a.*\nglobal = b\npath = /p/**\npath = /q r\n"
                               "sha256 = " SHA "\n[deny]\nglobal = c\npath = /t/*\nsha256 = " SHA
                               "\n[thresholds]\nmalicious = 0.987654\n[scan]\nmax_memory = 20000K";
    static char first[TEXT_MAX];
    struct sg_policy policy;

    (void)state;
    sg_policy_defaults(&policy, &arena);
    assert_int_equal(parse(&policy, text), SG_OK);
    strcpy(first, show(&policy));
    assert_non_null(strstr(first, "\nglobal = a.*\nglobal = b\n"));
    assert_non_null(strstr(first, "\npath = /p/**\npath = /q r\n"));
    assert_non_null(strstr(first, "\nmax_memory = 20000K\n"));
    assert_null(strstr(first, "\n;"
                              "global"));
    struct sg_policy again;
    sg_policy_defaults(&again, &arena);
    assert_int_equal(parse(&again, first), SG_OK);
    assert_string_equal(show(&again), first);
    assert_true(again.malicious == policy.malicious);
    assert_int_equal(again.limits.max_memory, 20000 << 10);
}

static void show_cuts_at_the_buffer_and_tells_the_length(void **state)
{
    struct sg_policy policy;
    char small[33];

    (void)state;
    sg_policy_defaults(&policy, &arena);
    size_t len = sg_policy_show(&policy, NULL, 0);
    memset(small, 'x', sizeof(small));
    assert_int_equal(sg_policy_show(&policy, small, sizeof(small) - 1), len);
    assert_int_equal(strlen(small), sizeof(small) - 2);
    assert_int_equal(small[sizeof(small) - 1], 'x');
    assert_int_equal(strlen(show(&policy)), len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(shipped_files_are_good_and_shown_as_themselves, fresh_arena),
        cmocka_unit_test_setup(default_ini_is_what_is_built_in, fresh_arena),
        cmocka_unit_test_setup(strict_and_inference_are_locked_and_strict, fresh_arena),
        cmocka_unit_test_setup(every_truncation_is_taken_or_refused, fresh_arena),
        cmocka_unit_test_setup(a_policy_with_lists_is_shown_in_full, fresh_arena),
        cmocka_unit_test_setup(show_cuts_at_the_buffer_and_tells_the_length, fresh_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
