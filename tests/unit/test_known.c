/* test_known.c - pointers and packed archives by their first bytes. */
#include "reader_cases.h"

#include "scan/known.h"

#define ROW(bytes, kind, name)                                                                     \
    {                                                                                              \
        bytes, sizeof(bytes) - 1, SG_KNOWN_##kind, name                                            \
    }

struct row {
    const char *bytes;
    size_t len;
    enum sg_known_kind kind;
    const char *name;
};

static const struct row rows[] = {
    ROW("version https://git-lfs.github.com/spec/v1\noid sha256:00\n", POINTER, "lfs-pointer"),
    ROW("7z\xbc\xaf\x27\x1c\0\4", PACKED, "7z"),
    ROW("", NOT, NULL),
    ROW("\x80\4\x95", NOT, NULL),
    ROW("PK\3\4", NOT, NULL),
    ROW("7z\xbc\xaf\x27\x1d\0\4", NOT, NULL),
    ROW("version 1.0", NOT, NULL),
};

static void formats_are_told_by_their_first_bytes(void **state)
{
    struct desk *desk = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        desk_lay(desk, rows[i].bytes, rows[i].len, IN_MEMORY);
        struct sg_known known = sg_known_format(desk->bytes, desk->len);
        assert_int_equal(known.kind, rows[i].kind);
        if (rows[i].name)
            assert_string_equal(known.name, rows[i].name);
        else
            assert_null(known.name);
    }
}

static void fewer_bytes_are_of_no_other_format(void **state)
{
    struct desk *desk = *state;

    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t len = 0; len < rows[i].len; len++) {
            desk_lay(desk, rows[i].bytes, len, IN_MEMORY);
            struct sg_known known = sg_known_format(desk->bytes, desk->len);
            if (known.kind != SG_KNOWN_NOT)
                assert_string_equal(known.name, rows[i].name);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_are_told_by_their_first_bytes),
        cmocka_unit_test(fewer_bytes_are_of_no_other_format),
    };

    return cmocka_run_group_tests(tests, desk_setup, desk_teardown);
}
