/* test_scan_content.c - whole scans of content in content: what is inside is found, or it is said
 * that it is not. */
#include "composer_cases.h"
#include "opcode_count.h"
#include "test_zip_maker.h"

#include "sgscan.h"

#define ROOM ((size_t)8 << 20)
#define SCAN_ARENA ((size_t)32 << 20)
#define CALL "\x80\2cposix\nsystem\nX\7\0\0\0touch x\x85R."
/* import os; os.system('touch x'), marshalled by CPython 3.11. */
#define LOADS_CODE                                                                                 \
    "cmarshal\nloads\nU\216"                                                                       \
    "c\000\000\000\000\000\000\000\000\000\000\000\000\003\000\000\000\000\000\000\000\363.\000"   \
    "\000\000\227\000d\000d\001l\000Z\000\002\000e\000j\001\000\000\000\000\000\000\000\000d"      \
    "\002\246\001\000\000\253\001\000\000\000\000\000\000\000\000\001\000d\001S\000\251\003\351"   \
    "\000\000\000\000Nz\007touch x\251\002\332\002os\332\006system\251\000\363\000\000\000\000"    \
    "\332\001x\372\010<module>r\011\000\000\000\001\000\000\000r\007\000\000\000r\007\000\000"     \
    "\000"                                                                                         \
    "\205R."
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

static int setup(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));

    assert_non_null(s);
    s->arena = composing_arena(SCAN_ARENA);
    s->limits = SG_LIMITS_DEFAULT;
    s->limits.max_memory = SCAN_ARENA;
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;

    munmap(s->arena.base, SCAN_ARENA);
    free(s);
    return 0;
}

static void put(struct bytes *to, const void *at, size_t len)
{
    assert_true(len <= ROOM - to->len);
    if (len)
        memcpy(to->at + to->len, at, len);
    to->len += len;
}

#define PUT(to, literal) put(to, literal, sizeof(literal) - 1)

static void put_many(struct bytes *to, char c, size_t count)
{
    assert_true(count <= ROOM - to->len);
    memset(to->at + to->len, c, count);
    to->len += count;
}

/* A zip with one stored member. */
static void put_zip(struct bytes *to, const char *name, const void *body, size_t len)
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
static void pack(const struct bytes *content, struct bytes *to)
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

static const struct sg_report *scan_source(struct scene *s, const struct sg_source *source)
{
    const struct sg_onlooker onlooker = counting_into(&s->opcodes);
    struct sg_options options = {.limits = s->limits, .onlooker = &onlooker};

    s->opcodes = 0;
    s->arena.used = 0;
    s->arena.size = (size_t)s->limits.max_memory;
    assert_int_equal(sg_scan(source, &options, &s->arena, &s->report), SG_OK);
    return &s->report;
}

static const struct sg_report *scan(struct scene *s, const struct bytes *bytes)
{
    struct sg_source source = sg_source_mem(bytes->at, bytes->len);

    return scan_source(s, &source);
}

static const struct sg_report *scan_packed(struct scene *s)
{
    pack(&s->content, &s->file);
    return scan(s, &s->file);
}

static void a_packed_archive_is_found_from_its_end(void **state)
{
    struct scene *s = *state;

    PUT(&s->content, "#!/bin/sh\n");
    put_zip(&s->content, "x.pkl", CALL, sizeof(CALL) - 1);
    assert_int_equal(scan_packed(s)->verdict, SG_MALICIOUS);
    assert_string_equal(s->report.format, "gzip");
    assert_string_equal(s->report.reasons[0].member, "(unpacked)!x.pkl");
}

static void an_empty_archive_may_stand_before_another(void **state)
{
    struct scene *s = *state;
    size_t tail;

    PUT(&s->content, "PK\5\6");
    put_many(&s->content, 0, 40000);
    put_zip(&s->content, "x.pkl", CALL, sizeof(CALL) - 1);
    s->content.at[4] = '\n'; /* what no pickle goes on with */
    assert_true(sg_sniff(s->content.at, SG_SNIFF_SIZE, s->content.len, &tail));
    assert_int_equal(scan(s, &s->content)->verdict, SG_MALICIOUS);
    assert_int_equal(scan_packed(s)->verdict, SG_MALICIOUS);
}

