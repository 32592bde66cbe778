/* known.c - formats that are recognised by their first bytes. */
#include "scan/known.h"

#include "ground/bytes.h"

struct row {
    const char *bytes;
    const char *name;
    enum sg_known_kind kind;
    uint8_t at, len;
};

#define ROW(at, bytes, kind, name)                                                                 \
    {                                                                                              \
        bytes, name, SG_KNOWN_##kind, at, sizeof(bytes) - 1                                        \
    }

static const struct row rows[] = {
    ROW(0, "version https://git-lfs.github.com/spec/", POINTER, "lfs-pointer"),
    ROW(0, "7z\xbc\xaf\x27\x1c", PACKED, "7z"),
    ROW(0, "GGUF", SAFE, "gguf"),
    ROW(0,
        "\x7f"
        "ELF",
        SAFE, "elf"),
    ROW(0, "\x89PNG\r\n\x1a\n", SAFE, "png"),
    ROW(0, "\xff\xd8\xff", SAFE, "jpeg"),
    ROW(0, "GIF87a", SAFE, "gif"),
    ROW(0, "GIF89a", SAFE, "gif"),
    ROW(0, "%PDF-", SAFE, "pdf"),
    ROW(0, "SQLite format 3\0", SAFE, "sqlite"),
    ROW(0, "PAR1", SAFE, "parquet"),
    ROW(0, "ARROW1\0\0", SAFE, "arrow"),
    ROW(8, "WAVE", SAFE, "wav"),
    ROW(8, "WEBP", SAFE, "webp"),
    ROW(4, "ftyp", SAFE, "mp4"),
    ROW(0, "OggS", SAFE, "ogg"),
    ROW(0, "fLaC", SAFE, "flac"),
    ROW(2, "\r\n", SAFE, "pyc"),
};

/* An 8-byte length of a JSON object that begins at once: huggingface/safetensors, "Format". */
static bool is_safetensors(const uint8_t *head, size_t len)
{
    return len >= 10 && sg_le64(head) >= 2 && sg_le64(head) <= 100000000 && head[8] == '{' &&
           (head[9] == '"' || head[9] == '}' || head[9] == ' ');
}

/* The magic number is followed by flags (0 to 3) and, in most, a time stamp. */
static bool pyc_fits(const uint8_t *head, size_t len)
{
    return len >= 16 && head[4] <= 3 && head[5] == 0 && head[6] == 0 && head[7] == 0;
}

static bool riff_fits(const uint8_t *head)
{
    return !memcmp(head, "RIFF", 4);
}

static bool fits(const struct row *row, const uint8_t *head, size_t len)
{
    if (len < (size_t)row->at + row->len || head[row->at] != (uint8_t)row->bytes[0] ||
        memcmp(head + row->at, row->bytes, row->len) != 0)
        return false;
    if (row->at == 2)
        return pyc_fits(head, len);
    return row->at != 8 || riff_fits(head);
}

struct sg_known sg_known_format(const uint8_t *head, size_t len)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (fits(&rows[i], head, len))
            return (struct sg_known){rows[i].kind, rows[i].name};
    if (is_safetensors(head, len))
        return (struct sg_known){SG_KNOWN_SAFE, "safetensors"};
    return (struct sg_known){SG_KNOWN_NOT, NULL};
}
