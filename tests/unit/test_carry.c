/* test_carry.c - environments get back what they lost: our place in LD_PRELOAD, and SAFEGUARD_*.
 *
 * The loader has no name for a program: to carry.c this one is the object of LD_PRELOAD whose name
 * is empty, "preloaded/".
 */
#include "shim/carry.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define GIVEN "preloaded/"

static char named[PATH_MAX + 32]; /* LD_PRELOAD as it is to be */

/* The value in what would be handed on instead of `env`, or NULL. */
static const char *carried(char *const env[], const char *name)
{
    static char room[64 << 10];
    size_t len = strlen(name), size = sg_carry_room(env);

    assert_true(size <= sizeof(room));
    for (char *const *at = sg_carry_fill(env, room, size); at && *at; at++)
        if (strncmp(*at, name, len) == 0 && (*at)[len] == '=')
            return *at + len + 1;
    return NULL;
}

static void expect_preload(const char *entry, const char *more)
{
    char *env[] = {(char *)"HOME=/root", (char *)entry, NULL}, wanted[PATH_MAX + 64];

    snprintf(wanted, sizeof(wanted), "%s%s", named, more);
    assert_string_equal(carried(env, "LD_PRELOAD"), wanted);
    assert_string_equal(carried(env, "HOME"), "/root");
    assert_string_equal(carried(env, "SAFEGUARD_MODE"), "block");
}

static void an_environment_without_us_gets_us(void **state)
{
    char *empty[] = {NULL};

    (void)state;
    assert_string_equal(carried(NULL, "LD_PRELOAD"), named);
    assert_string_equal(carried(empty, "LD_PRELOAD"), named);
    expect_preload("PATH=/bin", "");
    expect_preload("LD_PRELOAD=", "");
    expect_preload("LD_PRELOADED=/other.so", "");
}

static void other_objects_stay_behind_us(void **state)
{
    (void)state;
    expect_preload("LD_PRELOAD=/a.so /b.so", ":/a.so:/b.so");
    expect_preload("LD_PRELOAD=" GIVEN ":/a.so", ":/a.so"); /* relative, as it was given */
    expect_preload("LD_PRELOAD=preloaded:/a.so", ":preloaded:/a.so");
}

static void an_environment_that_lacks_nothing_is_handed_on_itself(void **state)
{
    char ours[sizeof(named) + 32], *env[40] = {ours};
    size_t count = 1;

    (void)state;
    snprintf(ours, sizeof(ours), "LD_PRELOAD=/a.so:%s", named);
    for (char **at = environ; *at; at++)
        if (strncmp(*at, "SAFEGUARD_", 10) == 0)
            env[count++] = *at;
    assert_int_equal(sg_carry_room(env), 0);
    assert_ptr_equal(sg_carry_fill(env, NULL, 0), env);
}

static void a_setting_of_the_program_is_not_overridden(void **state)
{
    char *env[] = {(char *)"SAFEGUARD_MODE=log", NULL};

    (void)state;
    assert_string_equal(carried(env, "SAFEGUARD_MODE"), "log");
}

/* Sixteen settings, and sixteen kilobytes of them. */
static void as_many_settings_as_there_is_room_for_are_kept(void **state)
{
    char *empty[] = {NULL}, name[32];
    int count = 0;

    (void)state;
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof(name), "SAFEGUARD_N%d", i);
        count += carried(empty, name) != NULL;
    }
    assert_in_range(count, 10, 16);
    assert_null(carried(empty, "SAFEGUARD_LONG"));
}

/* Another thread may add to it after it was measured: what does not fit is left out, never us. */
static void an_environment_that_grew_stays_in_the_room_that_it_got(void **state)
{
    char *small[] = {(char *)"HOME=/root", NULL}, *grown[103] = {(char *)"LD_PRELOAD=/a.so"};
    size_t size = sg_carry_room(small);
    char *room = malloc(size);
    unsigned ours = 0;

    (void)state;
    for (size_t i = 1; i < 102; i++)
        grown[i] = (char *)"MORE=1";
    assert_non_null(room);
    assert_true(sg_carry_room(grown) > size);
    for (char *const *at = sg_carry_fill(grown, room, size); *at; at++)
        ours += !strncmp(*at, "SAFEGUARD_MODE=", strlen("SAFEGUARD_MODE="));
    assert_int_equal(ours, 1);
    free(room);
    room = malloc(sizeof("true"));
    assert_non_null(room);
    assert_string_equal(sg_carry_command_fill("true", room, sizeof("true")), "true");
    free(room);
}

static void what_is_no_variable_is_not_exported(void **state)
{
    static char room[128 << 10];
    char *bare[] = {(char *)"SAFEGUARD_BARE", NULL}, **before = environ;

    (void)state;
    environ = bare;
    size_t size = sg_carry_command_room("true");
    assert_in_range(size, 1, sizeof(room));
    const char *command = sg_carry_command_fill("true", room, size);
    environ = before;
    assert_null(strstr(command, "SAFEGUARD_BARE"));
    assert_string_equal(command + strlen(command) - 6, "; true");
}

/* libc starts a shell with this process's own environment: what that lost is exported first. */
static void a_command_exports_what_the_environment_lost(void **state)
{
    char room[128 << 10], wanted[PATH_MAX + 64];

    (void)state;
    assert_int_equal(sg_carry_command_room(NULL), 0);
    assert_null(sg_carry_command_fill(NULL, room, 0));
    unsetenv("LD_PRELOAD");
    unsetenv("SAFEGUARD_QUOTED");
    assert_in_range(sg_carry_command_room("true"), 1, sizeof(room));
    const char *command = sg_carry_command_fill("true", room, sizeof(room));
    snprintf(wanted, sizeof(wanted), "export LD_PRELOAD='%s'; ", named);
    assert_non_null(strstr(command, wanted));
    assert_non_null(strstr(command, "export SAFEGUARD_QUOTED='it'\\''s'; "));
    assert_string_equal(command + strlen(command) - 6, "; true");
}

static int start(void **state)
{
    static char longest[17 << 10];
    char name[32];

    (void)state;
    clearenv();
    memset(longest, 'x', sizeof(longest) - 1);
    setenv("LD_PRELOAD", "/some/libother.so:" GIVEN, 1);
    setenv("SAFEGUARD_LONG", longest, 1);
    setenv("SAFEGUARD_MODE", "block", 1);
    setenv("SAFEGUARD_QUOTED", "it's", 1);
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof(name), "SAFEGUARD_N%d", i);
        setenv(name, "", 1);
    }
    if (!getcwd(named, PATH_MAX))
        return -1;
    strcat(named, "/" GIVEN);
    sg_carry_start();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_environment_without_us_gets_us),
        cmocka_unit_test(other_objects_stay_behind_us),
        cmocka_unit_test(an_environment_that_lacks_nothing_is_handed_on_itself),
        cmocka_unit_test(a_setting_of_the_program_is_not_overridden),
        cmocka_unit_test(as_many_settings_as_there_is_room_for_are_kept),
        cmocka_unit_test(an_environment_that_grew_stays_in_the_room_that_it_got),
        cmocka_unit_test(what_is_no_variable_is_not_exported),
        cmocka_unit_test(a_command_exports_what_the_environment_lost),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
