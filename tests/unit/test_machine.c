/* test_machine.c - what the pickle machine tells of streams, and how it bears hostile ones. */
#include "tests/unit/machine_bench.h"

static void a_call_is_told_with_its_arguments(void **state)
{
    (void)state;
    expect(BYTES("\x80\x02"
                 "cposix\nsystem\nq\0X\x05\0\0\0touchq\1\x85Rq\2."),
           "call posix.system(\"touch\")\n");
}

static void a_name_computed_by_getattr_and_join_comes_out(void **state)
{
    (void)state;
    expect(BYTES("cbuiltins\ngetattr\n(cbuiltins\n__import__\n(S'os'\ntRcbuiltins\nstr.join\n(S''\n"
                 "(S'sys'\nS'tem'\nltRtR(S'x'\ntR."),
           "call os.system(\"x\")\n");
}

static void a_list_that_unknown_code_had_is_not_folded(void **state)
{
    (void)state;
    run(&told, BYTES("(S'a'\nlp0\ncm\nchange\n(g0\ntR0cbuiltins\nstr.join\n(S''\ng0\ntRp1\n0"
                     "\x80\x04"
                     "g1\nS'b'\n\x93."));
    assert_int_equal(told.anomalies[SG_A_COMPUTED_NAME], 1);
}

static void a_partial_calls_what_it_holds(void **state)
{
    (void)state;
    expect(BYTES("cfunctools\npartial\n(cos\nsystem\nS'x'\ntR(tR."), "call os.system(\"x\")\n");
}

static void a_registered_extension_is_resolved(void **state)
{
    (void)state;
    expect(BYTES("ccopyreg\nadd_extension\n(S'os'\nS'system'\nI7\ntR0\x82\x07(S'x'\ntR."),
           "call os.system(\"x\")\n");
}

static void python_2_names_are_mapped_below_protocol_3(void **state)
{
    (void)state;
    expect(BYTES("c__builtin__\napply\n."), "name builtins:apply\n");
    expect(BYTES("\x80\x03"
                 "c__builtin__\napply\n."),
           "name __builtin__:apply\n");
}

static void both_sides_of_a_frame_straddle_are_run(void **state)
{
    /* The frame ends two bytes into the text; a reader of files takes the text from after it. */
    static const char stream[] = "\x80\x04\x95\x05\0\0\0\0\0\0\0"
                                 "X\x0c\0\0\0"
                                 "cm1\nn1\n)R000"
                                 "N.";
    (void)state;
    run(&told, BYTES(stream));
    assert_true(told.anomalies[SG_A_FRAME_STRADDLE] == 0);
    static const char straddle[] = "\x80\x04\x95\x07\0\0\0\0\0\0\0"
                                   "X\x04\0\0\0"
                                   "ab"
                                   "cdefcm1\nn1\n)R.";
    run(&told, BYTES(straddle));
    assert_true(told.anomalies[SG_A_FRAME_STRADDLE] > 0);
    assert_non_null(strstr(told.text, "name m1:n1\n"));
}

static void array_bytes_of_joblib_are_passed_over_and_also_read_as_opcodes(void **state)
{
    static const char stream[] =
        "\x80\x03"
        "cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}(X\x05\0\0\0shapeK\x05\x85X\x05\0\0\0dtype"
        "cnumpy\ndtype\n(X\x02\0\0\0u1K\0K\1tRubcm\nn\n.cm2\nn2\n.";
    (void)state;
    run(&told, BYTES(stream));
    assert_non_null(strstr(told.text, "name m:n\n"));
    expect(BYTES(stream), "name m2:n2\n");
}

static void expect_words(const char *code, size_t size)
{
    char stream[512] = "\x80\x04"
                       "cmarshal\nloads\nC";
    size_t len = strlen(stream);

    stream[len++] = (char)size;
    memcpy(stream + len, code, size);
    memcpy(stream + len + size, "\x85R.", 3);
    expect((const uint8_t *)stream, len + size + 3, "uses os\n");
    expect((const uint8_t *)stream, len + size + 3, "uses system\n");
    expect((const uint8_t *)stream, len + size + 3, "holds touch\n");
}

/* marshal.dumps(compile("import os\nos.system('touch')", "", "exec")) of CPython 3.8 and 3.13. */
static void words_of_marshalled_code_are_told(void **state)
{
    static const char old[] =
        "\143\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\003\000\000"
        "\000\100\000\000\000\163\026\000\000\000\144\000\144\001\154\000\132\000\145\000"
        "\240\001\144\002\241\001\001\000\144\001\123\000\051\003\351\000\000\000\000\116"
        "\132\005\164\157\165\143\150\051\002\332\002\157\163\332\006\163\171\163\164\145"
        "\155\251\000\162\003\000\000\000\162\003\000\000\000\332\000\332\010\074\155\157"
        "\144\165\154\145\076\001\000\000\000\163\002\000\000\000\010\001";
    static const char new[] =
        "\143\000\000\000\000\000\000\000\000\000\000\000\000\003\000\000\000\000\000\000"
        "\000\363\060\000\000\000\225\000\123\000\123\001\113\000\162\000\134\000\122\002"
        "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\042\000"
        "\123\002\065\001\000\000\000\000\000\000\040\000\147\001\051\003\351\000\000\000"
        "\000\116\332\005\164\157\165\143\150\051\002\332\002\157\163\332\006\163\171\163"
        "\164\145\155\251\000\363\000\000\000\000\332\000\332\010\074\155\157\144\165\154"
        "\145\076\162\010\000\000\000\001\000\000\000\163\024\000\000\000\360\003\001\001"
        "\001\333\000\011\330\000\002\207\011\202\011\210\047\325\000\022\162\006\000\000"
        "\000";
    (void)state;
    expect_words(old, sizeof(old) - 1);
    expect_words(new, sizeof(new) - 1);
}

