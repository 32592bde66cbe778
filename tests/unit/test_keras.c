/* test_keras.c - what a Keras configuration would make, found wherever it stands. */
#include "reader_cases.h"

#include "readers/keras.h"

#include <stdio.h>

/* base64 of a marshalled code object's beginning: TYPE_CODE | FLAG_REF and five numbers. */
#define CODE "4wEAAAAAAAAAAAAAAAEAAAADAAAAQwAAAHM="

struct told {
    char text[4096];
    size_t len;
    size_t codes, code_len;
    uint8_t code[64];
    bool cut;
};

static struct told told;

static void on_object(void *ctx, uint64_t offset, const struct sg_keras_object *object)
{
    (void)ctx;
    told.len += (size_t)snprintf(told.text + told.len, sizeof(told.text) - told.len,
                                 "%llu:%.*s.%.*s=%.*s;", (unsigned long long)offset,
                                 (int)object->module.len, object->module.at, (int)object->class.len,
                                 object->class.at, (int)object->config.len, object->config.at);
    assert_true(told.len < sizeof(told.text));
}

static void on_code(void *ctx, uint64_t offset, const uint8_t *code, size_t len, bool cut)
{
    (void)ctx;
    (void)offset;
    told.codes++;
    told.code_len = len;
    told.cut = cut;
    memcpy(told.code, code, len < sizeof(told.code) ? len : sizeof(told.code));
}

static enum sg_status read_bytes(struct desk *desk, const void *bytes, size_t len,
                                 enum manner manner)
{
    struct sg_keras_events events = {.object = on_object, .code = on_code};

    memset(&told, 0, sizeof(told));
    desk_lay(desk, bytes, len, manner);
    return sg_keras_read(&desk->stream, &desk->arena, &events);
}

static void check_told(struct desk *desk, const char *text, const char *expected)
{
    for (enum manner manner = 0; manner < MANNERS; manner++) {
        assert_int_equal(read_bytes(desk, text, strlen(text), manner), SG_OK);
        assert_string_equal(told.text, expected);
        assert_int_equal(desk->arena.used, 0);
    }
}

static void classes_are_told_from_the_inside_out(void **state)
{
    check_told(*state,
               "{\"class_name\": \"Model\", \"config\": {\"layers\": [{\"module\": \"k.layers\", "
               "\"class_name\": \"Dense\", \"config\": {}}, {\"class_name\":\n\"Lambda\"}]}}",
               "46:k.layers.Dense=;107:.Lambda=;0:.Model=;");
}

static void functions_are_told_with_their_names(void **state)
{
    check_told(*state, "[{\"module\":\"os\",\"class_name\":\"function\",\"config\":\"system\"}]",
               "1:os.function=system;");
    check_told(*state, "{\"__class__\": \"system\", \"__module__\": \"os\"}", "0:os.system=;");
}

static void escapes_hide_nothing(void **state)
{
    check_told(*state,
               "{\"\\u0063lass_name\": \"\\u004c\\u0061mbda\", \"module\": \"a\\/\\n\\\"\"}",
               "0:a/\n\".Lambda=;");
}

static void the_last_of_equal_keys_counts_as_in_python(void **state)
{
    check_told(*state, "{\"class_name\": \"A\", \"class_name\": \"B\"}", "0:.B=;");
    check_told(*state, "{\"class_name\": \"Long\", \"class_name\": \"B\"}", "0:.B=;");
}

static void every_code_of_a_list_is_told(void **state)
{
    check_told(*state, "{\"a\": [\"" CODE "\", \"" CODE "\"]}", "");
    assert_int_equal(told.codes, 2);
}

static void code_is_decoded_as_python_does(void **state)
{
    struct desk *desk = *state;
    static const char *const texts[] = {
        "{\"function\": [\"" CODE "\\n\", null, null]}",
        "{\"config\": {\"code\": \"4wEA!AAA*AAAAAAAAAAAEA\\nAAADAAAAQwAAAHM=\"}}",
        "{\"code\": \"\\u00e3\\u0001\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000"
        "\\u0000\\u0000\\u0000\\u0001\\u0000\\u0000\\u0000\\u0003\\u0000\\u0000\\u0000C"
        "\\u0000\\u0000\\u0000s\"}",
    };
    static const uint8_t code[26] = "\xe3\1\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\3\0\0\0C\0\0\0s";

    for (size_t i = 0; i < COUNT(texts); i++)
        for (enum manner manner = 0; manner < MANNERS; manner++) {
            assert_int_equal(read_bytes(desk, texts[i], strlen(texts[i]), manner), SG_OK);
            assert_int_equal(told.codes, 1);
            assert_int_equal(told.code_len, sizeof(code));
            assert_memory_equal(told.code, code, sizeof(code));
            assert_false(told.cut);
        }
}

static void ordinary_strings_are_no_code(void **state)
{
    struct desk *desk = *state;
    static const char text[] = "{\"a\": \"catastrophe, catastrophe, catastrophe\", "
                               "\"b\": \"YyBjIGMgYyBjIGMgYyBjIGMgYyBjIGMgYyBjIGM=\", \"c\": \"c\"}";

    assert_int_equal(read_bytes(desk, text, strlen(text), BY_PIECES), SG_OK);
    assert_int_equal(told.codes, 0);
}

