/* fold_cases.h - what becomes of a value that a stream puts together: m.take(value) tells it. */
#ifndef SG_TEST_FOLD_CASES_H
#define SG_TEST_FOLD_CASES_H

#include "tests/unit/machine_bench.h"
#include "tests/unit/pickle_text.h"

#define DECODE(args) CALL("codecs", "decode", args)
#define ENCODE(args) CALL("codecs", "encode", args)
#define B64(bytes) CALL("base64", "b64decode", bytes)
#define ITEM(args) CALL("operator", "getitem", args)
#define SLICE(args) CALL("builtins", "slice", args)
#define HEX(text) CALL("builtins", "bytes.fromhex", text)
#define RESULT "cm\nmake\n)R"
#define BYTEARRAY "\x96\1\0\0\0\0\0\0\0a"

/* m.take(value) is called with the value. */
static inline void take(struct piece value)
{
    static uint8_t stream[1 << 18];
    static const char head[] = "\x80\x04"
                               "cm\ntake\n(";

    assert_true(value.len < sizeof(stream) - sizeof(head) - 3);
    memcpy(stream, head, sizeof(head) - 1);
    memcpy(stream + sizeof(head) - 1, value.at, value.len);
    memcpy(stream + sizeof(head) - 1 + value.len, "tR.", 3);
    run(&told, stream, sizeof(head) - 1 + value.len + 3);
}

static inline const char *taken(void)
{
    static const char call[] = "call m.take(";
    const char *at = strstr(told.text, call);

    return at ? at + sizeof(call) - 1 : "nothing";
}

static inline bool is_constant(const char *at)
{
    const char *end = strchr(at, '\n');

    return end && (*at == '"' || (*at == 'b' && at[1] == '"')) && memcmp(end - 2, "\")", 2) == 0;
}

/* `count` bytes of 'a' as the last of what is before them. */
static inline struct piece with_long_text(const char *before, size_t count, const char *behind)
{
    static char stream[1 << 17];
    size_t at = strlen(before), more = strlen(behind);
    uint8_t length[5] = {'X', (uint8_t)count, (uint8_t)(count >> 8), (uint8_t)(count >> 16), 0};

    assert_true(at + sizeof(length) + count + more < sizeof(stream));
    memcpy(stream, before, at);
    memcpy(stream + at, length, sizeof(length));
    memset(stream + at + sizeof(length), 'a', count);
    memcpy(stream + at + sizeof(length) + count, behind, more);
    return (struct piece){stream, at + sizeof(length) + count + more};
}

#endif
