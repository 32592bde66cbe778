/* bytes.h - little-endian integers and views of bytes that somebody else owns. */
#ifndef SG_BYTES_H
#define SG_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A view: never owns, not NUL-terminated. */
struct sg_text {
    const char *at;
    size_t len; /* bytes */
};

#define SG_TEXT(literal) ((struct sg_text){(literal), sizeof(literal) - 1})

static inline struct sg_text sg_text_of(const char *string)
{
    struct sg_text text = {string, strlen(string)};

    return text;
}

static inline bool sg_text_equal(struct sg_text a, struct sg_text b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static inline bool sg_text_is(struct sg_text text, const char *string)
{
    return sg_text_equal(text, sg_text_of(string));
}

static inline bool sg_text_starts(struct sg_text text, struct sg_text prefix)
{
    return text.len >= prefix.len && memcmp(text.at, prefix.at, prefix.len) == 0;
}

/* FNV-1a, 64 bits: `print` goes on with further bytes; it begins with SG_FNV_EMPTY. */
#define SG_FNV_EMPTY 0xcbf29ce484222325ULL

static inline uint64_t sg_fnv_more(uint64_t print, const void *at, size_t len)
{
    const uint8_t *bytes = (const uint8_t *)at;

    for (size_t i = 0; i < len; i++)
        print = (print ^ bytes[i]) * 0x100000001b3ULL;
    return print;
}

static inline uint16_t sg_le16(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

static inline uint32_t sg_le32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline uint64_t sg_le64(const uint8_t *at)
{
    return (uint64_t)sg_le32(at) | (uint64_t)sg_le32(at + 4) << 32;
}

/* What a character of base64 stands for, 0 to 63; -1 when it is not of the alphabet. */
static inline int sg_base64_digit(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

#endif
