/* test_fold_bounds.c - constants too large, changed by others, gone by, or too much work: no text
 * is made up of them. */
#include "tests/unit/fold_cases.h"

static void text_that_grows_too_long_is_let_go(void **state)
{
    (void)state;
    take(with_long_text("cbuiltins\nstr.upper\n(", 65536, "tR"));
    assert_memory_equal(taken(), "\"AAAA", 5);
    take(with_long_text("cbuiltins\nstr.upper\n(", 65537, "tR"));
    assert_false(is_constant(taken()));
    take(with_long_text("cbuiltins\nstr.replace\n(", 20000, STR("a") STR("bbbb") "tR"));
    assert_false(is_constant(taken()));
    take(with_long_text("cbuiltins\nstr.join\n(" STR("") "(", 40000, "2222ttR"));
    assert_false(is_constant(taken()));
    take(with_long_text("cbuiltins\nreversed\n(", 256, "tR"));
    assert_memory_equal(taken(), "[\"a\", ", 6);
    take(with_long_text("cbuiltins\nreversed\n(", 257, "tR"));
    assert_memory_equal(taken(), "builtins.reversed(", 18);
}

static void take_list(const char *before, const char *item, size_t count)
{
    static char stream[64000];
    size_t len = (size_t)sprintf(stream, "%s", before);

    for (size_t i = 0; i < count; i++, len += 2)
        memcpy(stream + len, item, 2);
    memcpy(stream + len, "ltR", 3);
    take((struct piece){stream, len + 3});
}

/* A list keeps 16,384 items; text of all is not what is known of them. */
static void a_list_of_which_not_all_is_kept_is_no_text(void **state)
{
    (void)state;
    for (size_t count = 16384; count < 16386; count++) {
        take_list("cbuiltins\nbytes\n((", "K\1", count);
        assert_int_equal(is_constant(taken()), count == 16384);
        take_list("cbuiltins\nstr.join\n(S''\n(", "U\0", count);
        assert_int_equal(is_constant(taken()), count == 16384);
    }
}

/* Items of which so many came at once that none was kept: what comes behind them has another place
 * than among those that were. */
static void behind_items_that_were_not_kept_none_has_a_known_place(void **state)
{
    static char stream[20000];

    (void)state;
    for (int index = 1; index < 3; index++) {
        size_t len = (size_t)sprintf(stream, "](S'a'\nS'b'\nep1\n(");
        memset(stream + len, 'N', 9000);
        len += 9000;
        len += (size_t)sprintf(stream + len,
                               "e(S'c'\ne0cm\ntake\n(coperator\ngetitem\n(g1\nI%d\ntRtR.", index);
        run_in(&told, (uint8_t *)stream, len, 1 << 20);
        assert_int_equal(is_constant(taken()), index == 1);
    }
}

#define CHANGED_THEN_JOINED(change)                                                                \
    "(" STR("sys") "lp1\n0" change "0"                                                             \
                   "cm\ntake\n(" CALL("builtins", "str.join", STR("") "g1\n") "tR."

#define REVERSED CALL("builtins", "reversed", STR("sys"))
#define JOINED(items) CALL("builtins", "str.join", STR("") items)

/* What an iterator gave is gone: joined again it gave "sys" once more. */
static void an_iterator_gives_its_items_once(void **state)
{
    (void)state;
    take((struct piece)P(REVERSED "p1\n0" JOINED("g1\n")));
    assert_memory_equal(taken(), "\"sys\")", 6);
    take((struct piece)P(REVERSED "p1\n0" JOINED("g1\n") "0" JOINED("g1\n")));
    assert_false(is_constant(taken()));
    take((struct piece)P(REVERSED "p1\n0cbuiltins\nlist\n(g1\ntR0" JOINED("g1\n")));
    assert_false(is_constant(taken()));
}

/* A bytearray takes what APPENDS adds. */
static void a_bytearray_of_hex_digits_is_not_constant(void **state)
{
    (void)state;
    take((struct piece)P(DECODE(HEX(STR("61")))));
    assert_memory_equal(taken(), "\"a\")", 4);
    take((struct piece)P(
        CALL("builtins", "bytearray.fromhex", STR("61")) "p1\n(" INT(98) "e0" DECODE("g1\n")));
    assert_false(is_constant(taken()));
}

