/* test_cache.c - a verdict holds for the file that was scanned, and for no other. */
#include "shim/cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

static const struct sg_identity old = {.dev = 1, .ino = 2, .size = 3, .mtime = 4, .ctime_ = 5};

static void what_is_kept_is_found(void **state)
{
    (void)state;
    assert_int_equal(sg_cache_find(&old), SG_KEPT_NOT);
    sg_cache_keep(&old, SG_KEPT_CARRIER);
    assert_int_equal(sg_cache_find(&old), SG_KEPT_CARRIER);
}

/* The same in all but one thing; `by` is 1 or more. */
static struct sg_identity differing(struct sg_identity from, int in, uint64_t by)
{
    switch (in) {
    case 0:
        from.dev += by;
        break;
    case 1:
        from.ino += by << 32;
        break;
    case 2:
        from.size += by;
        break;
    case 3:
        from.mtime += (int64_t)by;
        break;
    default:
        from.ctime_ += (int64_t)by;
    }
    return from;
}

/* Among so many some lie where the one that was kept does. */
static void a_file_that_differs_in_anything_is_another(void **state)
{
    struct sg_identity one = old;

    (void)state;
    for (one.ino = 20000; one.ino < 20100; one.ino++) {
        sg_cache_keep(&one, SG_KEPT_PLAIN);
        assert_true(sg_identity_same(&one, &one));
        for (int i = 0; i < 5 * 200; i++) {
            struct sg_identity other = differing(one, i % 5, (uint64_t)i / 5 + 1);
            assert_false(sg_identity_same(&one, &other));
            assert_int_equal(sg_cache_find(&other), SG_KEPT_NOT);
        }
    }
}

/* It could change once more under the same stamps. */
static void a_file_that_was_just_written_is_not_kept(void **state)
{
    struct sg_identity warm = old;

    (void)state;
    warm.ctime_ = (int64_t)time(NULL) * 1000000000;
    sg_cache_keep(&warm, SG_KEPT_PLAIN);
    assert_int_equal(sg_cache_find(&warm), SG_KEPT_NOT);
}

/* More files than there is room for: the last are there, and none is taken for another. */
static void the_last_files_are_kept(void **state)
{
    struct sg_identity one = old;
    int kept = 0;

    (void)state;
    for (one.ino = 100; one.ino < 10100; one.ino++) {
        sg_cache_keep(&one, one.ino % 2 ? SG_KEPT_PLAIN : SG_KEPT_CARRIER);
        assert_int_equal(sg_cache_find(&one), one.ino % 2 ? SG_KEPT_PLAIN : SG_KEPT_CARRIER);
    }
    for (one.ino = 100; one.ino < 10100; one.ino++) {
        enum sg_kept found = sg_cache_find(&one);
        kept += found != SG_KEPT_NOT;
        assert_true(found == SG_KEPT_NOT ||
                    found == (one.ino % 2 ? SG_KEPT_PLAIN : SG_KEPT_CARRIER));
    }
    assert_in_range(kept, 1500, 2048);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_is_found),
        cmocka_unit_test(a_file_that_differs_in_anything_is_another),
        cmocka_unit_test(a_file_that_was_just_written_is_not_kept),
        cmocka_unit_test(the_last_files_are_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
