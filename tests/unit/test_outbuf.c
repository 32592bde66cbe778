/* test_outbuf.c - text that is put together: from nothing on, and beyond any room. */
#include "scanner/cli/outbuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* As SARIF has it of a scan that noted nothing: memcpy() may not be given NULL even so. */
static void nothing_behind_nothing_is_nothing(void **state)
{
    struct sg_outbuf out = {0}, empty = {0};

    (void)state;
    sg_out_bytes(&out, empty.text, empty.len);
    assert_int_equal(out.len, 0);
    sg_out_text(&out, "a");
    sg_out_bytes(&out, empty.text, empty.len);
    assert_int_equal(out.len, 1);
    free(out.text);
}

static void what_is_added_stands_behind_what_was_there(void **state)
{
    struct sg_outbuf out = {0};

    (void)state;
    for (int i = 0; i < 1000; i++)
        sg_out_format(&out, "%03d", i);
    assert_int_equal(out.len, 3000);
    assert_memory_equal(out.text, "000001002", 9);
    assert_memory_equal(out.text + 2997, "999", 3);
    free(out.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_behind_nothing_is_nothing),
        cmocka_unit_test(what_is_added_stands_behind_what_was_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