/* pickle.py calls with all that gives items: str(*x) was taken for str(). */
static void of_arguments_that_are_not_known_none_is_left_out(void **state)
{
    (void)state;
    take((struct piece)P("cbuiltins\nstr\n)R"));
    assert_memory_equal(taken(), "\"\")", 3);
    take((struct piece)P("cbuiltins\nstr\n" RESULT "R"));
    assert_false(is_constant(taken()));
    take((struct piece)P("cbuiltins\nbytes\n" RESULT "R"));
    assert_false(is_constant(taken()));
    take((struct piece)P("(" STR("a") "lp1\n0cm\nchange\n(g1\ntR0cbuiltins\nstr\ng1\nR"));
    assert_false(is_constant(taken()));
}

/* Many items without a byte, one block each: looking at all of them took time by their square. */
static void items_that_take_no_bytes_are_work_too(void **state)
{
    static char stream[300000];
    size_t len = (size_t)sprintf(stream, "]p1\n0S''\np2\n0g1\n");

    (void)state;
    for (int i = 0; i < 16000; i++)
        len += (size_t)sprintf(stream + len, "g2\na");
    len += (size_t)sprintf(stream + len, "0");
    for (int i = 0; i < 2000; i++)
        len += (size_t)sprintf(stream + len, JOINED("g1\n") "0");
    len += (size_t)sprintf(stream + len, "N.");
    assert_true(run(&told, (uint8_t *)stream, len).overworked);
}

/* Lists that unknown code has had are not what the stream made them, wherever they lay. */
static void a_list_that_was_given_away_is_no_text(void **state)
{
    static const struct piece streams[] = {
        P(CHANGED_THEN_JOINED("cm\nchange\n(g1\ntR")),
        P(CHANGED_THEN_JOINED("cm\nchange\n((g1\nt(ltR")),
        P(CHANGED_THEN_JOINED("cm\nchange\n(((g1\nlltR")),
        P(CHANGED_THEN_JOINED("cm\nchange\n((S'a'\ng1\ndtR")),
        P(CHANGED_THEN_JOINED("cm\nchange\n((((((((((g1\nttttttttttR")),
        P(CHANGED_THEN_JOINED(NEW_WITH("m", "change", "", STR("a") "g1\n"))),
        P(CHANGED_THEN_JOINED("cm\nmake\n)R(" STR("a") "g1\ndb")),
        P(CHANGED_THEN_JOINED("cm\nmake\n)Rg1\na")),
        P(CHANGED_THEN_JOINED("cm\nmake\n)R" STR("a") "g1\ns")),
        P(CHANGED_THEN_JOINED(
            CALLED(CALL("operator", "methodcaller", STR("append") STR("x")), "g1\n"))),
    };

    (void)state;
    take((struct piece)P("(K\1lp1\n0cm\nchange\n(g1\ntR0" CALL("builtins", "bytes", "g1\n")));
    assert_false(is_constant(taken()));
    take((struct piece)P("(" STR("a") "lp1\n0cm\nchange\n(g1\ntR0" ITEM("g1\n" INT(0))));
    assert_false(is_constant(taken()));
    run(&told, BYTES(CHANGED_THEN_JOINED("cm\nchange\n(" STR("a") "tR")));
    assert_memory_equal(taken(), "\"sys\")", 6);
    for (size_t i = 0; i < sizeof(streams) / sizeof(*streams); i++) {
        run(&told, (const uint8_t *)streams[i].at, streams[i].len);
        if (is_constant(taken()) || strncmp(taken(), "nothing", 7) == 0)
            fail_msg("stream %zu: %s", i, taken());
    }
}

/* Past some items nobody looks on: then all lists count as given away. */
static void a_list_among_a_thousand_others_is_no_text_either(void **state)
{
    static char stream[8192];
    size_t len = (size_t)sprintf(stream, "(S'sys'\nlp1\n0cm\nchange\n((");

    (void)state;
    for (size_t i = 0; i < 1000; i++)
        stream[len++] = ']';
    len += (size_t)sprintf(stream + len, "g1\nttR0cm\ntake\n(cbuiltins\nstr.join\n(S''\ng1\ntRtR.");
    run(&told, (const uint8_t *)stream, len);
    assert_false(is_constant(taken()));
}

/* Whatever memory there is: the name comes out, or the arena has said no. */
static void without_memory_nothing_is_made_up(void **state)
{
    static const char stream[] = "\x80\x04" STR("posix") CALL(
        "builtins", "bytes.decode",
        HEX(CALL("builtins", "str.replace",
                 STR("73 79-73 74 65 6d") STR("-") STR(" ")))) "\x93(" B64(STR("dG91Y2g=")) "tR.";
    size_t refused = 0;

    (void)state;
    for (size_t memory = 64 << 10; memory < 640 << 10; memory += 2048) {
        struct sg_arena arena = new_arena(memory);
        struct sg_machine *m;
        struct sg_machine_options options = {.max_memory = memory};
        struct sg_events none = {0};
        enum sg_status status = sg_machine_open(&m, &arena, &options, &none);
        munmap(arena.base, arena.size);
        if (status != SG_OK)
            continue;
        run_in(&told, BYTES(stream), memory);
        assert_null(strstr(told.text, "name posix:\n"));
        assert_true(told.refused || strstr(told.text, "call posix.system(b\"touch\")\n"));
        refused += told.refused;
    }
    assert_true(refused > 0);
    assert_false(told.refused);
}

