/* test_marshal.c - words of code objects, however they come. */
#include "tests/unit/machine_bench.h"
#include "tests/unit/pickle_text.h"

#define ZERO "\0\0\0\0"
#define EMPTY ")\0"
#define NO_BYTES "s" ZERO
#define NO_TEXT "z\0"
/* Code objects before and since 3.11. */
#define OLD(consts, names)                                                                         \
    "c" ZERO ZERO ZERO ZERO ZERO ZERO NO_BYTES consts names EMPTY EMPTY EMPTY NO_TEXT NO_TEXT ZERO \
        NO_BYTES
#define NEW(consts, names)                                                                         \
    "c" ZERO ZERO ZERO ZERO ZERO NO_BYTES consts names EMPTY NO_BYTES NO_TEXT NO_TEXT NO_TEXT ZERO \
        NO_BYTES NO_BYTES
#define NAMES ")\1z\6system"
#define WITH(value) NEW(")\2" value "z\3end", NAMES)

/* marshal.loads(code) */
static void load(const char *code, size_t len)
{
    uint8_t stream[4096] = "cmarshal\nloads\n(B";
    size_t at = strlen((char *)stream);

    assert_true(len < sizeof(stream) - 64);
    stream[at++] = (uint8_t)len;
    stream[at++] = (uint8_t)(len >> 8);
    at += 2;
    memcpy(stream + at, code, len);
    memcpy(stream + at + len, "tR.", 3);
    run(&told, stream, at + len + 3);
}

static void words_stand_behind_every_type(void **state)
{
    static const struct piece codes[] = {
        P(OLD(")\1z\3end", NAMES)),
        P(OLD(")\2" OLD(EMPTY, ")\1z\1f") "z\3end", NAMES)), /* a function */
        P(WITH("N")),
        P(WITH("T")),
        P(WITH("F")),
        P(WITH("S")),
        P(WITH(".")),
        P(WITH("0")),
        P(WITH("i\1\2\3\4")),
        P(WITH("r\1\0\0\0")),
        P(WITH("I\1\2\3\4\5\6\7\10")),
        P(WITH("g\1\2\3\4\5\6\7\10")),
        P(WITH("y\1\2\3\4\5\6\7\10\1\2\3\4\5\6\7\10")),
        P(WITH("f\3"
               "1.5")),
        P(WITH("x\3"
               "1.5\1"
               "2")),
        P(WITH("l\2\0\0\0\1\2\3\4")),
        P(WITH("l\xfe\xff\xff\xff\1\2\3\4")),
        P(WITH("s\2\0\0\0ab")),
        P(WITH("t\2\0\0\0ab")),
        P(WITH("u\2\0\0\0ab")),
        P(WITH("a\2\0\0\0ab")),
        P(WITH("A\2\0\0\0ab")),
        P(WITH("Z\2ab")),
        P(WITH(")\2NN")),
        P(WITH("(\2\0\0\0NN")),
        P(WITH("[\2\0\0\0NN")),
        P(WITH("<\2\0\0\0NN")),
        P(WITH(">\2\0\0\0NN")),
        P(WITH("{NNTN0")),
        P(WITH("\xfbNN\xb0")), /* with the flag of what is referred to */
        P(WITH(":NNN")),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
        load(codes[i].at, codes[i].len);
        if (!strstr(told.text, "holds end\n") || !strstr(told.text, "uses system\n"))
            fail_msg("code %zu:\n%s", i, told.text);
    }
}

static bool says_words(void)
{
    return strstr(told.text, "uses ") || strstr(told.text, "holds ");
}

