/* test_zip_maker.h - archives made by hand, so that each record may lie as a test wants it to. */
#ifndef SG_TEST_ZIP_MAKER_H
#define SG_TEST_ZIP_MAKER_H

#include "readers/zip.h"
#include "readers/zip_records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <cmocka.h>

#define MAKER_MAX (1u << 18)

struct maker {
    uint8_t bytes[MAKER_MAX];
    size_t len;
    uint8_t directory[MAKER_MAX];
    size_t directory_len;
    uint16_t count;
};

/* What both headers of a member say. */
struct said {
    const char *name;
    size_t name_len; /* 0: strlen(name) */
    uint16_t flags;
    uint16_t method;
    uint32_t crc;
    uint32_t packed;
    uint32_t size;
    const void *extra;
    uint16_t extra_len;
    uint16_t disk;
    uint32_t offset; /* in the directory */
};

static inline uint8_t *put16(uint8_t *at, uint64_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
    return at + 2;
}

static inline uint8_t *put32(uint8_t *at, uint64_t value)
{
    return put16(put16(at, value), value >> 16);
}

static inline uint8_t *put64(uint8_t *at, uint64_t value)
{
    return put32(put32(at, value), value >> 32);
}

static inline void add_bytes(struct maker *m, const void *bytes, size_t len)
{
    assert_true(len <= MAKER_MAX - m->len);
    if (len)
        memcpy(m->bytes + m->len, bytes, len);
    m->len += len;
}

static inline size_t said_name_len(const struct said *said)
{
    return said->name_len ? said->name_len : strlen(said->name);
}

/* From the flags to the length of the extra field both headers have the same fields. */
static inline uint8_t *put_said(uint8_t *at, const struct said *said)
{
    at = put16(at, said->flags);
    at = put16(at, said->method);
    at = put32(at, 0x21); /* 1980-01-01 */
    at = put32(at, said->crc);
    at = put32(at, said->packed);
    at = put32(at, said->size);
    at = put16(at, said_name_len(said));
    return put16(at, said->extra_len);
}

static inline void add_local(struct maker *m, const struct said *said)
{
    uint8_t head[SG_ZIP_LOCAL_SIZE];

    put_said(put16(put32(head, SG_ZIP_SIG_LOCAL), 20), said);
    add_bytes(m, head, sizeof(head));
    add_bytes(m, said->name, said_name_len(said));
    add_bytes(m, said->extra, said->extra_len);
}

static inline void add_central(struct maker *m, const struct said *said)
{
    uint8_t *at = m->directory + m->directory_len;

    at = put_said(put16(put16(put32(at, SG_ZIP_SIG_CENTRAL), 20), 20), said);
    at = put16(put16(at, 0), said->disk);
    at = put32(put32(put16(at, 0), 0), said->offset);
    at = mempcpy(at, said->name, said_name_len(said));
    if (said->extra_len)
        at = mempcpy(at, said->extra, said->extra_len);
    m->directory_len = (size_t)(at - m->directory);
    m->count++;
}

/* What an honest writer says of `data` stored under `name` next. */
static inline struct said say(const struct maker *m, const char *name, const char *data)
{
    size_t len = strlen(data);

    return (struct said){.name = name,
                         .crc = (uint32_t)crc32(0, (const Bytef *)data, (uInt)len),
                         .packed = (uint32_t)len,
                         .size = (uint32_t)len,
                         .offset = (uint32_t)m->len};
}

/* A stored member that both headers tell the truth about. */
static inline void add_stored(struct maker *m, const char *name, const char *data)
{
    struct said said = say(m, name, data);

    add_local(m, &said);
    add_bytes(m, data, strlen(data));
    add_central(m, &said);
}

/* A member whose local header and directory entry are given apart. */
static inline void add_apart(struct maker *m, const struct said *local, const struct said *central,
                             const char *data)
{
    add_local(m, local);
    add_bytes(m, data, strlen(data));
    add_central(m, central);
}

static inline size_t deflate_raw(const void *data, size_t len, uint8_t *into, size_t room)
{
    z_stream z = {0};

    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (z_const Bytef *)data;
    z.avail_in = (uInt)len;
    z.next_out = into;
    z.avail_out = (uInt)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return room - z.avail_out;
}

static inline void add_deflated(struct maker *m, const char *name, const char *data)
{
    uint8_t packed[4096];
    struct said said = say(m, name, data);

    said.method = 8;
    said.packed = (uint32_t)deflate_raw(data, strlen(data), packed, sizeof(packed));
    add_local(m, &said);
    add_bytes(m, packed, said.packed);
    add_central(m, &said);
}

/* The directory, with no end record yet; returns where it begins. */
static inline size_t add_directory(struct maker *m)
{
    size_t start = m->len;

    add_bytes(m, m->directory, m->directory_len);
    return start;
}

static inline void add_end(struct maker *m, uint64_t offset, const char *comment)
{
    uint8_t end[SG_ZIP_END_SIZE];
    uint8_t *at = put32(put32(end, SG_ZIP_SIG_END), 0);

    at = put16(put16(at, m->count), m->count);
    at = put32(put32(at, m->directory_len), offset);
    put16(at, strlen(comment));
    add_bytes(m, end, sizeof(end));
    add_bytes(m, comment, strlen(comment));
}

