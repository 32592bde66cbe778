/* test_opcodes.c - constants and arguments of opcodes as the unpicklers read them. */
#include "tests/unit/machine_bench.h"
#include "tests/unit/pickle_text.h"

#define MEMORY ((size_t)1 << 20)

/* m.take(constant) */
static struct sg_outcome take(const char *constant, size_t len)
{
    uint8_t stream[256] = "cm\ntake\n(";
    size_t at = strlen((char *)stream);

    assert_true(len < sizeof(stream) - 16);
    memcpy(stream + at, constant, len);
    memcpy(stream + at + len, "tR.", 3);
    return run(&told, stream, at + len + 3);
}

#define AT(text) text, sizeof(text) - 1

static void constants_have_the_values_that_they_get(void **state)
{
    static const struct {
        const char *at;
        size_t len;
        const char *value;
    } rows[] = {
        {AT("I12\n"), "12"},
        {AT("I-12\n"), "-12"},
        {AT("I+12\n"), "12"},
        {AT("I 12\n"), "12"},
        {AT("I12\r\n"), "12"},
        {AT("I012\n"), "10"},
        {AT("I0x1F\n"), "31"},
        {AT("I0x_1f\n"), "31"},
        {AT("I0o17\n"), "15"},
        {AT("I0b11\n"), "3"},
        {AT("I1_000\n"), "1000"},
        {AT("I01\n"), "True"},
        {AT("I00\n"), "False"},
        {AT("I12\0what\n"), "12"},
        {AT("I\0what\n"), "0"},
        {AT("I99999999999999999999\n"), "<int>"},
        {AT("L99999999999999999999L\n"), "<int>"},
        {AT("L12L\n"), "12"},
        {AT("L12\n"), "12"},
        {AT("\x8a\0"), "0"},
        {AT("\x8a\1\xff"), "-1"},
        {AT("\x8a\2\xff\0"), "255"},
        {AT("\x8a\x09"
            "123456789"),
         "<int>"},
        {AT("\x8b\1\0\0\0\x7f"), "127"},
        /* Bytes that only repeat the sign: the number was not known. */
        {AT("\x8a\x0a\1\0\0\0\0\0\0\0\0\0"), "1"},
        {AT("\x8a\x09\xfe\xff\xff\xff\xff\xff\xff\xff\xff"), "-2"},
        {AT("\x8a\x09\xfe\xff\xff\xff\xff\xff\xff\xff\0"), "<int>"},
        {AT("F.5\n"), "<float>"},
        {AT("F-1.5e+5\n"), "<float>"},
        {AT("F1_0E-5\n"), "<float>"},
        {AT("Finf\n"), "<float>"},
        {AT("F-Infinity\n"), "<float>"},
        {AT("FNaN\n"), "<float>"},
        {AT("S'a\\x62\\143\\n\\q\\\0'\n"), "\"abc\\n\\\\q\\\\\\x00\""},
        {AT("S'\\0\\18\\377'\n"), "\"\\x00\\x018\\xff\""},
        {AT("S\"a\"\n"), "\"a\""},
        {AT("Va\\u0041\\U0001f600\\n\\\n"), "\"aA\\xf0\\x9f\\x98\\x80\\\\n\\\\\""},
        {AT("V\xe9\\u20ac\\u00e9\n"), "\"\\xc3\\xa9\\xe2\\x82\\xac\\xc3\\xa9\""},
        {AT("N("
            "dS'k'\nI1\ns"),
         "None, {\"k\": 1}"},
        {AT("\x8f("
            "K\1\x90"),
         "{1}"},
        {AT("Pid\n"), "persistent(\"id\")"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char line[128];
        snprintf(line, sizeof(line), "call m.take(%s)\n", rows[i].value);
        take(rows[i].at, rows[i].len);
        if (!strstr(told.text, line))
            fail_msg("row %zu: no %s in %s", i, line, told.text);
    }
}

static void what_no_unpickler_reads_ends_the_load(void **state)
{
    static const struct {
        const char *at;
        size_t len;
    } rows[] = {
        {AT("I\x0e"
            "1\n")},
        {AT("I\n")},
        {AT("I1a\n")},
        {AT("I_1\n")},
        {AT("I1_\n")},
        {AT("I1__0\n")},
        {AT("I08\n")},
        {AT("I0x\n")},
        {AT("L\n")},
        {AT("F\n")},
        {AT("F1x\n")},
        {AT("Finfi\n")},
        {AT("Fna\n")},
        {AT("Saa\n")},
        {AT("S'\n")},
        {AT("S'a\"\n")},
        {AT("S'\\x1'\n")},
        {AT("S'\\xg1'\n")},
        {AT("S'a\\'\n")},
        {AT("V\\u12\n")},
        {AT("V\\U00110000\n")},
        {AT("P\xe9\n")},
        {AT("Np-1\n")},
        {AT("Np-99999999999999999999\n")},
        {AT("Np-18446744073709551616\n")},
        {AT("Npx\n")},
        {AT("gx\n")},
        {AT("g9\n")},
        {AT("NN(Nd")},
        {AT("(o")},
        {AT("\x92")},
        {AT("N\x92")},
        {AT("NN\x92")},
        {AT("\x85")},
        {AT("\xff")},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (take(rows[i].at, rows[i].len).stop != SG_STOP_ERROR || told.calls)
            fail_msg("row %zu: %s", i, told.text);
}

static void a_memo_key_is_what_its_digits_say(void **state)
{
    (void)state;
    take(AT("S'a'\np-0\n0S'b'\np7\n0g0\n"));
    assert_non_null(strstr(told.text, "take(\"a\")"));
    take(AT("S'a'\np99999999999999999999\n0S'b'\np1\n0g99999999999999999999\n"));
    assert_non_null(strstr(told.text, "take(\"a\")"));
}

/* A line of GLOBAL is UTF-8, as CPython decodes it. */
static void names_are_utf_8(void **state)
{
    static const struct {
        const char *name;
        bool valid;
    } rows[] = {
        {"\xc3\xa9", true},         {"\xe0\xa0\x80", true},
        {"\xe0\x9f\x80", false},    {"\xed\x9f\xbf", true},
        {"\xed\xa0\x80", false},    {"\xef\xbf\xbd", true},
        {"\xf0\x90\x80\x80", true}, {"\xf0\x8f\x80\x80", false},
        {"\xf4\x8f\xbf\xbf", true}, {"\xf4\x90\x80\x80", false},
        {"\xf1\x80\x80\x80", true}, {"\xf5\x80\x80\x80", false},
        {"\xc1\x80", false},        {"\xc3", false},
        {"\xc3\x29", false},        {"\xe2\x82", false},
    };
    char stream[64];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        int len = snprintf(stream, sizeof(stream), "cm\n%s\n.", rows[i].name);
        enum sg_stop stop = run(&told, (const uint8_t *)stream, (size_t)len).stop;
        if (stop != (rows[i].valid ? SG_STOP_STOP : SG_STOP_ERROR))
            fail_msg("row %zu", i);
    }
}

/* `count` bytes of 'a' between two texts. */
static uint8_t *around(const char *before, size_t before_len, size_t count, const char *behind,
                       size_t *size)
{
    size_t after = strlen(behind);
    uint8_t *bytes = malloc(before_len + count + after);

    assert_non_null(bytes);
    memcpy(bytes, before, before_len);
    memset(bytes + before_len, 'a', count);
    memcpy(bytes + before_len + count, behind, after);
    *size = before_len + count + after;
    return bytes;
}

#define FAR 200000u /* more than an eighth of MEMORY, where a line is gathered */

/* Lines that fit nowhere: what they are is not known, what is behind them is read. */
static void lines_longer_than_memory_are_passed_over(void **state)
{
    static const struct {
        const char *before, *behind;
    } rows[] = {
        {"S'", "'\n0cm\nend\n."},  {"V", "\n0cm\nend\n."},    {"P", "\n0cm\nend\n."},
        {"c", "\nb\n0cm\nend\n."}, {"cb\n", "\n0cm\nend\n."}, {"(i", "\nb\n0cm\nend\n."},
        {"F1", "\n0cm\nend\n."},   {"I1", "\n0cm\nend\n."},   {"Np1", "\n0cm\nend\n."},
        {"cm\nend\n0S'", "'\n."},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        for (enum way way = IN_FILE; way <= DECODED; way++) {
            size_t size;
            uint8_t *bytes =
                around(rows[i].before, strlen(rows[i].before), FAR, rows[i].behind, &size);
            struct sg_outcome outcome = run_as(&told, way, bytes, size, MEMORY);
            bool number = strchr("FIN", *rows[i].before) != NULL;
            if (outcome.stop != (number ? SG_STOP_ERROR : SG_STOP_STOP) ||
                (strstr(told.text, "name m:end\n") == NULL) != number)
                fail_msg("row %zu: %d %s", i, outcome.stop, told.text);
            free(bytes);
        }
    }
    size_t size;
    uint8_t *bytes = around("c", 1, FAR, "", &size);
    assert_int_equal(run_as(&told, IN_FILE, bytes, size, MEMORY).stop, SG_STOP_END);
    free(bytes);
}

/* A line that is longer than the window, but not than memory, is whole. */
static void lines_longer_than_the_window_are_gathered(void **state)
{
    for (enum way way = IN_MEMORY; way <= DECODED; way++) {
        size_t size;
        uint8_t *bytes = around("cm\n", 3, 400, "\n(S'x'\ntR.", &size);
        run_as(&told, way, bytes, size, MEMORY);
        assert_non_null(strstr(told.text, "aaaa(\"x\")\n"));
        free(bytes);
        bytes = around("cm\n", 3, 9000, "\n.", &size);
        assert_int_equal(run_as(&told, way, bytes, size, MEMORY).stop, SG_STOP_STOP);
        assert_non_null(strstr(told.text, "name m:aaaa"));
        free(bytes);
    }
    (void)state;
}

/* Bytes that went by are kept when they look as if a loader were given them. */
static void what_looks_like_content_is_kept_of_a_decoder(void **state)
{
    static const struct {
        const char *head;
        bool kept;
    } rows[] = {
        {"\x80\2", true},  {"\x80\4", true},   {"\x80\1", false},   {"PK\3\4", true},
        {"PK\3\5", false}, {"\x1f\x8b", true}, {"\x93NUMPY", true}, {"x", true},
        {"c", true},       {"(", true},        {"a", false},        {"\xe3", true},
    };
    static const char before[] = "cpickle\nloads\n(B\0\x10\0\0";

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        size_t size;
        uint8_t *bytes = around(before, sizeof(before) - 1, 4096, "tR.", &size);
        memcpy(bytes + sizeof(before) - 1, rows[i].head, strlen(rows[i].head));
        run_as(&told, DECODED, bytes, size, MEMORY);
        const char *said = strstr(told.text, "pickle b\"");
        assert_non_null(said);
        if ((said[9] != '.') != rows[i].kept)
            fail_msg("row %zu: %s", i, told.text);
        run_as(&told, DECODED, bytes, size - 100, MEMORY); /* cut short */
        assert_null(strstr(told.text, "pickle b\""));
        for (size_t left = 0; left < 2; left++)
            assert_int_equal(run_as(&told, DECODED, bytes, sizeof(before) - 1 + left, MEMORY).stop,
                             SG_STOP_END);
        free(bytes);
    }
}

