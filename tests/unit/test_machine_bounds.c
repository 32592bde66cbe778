/* test_machine_bounds.c - where memory, work and second looks end: that is said. */
#include "tests/unit/machine_bench.h"

static void memory_used_up_is_stated(void **state)
{
    size_t size;
    uint8_t *bytes = repeated("", "(", 1u << 20, ".", &size);

    (void)state;
    assert_int_equal(run_in(&told, bytes, size, 1u << 20).stop, SG_STOP_EXHAUSTED);
    free(bytes);
}

static void a_forgotten_callee_is_said_to_matter(void **state)
{
    /* A result lies on the stack while a million lists push it out of the ring. */
    size_t size;
    uint8_t *bytes = repeated("cm\nmake\n(tR", "]0", 200000, "(tR.", &size);

    (void)state;
    run_in(&told, bytes, size, 1u << 20);
    assert_true(told.anomalies[SG_A_FORGOTTEN_USED] > 0);
    assert_int_equal(told.calls, 2);
    free(bytes);
}

static void a_forgotten_list_is_still_a_list(void **state)
{
    size_t size;
    uint8_t *bytes = repeated("]", "]0", 200000, "Na.", &size);

    (void)state;
    assert_int_equal(run_in(&told, bytes, size, 1u << 20).stop, SG_STOP_STOP);
    assert_int_equal(told.calls, 0);
    free(bytes);
}

static void a_far_memo_key_is_of_its_own_load(void **state)
{
    (void)state;
    run(&told, BYTES("\x80\x04"
                     "cm\nf\nr\xff\xff\xff\x07."
                     "j\xff\xff\xff\x07)R."));
    assert_int_equal(told.calls, 1); /* only where the same Unpickler goes on */
}

static void names_of_one_hash_are_kept_apart(void **state)
{
    (void)state;
    run(&told, BYTES("cm\nqqvflsr\ncm\ngvdxtrb\ncdldodqf\nf\nchvbvnmw\nf\n)R."));
    assert_non_null(strstr(told.text, "name m:gvdxtrb\nname dldodqf:f\nname hvbvnmw:f\n"));
    assert_non_null(strstr(told.text, "call hvbvnmw.f()\n"));
}

/* Whatever their number, the straight reading goes on; but few are tried the other way. */
static void hundreds_of_frame_straddles_are_borne(void **state)
{
    uint8_t stream[8192] = "\x80\4";
    size_t len = 2;

    (void)state;
    for (int i = 0; i < 300; i++) {
        memcpy(stream + len, "\x95\2\0\0\0\0\0\0\0X\4\0\0\0abcd0", 19);
        len += 19;
    }
    memcpy(stream + len, "cm\nend\n.", 9);
    assert_int_equal(run(&told, stream, len + 9).stop, SG_STOP_STOP);
    assert_true(told.anomalies[SG_A_FRAME_STRADDLE] >= 300);
    assert_non_null(strstr(told.text, "name m:end\n"));
}

static void a_frame_without_end_is_no_frame(void **state)
{
    struct sg_outcome outcome;

    (void)state;
    outcome = run(&told, BYTES("\x80\4\x95\xff\xff\xff\xff\xff\xff\xff\x7f"
                               "cm\nf\n."));
    assert_int_equal(outcome.stop, SG_STOP_STOP);
    assert_false(outcome.frame_open);
    outcome = run(&told, BYTES("\x80\4\x95\xff\xff\xff\xff\xff\xff\xff\xff."));
    assert_int_equal(outcome.stop, SG_STOP_ERROR);
}

/* A line too long for memory that also crosses its frame's end. */
static void a_line_may_be_too_long_in_every_way(void **state)
{
    static uint8_t stream[200100] = "\x95\4\0\0\0\0\0\0\0S'";
    size_t len = 200000;

    (void)state;
    memset(stream + 11, 'a', len - 11);
    memcpy(stream + len, "'\n0cm\nend\n.", 12);
    run_as(&told, IN_FILE, stream, len + 12, 1 << 20);
    assert_non_null(strstr(told.text, "name m:end\n"));
    assert_true(told.anomalies[SG_A_FRAME_STRADDLE] > 0);
}

/* A literal whose text takes more than a quarter of what is kept is not kept. */
static void long_text_of_escapes_is_let_go(void **state)
{
    static char stream[50000] = "cm\ntake\n(S'\\x61";
    size_t len = strlen(stream);

    (void)state;
    memset(stream + len, 'a', 40000);
    memcpy(stream + len + 40000, "'\ntR.", 6);
    run_in(&told, (uint8_t *)stream, len + 40006, 1 << 20);
    assert_non_null(strstr(told.text, "call m.take(\"...\")\n"));
}

static void a_list_of_which_nothing_is_kept_is_shown_so(void **state)
{
    static char stream[16384] = "cm\ntake\n((";
    size_t len = strlen(stream);

    (void)state;
    memset(stream + len, 'N', 9000);
    memcpy(stream + len + 9000, "ltR.", 4);
    run_in(&told, (uint8_t *)stream, len + 9004, 1 << 20);
    assert_non_null(strstr(told.text, "call m.take([...])\n"));
}