static inline void finish(struct maker *m)
{
    size_t start = add_directory(m);

    add_end(m, start, "");
}

/* An archive with one member, behind a prefix that its offsets do not count in. */
static inline void make_prefixed(struct maker *m, const char *prefix)
{
    size_t len = strlen(prefix);

    add_bytes(m, prefix, len);
    struct said said = say(m, "a/data.pkl", "evil");
    add_local(m, &said);
    add_bytes(m, "evil", 4);
    said.offset = 0;
    add_central(m, &said);
    size_t start = add_directory(m);
    add_end(m, start - len, "");
}

static inline struct maker *maker_new(void)
{
    struct maker *m = calloc(1, sizeof(*m));

    assert_non_null(m);
    return m;
}

/* The arena of a test, and its archive at the end of a page behind which nothing is mapped. */
struct bench {
    struct maker *m;
    struct sg_arena arena;
    struct sg_zip zip;
    uint8_t *guarded;
    size_t guarded_size;
    unsigned fail_after; /* reads; 0: never */
    unsigned reads;
};

#define BENCH_ARENA (8u << 20)

static inline int bench_setup(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));

    assert_non_null(b);
    b->m = maker_new();
    b->arena.size = BENCH_ARENA;
    b->arena.base =
        mmap(NULL, BENCH_ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(b->arena.base, MAP_FAILED);
    *state = b;
    return 0;
}

static inline void bench_drop_guarded(struct bench *b)
{
    if (b->guarded)
        munmap(b->guarded, b->guarded_size);
    b->guarded = NULL;
}

static inline int bench_teardown(void **state)
{
    struct bench *b = *state;

    bench_drop_guarded(b);
    munmap(b->arena.base, BENCH_ARENA);
    free(b->m);
    free(b);
    return 0;
}

/* A test with a bench of its own. */
#define T(test) cmocka_unit_test_setup_teardown(test, bench_setup, bench_teardown)

#define assert_finding(zip, finding) assert_int_equal((zip).findings &(finding), (finding))

static inline const uint8_t *guard(struct bench *b, const void *bytes, size_t len)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t size = (len + page - 1) / page * page;

    bench_drop_guarded(b);
    b->guarded_size = size + page;
    b->guarded =
        mmap(NULL, b->guarded_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(b->guarded, MAP_FAILED);
    assert_int_equal(mprotect(b->guarded + size, page, PROT_NONE), 0);
    if (len)
        memcpy(b->guarded + size - len, bytes, len);
    return b->guarded + size - len;
}

static inline enum sg_status read_maker(void *ctx, uint64_t offset, void *into, size_t len,
                                        size_t *got)
{
    struct bench *b = ctx;

    *got = 0;
    if (b->fail_after && b->reads++ >= b->fail_after)
        return SG_ERR_IO;
    if (offset >= b->m->len)
        return SG_OK;
    *got = len < b->m->len - offset ? len : b->m->len - (size_t)offset;
    memcpy(into, b->m->bytes + offset, *got);
    return SG_OK;
}

static inline struct sg_source read_source(struct bench *b)
{
    return (struct sg_source){.read = read_maker, .ctx = b, .size = b->m->len};
}

static inline void assert_same_lists(const struct sg_zip *a, const struct sg_zip *b)
{
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->findings, b->findings);
    assert_int_equal(a->prefix, b->prefix);
    assert_int_equal(a->end, b->end);
    assert_true(sg_text_equal(a->comment, b->comment));
    for (size_t i = 0; i < a->count; i++) {
        const struct sg_zip_member *x = &a->members[i], *y = &b->members[i];
        assert_true(sg_text_equal(x->name, y->name));
        assert_int_equal(x->data_offset, y->data_offset);
        assert_int_equal(x->packed_size, y->packed_size);
        assert_int_equal(x->findings, y->findings);
        assert_int_equal(x->seen_by, y->seen_by);
    }
}

/* Opens what was made, from guarded memory and through reads: both must give the same. */
static inline enum sg_status open_made(struct bench *b)
{
    struct sg_source memory = sg_source_mem(guard(b, b->m->bytes, b->m->len), b->m->len);
    struct sg_source file = read_source(b);
    struct sg_zip other;

    b->arena.used = 0;
    enum sg_status status = sg_zip_open(&memory, &b->arena, &other);
    assert_int_equal(sg_zip_open(&file, &b->arena, &b->zip), status);
    if (status == SG_OK || status == SG_ERR_LIMIT)
        assert_same_lists(&b->zip, &other);
    return status;
}

/* The `nth` reading (from 0) under this name; NULL when there are not so many. */
static inline struct sg_zip_member *find(struct bench *b, const char *name, unsigned nth)
{
    for (size_t i = 0; i < b->zip.count; i++)
        if (sg_text_is(b->zip.members[i].name, name) && nth-- == 0)
            return &b->zip.members[i];
    return NULL;
}

/* Whether the bytes of a reading are `data`. */
static inline bool holds(struct bench *b, const struct sg_zip_member *member, const char *data)
{
    struct sg_stream s;
    size_t used = b->arena.used;
    size_t len = strlen(data);

    if (!member || sg_zip_content(&b->zip, member, &b->arena, &s))
        return false;
    bool same = sg_stream_need(&s, len + 1) == len && memcmp(s.at, data, len) == 0;
    b->arena.used = used;
    return same && s.status == SG_OK;
}

#endif
