/* test_scan_members.c - whole scans of zips: whose bytes are looked at, how often, and as what. */
#include "scan_scene.h"

static void program_text_of_a_served_model_is_told(void **state)
{
    static const char *const names[] = {"handler.py", "handler.pyc", "lib/handler.so"};
    struct scene *s = *state;

    for (size_t i = 0; i < 3; i++) {
        struct maker *m = maker_new();
        add_stored(m, "MAR-INF/MANIFEST.json", "{}");
        add_stored(m, names[i], "x");
        finish(m);
        s->file.len = 0;
        put(&s->file, m->bytes, m->len);
        free(m);
        assert_int_equal(scan(s, &s->file)->verdict, SG_SUSPICIOUS);
        assert_true(report_tells(&s->report, "handler that runs"));
        assert_string_equal(s->report.format, "torchserve");
    }
}

/* Bytes that `count` entries of a zip share. */
static void put_shared(struct bytes *to, const char *body, unsigned count, bool deflated)
{
    struct maker *m = maker_new();
    struct said said = say(m, "m0", body);
    uint8_t packed[4096];
    char name[16];

    said.method = deflated ? 8 : 0;
    if (deflated)
        said.packed = (uint32_t)deflate_raw(body, strlen(body), packed, sizeof(packed));
    add_local(m, &said);
    add_bytes(m, deflated ? (const void *)packed : body, said.packed);
    for (unsigned i = 0; i < count; i++) {
        snprintf(name, sizeof(name), "m%u", i);
        said.name = name;
        said.crc = i; /* what nobody's bytes depend on */
        add_central(m, &said);
    }
    finish(m);
    to->len = 0;
    put(to, m->bytes, m->len);
    free(m);
}

static void bytes_of_many_names_are_looked_at_once(void **state)
{
    struct scene *s = *state;
    char body[3000] = TEXT_CALL;

    memset(body + sizeof(TEXT_CALL) - 1, 'N', 2000);
    body[sizeof(TEXT_CALL) - 2] = '0';
    strcat(body, ".");
    for (int deflated = 0; deflated < 2; deflated++) {
        put_shared(&s->file, body, 1, deflated);
        assert_int_equal(scan(s, &s->file)->verdict, SG_MALICIOUS);
        uint64_t once = s->opcodes;
        assert_true(once > 2000);
        put_shared(&s->file, body, 1000, deflated);
        assert_int_equal(scan(s, &s->file)->verdict, SG_MALICIOUS);
        assert_int_equal(s->opcodes, once);
        assert_string_equal(s->report.reasons[0].member, "m0");
    }
}

/* The first of two names says nothing of what the other makes of the bytes. */
static void bytes_of_two_names_are_read_in_the_role_of_each(void **state)
{
    static const char text[] = "import os\nos.system('touch x')\n";
    struct scene *s = *state;
    struct maker *m = maker_new();

    add_stored(m, "MAR-INF/MANIFEST.json", "{}");
    struct said said = say(m, "notes.txt", text);
    add_apart(m, &said, &said, text);
    said.name = "handler.py";
    add_central(m, &said);
    finish(m);
    put(&s->file, m->bytes, m->len);
    free(m);
    assert_int_equal(scan(s, &s->file)->verdict, SG_MALICIOUS);
    assert_string_equal(s->report.reasons[0].member, "handler.py");
}

static void text_packed_by_an_unknown_method_is_told(void **state)
{
    struct scene *s = *state;
    struct maker *m = maker_new();

    add_stored(m, "MAR-INF/MANIFEST.json", "{}");
    struct said said = say(m, "handler.py", "import os");
    said.method = 99;
    add_apart(m, &said, &said, "import os");
    finish(m);
    put(&s->file, m->bytes, m->len);
    free(m);
    assert_int_equal(scan(s, &s->file)->coverage, SG_PARTIAL);
    assert_true(report_tells(&s->report, "a member's text could not be read"));
    assert_true(report_tells(&s->report, "packed by a method that is not read here"));
}

/* miniz, in torch, takes 32 distance codes where zlib takes 30; damage that the packed bytes' end
 * makes is nobody's content. */
static void deflated_bytes_that_zlib_refuses_are_told(void **state)
{
    static const char refused[] = "\x05\xff\xff\xff\xff\xff\xff\xff";
    struct scene *s = *state;

    for (unsigned i = 0; i < 3; i++) {
        struct maker *m = maker_new();
        struct said said = say(m, "m/data.pkl", refused);
        said.method = 8;
        said.flags = i == 2;
        said.packed = i == 1 ? 1 : said.packed;
        add_apart(m, &said, &said, refused);
        finish(m);
        s->file.len = 0;
        put(&s->file, m->bytes, m->len);
        free(m);
        assert_int_equal(scan(s, &s->file)->coverage, SG_PARTIAL);
        assert_int_equal(report_tells(&s->report, "none to zlib"), i == 0);
        assert_true(i || s->report.verdict == SG_SUSPICIOUS);
    }
}

static void text_longer_than_is_read_is_told(void **state)
{
    struct sg_arena text = composing_arena(((size_t)32 << 20) + 1);
    struct composing *composing;
    void *made;

    (void)state;
    composing_setup(&made);
    composing = made;
    memset(text.base, ' ', 2); /* no text of wide characters */
    for (size_t i = 0; i < 2; i++) {
        struct sg_source source = sg_source_mem(text.base, text.size - !i);
        struct sg_feed feed = sg_feed_source(&source);
        sg_compose_zip_role(&composing->c, "keras", SG_ZIP_CONFIG, &feed);
        assert_int_equal(composing_report(composing)->coverage, i ? SG_PARTIAL : SG_COMPLETE);
    }
    assert_true(report_tells(&composing->report, "a configuration was not read"));
    composing_teardown(&made);
    munmap(text.base, text.size);
}

static enum sg_status read_counted(void *ctx, uint64_t offset, void *into, size_t len, size_t *got)
{
    struct scene *s = ctx;

    *got = offset < s->file.len ? s->file.len - (size_t)offset : 0;
    *got = *got < len ? *got : len;
    memcpy(into, s->file.at + offset, *got);
    s->read += *got;
    return SG_OK;
}

/* Its first byte is PERSID, and there may be no newline in gigabytes of it. */
static void an_archive_is_not_read_as_a_line_without_an_end(void **state)
{
    struct scene *s = *state;
    struct maker *m = maker_new();
    const size_t size = 6u << 20;
    struct said said = {.name = "data/0", .packed = (uint32_t)size, .size = (uint32_t)size};

    put_many(&s->content, 'x', size);
    said.crc = (uint32_t)crc32(0, s->content.at, (uInt)size);
    add_local(m, &said);
    put(&s->file, m->bytes, m->len);
    put_many(&s->file, 'x', size);
    add_central(m, &said);
    m->len = 0;
    add_directory(m);
    add_end(m, s->file.len, "");
    put(&s->file, m->bytes, m->len);
    free(m);
    struct sg_source source = {.read = read_counted, .ctx = s, .size = s->file.len};
    assert_string_equal(scan_source(s, &source)->format, "zip");
    assert_int_equal(s->report.coverage, SG_COMPLETE);
    assert_true(s->read < size / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(program_text_of_a_served_model_is_told),
        TEST(bytes_of_many_names_are_looked_at_once),
        TEST(bytes_of_two_names_are_read_in_the_role_of_each),
        TEST(text_packed_by_an_unknown_method_is_told),
        TEST(deflated_bytes_that_zlib_refuses_are_told),
        cmocka_unit_test(text_longer_than_is_read_is_told),
        TEST(an_archive_is_not_read_as_a_line_without_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