/* Bytes that went by a decoder are gone; those of a file are there again. */
static void text_that_went_by_is_not_made_up(void **state)
{
    static char stream[1 << 13];
    struct piece upper,
        module = with_long_text("csys\nmodules\np1\n0coperator\ngetitem\n(g1\n", 3000, "tR.");

    (void)state;
    memcpy(stream, module.at, module.len);
    run_as(&told, DECODED, (uint8_t *)stream, module.len, 1 << 20);
    assert_null(strstr(told.text, "name a"));
    run_as(&told, IN_FILE, (uint8_t *)stream, module.len, 1 << 20);
    assert_non_null(strstr(told.text, "name aaa"));
    upper = with_long_text("cm\ntake\n(cbuiltins\nstr.upper\n(", 3000, "tRtR.");
    run_as(&told, IN_FILE, (const uint8_t *)upper.at, upper.len, 1 << 20);
    assert_memory_equal(taken(), "\"AAAA", 5);
    run_as(&told, DECODED, (const uint8_t *)upper.at, upper.len, 1 << 20);
    assert_false(is_constant(taken()));
    assert_non_null(strstr(told.text, "call builtins.str.upper("));
}

/* The same large text again and again: past some work it is not looked into, and that is said. */
static void what_would_take_too_long_is_not_folded_and_that_is_said(void **state)
{
    static char stream[1 << 17];
    struct piece text = with_long_text("", 60000, "p1\n0");
    size_t len = text.len;
    struct sg_outcome outcome;

    (void)state;
    memcpy(stream, text.at, text.len);
    for (int i = 0; i < 600; i++)
        len += (size_t)sprintf(stream + len, "cbuiltins\nstr.upper\n(g1\ntR0");
    len += (size_t)sprintf(stream + len, "cm\ntake\n(cbuiltins\nstr.upper\n(g1\ntRtR.");
    outcome = run(&told, (const uint8_t *)stream, len);
    assert_true(outcome.overworked);
    assert_memory_equal(taken(), "builtins.str.upper(", 19);
    len += (size_t)sprintf(stream + len - 1, "0ctypes\nCodeType\n(Vsystem\ntR.") - 1;
    run(&told, (const uint8_t *)stream, len);
    assert_null(strstr(told.text, "uses system"));
}

/* A large stream may be looked into for longer. */
static void work_is_in_proportion_to_the_stream(void **state)
{
    static char stream[1 << 20];
    struct piece text = with_long_text("", 60000, "p1\n0");
    size_t len = 800000;

    (void)state;
    for (size_t i = 0; i < len; i += 2)
        memcpy(stream + i, "N0", 2);
    memcpy(stream + len, text.at, text.len);
    len += text.len;
    for (int i = 0; i < 400; i++)
        len += (size_t)sprintf(stream + len, "cbuiltins\nstr.upper\n(g1\ntR0");
    len += (size_t)sprintf(stream + len, "cm\ntake\n(cbuiltins\nstr.upper\n(g1\ntRtR.");
    assert_false(run(&told, (const uint8_t *)stream, len).overworked);
    assert_memory_equal(taken(), "\"AAAA", 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_iterator_gives_its_items_once),
        cmocka_unit_test(behind_items_that_were_not_kept_none_has_a_known_place),
        cmocka_unit_test(a_bytearray_of_hex_digits_is_not_constant),
        cmocka_unit_test(of_arguments_that_are_not_known_none_is_left_out),
        cmocka_unit_test(items_that_take_no_bytes_are_work_too),
        cmocka_unit_test(text_that_grows_too_long_is_let_go),
        cmocka_unit_test(a_list_of_which_not_all_is_kept_is_no_text),
        cmocka_unit_test(a_list_that_was_given_away_is_no_text),
        cmocka_unit_test(a_list_among_a_thousand_others_is_no_text_either),
        cmocka_unit_test(text_that_went_by_is_not_made_up),
        cmocka_unit_test(what_would_take_too_long_is_not_folded_and_that_is_said),
        cmocka_unit_test(work_is_in_proportion_to_the_stream),
        cmocka_unit_test(without_memory_nothing_is_made_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
