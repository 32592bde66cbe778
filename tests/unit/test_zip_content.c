/* test_zip_content.c - the bytes of a member, and the decoder of deflated ones. */
#include "readers/inflate.h"
#include "test_zip_maker.h"

#define LARGE (3u << 20)

/* Bytes that deflate to about half. */
static uint8_t *large_bytes(void)
{
    uint8_t *bytes = malloc(LARGE);
    uint32_t x = 1;

    assert_non_null(bytes);
    for (size_t i = 0; i < LARGE; i++) {
        x = x * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(x >> 28);
    }
    return bytes;
}

static void a_stored_member_can_be_read_again(void **state)
{
    struct bench *b = *state;
    struct sg_stream s;

    add_stored(b->m, "a", "0123456789");
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(sg_zip_content(&b->zip, &b->zip.members[0], &b->arena, &s), SG_OK);
    assert_true(sg_stream_again(&s));
    assert_true(sg_stream_skip(&s, 8));
    assert_int_equal(sg_stream_need(&s, 3), 2);
    assert_true(sg_stream_seek(&s, 1));
    assert_int_equal(sg_stream_need(&s, 9), 9);
    assert_memory_equal(s.at, "123456789", 9);
}

static void a_deflated_member_is_decoded(void **state)
{
    struct bench *b = *state;

    add_deflated(b->m, "a", "abcabcabcabcabcabcabcabcabc");
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_true(holds(b, &b->zip.members[0], "abcabcabcabcabcabcabcabcabc"));
}

/* torch takes what was decoded before the damage, so it must be seen here too. */
static void what_comes_before_damage_is_given(void **state)
{
    struct bench *b = *state;
    struct sg_stream s;
    char text[2000];

    uint32_t x = 1;

    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        x = x * 1664525u + 1013904223u;
        text[i] = (char)('a' + (x >> 28));
    }
    text[sizeof(text) - 1] = '\0';
    add_deflated(b->m, "a", text);
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    struct sg_zip_member member = b->zip.members[0];
    member.packed_size /= 2;
    assert_int_equal(sg_zip_content(&b->zip, &member, &b->arena, &s), SG_OK);
    size_t have = sg_stream_need(&s, 2000);
    assert_true(have > 100 && have < 1999);
    assert_memory_equal(s.at, text, have);
    assert_int_equal(s.status, SG_ERR_FORMAT);

    struct sg_source packed = sg_zip_packed(&b->zip, &member);
    struct sg_inflate *inflate;
    uint8_t bytes[2000];
    size_t got;
    assert_int_equal(sg_inflate_open(&packed, SG_INFLATE_RAW, &b->arena, &inflate), SG_OK);
    assert_int_equal(sg_inflate_fill(inflate, bytes, sizeof(bytes), &got), SG_OK);
    assert_int_equal(got, have);
    assert_int_equal(sg_inflate_fill(inflate, bytes, sizeof(bytes), &got), SG_ERR_FORMAT);
    assert_int_equal(got, 0);
}

static void another_method_is_refused_but_its_bytes_are_given(void **state)
{
    struct bench *b = *state;
    struct sg_stream s;
    struct said said = say(b->m, "a", "BZh9");
    uint8_t bytes[5];
    size_t got;

    said.method = 12;
    add_local(b->m, &said);
    add_bytes(b->m, "BZh9", 4);
    add_central(b->m, &said);
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(sg_zip_content(&b->zip, &b->zip.members[0], &b->arena, &s), SG_ERR_FORMAT);
    struct sg_source packed = sg_zip_packed(&b->zip, &b->zip.members[0]);
    assert_int_equal(sg_source_read(&packed, 0, bytes, sizeof(bytes), &got), SG_OK);
    assert_int_equal(got, 4);
    assert_memory_equal(bytes, "BZh9", 4);
}

