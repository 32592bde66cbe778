/* test_arrays.c - array bytes that joblib takes out of a stream: how many, and what if nobody
 * knows. */
#include "tests/unit/machine_bench.h"
#include "tests/unit/pickle_text.h"

#define MEMORY ((size_t)1 << 20)

#define DTYPE(letters) CALL("numpy", "dtype", STR(letters))
#define WITH_STATE(dtype, items) dtype "(" items "tb"
#define STATE_OF_8(size, flags) INT(3) STR("|") "NNN" size INT(1) flags
#define WRAPPER "cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81"
#define ARRAY(shape, dtype) WRAPPER "}(" STR("shape") shape STR("dtype") dtype "ub"
#define ALIGNED(shape, dtype, alignment)                                                           \
    WRAPPER "}(" STR("shape") shape STR("dtype") dtype STR("numpy_array_alignment_bytes")          \
        alignment "ub"
#define ONE TUPLE(INT(1))

/* The array, bytes of it, and a name behind. */
static struct sg_outcome run_array(const char *array, const char *content, size_t size)
{
    uint8_t stream[1024];
    size_t len = strlen(array);
    static const char behind[] = "0cm\nend\n.";

    assert_true(len + size + sizeof(behind) < sizeof(stream));
    memcpy(stream, array, len);
    if (content)
        memcpy(stream + len, content, size);
    else
        memset(stream + len, 0xff, size);
    memcpy(stream + len + size, behind, sizeof(behind) - 1);
    return run(&told, stream, len + size + sizeof(behind) - 1);
}

