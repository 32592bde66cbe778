/* tar_maker.h - tars made header by header, and what is listed of them. */
#ifndef SG_TEST_TAR_MAKER_H
#define SG_TEST_TAR_MAKER_H

#include "reader_cases.h"

#include "readers/tar.h"

#include <stdio.h>

#define MEMBERS_MAX 64

struct archive {
    uint8_t bytes[CASE_MAX / 4];
    size_t len;
};

struct listed {
    struct {
        char name[SG_TAR_NAME_MAX + 1];
        struct sg_tar_member member;
    } list[MEMBERS_MAX];
    size_t count;
    uint32_t findings;
    enum sg_status status;
};

static struct archive made;
static struct listed listed;

static inline void put_octal(uint8_t *at, size_t width, uint64_t value)
{
    char text[32];

    snprintf(text, sizeof(text), "%0*llo", (int)width - 1, (unsigned long long)value);
    memcpy(at, text, width);
}

static inline void seal(uint8_t *block)
{
    unsigned sum = 0;

    memset(block + 148, ' ', 8);
    for (size_t i = 0; i < SG_TAR_BLOCK; i++)
        sum += block[i];
    put_octal(block + 148, 7, sum);
}

/* A header of ustar; the caller may change it, and seals it then. */
static inline uint8_t *add_header(const char *name, char type, uint64_t size)
{
    uint8_t *block = made.bytes + made.len;

    assert_true(made.len + SG_TAR_BLOCK <= sizeof(made.bytes));
    memset(block, 0, SG_TAR_BLOCK);
    memcpy(block, name, strlen(name));
    put_octal(block + 100, 8, 0644);
    put_octal(block + 108, 8, 0);
    put_octal(block + 116, 8, 0);
    put_octal(block + 124, 12, size);
    put_octal(block + 136, 12, 0);
    block[156] = (uint8_t)type;
    memcpy(block + 257,
           "ustar\0"
           "00",
           8);
    seal(block);
    made.len += SG_TAR_BLOCK;
    return block;
}

static inline void add_data(const void *data, size_t len)
{
    size_t padded = (len + SG_TAR_BLOCK - 1) / SG_TAR_BLOCK * SG_TAR_BLOCK;

    assert_true(made.len + padded <= sizeof(made.bytes));
    memset(made.bytes + made.len, 0, padded);
    memcpy(made.bytes + made.len, data, len);
    made.len += padded;
}

static inline void add_filler(size_t len)
{
    static const uint8_t filler[1024] = {'.', 'x'};

    add_data(filler, len);
}

static inline void add_member(const char *name, char type, const char *data)
{
    add_header(name, type, strlen(data));
    add_data(data, strlen(data));
}

static inline void add_pax(char type, const char *records)
{
    add_member("PaxHeaders/x", type, records);
}

static inline void add_end(void)
{
    static const uint8_t zeros[2 * SG_TAR_BLOCK];

    add_data(zeros, sizeof(zeros));
}

static inline void begin(void)
{
    made.len = 0;
}

static inline enum sg_status list_stream(struct desk *desk, bool follow)
{
    struct sg_tar_member member;
    struct sg_tar tar;

    memset(&listed, 0, sizeof(listed));
    listed.status = sg_tar_open(&tar, &desk->stream, follow, &desk->arena);
    if (listed.status)
        return listed.status;
    while ((listed.status = sg_tar_next(&tar, &member)) == SG_OK && listed.count < MEMBERS_MAX) {
        assert_true(member.name.len <= SG_TAR_NAME_MAX);
        memcpy(listed.list[listed.count].name, member.name.at, member.name.len);
        listed.list[listed.count++].member = member;
        assert_true(member.header_offset < member.data_offset);
    }
    listed.findings = tar.findings;
    return listed.status;
}

static inline void list(struct desk *desk, enum manner manner)
{
    desk_lay(desk, made.bytes, made.len, manner);
    assert_int_equal(list_stream(desk, true), SG_END);
}

static inline void check_member(const struct desk *desk, size_t index, const char *name,
                                const char *data)
{
    const struct sg_tar_member *member = &listed.list[index].member;

    assert_true(index < listed.count);
    assert_string_equal(listed.list[index].name, name);
    assert_int_equal(member->size, strlen(data));
    assert_true(member->data_offset + member->size <= desk->len);
    assert_memory_equal(desk->bytes + member->data_offset, data, strlen(data));
}

#endif