static void names_in_what_cannot_be_read_again_are_not_known(void **state)
{
    static uint8_t stream[10100] = "\x80\4\x8c\1m\x94\x8c\1x\x94";
    size_t len = 10;

    (void)state;
    for (; len < 10000; len += 2)
        memcpy(stream + len, "N0", 2);
    memcpy(stream + len, "h\0h\1\x93.", 6);
    run_as(&told, IN_FILE, stream, len + 6, 1 << 20);
    assert_non_null(strstr(told.text, "name m:x\n"));
    run_as(&told, READ_ONCE, stream, len + 6, 1 << 20);
    assert_non_null(strstr(told.text, "name ?:?\n"));
    assert_true(told.anomalies[SG_A_COMPUTED_NAME] > 0);
}

static void a_forgotten_name_or_object_is_said_to_matter(void **state)
{
    static const struct {
        const char *head, *tail;
    } rows[] = {
        {"S'n\\x61me'\np1\n0", "\x80\4S'm'\ng1\n\x93."},
        {"S'n\\x61me'\np1\n0", "\x80\4g1\nS'm'\n\x93."},
        {"cm\nf\n)R", "}b."},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        size_t size;
        uint8_t *bytes = repeated(rows[i].head, "]0", 200000, rows[i].tail, &size);
        run_in(&told, bytes, size, 1u << 20);
        if (!told.anomalies[SG_A_FORGOTTEN_USED])
            fail_msg("row %zu", i);
        free(bytes);
    }
}

static void arguments_that_are_no_tuple_are_odd_unless_unknown(void **state)
{
    (void)state;
    run(&told, BYTES("cm\nf\nI1\nR."));
    assert_int_equal(told.anomalies[SG_A_NON_TUPLE_ARGS], 1);
    run(&told, BYTES("cm\nf\ncm\nargs\n)RR."));
    assert_int_equal(told.anomalies[SG_A_NON_TUPLE_ARGS], 0);
}

/* Thousands of codes, asked for thousands of times. */
static void extensions_that_would_take_too_long_are_not_looked_up(void **state)
{
    static char stream[200000];
    size_t len = (size_t)sprintf(stream, "ccopyreg\nadd_extension\np1\n0");

    (void)state;
    for (int i = 1; i <= 4000; i++)
        len += (size_t)sprintf(stream + len, "g1\n(S'm'\nS'f'\nM%c%ctR0", i | 1, i >> 8 | 1);
    for (int i = 0; i < 1200; i++, len += 3)
        memcpy(stream + len,
               "\x82\2"
               "0",
               3);
    stream[len++] = '.';
    assert_true(run(&told, (uint8_t *)stream, len).overworked);
}

static void note_top(void *ctx, const struct sg_machine *m, const struct sg_global *global)
{
    sg_value top;
    bool *had = ctx;

    (void)global;
    *had = sg_machine_top(m, &top);
}

static void what_lies_on_top_is_told(void **state)
{
    static const struct {
        const char *stream;
        bool top;
    } rows[] = {{"cm\nf\n.", false}, {"Ncm\nf\n.", true}, {"N(cm\nf\n.", false}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct sg_arena arena = new_arena(1 << 20);
        struct sg_machine_options options = {.max_memory = 1 << 20};
        bool had = !rows[i].top;
        struct sg_events events = {.ctx = &had, .global = note_top};
        struct sg_source source = sg_source_mem(rows[i].stream, strlen(rows[i].stream));
        struct sg_machine *m;
        struct sg_stream stream;
        struct sg_outcome outcome;
        assert_int_equal(sg_machine_open(&m, &arena, &options, &events), SG_OK);
        sg_stream_open(&stream, &source, NULL, 0);
        sg_machine_run(m, &stream, &outcome);
        assert_int_equal(had, rows[i].top);
        munmap(arena.base, arena.size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_used_up_is_stated),
        cmocka_unit_test(a_forgotten_callee_is_said_to_matter),
        cmocka_unit_test(a_forgotten_list_is_still_a_list),
        cmocka_unit_test(a_far_memo_key_is_of_its_own_load),
        cmocka_unit_test(names_of_one_hash_are_kept_apart),
        cmocka_unit_test(hundreds_of_frame_straddles_are_borne),
        cmocka_unit_test(a_frame_without_end_is_no_frame),
        cmocka_unit_test(a_line_may_be_too_long_in_every_way),
        cmocka_unit_test(long_text_of_escapes_is_let_go),
        cmocka_unit_test(a_list_of_which_nothing_is_kept_is_shown_so),
        cmocka_unit_test(names_in_what_cannot_be_read_again_are_not_known),
        cmocka_unit_test(a_forgotten_name_or_object_is_said_to_matter),
        cmocka_unit_test(arguments_that_are_no_tuple_are_odd_unless_unknown),
        cmocka_unit_test(extensions_that_would_take_too_long_are_not_looked_up),
        cmocka_unit_test(what_lies_on_top_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
