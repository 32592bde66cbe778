/* test_policy_environment.c - what the environment may change, and what not. */
#include "policy_fixture.h"

#define MODES "expected one of block, log, off"

static const char *variables[2];

static char *get(const char *name)
{
    return (char *)variables[!strcmp(name, "SAFEGUARD_LOG")];
}

static void the_environment_overrides_but_does_not_weaken_a_lock(void **state)
{
    static const struct {
        const char *policy;
        const char *mode, *log;
        enum sg_action mode_after;
        const char *log_after;
        unsigned ignored;
    } rows[] = {
        {"", NULL, NULL, SG_BLOCK, "stderr", 0},
        {"", "", "", SG_BLOCK, "stderr", 0},
        {"", "log", NULL, SG_LOG, "stderr", 0},
        {"", "off", "/tmp/a b", SG_ALLOW, "/tmp/a b", 0},
        {"", "block", "guard.jsonl", SG_BLOCK, "guard.jsonl", 0},
        {"mode = log", "block", "journald", SG_BLOCK, "journald", 0},
        {"locked = yes", "log", NULL, SG_BLOCK, "stderr", SG_IGNORED_MODE},
        {"locked = yes", "off", "/dev/null", SG_BLOCK, "stderr", SG_IGNORED_MODE | SG_IGNORED_LOG},
        {"locked = yes", "block", NULL, SG_BLOCK, "stderr", 0},
        {"locked = yes\nmode = log", "block", NULL, SG_BLOCK, "stderr", 0},
        {"locked = yes\nmode = log", "off", NULL, SG_LOG, "stderr", SG_IGNORED_MODE},
        {"locked = yes\nmode = off\nlog = /l", "log", "syslog", SG_LOG, "/l", SG_IGNORED_LOG},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sg_policy policy;
        char text[256], log[64];
        snprintf(text, sizeof(text), "[guard]\n%s\n", rows[i].policy);
        sg_policy_defaults(&policy, &arena);
        assert_int_equal(parse(&policy, text), SG_OK);
        variables[0] = rows[i].mode;
        variables[1] = rows[i].log;
        assert_int_equal(sg_policy_environment(&policy, get, &error), SG_OK);
        assert_int_equal(policy.mode, rows[i].mode_after);
        struct sg_phrase phrase = sg_phrase_open(log, sizeof(log));
        sg_option_print(sg_option_find("guard", "log"), &policy, 0, &phrase);
        assert_string_equal(log, rows[i].log_after);
        assert_int_equal(policy.ignored, rows[i].ignored);
    }
}

static void bad_variables_are_refused(void **state)
{
    static char long_path[5000];
    static const struct {
        const char *mode, *log;
        const char *message;
    } rows[] = {
        {"blok", NULL, "SAFEGUARD_MODE: bad value 'blok': " MODES "; did you mean 'block'?"},
        {"LOG", "/x", "SAFEGUARD_MODE: bad value 'LOG': " MODES},
        {"off", "sylog",
         "SAFEGUARD_LOG: bad value 'sylog': expected stderr, syslog, journald or a path; write "
         "'./' before a file's name"},
        {"off", "/a\nb", "SAFEGUARD_LOG: bad value '/a\\x0ab': path with a control character"},
        {"off", "/a\x7f", "SAFEGUARD_LOG: bad value '/a\\x7f': path with a control character"},
        {"off", "syog",
         "SAFEGUARD_LOG: bad value 'syog': expected stderr, syslog, journald or a path; write "
         "'./' before a file's name"},
        {NULL, long_path,
         "SAFEGUARD_LOG: bad value '////////////////////////////////////////////////////////////"
         "...': path longer than 4095 bytes"},
    };

    (void)state;
    memset(long_path, '/', sizeof(long_path) - 1);
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (unsigned locked = 0; locked < 2; locked++) {
            struct sg_policy policy, before;
            sg_policy_defaults(&policy, &arena);
            policy.locked = locked;
            memcpy(&before, &policy, sizeof(policy));
            variables[0] = rows[i].mode;
            variables[1] = rows[i].log;
            assert_int_equal(sg_policy_environment(&policy, get, &error), SG_ERR_ARG);
            assert_string_equal(error_text(), rows[i].message);
            assert_memory_equal(&policy, &before, sizeof(policy));
        }
    }
}

static void a_log_that_does_not_fit_the_arena_is_refused(void **state)
{
    struct sg_policy policy;

    (void)state;
    arena.size = 0;
    sg_policy_defaults(&policy, &arena);
    variables[0] = "off";
    variables[1] = "/l";
    assert_int_equal(sg_policy_environment(&policy, get, &error), SG_ERR_MEMORY);
    assert_string_equal(error_text(), "SAFEGUARD_LOG: bad value '/l': no memory left");
    assert_int_equal(policy.mode, SG_BLOCK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_environment_overrides_but_does_not_weaken_a_lock, fresh_arena),
        cmocka_unit_test_setup(bad_variables_are_refused, fresh_arena),
        cmocka_unit_test_setup(a_log_that_does_not_fit_the_arena_is_refused, fresh_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