static void packed_hdf5_is_searched(void **state)
{
    struct scene *s = *state;

    PUT(&s->content, "\x89HDF\r\n\x1a\n");
    put_many(&s->content, 0, 40000);
    PUT(&s->content, "\n" TEXT_CALL);
    assert_int_equal(scan_packed(s)->verdict, SG_MALICIOUS);
    assert_int_equal(s->report.coverage, SG_NONE);
}

/* More than there is memory for, packed twice: it is read through a window that moves. */
static void content_larger_than_memory_is_read_all_the_same(void **state)
{
    struct scene *s = *state;

    PUT(&s->content, "\x80\2(");
    for (int i = 0; i < 60; i++) {
        PUT(&s->content, "B\0\0\1\0");
        put_many(&s->content, 'x', 65536);
        PUT(&s->content, "0");
    }
    PUT(&s->content, CALL);
    pack(&s->content, &s->file);
    s->content = s->file;
    s->limits.max_memory = 6u << 20;
    assert_int_equal(scan_packed(s)->verdict, SG_MALICIOUS);
    assert_string_equal(s->report.reasons[0].member, "(unpacked)!(unpacked)");
    assert_int_equal(s->report.coverage, SG_COMPLETE);
}

static void put_array(struct bytes *to)
{
    static const char text[118] = "{'descr': '|u1', 'fortran_order': False, 'shape': (4000,), }";

    PUT(to, "\x93NUMPY\1\0v\0");
    put(to, text, strlen(text));
    put_many(to, ' ', sizeof(text) - 1 - strlen(text));
    PUT(to, "\n");
    put_many(to, 1, 4000);
}

static void more_packed_arrays_than_are_looked_at_are_told(void **state)
{
    struct scene *s = *state;

    for (int i = 0; i < 16; i++)
        put_array(&s->content);
    PUT(&s->content, CALL);
    assert_int_equal(scan_packed(s)->verdict, SG_MALICIOUS);
    s->content.len -= sizeof(CALL) - 1;
    for (int i = 0; i < 4; i++)
        put_array(&s->content);
    PUT(&s->content, CALL);
    assert_int_equal(scan_packed(s)->coverage, SG_PARTIAL);
    assert_true(report_tells(&s->report, "more arrays in a row"));
    assert_int_equal(scan(s, &s->content)->verdict, SG_MALICIOUS);
    assert_int_equal(s->report.coverage, SG_COMPLETE);
}

static void what_is_deeper_than_max_depth_is_told(void **state)
{
    struct scene *s = *state;

    put_zip(&s->file, "x.pkl", CALL, sizeof(CALL) - 1);
    s->limits.max_depth = 0;
    assert_int_equal(scan(s, &s->file)->coverage, SG_PARTIAL);
    assert_int_equal(s->report.verdict, SG_BENIGN);
    assert_true(report_tells(&s->report, "nested deeper than max_depth"));
    s->limits.max_depth = 1;
    assert_int_equal(scan(s, &s->file)->verdict, SG_MALICIOUS);
}