static void loaders_are_given_what_their_files_are_made_of(void **state)
{
#define BYTESIO(content) CALL("io", "BytesIO", content)
    (void)state;
    expect(BYTES(CALL("pickle", "loads", RAW("\2", "N."))), "pickle b\"N.\"\n");
    expect(BYTES(CALL("torch", "load", BYTESIO(RAW("\2", "N.")))), "file b\"N.\"\n");
    expect(BYTES(CALL("joblib", "load", BYTESIO(BYTESIO(BYTESIO(BYTESIO(RAW("\2", "N."))))))),
           "file b\"N.\"\n");
    expect(BYTES(CALL("joblib", "load", BYTESIO(BYTESIO(BYTESIO(BYTESIO(BYTESIO("N"))))))),
           "file ?\n");
    expect(BYTES(CALL("pickle", "load", BYTESIO(""))), "pickle ?\n");
    expect(BYTES(CALL("pickle", "loads", CALL("codecs", "encode", UNI("N.") STR("latin1")))),
           "pickle b\"N.\"\n");
    /* What another call makes of them, or a state puts in their place, was taken to be them. */
    expect(BYTES(CALL("pickle", "loads", CALL("zlib", "decompress", RAW("\2", "N.")))),
           "pickle ?\npickle b\"N.\"\n");
    expect(BYTES(CALL("pickle", "loads", CALL("codecs", "encode", UNI("N.") STR("cp437")))),
           "pickle ?\npickle \"N.\"\n");
    expect(
        BYTES(CALL("torch", "load", BYTESIO(RAW("\2", "N.")) TUPLE(RAW("\1", "x") INT(0) "N") "b")),
        "file ?\nfile b\"N.\"\n");
    expect(BYTES(CALL("pickle", "loads", "\x96\2\0\0\0\0\0\0\0N.")), "pickle ?\npickle b\"N.\"\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constants_have_the_values_that_they_get),
        cmocka_unit_test(what_no_unpickler_reads_ends_the_load),
        cmocka_unit_test(a_memo_key_is_what_its_digits_say),
        cmocka_unit_test(names_are_utf_8),
        cmocka_unit_test(lines_longer_than_memory_are_passed_over),
        cmocka_unit_test(lines_longer_than_the_window_are_gathered),
        cmocka_unit_test(what_looks_like_content_is_kept_of_a_decoder),
        cmocka_unit_test(loaders_are_given_what_their_files_are_made_of),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
