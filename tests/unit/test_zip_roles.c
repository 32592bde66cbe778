/* test_zip_roles.c - members of a zip that are more than pickles: what a loader reads as text or as
 * a configuration is read so, whatever else the archive holds. */
#include "composer_cases.h"
#include "test_zip_maker.h"

#include "sgscan.h"

#define ARENA_SIZE ((size_t)32 << 20)
#define LAMBDA "{\"module\": \"keras.layers\", \"class_name\": \"Lambda\", \"config\": {}}"
#define OBJECT "{\"__class__\": \"system\", \"__module__\": \"os\", \"__loader__\": \"ObjectNode\"}"
#define SPEC "{\"class_name\": \"__typespec__\", \"module\": \"os\", \"spec_name\": \"system\"}"
#define PICKLE "\x80\2N."

struct scene {
    struct sg_arena arena;
    struct maker *maker;
    struct sg_report report;
};

static int setup(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));

    assert_non_null(s);
    s->arena = composing_arena(ARENA_SIZE);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;

    munmap(s->arena.base, ARENA_SIZE);
    free(s->maker);
    free(s);
    return 0;
}

static void begin(struct scene *s)
{
    free(s->maker);
    s->maker = maker_new();
}

static const struct sg_report *scan(struct scene *s)
{
    struct sg_options options = {.limits = SG_LIMITS_DEFAULT};

    finish(s->maker);
    struct sg_source source = sg_source_mem(s->maker->bytes, s->maker->len);
    s->arena.used = 0;
    assert_int_equal(sg_scan(&source, &options, &s->arena, &s->report), SG_OK);
    return &s->report;
}

/* keras.models.load_model() asks for config.json only, skops.io.load() for schema.json. */
static void a_configuration_is_read_beside_that_of_another_format(void **state)
{
    static const char *const others[] = {"schema.json", "metadata.json", "a/data.pkl", "x.npy",
                                         "MAR-INF/MANIFEST.json"};
    struct scene *s = *state;

    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        begin(s);
        add_stored(s->maker, others[i], "{}");
        add_stored(s->maker, "config.json", LAMBDA);
        assert_int_equal(scan(s)->verdict, SG_SUSPICIOUS);
        assert_true(report_tells(&s->report, "Lambda"));
    }
    begin(s);
    add_stored(s->maker, "a/data.pkl", PICKLE);
    add_stored(s->maker, "config.json", "{}");
    add_stored(s->maker, "metadata.json", "{}");
    add_stored(s->maker, "schema.json", OBJECT);
    assert_int_equal(scan(s)->verdict, SG_MALICIOUS);
}

/* json.loads() finds out by itself. */
static void a_configuration_in_wide_characters_is_told(void **state)
{
    static const char *const wide[] = {"\xff\xfe{\0\"", "\xfe\xff\0{", "{\0\"\0", "\0{\0\""};
    struct scene *s = *state;

    for (size_t i = 0; i < sizeof(wide) / sizeof(*wide); i++) {
        begin(s);
        struct said said = say(s->maker, "config.json", "    ");
        said.crc = (uint32_t)crc32(0, (const Bytef *)wide[i], 4);
        add_local(s->maker, &said);
        add_bytes(s->maker, wide[i], 4);
        add_central(s->maker, &said);
        assert_int_equal(scan(s)->coverage, SG_PARTIAL);
        assert_true(report_tells(&s->report, "UTF-16"));
    }
    begin(s);
    add_stored(s->maker, "config.json", "\xef\xbb\xbf" LAMBDA);
    assert_int_equal(scan(s)->coverage, SG_COMPLETE);
    assert_true(report_tells(&s->report, "Lambda"));
}

static void a_class_of_a_type_is_a_name(void **state)
{
    struct scene *s = *state;

    begin(s);
    add_stored(s->maker, "config.json", SPEC);
    assert_int_equal(scan(s)->verdict, SG_MALICIOUS);
}

/* torch looks for records without regard to case. */
static void a_program_is_read_from_a_folder_in_any_case(void **state)
{
    static const char *const folders[] = {"a/code/x.py", "a/CODE/x.py", "Code/x.Py"};
    struct scene *s = *state;

    for (size_t i = 0; i < 3; i++) {
        begin(s);
        add_stored(s->maker, "a/data.pkl", PICKLE);
        add_stored(s->maker, "a/constants.pkl", PICKLE);
        add_stored(s->maker, folders[i], "torch.save(1, 2)");
        assert_string_equal(scan(s)->format, "torchscript");
        assert_true(report_tells(&s->report, "opens or writes files"));
    }
    begin(s);
    add_stored(s->maker, "a/data.pkl", PICKLE);
    add_stored(s->maker, "a/constants.pkl", PICKLE);
    add_stored(s->maker, "a/decode/x.py", "");
    assert_string_equal(scan(s)->format, "torch-zip");
}

/* Its bytes are read as they stand; should they be encrypted, nobody has seen what they are. */
static void what_is_marked_as_encrypted_is_not_fully_read(void **state)
{
    struct scene *s = *state;

    begin(s);
    struct said said = say(s->maker, "a/data.pkl", "secret");
    said.flags = 1;
    add_apart(s->maker, &said, &said, "secret");
    assert_int_equal(scan(s)->coverage, SG_PARTIAL);
    assert_true(report_tells(&s->report, "encrypted"));
}

/* Each entry has a byte more of the same deflated ones, which unpack to a mebibyte. */
static void members_that_share_bytes_unpack_to_no_more_than_a_limit(void **state)
{
    enum { LEN = 1 << 20 };
    struct scene *s = *state;
    uint8_t *body = calloc(1, LEN), packed[4096];
    struct said said = {.name = "m", .method = 8, .size = LEN};

    assert_non_null(body);
    memcpy(body, "\x80\2B\xf0\xff\xf\0", 7);
    size_t len = deflate_raw(body, LEN, packed, sizeof(packed));
    free(body);
    for (unsigned count = 2; count <= 200; count += 198) {
        begin(s);
        said.packed = (uint32_t)len;
        add_local(s->maker, &said);
        add_bytes(s->maker, packed, sizeof(packed));
        for (unsigned i = 0; i < count; i++, said.packed++)
            add_central(s->maker, &said);
        assert_int_equal(scan(s)->verdict, SG_SUSPICIOUS);
        assert_int_equal(report_tells(&s->report, "again and again") > 0, count > 2);
    }
    assert_int_equal(s->report.coverage, SG_PARTIAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_configuration_is_read_beside_that_of_another_format),
        cmocka_unit_test(a_configuration_in_wide_characters_is_told),
        cmocka_unit_test(a_class_of_a_type_is_a_name),
        cmocka_unit_test(a_program_is_read_from_a_folder_in_any_case),
        cmocka_unit_test(what_is_marked_as_encrypted_is_not_fully_read),
        cmocka_unit_test(members_that_share_bytes_unpack_to_no_more_than_a_limit),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