static void array_bytes_are_as_many_as_shape_and_dtype_say(void **state)
{
    static const struct {
        const char *array;
        size_t size;
    } rows[] = {
        {ARRAY(ONE, DTYPE("u1")), 1},
        {ARRAY(TUPLE(INT(2) INT(3)), DTYPE("<f8")), 48},
        {ARRAY(TUPLE(""), DTYPE("f4")), 4},
        {ARRAY(TUPLE(INT(0)), DTYPE("f4")), 0},
        {ARRAY(ONE, DTYPE("<U10")), 40},
        {ARRAY(ONE, DTYPE("M8[ns]")), 8},
        {ARRAY(ONE, DTYPE("?")), 1},
        {ARRAY(ONE, WITH_STATE(DTYPE("V8"), STATE_OF_8(INT(5), INT(0)))), 5},
        {ARRAY(ONE, WITH_STATE(DTYPE("S"), INT(3) STR("|") "NNN" INT(6) INT(1))), 6},
        {ARRAY(ONE, WITH_STATE(DTYPE("S"), STR("|") "NN" INT(6) INT(1))), 6},
        {ARRAY(ONE, WITH_STATE(DTYPE("S"), STR("|") "NNN" INT(6) INT(1))), 6},
        {ARRAY(ONE, WITH_STATE(DTYPE("u2"), STATE_OF_8(INT(-1), INT(0)))), 2},
        /* The last of two pairs of one key counts; b"shape" is no "shape". The first was taken. */
        {WRAPPER "}(" STR("shape") TUPLE(INT(9)) STR("dtype") DTYPE("u1") STR("shape") ONE "ub", 1},
        {WRAPPER "}(" STR("shape") ONE RAW("\5", "shape") TUPLE(INT(9)) STR("dtype")
             DTYPE("u1") "ub",
         1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct sg_outcome outcome = run_array(rows[i].array, NULL, rows[i].size);
        if (outcome.stop != SG_STOP_STOP || outcome.guessed)
            fail_msg("row %zu: %s", i, outcome.error);
    }
}

static void arrays_of_objects_are_pickles(void **state)
{
    static const char *const arrays[] = {
        ARRAY(ONE, DTYPE("O")),
        ARRAY(ONE, DTYPE("|O8")),
        ARRAY("N", DTYPE("O")),
        ARRAY(ONE, WITH_STATE(DTYPE("V8"), STATE_OF_8(INT(8), INT(1)))),
        ALIGNED(ONE, DTYPE("O"), INT(16)),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(arrays) / sizeof(*arrays); i++) {
        assert_int_equal(run_array(arrays[i], "cm\ninner\n.", 10).stop, SG_STOP_STOP);
        assert_non_null(strstr(told.text, "name m:inner\nname m:end\n"));
    }
    assert_int_equal(run_array(ARRAY(ONE, DTYPE("O")) "N." ARRAY(ONE, DTYPE("O")), "N.", 2).stop,
                     SG_STOP_STOP);
}

static void padding_of_its_own_length_stands_before_aligned_arrays(void **state)
{
    (void)state;
    assert_int_equal(
        run_array(ALIGNED(ONE, DTYPE("u2"), INT(16)), "\3\xff\xff\xff\xff\xff", 6).stop,
        SG_STOP_STOP);
    assert_int_equal(run_array(ALIGNED(ONE, DTYPE("u2"), "N"), "\xff\xff", 2).stop, SG_STOP_STOP);
    assert_int_equal(run(&told, BYTES(ALIGNED(ONE, DTYPE("u2"), INT(16)))).stop, SG_STOP_END);
}

/* The loader would go on behind bytes of which nobody knows where they end: what is there is
 * searched for names. */
static void behind_an_array_of_unknown_size_names_are_searched(void **state)
{
    static const char *const arrays[] = {
        WRAPPER "}b",
        ARRAY("N", DTYPE("u1")),
        ARRAY(LIST(INT(1)), DTYPE("u1")),
        ARRAY(TUPLE(INT(-1)), DTYPE("u1")),
        ARRAY(TUPLE("N"), DTYPE("u1")),
        ARRAY(TUPLE(CALL("numpy", "int64", INT(1))), DTYPE("u1")),
        ARRAY(TUPLE(INT(72057594037927936) INT(72057594037927936)), DTYPE("u1")),
        ARRAY(TUPLE(INT(72057594037927936)), DTYPE("V999")),
        ARRAY(ONE, "N"),
        ARRAY(ONE, CALL("numpy", "mydtype", STR("u1"))),
        ARRAY(ONE, CALL("numpy", "d", STR("u1"))),
        ARRAY(ONE, CALLED(CALL("m", "f", ""), STR("u1"))),
        ARRAY(ONE, CALL("numpy", "dtype", "")),
        ARRAY(ONE, DTYPE("<")),
        ARRAY(ONE, DTYPE("u")),
        ARRAY(ONE, DTYPE("u+1")),
        ARRAY(ONE, DTYPE("S")),
        ARRAY(ONE, WITH_STATE(DTYPE("S"), STATE_OF_8(INT(-1), INT(0)))),
        ARRAY(ONE, WITH_STATE(DTYPE("S7"), STATE_OF_8("N", INT(0)))),
        ARRAY(ONE, WITH_STATE(DTYPE("S7"), STR("|") "NNN")),
        ARRAY(ONE, WITH_STATE(DTYPE("S7"), STR("|") "NNNN")),
        ARRAY(ONE, DTYPE("u2") "}b"),
        ARRAY(ONE, DTYPE("?2")),
        ARRAY(ONE, DTYPE("u2+")),
        ARRAY(ONE, DTYPE("M8[ns")),
        ARRAY(ONE, DTYPE("M8[ns]]")),
        ARRAY(ONE, DTYPE("M8[]")),
        ARRAY(ONE, DTYPE("u1[ns]")),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(arrays) / sizeof(*arrays); i++) {
        struct sg_outcome outcome = run_array(arrays[i], NULL, 100);
        if (outcome.stop != SG_STOP_ERROR || !outcome.guessed || !strstr(told.text, "name m:end\n"))
            fail_msg("array %zu: %s", i, told.text);
    }
}

static void names_are_found_wherever_they_begin(void **state)
{
    static const struct {
        const char *bytes;
        bool found;
    } rows[] = {
        {"\xff"
         "cm\nx\n.",
         true},
        {"\xff(im\nx\n.", true},
        {"\xff\x8c\1m\x8c\1x\x93.", true},
        {"\xffX\1\0\0\0mX\1\0\0\0x\x93.", true}, /* 16 bytes */
        {"\xff"
         "cm x\ny\n.",
         false},
        {"\xff"
         "cm",
         false},
        {"\xff"
         "c",
         false},
        {"\xffX", false},
        {"\xff\x8c", false},
        {"\xff\x8c\11m", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char stream[256];
        static const char unknown[] = ARRAY(ONE, "N");
        size_t len = sizeof(unknown) - 1, more = i == 3 ? 16 : strlen(rows[i].bytes);
        memcpy(stream, unknown, len);
        memcpy(stream + len, rows[i].bytes, more);
        for (enum way way = IN_MEMORY; way <= DECODED; way++) {
            run_as(&told, way, (uint8_t *)stream, len + more, MEMORY);
            if ((strstr(told.text, "name m:x\n") != NULL) != rows[i].found)
                fail_msg("row %zu: %s", i, told.text);
        }
    }
}

/* A name is at most 255 characters long there. */
static void a_word_too_long_for_a_name_is_none(void **state)
{
    char stream[1024];

    (void)state;
    for (size_t count = 255; count < 257; count++) {
        size_t len = (size_t)sprintf(stream, ARRAY(ONE, "N") "\xff"
                                                             "c");
        memset(stream + len, 'a', count);
        len += count + (size_t)sprintf(stream + len + count, "\nname\n.");
        run_in(&told, (uint8_t *)stream, len, MEMORY);
        assert_int_equal(strstr(told.text, ":name\n") != NULL, count == 255);
    }
}

/* From each of many names all that is behind them would be run: past some work that ends, and is
 * said. */
static void a_search_that_would_take_too_long_ends_and_that_is_said(void **state)
{
    static char stream[200000];
    size_t len = (size_t)sprintf(stream, ARRAY(ONE, "N"));

    (void)state;
    for (int i = 0; i < 1000; i++)
        len += (size_t)sprintf(stream + len, "cm\nn\n0");
    for (int i = 0; i < 80000; i++, len += 2)
        memcpy(stream + len, "N0", 2);
    assert_true(run(&told, (uint8_t *)stream, len).overworked);
}

static void a_shape_too_long_to_be_kept_is_not_known(void **state)
{
    static char stream[16384];
    size_t len = (size_t)sprintf(stream, WRAPPER "}(" STR("dtype") DTYPE("u1") STR("shape") "(");

    (void)state;
    for (int i = 0; i < 5000; i++, len += 2)
        memcpy(stream + len, "K\1", 2);
    len += (size_t)sprintf(stream + len, "tub");
    assert_true(run_in(&told, (uint8_t *)stream, len, MEMORY).guessed);
}

/* A key that was pushed out of memory is no key; nor is one that cannot be read again. */
static void a_key_that_is_gone_is_none(void **state)
{
    static char stream[400000];
    size_t len = (size_t)sprintf(stream, "S'sh\\x61pe'\np1\n0");

    (void)state;
    for (int i = 0; i < 100000; i++, len += 2)
        memcpy(stream + len, "]0", 2);
    len += (size_t)sprintf(stream + len, WRAPPER "}(g1\n" ONE STR("dtype") DTYPE("u1") "ubN");
    assert_true(run_in(&told, (uint8_t *)stream, len, MEMORY).guessed);
    len = (size_t)sprintf(stream, "Vshape\np1\n0");
    for (int i = 0; i < 4000; i++, len += 2)
        memcpy(stream + len, "N0", 2);
    len += (size_t)sprintf(stream + len, WRAPPER "}(g1\n" ONE STR("dtype") DTYPE("u1") "ub\xffN.");
    assert_false(run_as(&told, IN_FILE, (uint8_t *)stream, len, MEMORY).guessed);
    assert_true(run_as(&told, READ_ONCE, (uint8_t *)stream, len, MEMORY).guessed);
}

/* Arrays made in one frame stand behind it, one after the other. */
static void arrays_of_a_frame_stand_behind_it(void **state)
{
    uint8_t stream[4096] = {0x95};

    (void)state;
    for (size_t count = 2; count < 18; count += 7) {
        size_t len = 9;
        for (size_t i = 0; i < count; i++)
            len += (size_t)sprintf((char *)stream + len, ARRAY(ONE, DTYPE("u2")) "0");
        stream[1] = (uint8_t)(len - 9);
        stream[2] = (uint8_t)((len - 9) >> 8);
        memset(stream + len, 0xff, 2 * count);
        memcpy(stream + len + 2 * count, "N.", 2);
        struct sg_outcome outcome = run(&told, stream, len + 2 * count + 2);
        assert_int_equal(outcome.stop, count <= 16 ? SG_STOP_STOP : SG_STOP_ERROR);
        outcome = run(&told, stream, len + 1); /* the first is cut short */
        assert_int_equal(outcome.stop, count <= 16 ? SG_STOP_END : SG_STOP_ERROR);
    }
    size_t len = 9;
    for (size_t i = 0; i < 17; i++)
        len += (size_t)sprintf((char *)stream + len, ARRAY(ONE, DTYPE("u2")) "0");
    stream[1] = (uint8_t)(len - 9);
    stream[2] = (uint8_t)((len - 9) >> 8);
    assert_int_equal(run(&told, stream, len).stop, SG_STOP_ERROR);
}

/* The first of these was taken for the whole, and what the loader runs behind it for its bytes, or
 * the other way round. */
static void what_looks_like_a_size_and_is_none_is_not_taken_for_one(void **state)
{
    static const char *const arrays[] = {
        ARRAY(ONE, DTYPE("u1,u1")),
        ARRAY(ONE, DTYPE("2u1")),
        ARRAY(ONE, DTYPE("(2,3)u1")),
        ARRAY(ONE, DTYPE("u1                              ,u1")),
        /* Objects by the fields, or by a flag that the letters belie or that is no int. */
        ARRAY(ONE, WITH_STATE(DTYPE("V8"), INT(3) STR("|") "NN(" STR("a")
                                               TUPLE(DTYPE("O") INT(0)) "d" INT(8) INT(1))),
        ARRAY(ONE, WITH_STATE(DTYPE("u8"), STATE_OF_8(INT(-1), INT(1)))),
        ARRAY(ONE, WITH_STATE(DTYPE("O"), STATE_OF_8(INT(-1), INT(0)))),
        ARRAY(ONE, WITH_STATE(DTYPE("V8"), STATE_OF_8(INT(8), CALL("numpy", "int64", INT(1))))),
        ARRAY(ONE, WITH_STATE(DTYPE("V8"), STATE_OF_8(CALL("numpy", "int64", INT(9)), INT(0)))),
        /* What the state leaves out, the constructor, another wrapper or an earlier state has. */
        "cjoblib.numpy_pickle\nNumpyArrayWrapper\n)R}(" STR("shape") ONE STR("dtype")
            DTYPE("u1") "ub",
        CALL("copy", "copy", WRAPPER) "}(" STR("shape") ONE STR("dtype") DTYPE("u1") "ub",
        WRAPPER "p1\n}(" STR("numpy_array_alignment_bytes") INT(16) "ub0g1\n}(" STR("shape")
            ONE STR("dtype") DTYPE("u1") "ub",
        WRAPPER "p1\n0" CALL("builtins", "setattr",
                             "g1\n" STR("numpy_array_alignment_bytes")
                                 INT(16)) "0g1\n}(" STR("shape") ONE STR("dtype") DTYPE("u1") "ub",
        /* A dict that somebody had, or with a key that is computed. */
        "}(" STR("shape") ONE STR("dtype") DTYPE("u1") "up1\n0" CALL(
            "operator", "setitem", "g1\n" STR("shape") TUPLE(INT(9))) "0" WRAPPER "g1\nb",
        WRAPPER "}(" STR("shape") ONE STR("dtype") DTYPE("u1") CALL("m", "f", "") "Nub",
        ALIGNED(ONE, DTYPE("u1"), STR("")),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(arrays) / sizeof(*arrays); i++) {
        struct sg_outcome outcome = run_array(arrays[i], NULL, 100);
        if (outcome.stop != SG_STOP_ERROR || !outcome.guessed || !strstr(told.text, "name m:end\n"))
            fail_msg("array %zu: %s", i, told.text);
    }
}

static void in_a_dict_of_many_keys_none_is_looked_for(void **state)
{
    char array[1024];

    (void)state;
    for (size_t more = 62; more < 64; more++) {
        size_t len = (size_t)sprintf(array, WRAPPER "}(" STR("shape") ONE STR("dtype") DTYPE("u1"));
        for (size_t i = 0; i < more; i++)
            len += (size_t)sprintf(array + len, "NN");
        strcpy(array + len, "ub");
        assert_int_equal(run_array(array, NULL, 1).guessed, more == 63);
    }
}

/* A dtype of many fields is no reason not to know the state that it is in. */
static void a_dtype_with_many_fields_leaves_the_size_known(void **state)
{
    static char array[8192];
    size_t len = (size_t)sprintf(array, WRAPPER "}(" STR("shape") ONE STR("dtype")
                                            DTYPE("V3") "(" INT(3) STR("|") "NN(");

    (void)state;
    for (size_t i = 0; i < 400; i++)
        len += (size_t)sprintf(array + len, STR("f%zu") "N", i);
    len += (size_t)sprintf(array + len, "d" INT(3) INT(1) INT(0) "tbub\xff\xff\xff"
                                                                 "0cm\nend\n.");
    assert_int_equal(run(&told, (uint8_t *)array, len).stop, SG_STOP_STOP);
    assert_non_null(strstr(told.text, "name m:end\n"));
}

/* What is in an array of objects pickle.load() reads, for which a wrapper is an object like any:
 * the bytes behind it are opcodes. */
static void arrays_of_objects_hold_no_array_bytes(void **state)
{
    (void)state;
    struct sg_outcome outcome =
        run(&told, BYTES(ARRAY(ONE, DTYPE("O")) ARRAY(TUPLE(INT(9)), DTYPE("u1")) "cm\nhid\n."
                                                                                  "cm\nend\n."));
    assert_int_equal(outcome.stop, SG_STOP_STOP);
    assert_non_null(strstr(told.text, "name m:hid\nname m:end\n"));
}

/* The loader reads the array before the frame's bytes. */
static void a_frame_does_not_begin_before_array_bytes_are_taken(void **state)
{
    static const char array[] = ARRAY(ONE, DTYPE("u1"));
    uint8_t stream[256] = {0x95, sizeof(array) - 1 + 9};
    size_t len = 9;

    (void)state;
    memcpy(stream + len, array, sizeof(array) - 1);
    len += sizeof(array) - 1;
    memcpy(stream + len, "\x95\2\0\0\0\0\0\0\0N.cm\nend\n.", 19);
    assert_true(run(&told, stream, len + 19).guessed);
    assert_non_null(strstr(told.text, "name m:end\n"));
}

static void it_is_told_whether_array_bytes_were_taken(void **state)
{
    (void)state;
    assert_true(run_array(ARRAY(ONE, DTYPE("u1")), NULL, 1).arrays);
    assert_false(run(&told, BYTES("N.")).arrays);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(array_bytes_are_as_many_as_shape_and_dtype_say),
        cmocka_unit_test(arrays_of_objects_are_pickles),
        cmocka_unit_test(padding_of_its_own_length_stands_before_aligned_arrays),
        cmocka_unit_test(behind_an_array_of_unknown_size_names_are_searched),
        cmocka_unit_test(names_are_found_wherever_they_begin),
        cmocka_unit_test(a_word_too_long_for_a_name_is_none),
        cmocka_unit_test(a_search_that_would_take_too_long_ends_and_that_is_said),
        cmocka_unit_test(a_shape_too_long_to_be_kept_is_not_known),
        cmocka_unit_test(a_key_that_is_gone_is_none),
        cmocka_unit_test(arrays_of_a_frame_stand_behind_it),
        cmocka_unit_test(what_looks_like_a_size_and_is_none_is_not_taken_for_one),
        cmocka_unit_test(in_a_dict_of_many_keys_none_is_looked_for),
        cmocka_unit_test(a_dtype_with_many_fields_leaves_the_size_known),
        cmocka_unit_test(arrays_of_objects_hold_no_array_bytes),
        cmocka_unit_test(a_frame_does_not_begin_before_array_bytes_are_taken),
        cmocka_unit_test(it_is_told_whether_array_bytes_were_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
