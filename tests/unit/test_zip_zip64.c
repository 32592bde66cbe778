/* test_zip_zip64.c - zip64: sizes and offsets past four gigabytes, and end records
 * that disagree. */
#include "test_zip_maker.h"

#define FAR_AWAY (6ULL << 30)

struct end64 {
    uint64_t count;
    uint64_t size;
    uint64_t offset; /* of the directory */
    uint64_t at;     /* where the locator says that the record is */
};

static void add_end64_record(struct maker *m, const struct end64 *end)
{
    uint8_t record[SG_ZIP_END64_SIZE];
    uint8_t *at = put64(put32(record, SG_ZIP_SIG_END64), SG_ZIP_END64_SIZE - 12);

    at = put32(put32(put16(put16(at, 45), 45), 0), 0);
    put64(put64(put64(put64(at, end->count), end->count), end->size), end->offset);
    add_bytes(m, record, sizeof(record));
}

static void add_locator(struct maker *m, const struct end64 *end)
{
    uint8_t locator[SG_ZIP_LOCATOR_SIZE];

    put32(put64(put32(put32(locator, SG_ZIP_SIG_LOCATOR), 0), end->at), 1);
    add_bytes(m, locator, sizeof(locator));
}

/* An end record that leaves everything to zip64. */
static void add_placeholder(struct maker *m)
{
    uint8_t end[SG_ZIP_END_SIZE];

    memset(end, 0xff, sizeof(end));
    put32(put32(end, SG_ZIP_SIG_END), 0);
    put16(end + 20, 0);
    add_bytes(m, end, sizeof(end));
}

static struct end64 end64_of(const struct maker *m, uint64_t offset)
{
    return (struct end64){m->count, m->directory_len, offset, m->len};
}

static void zip64_end_records_are_followed(void **state)
{
    struct bench *b = *state;

    add_stored(b->m, "a/data.pkl", "evil");
    uint64_t start = add_directory(b->m);
    struct end64 end = end64_of(b->m, start);
    add_end64_record(b->m, &end);
    add_locator(b->m, &end);
    add_placeholder(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.findings, 0);
    assert_int_equal(b->zip.count, 1);
    assert_true(holds(b, &b->zip.members[0], "evil"));
}

/* zipfile takes the record before the locator, miniz the one that the locator points to. */
static void two_zip64_end_records_lead_to_two_directories(void **state)
{
    struct bench *b = *state;
    struct maker *m = b->m;

    add_stored(m, "a/data.pkl", "good");
    uint64_t good = add_directory(m);
    struct end64 told = end64_of(m, good);
    add_end64_record(m, &told);
    m->directory_len = 0;
    m->count = 0;
    add_stored(m, "a/data.pkl", "evil");
    uint64_t evil = add_directory(m);
    struct end64 beside = end64_of(m, evil);
    add_end64_record(m, &beside);
    add_locator(m, &told);
    add_placeholder(m);
    assert_int_equal(open_made(b), SG_OK);
    assert_finding(b->zip, SG_ZIP_ZIP64 | SG_ZIP_SECOND_DIRECTORY | SG_ZIP_DUPLICATE);
    assert_true(holds(b, find(b, "a/data.pkl", 0), "evil"));
    assert_int_equal(find(b, "a/data.pkl", 0)->seen_by & SG_ZIP_BY_MINIZ, 0);
    assert_true(holds(b, find(b, "a/data.pkl", 1), "good"));
    assert_int_equal(find(b, "a/data.pkl", 1)->seen_by & SG_ZIP_BY_MINIZ, SG_ZIP_BY_MINIZ);
}

static void the_plain_end_record_may_lead_elsewhere(void **state)
{
    struct bench *b = *state;
    struct maker *m = b->m;

    add_stored(m, "a/data.pkl", "good");
    uint64_t good = add_directory(m);
    size_t good_len = m->directory_len;
    m->directory_len = 0;
    m->count = 0;
    add_stored(m, "a/data.pkl", "evil");
    uint64_t evil = add_directory(m);
    struct end64 end = end64_of(m, evil);
    add_end64_record(m, &end);
    add_locator(m, &end);
    m->directory_len = good_len;
    add_end(m, good, "");
    assert_int_equal(open_made(b), SG_OK);
    assert_finding(b->zip, SG_ZIP_ZIP64 | SG_ZIP_SECOND_DIRECTORY);
    assert_true(holds(b, find(b, "a/data.pkl", 0), "evil"));
    assert_true(holds(b, find(b, "a/data.pkl", 1), "good"));
}

/* Both say where the same directory begins, and one that it is longer. */
static void a_directory_of_two_lengths_is_read_to_the_longer_one(void **state)
{
    struct bench *b = *state;
    struct maker *m = b->m;

    add_stored(m, "a", "1");
    size_t first = m->directory_len;
    add_stored(m, "b", "2");
    size_t start = m->len;
    add_bytes(m, m->directory, first);
    struct end64 beside = {1, first, start, m->len};
    struct end64 told = {2, 0, start, 0};
    told.at = m->len + SG_ZIP_END64_SIZE + SG_ZIP_LOCATOR_SIZE + SG_ZIP_END_SIZE;
    told.size = told.at - start;
    add_end64_record(m, &beside);
    add_locator(m, &told);
    add_placeholder(m);
    put16(m->bytes + m->len - 2, SG_ZIP_END64_SIZE); /* the other record is its comment */
    add_end64_record(m, &told);
    assert_int_equal(open_made(b), SG_OK);
    assert_finding(b->zip, SG_ZIP_ZIP64);
    assert_true(holds(b, find(b, "a", 0), "1"));
    assert_true(find(b, "a", 0)->seen_by & SG_ZIP_BY_ZIPFILE);
    assert_finding(*find(b, "b", 0), SG_ZIP_HIDDEN);
}

