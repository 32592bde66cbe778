/* test_scan_content.c - whole scans of content in content: what is inside is found, or it is said
 * that it is not. */
#include "scan_scene.h"

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

/* Where array bytes are, an object that changed unseen may have the loader go on at another place;
 * one more pickle is no such thing. */
static void bytes_behind_a_pickle_with_arrays_are_told(void **state)
{
    static const char *const behind[] = {"", "N.", "\x80\2N.", "\xff\xffN.", "xyz"};
    struct scene *s = *state;

    for (size_t i = 0; i < sizeof(behind) / sizeof(*behind); i++) {
        s->file.len = 0;
        PUT(&s->file,
            "\x80\2cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}(U\5shapeK\3\x85U\5dtype"
            "cnumpy\ndtype\nU\2u1\x85Rub\xff\xff\xff.");
        put(&s->file, behind[i], strlen(behind[i]));
        assert_int_equal(scan(s, &s->file)->coverage, i < 3 ? SG_COMPLETE : SG_PARTIAL);
        assert_int_equal(report_tells(&s->report, "behind one with arrays"), i >= 3);
    }
    s->file.len = 0;
    PUT(&s->file, "\x80\2N.xyz");
    assert_int_equal(scan(s, &s->file)->coverage, SG_COMPLETE);
}

/* torch.storage._load_from_bytes(_codecs.encode(text, codec)): bytes as pickles below protocol 3
 * have them. Longer than 64 KB they were read as the text. */
static enum sg_verdict loaded_from(struct scene *s, const char *codec, size_t filler)
{
    static const char begin[] = "\xc2\x80\2", end[] = "cposix\nsystem\nX\7\0\0\0touch x\xc2\x85R.";
    size_t len = sizeof(begin) - 1 + 3 * filler + sizeof(end) - 1;
    uint8_t head[] = {'X', (uint8_t)len, (uint8_t)(len >> 8), (uint8_t)(len >> 16), 0};

    s->file.len = 0;
    PUT(&s->file, "\x80\2ctorch.storage\n_load_from_bytes\nc_codecs\nencode\n");
    put(&s->file, head, sizeof(head));
    PUT(&s->file, begin);
    for (size_t i = 0; i < filler; i++)
        PUT(&s->file, "N0)");
    PUT(&s->file, end);
    PUT(&s->file, "X\6\0\0\0");
    put(&s->file, codec, 6);
    PUT(&s->file, "\x86R\x85R.");
    return scan(s, &s->file)->verdict;
}

static void bytes_of_text_that_a_loader_gets_are_found_however_long(void **state)
{
    struct scene *s = *state;

    assert_int_equal(loaded_from(s, "latin1", 10), SG_MALICIOUS);
    assert_int_equal(loaded_from(s, "latin1", 40000), SG_MALICIOUS);
    assert_int_equal(s->report.coverage, SG_COMPLETE);
    (void)loaded_from(s, "cp-437", 10);
    assert_int_equal(s->report.coverage, SG_PARTIAL);
    assert_true(report_tells(&s->report, "what a loader is given is not known"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_packed_archive_is_found_from_its_end),
        TEST(an_empty_archive_may_stand_before_another),
        TEST(packed_hdf5_is_searched),
        TEST(content_larger_than_memory_is_read_all_the_same),
        TEST(more_packed_arrays_than_are_looked_at_are_told),
        TEST(what_is_deeper_than_max_depth_is_told),
        TEST(a_path_of_members_is_cut_where_it_is_full),
        TEST(a_payload_that_is_not_at_hand_is_told),
        TEST(bytes_behind_a_pickle_with_arrays_are_told),
        TEST(bytes_of_text_that_a_loader_gets_are_found_however_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