/* Every truncation, with the end of the data at an unmapped page. */
static void every_truncation_is_borne(void **state)
{
    static const char stream[] =
        "\x80\x04\x95\x20\0\0\0\0\0\0\0\x8c\x02os\x94\x8c\x06system\x94\x93\x94\x8c\x01x\x85R\x94("
        "I1\nL2L\nF1.5\nS'a\\x62'\nVu\\u0041\nP1\nT\1\0\0\0aU\1b\x8d\1\0\0\0\0\0\0\0cB\1\0\0\0d"
        "\x8e\1\0\0\0\0\0\0\0e\x96\1\0\0\0\0\0\0\0fG\0\0\0\0\0\0\0\0\x8a\1\1\x8b\1\0\0\0\1tp7\n0"
        "g7\n}(h\0h\1ud(h\2iosx\nn\n(h\2o\x82\1\x83\1\0\x84\1\0\0\0.";
    size_t size = sizeof(stream) - 1, page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *pages =
        mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)state;
    assert_true(pages != MAP_FAILED);
    assert_int_equal(mprotect(pages + page, page, PROT_NONE), 0);
    for (size_t len = 0; len <= size; len++) {
        memcpy(pages + page - len, stream, len);
        struct sg_outcome outcome = run_in(&told, pages + page - len, len, 1u << 20);
        assert_true(outcome.end <= len);
    }
    munmap(pages, 2 * page);
}

static void a_tuple_that_doubles_itself_is_a_bomb(void **state)
{
    size_t size;
    uint8_t *bytes = repeated("\x80\x04N\x85", "2\x86", 300, ".", &size);

    (void)state;
    run(&told, bytes, size);
    assert_int_equal(told.anomalies[SG_A_BOMB], 1);
    free(bytes);
}

static void a_memo_key_far_away_is_a_bomb_and_costs_nothing(void **state)
{
    (void)state;
    struct sg_outcome outcome =
        run_in(&told, BYTES("\x80\x04Nr\xff\xff\xff\xffj\xff\xff\xff\xff."), 1u << 20);
    assert_int_equal(outcome.stop, SG_STOP_STOP);
    assert_int_equal(told.anomalies[SG_A_BOMB], 1);
}

static void a_hundred_thousand_levels_are_nothing_special(void **state)
{
    size_t size;
    uint8_t *bytes = repeated("\x80\x04", "]", 100000, "", &size), *up;

    (void)state;
    up = malloc(size + 100000);
    assert_non_null(up);
    memcpy(up, bytes, size);
    memset(up + size, 'a', 99999);
    up[size + 99999] = '.';
    assert_int_equal(run(&told, up, size + 100000).stop, SG_STOP_STOP);
    free(up);
    free(bytes);
}

static void a_declared_length_beyond_the_data_ends_the_data(void **state)
{
    (void)state;
    assert_int_equal(run(&told, BYTES("\x80\x04"
                                      "B\xff\xff\xff\xff"
                                      "ab"))
                         .stop,
                     SG_STOP_END);
    assert_int_equal(run(&told, BYTES("\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\xff")).stop,
                     SG_STOP_ERROR);
}

static void an_error_after_a_call_is_told_and_the_call_too(void **state)
{
    (void)state;
    expect(BYTES("cos\nsystem\n(S'x'\ntR\xff"), "call os.system(\"x\")\n");
    assert_int_equal(told.anomalies[SG_A_BROKEN_AFTER_CALL], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_is_told_with_its_arguments),
        cmocka_unit_test(a_name_computed_by_getattr_and_join_comes_out),
        cmocka_unit_test(a_list_that_unknown_code_had_is_not_folded),
        cmocka_unit_test(a_partial_calls_what_it_holds),
        cmocka_unit_test(a_registered_extension_is_resolved),
        cmocka_unit_test(python_2_names_are_mapped_below_protocol_3),
        cmocka_unit_test(both_sides_of_a_frame_straddle_are_run),
        cmocka_unit_test(array_bytes_of_joblib_are_passed_over_and_also_read_as_opcodes),
        cmocka_unit_test(words_of_marshalled_code_are_told),
        cmocka_unit_test(every_truncation_is_borne),
        cmocka_unit_test(a_tuple_that_doubles_itself_is_a_bomb),
        cmocka_unit_test(a_memo_key_far_away_is_a_bomb_and_costs_nothing),
        cmocka_unit_test(a_hundred_thousand_levels_are_nothing_special),
        cmocka_unit_test(a_declared_length_beyond_the_data_ends_the_data),
        cmocka_unit_test(an_error_after_a_call_is_told_and_the_call_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