/* It has no room before it for the record that it should point to. */
static void a_locator_at_the_beginning_leads_to_nothing(void **state)
{
    struct bench *b = *state;
    struct end64 nowhere = {.at = 7};

    add_locator(b->m, &nowhere);
    add_placeholder(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.count, 0);
}

static void a_locator_that_points_nowhere_is_found(void **state)
{
    struct bench *b = *state;
    struct end64 nowhere = {.at = UINT64_MAX - 3};

    add_stored(b->m, "a/data.pkl", "evil");
    uint64_t start = add_directory(b->m);
    add_locator(b->m, &nowhere);
    /* zipfile takes the directory to end where the end record begins. */
    b->m->directory_len += SG_ZIP_LOCATOR_SIZE;
    add_end(b->m, start, "");
    assert_int_equal(open_made(b), SG_OK);
    assert_finding(b->zip, SG_ZIP_ZIP64);
    assert_true(holds(b, &b->zip.members[0], "evil"));
}

static void sizes_in_extra_fields_are_followed(void **state)
{
    struct bench *b = *state;
    struct said said = say(b->m, "a", "evil"), large = said;
    uint8_t extra[20];

    put64(put64(put16(put16(extra, 1), 16), 4), 4);
    large.packed = large.size = 0xffffffff;
    large.extra = extra;
    large.extra_len = sizeof(extra);
    add_local(b->m, &large);
    add_bytes(b->m, "evil", 4);
    add_central(b->m, &large);
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.findings, 0);
    assert_true(holds(b, &b->zip.members[0], "evil"));
}

/* The made bytes from `hole` on stand FAR_AWAY behind those before. */
struct sparse {
    struct maker *m;
    size_t hole;
};

static enum sg_status read_sparse(void *ctx, uint64_t offset, void *into, size_t len, size_t *got)
{
    const struct sparse *s = ctx;
    uint64_t size = s->m->len + FAR_AWAY;
    uint8_t *to = into;

    *got = 0;
    for (; *got < len && offset < size; offset++, ++*got) {
        if (offset < s->hole)
            to[*got] = s->m->bytes[offset];
        else
            to[*got] = offset < s->hole + FAR_AWAY ? 0 : s->m->bytes[offset - FAR_AWAY];
    }
    return SG_OK;
}

static void a_member_past_four_gigabytes_is_read_where_it_is(void **state)
{
    struct bench *b = *state;
    struct maker *m = b->m;
    uint8_t sizes[20], offset[12];
    struct sparse sparse = {.m = m};

    /* The first member's data is the hole. */
    struct said blob = say(m, "a/data/0", "");
    blob.packed = blob.size = 0xffffffff;
    blob.extra = sizes;
    blob.extra_len = sizeof(sizes);
    put64(put64(put16(put16(sizes, 1), 16), FAR_AWAY), FAR_AWAY);
    add_local(m, &blob);
    add_central(m, &blob);
    sparse.hole = m->len;
    struct said evil = say(m, "a/data.pkl", "evil");
    put64(put16(put16(offset, 1), 8), FAR_AWAY + m->len);
    add_local(m, &evil);
    add_bytes(m, "evil", 4);
    evil.offset = 0xffffffff;
    evil.extra = offset;
    evil.extra_len = sizeof(offset);
    add_central(m, &evil);
    struct end64 end = end64_of(m, add_directory(m) + FAR_AWAY);
    end.at += FAR_AWAY;
    add_end64_record(m, &end);
    add_locator(m, &end);
    add_placeholder(m);

    struct sg_source source = {.read = read_sparse, .ctx = &sparse, .size = m->len + FAR_AWAY};
    assert_int_equal(sg_zip_open(&source, &b->arena, &b->zip), SG_OK);
    assert_int_equal(b->zip.findings, 0);
    assert_int_equal(b->zip.count, 2);
    assert_int_equal(find(b, "a/data/0", 0)->packed_size, FAR_AWAY);
    assert_int_equal(find(b, "a/data.pkl", 0)->header_offset, FAR_AWAY + sparse.hole);
    assert_true(holds(b, find(b, "a/data.pkl", 0), "evil"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(zip64_end_records_are_followed),
        T(two_zip64_end_records_lead_to_two_directories),
        T(the_plain_end_record_may_lead_elsewhere),
        T(a_locator_that_points_nowhere_is_found),
        T(sizes_in_extra_fields_are_followed),
        T(a_member_past_four_gigabytes_is_read_where_it_is),
        T(a_directory_of_two_lengths_is_read_to_the_longer_one),
        T(a_locator_at_the_beginning_leads_to_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
