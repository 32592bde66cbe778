/* scan_scene.h - whole scans of content that is put together here: what a test starts from. */
#ifndef SG_SCAN_SCENE_H
#define SG_SCAN_SCENE_H

#include "composer_cases.h"
#include "opcode_count.h"
#include "test_zip_maker.h"

#include "sgscan.h"

#define ROOM ((size_t)8 << 20)
#define SCAN_ARENA ((size_t)32 << 20)
#define CALL "\x80\2cposix\nsystem\nX\7\0\0\0touch x\x85R."
#define TEXT_CALL "cposix\nsystem\n(S'touch x'\ntR."

struct bytes {
    uint8_t at[ROOM];
    size_t len;
};

struct scene {
    struct bytes content, file;
    struct sg_arena arena;
    struct sg_limits limits;
    struct sg_report report;
    uint64_t opcodes; /* that the scan looked at */
    uint64_t read;    /* bytes */
};

static inline int scene_setup(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));

    assert_non_null(s);
    s->arena = composing_arena(SCAN_ARENA);
    s->limits = SG_LIMITS_DEFAULT;
    s->limits.max_memory = SCAN_ARENA;
    *state = s;
    return 0;
}

static inline int scene_teardown(void **state)
{
    struct scene *s = *state;

    munmap(s->arena.base, SCAN_ARENA);
    free(s);
    return 0;
}

static inline void put(struct bytes *to, const void *at, size_t len)
{
    assert_true(len <= ROOM - to->len);
    if (len)
        memcpy(to->at + to->len, at, len);
    to->len += len;
}

#define PUT(to, literal) put(to, literal, sizeof(literal) - 1)

static inline void put_many(struct bytes *to, char c, size_t count)
{
    assert_true(count <= ROOM - to->len);
    memset(to->at + to->len, c, count);
    to->len += count;
}

/* A zip with one stored member. */
static inline void put_zip(struct bytes *to, const char *name, const void *body, size_t len)
{
    struct maker *m = maker_new();
    struct said said = {.name = name,
                        .crc = (uint32_t)crc32(0, body, (uInt)len),
                        .packed = (uint32_t)len,
                        .size = (uint32_t)len};

    add_local(m, &said);
    add_bytes(m, body, len);
    add_central(m, &said);
    finish(m);
    put(to, m->bytes, m->len);
    free(m);
}

/* Packs what is in the one into the other. */
static inline void pack(const struct bytes *content, struct bytes *to)
{
    z_stream z = {0};

    assert_int_equal(deflateInit2(&z, 0, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (z_const Bytef *)content->at;
    z.avail_in = (uInt)content->len;
    z.next_out = to->at;
    z.avail_out = ROOM;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    to->len = ROOM - z.avail_out;
    deflateEnd(&z);
}

static inline const struct sg_report *scan_source(struct scene *s, const struct sg_source *source)
{
    const struct sg_onlooker onlooker = counting_into(&s->opcodes);
    struct sg_options options = {.limits = s->limits, .onlooker = &onlooker};

    s->opcodes = 0;
    s->arena.used = 0;
    s->arena.size = (size_t)s->limits.max_memory;
    assert_int_equal(sg_scan(source, &options, &s->arena, &s->report), SG_OK);
    return &s->report;
}

static inline const struct sg_report *scan(struct scene *s, const struct bytes *bytes)
{
    struct sg_source source = sg_source_mem(bytes->at, bytes->len);

    return scan_source(s, &source);
}

static inline const struct sg_report *scan_packed(struct scene *s)
{
    pack(&s->content, &s->file);
    return scan(s, &s->file);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)

#endif
