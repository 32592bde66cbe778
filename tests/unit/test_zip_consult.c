/* test_zip_consult.c - libzip's opinion of an archive, and the memory it gets. */
#include "readers/zip_alloc.h"
#include "test_zip_maker.h"

static enum sg_status consult_made(struct bench *b)
{
    assert_int_equal(open_made(b), SG_OK);
    return sg_zip_consult(&b->zip, &b->arena);
}

static void libzip_lists_what_we_list(void **state)
{
    struct bench *b = *state;

    add_stored(b->m, "a/data.pkl", "evil");
    add_deflated(b->m, "a/version", "333333333");
    add_stored(b->m, "a/empty", "");
    add_stored(b->m, "a/data.pkl", "evil");
    struct said said = say(b->m, "a\0b", "nul");
    said.name_len = 3;
    add_local(b->m, &said);
    add_bytes(b->m, "nul", 3);
    add_central(b->m, &said);
    finish(b->m);
    assert_int_equal(consult_made(b), SG_OK);
    assert_int_equal(b->zip.count, 5);
    assert_int_equal(b->zip.findings, SG_ZIP_DUPLICATE | SG_ZIP_NAME_NUL);
    for (size_t i = 0; i < b->zip.count; i++)
        assert_int_equal(b->zip.members[i].seen_by & SG_ZIP_BY_LIBZIP, SG_ZIP_BY_LIBZIP);
}

/* libzip takes offsets from the beginning of the file: it refuses what has a prefix. */
static void what_libzip_refuses_is_said(void **state)
{
    struct bench *b = *state;

    make_prefixed(b->m, "prefix");
    assert_int_equal(consult_made(b), SG_END);
    assert_true(holds(b, &b->zip.members[0], "evil"));
}

/* Of two directories libzip takes the one that spans more, zipfile and miniz the last. */
static void libzip_may_take_another_directory(void **state)
{
    struct bench *b = *state;

    add_stored(b->m, "good", "0123456789");
    add_stored(b->m, "more", "0123456789");
    finish(b->m);
    b->m->directory_len = 0;
    b->m->count = 0;
    add_stored(b->m, "evil", "x");
    finish(b->m);
    assert_int_equal(consult_made(b), SG_OK);
    assert_finding(b->zip, SG_ZIP_SECOND_DIRECTORY | SG_ZIP_ONLY_SOME);
    assert_int_equal(b->zip.count, 3);
    assert_int_equal(find(b, "good", 0)->seen_by & SG_ZIP_BY_LIBZIP, SG_ZIP_BY_LIBZIP);
    assert_int_equal(find(b, "evil", 0)->seen_by & SG_ZIP_BY_LIBZIP, 0);
    assert_finding(*find(b, "evil", 0), SG_ZIP_ONLY_SOME);
}

/* Alike in all that libzip tells but the name. */
static void a_name_that_we_do_not_have_is_added(void **state)
{
    struct bench *b = *state;

    add_stored(b->m, "abc", "evil");
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    b->zip.members[0].name = SG_TEXT("aXc");
    assert_int_equal(sg_zip_consult(&b->zip, &b->arena), SG_OK);
    assert_int_equal(b->zip.count, 2);
    assert_true(sg_text_is(b->zip.members[1].name, "abc"));
}

/* One is longer, one has another character in the place of libzip's space. */
static void names_are_compared_as_libzip_gives_them(void **state)
{
    static const char *const names[] = {"a c", "aXc", "a cd", "ab"};
    struct bench *b = *state;

    add_stored(b->m, "a\tc", "evil");
    put32(b->m->bytes, SG_ZIP_SIG_LOCAL);
    b->m->bytes[30 + 1] = b->m->directory[46 + 1] = '\0';
    finish(b->m);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(open_made(b), SG_OK);
        b->zip.members[0].name = i ? sg_text_of(names[i]) : SG_TEXT("a\0c");
        assert_int_equal(sg_zip_consult(&b->zip, &b->arena), SG_OK);
        assert_int_equal(b->zip.count, i ? 2 : 1);
        assert_int_equal(b->zip.members[i ? 1 : 0].same, i ? 1 : 0);
    }
}

/* Theirs is added to a list that has no room. */
static void what_libzip_lists_without_memory_is_told(void **state)
{
    struct bench *b = *state;
    unsigned refused = 0;

    add_stored(b->m, "abc", "evil");
    finish(b->m);
    for (size_t size = 0;; size += 16) {
        assert_int_equal(open_made(b), SG_OK);
        b->zip.members[0].name = SG_TEXT("aXc");
        struct sg_arena small = {.base = b->arena.base + (4u << 20), .size = size};
        enum sg_status status = sg_zip_consult(&b->zip, &small);
        if (status == SG_OK)
            break;
        refused += status == SG_ERR_MEMORY;
        assert_int_equal(b->zip.count, 1);
    }
    assert_true(refused > 0);
    assert_int_equal(b->zip.count, 2);
}

