/* test_known.c - formats by their first bytes. */
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
    ROW("GGUF\3\0\0\0", SAFE, "gguf"),
    ROW("\x7f"
        "ELF\2\1\1",
        SAFE, "elf"),
    ROW("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", SAFE, "png"),
    ROW("\xff\xd8\xff\xe0", SAFE, "jpeg"),
    ROW("GIF89a", SAFE, "gif"),
    ROW("GIF87a", SAFE, "gif"),
    ROW("%PDF-1.7\n", SAFE, "pdf"),
    ROW("SQLite format 3\0\x10\0", SAFE, "sqlite"),
    ROW("PAR1\x15\4", SAFE, "parquet"),
    ROW("ARROW1\0\0\xff", SAFE, "arrow"),
    ROW("RIFF\x24\0\0\0WAVEfmt ", SAFE, "wav"),
    ROW("RIFF\x24\0\0\0WEBPVP8 ", SAFE, "webp"),
    ROW("\0\0\0\x20"
        "ftypisom",
        SAFE, "mp4"),
    ROW("OggS\0\2", SAFE, "ogg"),
    ROW("fLaC\0\0", SAFE, "flac"),
    ROW("\xa7\r\r\n\0\0\0\0\x12\x34\x56\x78\0\1\0\0\xe3", SAFE, "pyc"),
    ROW("\x40\0\0\0\0\0\0\0{\"__metadata__\":{}}", SAFE, "safetensors"),
    ROW("\x02\0\0\0\0\0\0\0{}", SAFE, "safetensors"),
    ROW("\x03\0\0\0\0\0\0\0{ }", SAFE, "safetensors"),
    ROW("\x03\0\0\0\0\0\0\0{'}", NOT, NULL),
    ROW("\xa7\r\r\n\4\0\0\0\x12\x34\x56\x78\0\1\0\0\xe3", NOT, NULL),
    ROW("\xa7\r\r\n\0\1\0\0\x12\x34\x56\x78\0\1\0\0\xe3", NOT, NULL),
    ROW("\xa7\r\r\n\0\0\1\0\x12\x34\x56\x78\0\1\0\0\xe3", NOT, NULL),
    ROW("\xa7\r\r\n\0\0\0\1\x12\x34\x56\x78\0\1\0\0\xe3", NOT, NULL),
    ROW("", NOT, NULL),
    ROW("\x80\4\x95", NOT, NULL),
    ROW("PK\3\4", NOT, NULL),
    ROW("RIFF\x24\0\0\0AVI ", NOT, NULL),
    ROW("XXXX\x24\0\0\0WAVE", NOT, NULL),
    ROW("a\n\r\n text that has line ends", NOT, NULL),
    ROW("\xff\xff\xff\xff\xff\xff\xff\x7f{\"a\"", NOT, NULL),
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