static void a_long_string_is_cut_and_told(void **state)
{
    struct desk *desk = *state;
    size_t len = SG_KERAS_TEXT_MAX + 100000, at = 0;
    char *text = malloc(len + 100);

    at += (size_t)sprintf(text, "{\"code\": \"%s", CODE);
    at -= 1; /* without the padding */
    memset(text + at, 'A', len);
    memcpy(text + at + len, "\"}", 2);
    assert_int_equal(read_bytes(desk, text, at + len + 2, BY_PIECES), SG_OK);
    assert_int_equal(told.codes, 1);
    assert_true(told.cut);
    assert_true(told.code_len <= SG_KERAS_TEXT_MAX);
    free(text);
}

static void a_configuration_is_found_in_other_bytes(void **state)
{
    static const char around[] = "\x89HDF\r\n\x1a\n {\"\0 {{{ \"\xff\0{\"class_name\": \"Lambda\"}"
                                 "\0\0{\"class_name\": \"cut\0 off\"";
    struct desk *desk = *state;

    for (enum manner manner = 0; manner < MANNERS; manner++) {
        assert_int_equal(read_bytes(desk, around, sizeof(around) - 1, manner), SG_OK);
        assert_string_equal(told.text, "20:.Lambda=;");
    }
}

static void depth_is_bounded(void **state)
{
    enum { DEPTH = 5000 };
    struct desk *desk = *state;
    static char text[DEPTH * 10];
    size_t len = 0;

    for (int i = 0; i < DEPTH; i++)
        len += (size_t)sprintf(text + len, "{\"a\":");
    len += (size_t)sprintf(text + len, "1");
    memset(text + len, '}', DEPTH);
    assert_int_equal(read_bytes(desk, text, len + DEPTH, BY_PIECES), SG_ERR_LIMIT);
    assert_string_equal(told.text, "");
}

/* Sequential in Sequential, each in the list of another's layers. */
static void what_python_can_make_is_told_however_deep(void **state)
{
    enum { DEPTH = 500 };
    struct desk *desk = *state;
    static char text[DEPTH * 20];
    size_t len = 0;

    for (int i = 0; i < DEPTH; i++)
        len += (size_t)sprintf(text + len, "{\"layers\":[");
    len += (size_t)sprintf(text + len, "{\"class_name\":\"Lambda\"}");
    for (int i = 0; i < DEPTH; i++)
        len += (size_t)sprintf(text + len, "]}");
    assert_int_equal(read_bytes(desk, text, len, BY_PIECES), SG_OK);
    assert_non_null(strstr(told.text, "Lambda"));
}

static void every_truncation_is_read(void **state)
{
    static const char text[] =
        "{\"class_name\": \"Lambda\", \"config\": {\"module\": \"\\u006f\\n\", "
        "\"function\": [\"" CODE "\"]}, \"x\": \"\xc3\xa3\"}";
    struct desk *desk = *state;

    for (size_t len = 0; len < sizeof(text); len++)
        for (enum manner manner = 0; manner < MANNERS; manner++)
            assert_int_equal(read_bytes(desk, text, len, manner), SG_OK);
}

static void characters_beyond_a_byte_are_none_of_base64(void **state)
{
    check_told(*state, "{\"class_name\": \"a\\u0100\\u00e9\", \"module\": \"\xc2\xa0.\"}",
               "0:\xa0..a?\xe9=;");
    check_told(*state, "{\"class_name\": \"\xc3\xa9\xc3(\"}", "0:.\xe9\xc3(=;");
}

/* What no JSON has ends it; the next one is found. */
static void broken_json_is_left(void **state)
{
    static const char *const broken[] = {
        "{\"class_name\": \"\\u00g0\"}", "{\"class_name\": \"\\u00/0\"}",
        "{\"class_name\": \"\\x41\"}",   "{\"class_name\": \"a\" \1}",
        "{\"class_name\": \"a\" \x7f}",  "{\"class_name\": \"\n\"}",
    };
    char text[200];

    for (size_t i = 0; i < COUNT(broken); i++) {
        snprintf(text, sizeof(text), "%s{\"class_name\":\"b\"}", broken[i]);
        char expected[40];
        snprintf(expected, sizeof(expected), "%zu:.b=;", strlen(broken[i]));
        check_told(*state, text, expected);
    }
}

static void empty_words_are_none(void **state)
{
    check_told(*state, "{\"class_name\": \"\", \"module\": \"\"}", "");
    check_told(*state, "{\"class_name\": \"a\", \"class_name\": \"\"}", "0:.a=;");
}

static void no_memory_is_told(void **state)
{
    struct desk *desk = *state;
    struct sg_keras_events events = {.object = on_object, .code = on_code};

    desk_lay(desk, "{\"a\": 1}", 8, IN_MEMORY);
    desk->arena.used = desk->arena.size;
    assert_int_equal(sg_keras_read(&desk->stream, &desk->arena, &events), SG_ERR_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_are_told_from_the_inside_out),
        cmocka_unit_test(functions_are_told_with_their_names),
        cmocka_unit_test(characters_beyond_a_byte_are_none_of_base64),
        cmocka_unit_test(broken_json_is_left),
        cmocka_unit_test(empty_words_are_none),
        cmocka_unit_test(escapes_hide_nothing),
        cmocka_unit_test(the_last_of_equal_keys_counts_as_in_python),
        cmocka_unit_test(every_code_of_a_list_is_told),
        cmocka_unit_test(code_is_decoded_as_python_does),
        cmocka_unit_test(ordinary_strings_are_no_code),
        cmocka_unit_test(a_long_string_is_cut_and_told),
        cmocka_unit_test(a_configuration_is_found_in_other_bytes),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(what_python_can_make_is_told_however_deep),
        cmocka_unit_test(every_truncation_is_read),
        cmocka_unit_test(no_memory_is_told),
    };

    return cmocka_run_group_tests(tests, desk_setup, desk_teardown);
}