/* A loader raises before there is code to run. */
static void of_broken_code_no_word_is_told(void **state)
{
    static const char whole[] = WITH("[\3\0\0\0{i\1\2\3\4f\1"
                                     "00l\1\0\0\0\1\1x\1"
                                     "1\1"
                                     "1");
    static const char old[] = OLD(")\1z\3end", NAMES);

    (void)state;
    load(whole, sizeof(whole) - 1);
    assert_true(says_words());
    for (size_t len = 0; len < sizeof(whole) - 1; len++) {
        load(whole, len);
        if (says_words())
            fail_msg("%zu bytes: %s", len, told.text);
    }
    for (size_t len = 0; len < sizeof(old) - 1; len++) {
        load(old, len);
        assert_false(says_words());
    }
}

static void what_is_no_marshal_says_nothing(void **state)
{
    static const struct piece codes[] = {
        P(WITH("?")),
        P(WITH("s\xff\xff\xff\xff")),
        P(WITH("u\xff\xff\xff\x7f")),
        P(WITH("(\xff\xff\xff\x7f")),
        P(WITH("{N?")),
        P(WITH("{N")),
        P(WITH("l\0\0\0\x80")),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
        load(codes[i].at, codes[i].len);
        if (says_words())
            fail_msg("code %zu:\n%s", i, told.text);
    }
}

static void code_is_followed_so_deep(void **state)
{
    char code[256] = "";

    (void)state;
    for (size_t depth = 1; depth < 40; depth++) {
        for (size_t i = 0; i < depth; i++)
            memcpy(code + 2 * i, ")\1", 2);
        memcpy(code + 2 * depth, "z\3end", 5);
        load(code, 2 * depth + 5);
        assert_int_equal(says_words(), depth < 24);
    }
}

static void a_long_word_is_told_in_part(void **state)
{
    char code[1024] = "u\x58\2\0\0"; /* 600 */

    (void)state;
    memset(code + 5, 'a', 600);
    load(code, 605);
    const char *word = strstr(told.text, "holds ");
    assert_non_null(word);
    assert_int_equal(strcspn(word, "\n"), strlen("holds ") + 512);
}

/* CodeType(0, …, consts, names): the strings among its arguments, some levels deep. */
static void arguments_of_code_are_words(void **state)
{
    (void)state;
    expect(BYTES("ctypes\nCodeType\n(I0\nC\2ab(V/bin/sh\n(Vsystem\nttVname\ntR."), "uses system\n");
    expect(BYTES("ctypes\nCodeType\n(I0\nC\2ab(V/bin/sh\n(Vsystem\nttVname\ntR."),
           "uses /bin/sh\n");
    expect(BYTES("ccloudpickle.cloudpickle\n_builtin_type\n(VCodeType\ntR(Vsystem\ntR."),
           "uses system\n");
    run(&told, BYTES("ctypes\nCodeType\n((((((Vdeep\ntttttVflat\ntR."));
    assert_null(strstr(told.text, "uses deep\n"));
    assert_non_null(strstr(told.text, "uses flat\n"));
}

/* Bytes that a quarter of the memory does not hold are not copied out to be read. */
static void code_larger_than_memory_allows_is_left(void **state)
{
    static const char head[] = "cmarshal\nloads\n(B\0\0\1\0u\6\0\0\0system";
    size_t size = sizeof(head) - 1 + 65536 - 11 + 3;
    uint8_t *stream = calloc(1, size);

    (void)state;
    assert_non_null(stream);
    memcpy(stream, head, sizeof(head) - 1);
    memcpy(stream + size - 3, "tR.", 3);
    run(&told, stream, size);
    assert_non_null(strstr(told.text, "holds system\n"));
    run_in(&told, stream, size, 224 << 10);
    assert_non_null(strstr(told.text, "call marshal.loads(b\"u"));
    assert_false(says_words());
    free(stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_stand_behind_every_type),
        cmocka_unit_test(of_broken_code_no_word_is_told),
        cmocka_unit_test(what_is_no_marshal_says_nothing),
        cmocka_unit_test(code_is_followed_so_deep),
        cmocka_unit_test(a_long_word_is_told_in_part),
        cmocka_unit_test(arguments_of_code_are_words),
        cmocka_unit_test(code_larger_than_memory_allows_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
