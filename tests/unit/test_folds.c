/* test_folds.c - names that a pickle puts together while it is loaded, by each way
 * that is folded. */
#include "sgscan.h"
#include "tests/unit/pickle_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <cmocka.h>

#define ARENA ((size_t)32 << 20)

#define BYTES6(text) "C\6" text
#define BYTES8(text) "C\10" text
#define BYTES12(text) "C\14" text
#define TEXT_OF(bytes) CALL("builtins", "bytes.decode", bytes)

/* Each leaves "system". */
static const char *const names[] = {
    CALL("builtins", "str.lower", STR("SYSTEM")),
    CALL("builtins", "str.lower", CALL("builtins", "str.upper", STR("sysTem"))),
    CALL("builtins", "str.swapcase", STR("SYSTEM")),
    CALL("builtins", "str.casefold", STR("SySTem")),
    CALL("builtins", "str.strip", STR("  system\\t")),
    CALL("builtins", "str.replace", STR("sysXXtem") STR("XX") STR("")),
    CALL("builtins", "str.join", STR("") LIST(STR("sys") STR("tem"))),
    CALL("builtins", "str.join", STR("") TUPLE(STR("s") STR("yste") STR("m"))),
    CALL("builtins", "str.join", STR("") CALL("builtins", "reversed", STR("metsys"))),
    CALL("builtins", "str.join", STR("ste") LIST(STR("sy") STR("m"))),
    CALL("operator", "getitem", STR("metsys") CALL("builtins", "slice", "NN" INT(-1))),
    CALL("operator", "getitem", STR("XXXXmetsys") CALL("builtins", "slice", "N" INT(3) INT(-1))),
    CALL("builtins", "str.__add__", STR("sys") STR("tem")),
    CALL("operator", "add", STR("sys") STR("tem")),
    CALL("_operator", "concat", STR("sys") STR("tem")),
    CALL("operator", "getitem", TUPLE(STR("a") STR("system")) INT(1)),
    CALL("operator", "getitem", LIST(STR("system")) INT(0)),
    CALLED(CALL("operator", "itemgetter", INT(1)), TUPLE(STR("a") STR("system"))),
    CALLED(CALL("operator", "methodcaller", STR("lower")), STR("SYSTEM")),
    CALLED(CALL("operator", "methodcaller", STR("replace") STR("-") STR("")), STR("sys-tem")),
    CALLED(CALL("functools", "partial", "cbuiltins\nstr.lower\n" STR("SYSTEM")), ""),
    CALLED(CALL("_functools", "partial", "cbuiltins\nstr.replace\n" STR("sysXtem") STR("X")),
           STR("")),
    CALL("builtins", "str", STR("system")),
    CALL("builtins", "str", BYTES6("system") STR("utf8")),
    TEXT_OF(BYTES6("system")),
    TEXT_OF(BYTES6("system") STR("latin-1")),
    TEXT_OF(CALL("builtins", "bytes.fromhex", STR("73797374656d"))),
    TEXT_OF(CALL("builtins", "bytes.fromhex", STR(" 7379 73\\t7465 6D "))), /* was not folded */
    TEXT_OF(CALL("builtins", "bytes", LIST(INT(115) INT(121) INT(115) INT(116) INT(101) INT(109)))),
    TEXT_OF(CALL("_codecs", "encode", STR("system") STR("latin1"))),
    TEXT_OF(CALL("base64", "b64decode", BYTES8("c3lzdGVt"))),
    TEXT_OF(CALL("base64", "b64decode",
                 RAW("\11", "c3lz\xff"
                            "dGVt"))), /* was not folded */
    TEXT_OF(CALL("base64", "urlsafe_b64decode", BYTES8("c3lzdGVt"))),
    TEXT_OF(CALL("base64", "b16decode", BYTES12("73797374656D"))),
    TEXT_OF(CALL("binascii", "unhexlify", BYTES12("73797374656d"))),
    TEXT_OF(CALL("binascii", "a2b_base64", BYTES8("c3lzdGVt"))),
    TEXT_OF(CALL("codecs", "decode", BYTES8("c3lzdGVt") STR("base64"))),
    TEXT_OF(CALL("codecs", "decode", BYTES12("73797374656d") STR("hex_codec"))),
    CALL("codecs", "decode", STR("flfgrz") STR("rot-13")),
    CALL("codecs", "encode", STR("flfgrz") STR("rot13")),
    CALL("builtins", "str.join",
         STR("")
             LIST(CALL("builtins", "chr", INT(115)) CALL("builtins", "chr", INT(121)) STR("stem"))),
};