static void content_without_memory_is_an_error(void **state)
{
    struct bench *b = *state;
    struct sg_stream s;

    add_deflated(b->m, "a", "abcabcabc");
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    for (size_t size = 0; size < 60u << 10; size += 1024) {
        struct sg_arena small = {.base = b->arena.base + (4u << 20), .size = size};
        enum sg_status status = sg_zip_content(&b->zip, &b->zip.members[0], &small, &s);
        assert_int_equal(status, SG_ERR_MEMORY);
    }
}

/* Compares the whole decoded stream with `bytes`; the arena is set back in between, as a caller
 * does who scans what is inside. */
static void check_decoded(struct bench *b, const struct sg_source *packed,
                          enum sg_inflate_form form, const uint8_t *bytes)
{
    struct sg_inflate *inflate;
    struct sg_stream s;
    size_t at = 0, have;

    b->arena.used = 0;
    uint8_t *window = sg_arena_take(&b->arena, 65536);
    assert_int_equal(sg_inflate_open(packed, form, &b->arena, &inflate), SG_OK);
    size_t used = b->arena.used;
    sg_stream_decode(&s, sg_inflate_fill, inflate, window, 65536);
    while ((have = sg_stream_need(&s, 1)) > 0) {
        assert_true(have <= LARGE - at);
        assert_memory_equal(s.at, bytes + at, have);
        s.at += have;
        at += have;
        assert_int_equal(b->arena.used, used);
        memset(b->arena.base + used, 0xff, 256);
    }
    assert_int_equal(s.status, SG_OK);
    assert_int_equal(at, LARGE);
    assert_int_equal(sg_inflate_end(inflate), packed->size - 7);
}

static enum sg_status read_bytes(void *ctx, uint64_t offset, void *into, size_t len, size_t *got)
{
    memcpy(into, (const uint8_t *)ctx + offset, len);
    *got = len;
    return SG_OK;
}

static void all_three_frames_are_decoded(void **state)
{
    static const int bits[] = {-15, 15, 31};
    struct bench *b = *state;
    uint8_t *bytes = large_bytes(), *packed = malloc(LARGE);

    assert_non_null(packed);
    for (int form = SG_INFLATE_RAW; form <= SG_INFLATE_GZIP; form++) {
        z_stream z = {.next_in = bytes, .avail_in = LARGE, .next_out = packed, .avail_out = LARGE};
        assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, bits[form], 8, Z_DEFAULT_STRATEGY), Z_OK);
        assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
        size_t size = z.total_out;
        deflateEnd(&z);
        memcpy(packed + size, "trailer", 7);
        struct sg_source memory = sg_source_mem(guard(b, packed, size + 7), size + 7);
        check_decoded(b, &memory, (enum sg_inflate_form)form, bytes);
        struct sg_source file = {.read = read_bytes, .ctx = packed, .size = size + 7};
        check_decoded(b, &file, (enum sg_inflate_form)form, bytes);
    }
    free(packed);
    free(bytes);
}

static void a_wrong_check_sum_ends_in_an_error(void **state)
{
    struct bench *b = *state;
    uint8_t packed[64], window[4096];
    uLongf size = sizeof(packed);
    struct sg_inflate *inflate;
    struct sg_stream s;

    assert_int_equal(compress(packed, &size, (const Bytef *)"0123456789", 10), Z_OK);
    packed[size - 1] ^= 1;
    struct sg_source source = sg_source_mem(guard(b, packed, size), size);
    assert_int_equal(sg_inflate_open(&source, SG_INFLATE_ZLIB, &b->arena, &inflate), SG_OK);
    sg_stream_decode(&s, sg_inflate_fill, inflate, window, sizeof(window));
    assert_int_equal(sg_stream_need(&s, 20), 10);
    assert_memory_equal(s.at, "0123456789", 10);
    assert_int_equal(s.status, SG_ERR_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_stored_member_can_be_read_again),  T(a_deflated_member_is_decoded),
        T(what_comes_before_damage_is_given),  T(another_method_is_refused_but_its_bytes_are_given),
        T(content_without_memory_is_an_error), T(all_three_frames_are_decoded),
        T(a_wrong_check_sum_ends_in_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