static void a_path_of_members_is_cut_where_it_is_full(void **state)
{
    struct scene *s = *state;
    char name[700];

    memset(name, 'n', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    put_zip(&s->content, "x.pkl", CALL, sizeof(CALL) - 1);
    put_zip(&s->file, name, s->content.at, s->content.len);
    assert_int_equal(scan(s, &s->file)->verdict, SG_MALICIOUS);
    assert_int_equal(strlen(s->report.reasons[0].member), SG_MEMBER_PATH_MAX - 1);
    assert_int_equal(strspn(s->report.reasons[0].member, "n"), SG_MEMBER_PATH_MAX - 1);
}

static void a_payload_that_is_not_at_hand_is_told(void **state)
{
    struct scene *s = *state;
    size_t len = 3u << 20;
    uint8_t length[4] = {(uint8_t)len, (uint8_t)(len >> 8), (uint8_t)(len >> 16)};

    PUT(&s->content, "\x80\2c_pickle\nloads\nB");
    put(&s->content, length, 4);
    PUT(&s->content, CALL);
    put_many(&s->content, 'x', len - (sizeof(CALL) - 1));
    PUT(&s->content, "\x85R.");
    assert_int_equal(scan(s, &s->content)->verdict, SG_MALICIOUS);
    assert_true(report_tells(&s->report, "posix.system"));
    s->limits.max_memory = 4u << 20;
    assert_int_equal(scan_packed(s)->coverage, SG_PARTIAL);
    assert_true(report_tells(&s->report, "were not kept"));
}

/* Bytes that stop at `ends` with an error, or (`early`) are no more there for the
 * first that asks. */
struct failing {
    const struct bytes *bytes;
    size_t ends;
    bool early;
};

static enum sg_status read_failing(void *ctx, uint64_t offset, void *into, size_t len, size_t *got)
{
    struct failing *failing = ctx;

    *got = 0;
    if (offset >= failing->ends && !failing->early)
        return SG_ERR_IO;
    failing->early = failing->early && offset < failing->ends;
    if (offset >= failing->ends)
        return SG_OK;
    *got = failing->ends - (size_t)offset < len ? failing->ends - (size_t)offset : len;
    memcpy(into, failing->bytes->at + offset, *got);
    return SG_OK;
}

static const struct sg_report *scan_failing(struct scene *s, size_t ends, bool early)
{
    struct failing failing = {&s->file, ends, early};
    struct sg_source source = {.read = read_failing, .ctx = &failing, .size = s->file.len};

    return scan_source(s, &source);
}

static void a_text_pickle_that_cannot_be_read_on_is_damaged(void **state)
{
    struct scene *s = *state;

    PUT(&s->file, TEXT_CALL);
    size_t called = s->file.len - 1;
    put_many(&s->file, 'N', 5000);
    assert_int_equal(scan_failing(s, called, false)->verdict, SG_MALICIOUS);
    assert_int_equal(s->report.coverage, SG_PARTIAL);
    assert_true(report_tells(&s->report, "the pickle is damaged"));
    /* A name is enough. */
    assert_int_equal(scan_failing(s, 15, false)->verdict, SG_MALICIOUS);
    assert_int_equal(s->report.coverage, SG_PARTIAL);
}

static void a_file_that_ended_and_then_fails_was_not_read(void **state)
{
    struct scene *s = *state;

    PUT(&s->file, "N.");
    put_many(&s->file, 'x', 5000);
    assert_int_equal(scan_failing(s, 100, true)->coverage, SG_PARTIAL);
    assert_true(report_tells(&s->report, "not all of the file could be read"));
}

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

static void text_longer_than_is_read_is_told(void **state)
{
    struct sg_arena text = composing_arena(((size_t)32 << 20) + 1);
    struct composing *composing;
    void *made;

    (void)state;
    composing_setup(&made);
    composing = made;
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

static void a_pickle_of_a_module_that_no_import_names_is_one(void **state)
{
    struct scene *s = *state;

    PUT(&s->file, "cmy-package\nName\n.");
    assert_string_equal(scan(s, &s->file)->format, "pickle");
    s->file.len = 0;
    PUT(&s->file, "cmy package\nName\n.");
    assert_string_equal(scan(s, &s->file)->format, "none");
    s->file.len = 0;
    PUT(&s->file, "i<a>b.c_9\xc3\xa9\nName\n.");
    assert_true(sg_plausible_pickle(s->file.at, s->file.len));
    s->file.at[1] = '!';
    assert_false(sg_plausible_pickle(s->file.at, s->file.len));
    assert_false(sg_plausible_pickle((const uint8_t *)"ca\x1f\nb\n.", 7));
    assert_false(sg_plausible_pickle((const uint8_t *)"ca\x7f\nb\n.", 7));
    assert_true(sg_plausible_pickle((const uint8_t *)"ca b\nb\n.", 8));
}

static bool plausible(const char *bytes, size_t len)
{
    return sg_plausible_pickle((const uint8_t *)bytes, len);
}

/* As bytes of protocol 0 they are decoded before anything is made of them. */
static void a_persistent_id_that_is_not_ascii_is_no_pickle(void **state)
{
    (void)state;
    assert_true(plausible("Pabc\nN.", 8));
    assert_true(plausible("Pabc", 4));
    assert_false(plausible("Pab\xff\n.", 6));
    assert_false(plausible("P\xff"
                           "bc",
                           4));
    /* pickle.py drops the last character of a line that has no end. */
    assert_true(plausible("Pab\xff", 4));
    assert_true(plausible("P\xff", 2));
    assert_true(plausible("cposix\nsystem\1", 14));
    assert_false(plausible("cposix\nsystem\1x", 15));
    assert_true(plausible("P", 1));
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

/* A name of a megabyte, used again and again. */
static void names_that_take_too_long_are_told(void **state)
{
    struct scene *s = *state;

    PUT(&s->file, "\x80\2X\xff\xff\xf\0");
    put_many(&s->file, 'x', 0xfffff);
    PUT(&s->file, "q\0");
    for (int i = 0; i < 100; i++)
        PUT(&s->file, "h\0h\0\x93"
                      "0");
    PUT(&s->file, ".");
    assert_int_equal(scan(s, &s->file)->coverage, SG_PARTIAL);
    assert_true(report_tells(&s->report, "out of all proportion"));
}

/* The second pickle takes what the first has memoized: only one Unpickler for both
 * would load it. */
static void of_what_few_load_only_what_is_certain_is_told(void **state)
{
    struct scene *s = *state;

    PUT(&s->file, "\x80\2Nq\5.\x80\2h\5cposix\nsystem\n.");
    assert_int_equal(scan(s, &s->file)->verdict, SG_MALICIOUS);
    s->file.len = 0;
    PUT(&s->file, "\x80\2Nq\5.\x80\2h\5" LOADS_CODE);
    assert_int_equal(scan(s, &s->file)->verdict, SG_BENIGN);
    s->file.len = 0;
    PUT(&s->file, "\x80\2Nq\5.\x80\2" LOADS_CODE);
    assert_int_equal(scan(s, &s->file)->verdict, SG_MALICIOUS);
    assert_true(report_tells(&s->report, "system"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_packed_archive_is_found_from_its_end),
        TEST(an_empty_archive_may_stand_before_another),
        TEST(packed_hdf5_is_searched),
        TEST(content_larger_than_memory_is_read_all_the_same),
        TEST(more_packed_arrays_than_are_looked_at_are_told),
        TEST(what_is_deeper_than_max_depth_is_told),
        TEST(a_path_of_members_is_cut_where_it_is_full),
        TEST(a_payload_that_is_not_at_hand_is_told),
        TEST(a_text_pickle_that_cannot_be_read_on_is_damaged),
        TEST(a_file_that_ended_and_then_fails_was_not_read),
        TEST(program_text_of_a_served_model_is_told),
        TEST(bytes_of_many_names_are_looked_at_once),
        TEST(bytes_of_two_names_are_read_in_the_role_of_each),
        TEST(text_packed_by_an_unknown_method_is_told),
        cmocka_unit_test(text_longer_than_is_read_is_told),
        TEST(a_pickle_of_a_module_that_no_import_names_is_one),
        cmocka_unit_test(a_persistent_id_that_is_not_ascii_is_no_pickle),
        TEST(an_archive_is_not_read_as_a_line_without_an_end),
        TEST(names_that_take_too_long_are_told),
        TEST(of_what_few_load_only_what_is_certain_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