/* Each leaves the function itself. */
static const char *const functions[] = {
    CALL("builtins", "getattr", CALL("builtins", "__import__", STR("posix")) STR("system")),
    CALL("builtins", "object.__getattribute__",
         CALL("importlib", "import_module", STR("posix")) STR("system")),
    CALLED(CALL("operator", "attrgetter", STR("system")),
           CALL("importlib._bootstrap", "_gcd_import", STR("posix"))),
    CALLED(CALL("operator", "itemgetter", INT(1)),
           CALLED(CALL("operator", "attrgetter", STR("path") STR("system")),
                  CALL("builtins", "__import__", STR("posix")))),
    CALL("pkgutil", "resolve_name", STR("posix:system")),
    CALL("pydoc", "locate", STR("posix.system")),
    CALL("logging.config", "_resolve", STR("posix.system")),
    CALL("copyreg", "add_extension", STR("posix") STR("system") INT(200)) "0\x82\xc8",
    CALL("functools", "partial", "cposix\nsystem\n"),
};

struct desk {
    uint8_t *memory;
    char bytes[1024];
    size_t len;
};

static int setup(void **state)
{
    struct desk *desk = calloc(1, sizeof(*desk));

    assert_non_null(desk);
    desk->memory = mmap(NULL, ARENA, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(desk->memory != MAP_FAILED);
    *state = desk;
    return 0;
}

static int teardown(void **state)
{
    struct desk *desk = *state;

    munmap(desk->memory, ARENA);
    free(desk);
    return 0;
}

static void begin(struct desk *desk)
{
    memcpy(desk->bytes, "\x80\4", 2);
    desk->len = 2;
}

static void put(struct desk *desk, const char *text)
{
    size_t len = strlen(text);

    assert_true(len < sizeof(desk->bytes) - desk->len);
    memcpy(desk->bytes + desk->len, text, len);
    desk->len += len;
}

static bool names_system(const struct sg_report *report)
{
    for (uint32_t i = 0; i < report->reason_count; i++)
        if (strstr(report->reasons[i].detail, "posix.system"))
            return true;
    return false;
}

static bool is_found(struct desk *desk)
{
    struct sg_options options = {.limits = SG_LIMITS_DEFAULT};
    struct sg_arena arena = {.base = desk->memory, .size = ARENA};
    struct sg_source source = sg_source_mem(desk->bytes, desk->len);
    struct sg_report report;

    assert_int_equal(sg_scan(&source, &options, &arena, &report), SG_OK);
    bool found = report.verdict == SG_MALICIOUS && names_system(&report);
    assert_int_equal(madvise(desk->memory, ARENA, MADV_DONTNEED), 0);
    return found;
}

static void a_name_that_is_put_together_is_told(void **state)
{
    struct desk *desk = *state;
    size_t missed = 0;

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        begin(desk);
        put(desk, STR("posix"));
        put(desk, names[i]);
        put(desk, "\x93(S'touch c'\ntR.");
        if (is_found(desk))
            continue;
        print_error("not found: %s\n", names[i]);
        missed++;
    }
    assert_int_equal(missed, 0);
}

static void a_function_that_is_looked_up_is_told(void **state)
{
    struct desk *desk = *state;
    size_t missed = 0;

    for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
        begin(desk);
        put(desk, functions[i]);
        put(desk, "(S'touch c'\ntR.");
        if (is_found(desk))
            continue;
        print_error("not found: %s\n", functions[i]);
        missed++;
    }
    assert_int_equal(missed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_that_is_put_together_is_told),
        cmocka_unit_test(a_function_that_is_looked_up_is_told),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