/* What we would list is taken off the list: libzip's opinion must bring it back. */
static void what_only_libzip_lists_is_added(void **state)
{
    struct bench *b = *state;

    add_stored(b->m, "a", "first");
    add_deflated(b->m, "b", "second second second");
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    b->zip.count = 1;
    assert_int_equal(sg_zip_consult(&b->zip, &b->arena), SG_OK);
    assert_int_equal(b->zip.count, 2);
    assert_true(sg_text_is(b->zip.members[1].name, "b"));
    assert_int_equal(b->zip.members[1].seen_by, SG_ZIP_BY_LIBZIP);
    assert_int_equal(b->zip.members[1].findings, SG_ZIP_ONLY_SOME);
    assert_finding(b->zip, SG_ZIP_ONLY_SOME);
    assert_true(holds(b, &b->zip.members[1], "second second second"));
    assert_true(holds(b, &b->zip.members[0], "first"));
}

static void what_is_too_much_for_libzip_is_not_asked(void **state)
{
    struct bench *b = *state;

    add_stored(b->m, "a", "1");
    size_t start = add_directory(b->m);
    for (unsigned i = 0; i < 20; i++)
        add_end(b->m, start, "");
    assert_int_equal(consult_made(b), SG_ERR_LIMIT);
    /* … nor of more entries than it compares in reasonable time. */
    b->m->len = b->m->directory_len = b->m->count = 0;
    struct said said = say(b->m, "a", "1");
    add_apart(b->m, &said, &said, "1");
    for (unsigned i = 0; i < 4096; i++)
        add_central(b->m, &said);
    finish(b->m);
    assert_int_equal(consult_made(b), SG_ERR_LIMIT);
}

static void libzip_without_memory_changes_nothing(void **state)
{
    struct bench *b = *state;

    add_stored(b->m, "a", "evil");
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    size_t size = 0;
    for (;; size += 16) {
        struct sg_arena small = {.base = b->arena.base + (4u << 20), .size = size};
        if (sg_zip_consult(&b->zip, &small) == SG_OK)
            break;
        assert_int_equal(b->zip.count, 1);
        assert_int_equal(b->zip.findings, 0);
        assert_int_equal(b->zip.members[0].seen_by & SG_ZIP_BY_LIBZIP, 0);
        assert_int_equal(small.used, 0);
    }
    assert_true(size > 1024);
    assert_int_equal(b->zip.members[0].seen_by & SG_ZIP_BY_LIBZIP, SG_ZIP_BY_LIBZIP);
}

static void libzips_memory_comes_from_the_arena_that_is_lent(void **state)
{
    struct bench *b = *state;

    assert_null(sg_zip_malloc(1));
    assert_null(sg_zip_lend(&b->arena));
    char *first = sg_zip_malloc(10);
    assert_true((uint8_t *)first > b->arena.base && (uint8_t *)first < b->arena.base + 256);
    assert_int_equal((uintptr_t)first % 16, 0);
    memset(first, 'x', 10);
    char *last = sg_zip_strdup("text");
    assert_string_equal(last, "text");
    size_t before = b->arena.used;
    char *moved = sg_zip_realloc(first, 1000);
    assert_memory_equal(moved, "xxxxxxxxxx", 10);
    sg_zip_free(moved);
    assert_int_equal(b->arena.used, before);
    first = sg_zip_realloc(first, 1000);
    size_t used = b->arena.used;
    uint8_t *zeros = sg_zip_calloc(10, 10);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(zeros[i], 0);
    zeros = sg_zip_realloc(zeros, 5000);
    sg_zip_free(zeros);
    assert_int_equal(b->arena.used, used);
    sg_zip_free(last);
    sg_zip_free(NULL);
    assert_int_equal(b->arena.used, used);
    assert_null(sg_zip_malloc(SIZE_MAX));
    assert_null(sg_zip_calloc(SIZE_MAX / 2, 4));
    assert_null(sg_zip_calloc(SIZE_MAX, 1));
    assert_null(sg_zip_realloc(first, BENCH_ARENA));
    assert_null(sg_zip_realloc(first, SIZE_MAX));
    assert_memory_equal(first, "xxxxxxxxxx", 10);
    assert_ptr_equal(sg_zip_lend(NULL), &b->arena);
    assert_null(sg_zip_realloc(first, 1));
    assert_null(sg_zip_strdup("text"));
    used = b->arena.used;
    sg_zip_free(first);
    assert_int_equal(b->arena.used, used);
}

static void moments_are_told_apart(void **state)
{
    struct tm early = {.tm_year = 80, .tm_mon = 0, .tm_mday = 31, .tm_hour = 23, .tm_min = 59};
    struct tm late = {.tm_year = 80, .tm_mon = 1, .tm_mday = 1};

    (void)state;
    assert_true(sg_zip_mktime(&early) < sg_zip_mktime(&late));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(libzip_lists_what_we_list),
        T(what_libzip_refuses_is_said),
        T(libzip_may_take_another_directory),
        T(a_name_that_we_do_not_have_is_added),
        T(what_only_libzip_lists_is_added),
        T(what_is_too_much_for_libzip_is_not_asked),
        T(libzip_without_memory_changes_nothing),
        T(libzips_memory_comes_from_the_arena_that_is_lent),
        T(moments_are_told_apart),
        T(names_are_compared_as_libzip_gives_them),
        T(what_libzip_lists_without_memory_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
