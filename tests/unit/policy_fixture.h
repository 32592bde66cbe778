/* policy_fixture.h - what the tests of policies share: an arena, and parsing from exact memory. */
#ifndef SG_POLICY_FIXTURE_H
#define SG_POLICY_FIXTURE_H

#include "policy/options.h"
#include "policy/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEXT_MAX (1u << 16)

#define SHA "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef"
#define SHA_LOW "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static uint8_t memory[1 << 20] __attribute__((aligned(16)));
static struct sg_arena arena;
static struct sg_policy_error error;

static inline int fresh_arena(void **state)
{
    (void)state;
    arena = (struct sg_arena){.base = memory, .size = sizeof(memory)};
    return 0;
}

/* Parses from memory that ends where the text does. */
static inline enum sg_status parse_bytes(struct sg_policy *policy, const char *text, size_t len)
{
    char *exact = malloc(len ? len : 1);

    assert_non_null(exact);
    memcpy(exact, text, len);
    enum sg_status status =
        sg_policy_parse(policy, (struct sg_text){exact, len}, "test.ini", &error);
    free(exact);
    return status;
}

static inline enum sg_status parse(struct sg_policy *policy, const char *text)
{
    return parse_bytes(policy, text, strlen(text));
}

static inline const char *error_text(void)
{
    static char text[1024];

    sg_policy_error_text(&error, text, sizeof(text));
    return text;
}

static inline const char *show(const struct sg_policy *policy)
{
    static char text[TEXT_MAX];

    assert_in_range(sg_policy_show(policy, text, sizeof(text)), 1, sizeof(text) - 1);
    return text;
}

/* Refused, with that message, and the policy untouched. */
static inline void refuses(const char *text, size_t len, const char *message)
{
    struct sg_policy policy, before;
    size_t used;

    sg_policy_defaults(&policy, &arena);
    memcpy(&before, &policy, sizeof(policy));
    used = arena.used;
    if (parse_bytes(&policy, text, len) != SG_ERR_FORMAT)
        fail_msg("accepted: %s", text);
    assert_string_equal(error_text(), message);
    assert_memory_equal(&policy, &before, sizeof(policy));
    assert_int_equal(arena.used, used);
}

#endif
