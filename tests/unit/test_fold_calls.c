/* test_fold_calls.c - functions that find names or call what they are given: what they come to. */
#include "tests/unit/machine_bench.h"
#include "tests/unit/pickle_text.h"

#define GETATTR(args) CALL("builtins", "getattr", args)
#define IMPORT(args) CALL("builtins", "__import__", args)
#define RESULT "cm\nmake\n)R"

struct row {
    const char *stream, *line;
};

static void check(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        run(&told, (const uint8_t *)rows[i].stream, strlen(rows[i].stream));
        if (!strstr(told.text, rows[i].line))
            fail_msg("row %zu: not told: %s; but:\n%s", i, rows[i].line, told.text);
    }
}

#define CHECK(rows) check(rows, sizeof(rows) / sizeof(*(rows)))

static void modules_are_those_that_are_imported(void **state)
{
    static const struct row rows[] = {
        {GETATTR(IMPORT(STR("a.b")) STR("f")), "name a:f\n"},
        {GETATTR(IMPORT(STR("a.b") NOTHING NOTHING NOTHING) STR("f")), "name a:f\n"},
        {GETATTR(IMPORT(STR("a.b") NOTHING NOTHING TUPLE("")) STR("f")), "name a:f\n"},
        {GETATTR(IMPORT(STR("a.b") NOTHING NOTHING LIST("")) STR("f")), "name a:f\n"},
        {GETATTR(IMPORT(STR("a.b") NOTHING NOTHING STR("")) STR("f")), "name a:f\n"},
        {GETATTR(IMPORT(STR("a.b") NOTHING NOTHING INT(0)) STR("f")), "name a:f\n"},
        {GETATTR(IMPORT(STR("a.b") NOTHING NOTHING TUPLE(STR("c"))) STR("f")), "name a.b:f\n"},
        {GETATTR(IMPORT(STR("a.b") NOTHING NOTHING "(" STR("c") "Nd") STR("f")), "name a.b:f\n"},
        /* These two gave a.f */
        {GETATTR(IMPORT(STR("a.b") NOTHING NOTHING STR("c")) STR("f")), "name a.b:f\n"},
        {GETATTR(IMPORT(STR("a.b") NOTHING NOTHING INT(1)) STR("f")), "name a.b:f\n"},
        {GETATTR(IMPORT(STR("a") NOTHING NOTHING RESULT) STR("f")), "name a:f\n"},
        {GETATTR(CALL("importlib", "import_module", STR("a.b")) STR("f")), "name a.b:f\n"},
        {GETATTR(CALL("importlib._bootstrap", "_gcd_import", STR("a.b") NOTHING INT(0)) STR("f")),
         "name a.b:f\n"},
        {CALL("pkgutil", "resolve_name", STR("a.b:c.d")), "name a.b:c.d\n"},
        {CALL("pkgutil", "resolve_name", STR("alone")), "name alone:\n"},
        {CALL("operator", "getitem", "csys\nmodules\n" STR("a.b")), "name a.b:\n"},
        {CALL("operator", "getitem", "csys\npath\n" STR("a.b")), "name sys:path.a.b\n"},
        {CALL("operator", "getitem", "ca\n__dict__\n" STR("f")), "name a:__dict__.f\n"},
    };

    (void)state;
    CHECK(rows);
}

/* A list of which nothing was kept is not empty. */
static void a_list_too_long_to_be_kept_is_true(void **state)
{
    static char stream[16384];
    size_t len =
        (size_t)sprintf(stream, "cbuiltins\ngetattr\n(cbuiltins\n__import__\n(S'a.b'\nNN(");

    (void)state;
    memset(stream + len, 'N', 9000);
    len += 9000 + (size_t)sprintf(stream + len + 9000, "ltRS'f'\ntR.");
    run_in(&told, (const uint8_t *)stream, len, 1 << 20);
    assert_non_null(strstr(told.text, "name a.b:f\n"));
}

/* Of these it is not known which module they mean: the name is told to be computed. */
static void modules_that_are_not_certain_are_not_made_up(void **state)
{
    static const char *const streams[] = {
        IMPORT(RESULT),
        IMPORT(STR("a.b") NOTHING NOTHING RESULT),
        IMPORT(STR("a.b") NOTHING NOTHING RAW("\1", "c")),
        IMPORT(STR("a.b") NOTHING NOTHING "\x8f"),
        "(lp1\n0cm\nfill\n(g1\ntR0" IMPORT(STR("a.b") NOTHING NOTHING "g1\n"),
        IMPORT(STR("b") "(d" NOTHING TUPLE(STR("c")) INT(1)), /* level: relative */
        IMPORT(STR("b") "(d" NOTHING TUPLE(STR("c")) RESULT),
        CALL("importlib", "import_module", STR(".b") STR("a")),
        CALL("importlib", "import_module", STR("")),
        CALL("importlib", "import_module", INT(5)),
        CALL("importlib._bootstrap", "_gcd_import", STR("b") STR("a") INT(1)),
        CALL("pkgutil", "resolve_name", RESULT),
        CALLED(NEW_WITH("functools", "partial", "cbuiltins\n__import__\n",
                        STR("fromlist") TUPLE(STR("c"))),
               STR("a.b")),
        CALLED(
            NEW_WITH("functools", "partial", "cimportlib\nimport_module\n", STR("name") STR("a")),
            ""),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(streams) / sizeof(*streams); i++) {
        char stream[512];
        int len = snprintf(stream, sizeof(stream), GETATTR("%s" STR("f")), streams[i]);
        run(&told, (const uint8_t *)stream, (size_t)len);
        if (strstr(told.text, ":f\n") || !told.anomalies[SG_A_COMPUTED_NAME])
            fail_msg("stream %zu:\n%s", i, told.text);
    }
}

static void calls_inside_known_functions_are_told(void **state)
{
    static const struct row rows[] = {
        {CALL("operator", "call", "cm\nf\n" INT(1) INT(2)), "call m.f(1, 2)\n"},
        {CALL("json", "codecs.operator.call", "cm\nf\n" INT(1)), "call m.f(1)\n"},
        {CALL("operator", "call", ""), "call operator.call()\n"},
        {CALL("copyreg", "__newobj__", "cm\nC\n" INT(1)), "call m.C(1)\n"},
        {CALL("copyreg", "__newobj_ex__", "cm\nC\n" TUPLE(INT(2)) "(d"), "call m.C(2)\n"},
        {CALL("copyreg", "__newobj_ex__", "cm\nC\n"), "call m.C(None)\n"},
        {CALL("copyreg", "_reconstructor", "cm\nC\ncbuiltins\nobject\nN"), "call m.C()\n"},
        /* What base.__init__() is given was left out. */
        {CALL("copyreg", "_reconstructor", "cm\nC\ncm\nB\n" STR("x")),
         "call m.B(\"x\")\ncall m.C()\n"},
        {CALL("copyreg", "_reconstructor", "cm\nC\n" RESULT STR("x")), "call m.make()(\"x\")\n"},
        {GETATTR("cm\nC\n" STR("a") NOTHING) ")R", "call m.C.a()\n"},
        {CALLED(GETATTR("cdill\n_dill\n" STR("_setattr") "cbuiltins\nsetattr\n"), ""),
         "call dill._dill._setattr()\n"},
        {CALLED(GETATTR("cdill\n_dill\n" STR("_setattr") "cbuiltins\ngetattr\n"), ""),
         "call builtins.getattr(dill._dill, \"_setattr\", builtins.getattr)()\n"},
        /* Who gets the result does not get what the name would have given. */
        {GETATTR("cm\nC\n" STR("a") "cm\nf\n") ")R", "call builtins.getattr(m.C, \"a\", m.f)()\n"},
        {GETATTR("cm\nC\n" STR("a") RESULT) ")R",
         "call builtins.getattr(m.C, \"a\", m.make())()\n"},
        {CALLED(CALL("functools", "partial", "cm\nf\n" INT(1)), INT(2)), "call m.f(1, 2)\n"},
        {CALLED(CALL("functools", "partial",
                     "cm\nf\ncfunctools\nPlaceholder\n" INT(2) "c_functools\nPlaceholder\n" CALL(
                         "functools", "_PlaceholderType", "")),
                INT(1) INT(3) INT(4) INT(5)),
         "call m.f(1, 2, 3, 4, 5)\n"},
        {CALLED(CALL("functools", "partial", "cm\nf\ncfunctools\nPlaceholder\n" INT(2)), ""),
         "call m.f(functools.Placeholder, 2)\n"}, /* which raises */
        {"cfunctools\npartial\n(cm\ng\ntR(cm\nf\n" TUPLE(INT(1)) "(dNtb(" INT(2) "tR",
         "call m.f(1, 2)\n"}, /* what BUILD sets */
        {CALLED(CALL("operator", "methodcaller", STR("run") INT(1)), "cm\nC\n"),
         "call m.C.run(1)\n"},
        {CALLED(CALL("operator", "methodcaller", STR("run")), RESULT), "call m.make.run()\n"},
        {CALLED(CALL("operator", "attrgetter", STR("a.b") STR("c")), "cm\nC\n"), "name m:C.c\n"},
        {CALLED(CALLED(CALL("operator", "itemgetter", INT(1)),
                       CALLED(CALL("operator", "attrgetter", STR("path") STR("f")), "cm\nC\n")),
                INT(5)),
         "call m.C.f(5)\n"}, /* the first was taken for both */
        {CALLED(CALL("operator", "attrgetter", RESULT), "cm\nC\n"),
         "call operator.attrgetter(m.make())(m.C)\n"},
        {GETATTR("cm\nC\n" RESULT), "call builtins.getattr(m.C, m.make())\n"},
        {CALLED(GETATTR(STR("x") STR("y")), INT(1)), "call \"x\".\"y\"(1)\n"},
        {CALLED(GETATTR(STR("x") RESULT), INT(1)), "call \"x\".m.make()(1)\n"},
    };

    (void)state;
    CHECK(rows);
}

/* What cannot be called is not said to be. */
static void nothing_is_called_where_no_function_is_given(void **state)
{
    static const char *const streams[] = {
        CALL("builtins", "map", STR("f") LIST(INT(1))),
        CALL("builtins", "map", "cm\nf\n"),
        CALL("builtins", "filter", NOTHING LIST(INT(1))),
        CALL("copyreg", "__newobj__", INT(1)),
        CALL("copyreg", "__newobj__", ""),
        CALL("builtins", "getattr", "cm\nC\n"),
        CALL("builtins", "getattr", ""),
        CALL("importlib", "import_module", ""),
        CALL("copyreg", "add_extension", STR("m") STR("f")),
        CALL("copyreg", "add_extension", INT(1) STR("f") INT(2)),
        CALL("copyreg", "add_extension", STR("m") INT(1) INT(2)),
        CALL("pickle", "loads", ""),
        CALL("torch", "load", ""),
        CALL("marshal", "loads", ""),
        CALL("marshal", "loads", INT(1)),
        CALL("builtins", "str.upper", ""),
    };
    static const char *const seconds[] = {
        CALLED(CALL("operator", "attrgetter", ""), "cm\nC\n"),
        CALLED(CALL("operator", "attrgetter", STR("a")), ""),
        CALLED(CALL("operator", "methodcaller", ""), "cm\nC\n"),
        CALLED(CALL("operator", "methodcaller", STR("a")), ""),
        CALLED(CALL("functools", "partial", ""), INT(1)),
        CALLED(CALL("builtins", "map", ""), INT(1)),
        CALLED(CALL("cloudpickle.cloudpickle", "_builtin_type", INT(1)), INT(1)),
        CALLED(CALL("cloudpickle.cloudpickle", "_builtin_type", STR("int")), STR("os")),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(streams) / sizeof(*streams); i++) {
        run(&told, (const uint8_t *)streams[i], strlen(streams[i]));
        if (told.calls != 1)
            fail_msg("stream %zu:\n%s", i, told.text);
    }
    for (size_t i = 0; i < sizeof(seconds) / sizeof(*seconds); i++) {
        run(&told, (const uint8_t *)seconds[i], strlen(seconds[i]));
        if (told.calls != 2 || strstr(told.text, "uses "))
            fail_msg("second %zu:\n%s", i, told.text);
    }
}

static void extensions_are_those_that_the_stream_registers(void **state)
{
    static const struct row rows[] = {
        {CALL("copyreg", "add_extension", STR("m") STR("f") INT(7)) "0\x82\7(I1\ntR",
         "call m.f(1)\n"},
        {CALL("copyreg", "add_extension", STR("m") STR("f") INT(7)) "0" CALL(
             "copyreg", "add_extension", STR("m") STR("g") INT(8)) "0\x82\7(I1\ntR",
         "call m.f(1)\n"},
        {"ccopyreg\n_inverted_registry\n" INT(7) TUPLE(STR("m") STR("f")) "s0\x82\7(I1\ntR",
         "call m.f(1)\n"},
        {"ccopyreg\n_extension_registry\n" INT(7) TUPLE(STR("m") STR("f")) "s0\x82\7(I1\ntR",
         "call ?(1)\n"},
        {"cm\n_inverted_registry\n" INT(7) TUPLE(STR("m") STR("f")) "s0\x82\7(I1\ntR",
         "call ?(1)\n"},
        {CALL("copyreg", "add_extension", STR("m") STR("f") STR("7")) "0\x82\7(I1\ntR",
         "call ?(1)\n"},
        /* … of which int() makes a code: the name was not told. */
        {CALL("copyreg", "add_extension", STR("m") STR("f") STR("7")), "name m:f\n"},
        {CALL("copyreg", "add_extension", STR("m") STR("f") INT(7)) "0\x82\7)R", "call m.f()\n"},
    };

    (void)state;
    CHECK(rows);
}

/* A partial of a partial …: known functions are followed sixteen deep. */
static void functions_inside_one_another_are_followed_so_far(void **state)
{
    char stream[1024] = "";
    size_t len = 0;

    (void)state;
    for (int depth = 0; depth < 20; depth++) {
        len = (size_t)sprintf(stream, "cm\nf\n");
        for (int i = 0; i < depth; i++)
            len += (size_t)sprintf(stream + len, "p%d\n0cfunctools\npartial\n(g%d\ntR", i, i);
        len += (size_t)sprintf(stream + len, ")R.");
        run(&told, (const uint8_t *)stream, len);
        assert_int_equal(strstr(told.text, "call m.f()\n") != NULL, depth <= 16);
    }
}

/* Of many arguments some are followed; none is run over. */
static void arguments_past_what_is_followed_are_left_out(void **state)
{
    char stream[1024];
    size_t len = (size_t)sprintf(stream, "cfunctools\npartial\n(cm\nf\n");

    (void)state;
    for (int i = 0; i < 40; i++)
        stream[len++] = 'N';
    len += (size_t)sprintf(stream + len, "tR(");
    for (int i = 0; i < 40; i++)
        stream[len++] = 'N';
    len += (size_t)sprintf(stream + len, "tR.");
    expect((const uint8_t *)stream, len, "call m.f(None, None");
    len = (size_t)sprintf(stream, "coperator\ncall\n(cm\nf\n");
    memset(stream + len, 'N', 80);
    len += 80 + (size_t)sprintf(stream + len + 80, "tR.");
    expect((const uint8_t *)stream, len, "call m.f(None, None");
    len = (size_t)sprintf(stream, "coperator\nitemgetter\n(");
    memset(stream + len, '\x89', 20);
    len += 20 + (size_t)sprintf(stream + len + 20, "tR(S'a'\ntRp1\n0");
    len += (size_t)sprintf(stream + len, "cm\nf\n(coperator\ngetitem\n(g1\nI15\ntRtR0");
    len += (size_t)sprintf(stream + len, "cm\ng\n(coperator\ngetitem\n(g1\nI16\ntRtR.");
    expect((const uint8_t *)stream, len, "call m.f(\"a\")\n");
    expect((const uint8_t *)stream, len, "call m.g(operator.getitem(");
}

/* map called with the first of several; what was a tuple it took for the arguments. */
static void functions_are_called_with_the_items_that_they_get(void **state)
{
    static const struct row rows[] = {
        {CALL("builtins", "map", "cm\nf\n" LIST(INT(1) TUPLE(INT(2) INT(3)))),
         "call m.f(1)\ncall m.f((2, 3))\n"},
        {CALL("builtins", "map", "cm\nf\n" TUPLE(INT(1) INT(2)) LIST(INT(3) INT(4) INT(5))),
         "call m.f(1, 3)\ncall m.f(2, 4)\n"},
        {CALL("builtins", "map", "cm\nf\n" LIST(INT(1) INT(2)) STR("ab")),
         "call m.f(1, ?)\ncall m.f(2, ?)\n"},
        {CALL("builtins", "map", "cbuiltins\ngetattr\n" LIST("cm\nC\n") LIST(STR("a"))),
         "name m:C.a\n"},
        {CALL("builtins", "map", "cm\nf\n" STR("ab")), "call m.f(?)\n"},
        {CALL("builtins", "map", "cm\nf\n" LIST("")), "call builtins.map(m.f, [])\n"},
        {CALL("builtins", "filter", "cm\nf\n(" INT(1) NOTHING "d"), "call m.f(1)\n"},
        {CALL("builtins", "filter", "cm\nf\n(" INT(1) "\x91"), "call m.f(1)\ncall m.f(?)\n"},
        {CALL("itertools", "starmap", "cm\nf\n" LIST(TUPLE(INT(1) INT(2)) LIST(INT(3)))),
         "call m.f(1, 2)\ncall m.f([3])\n"},
        {CALL("itertools", "starmap", "cm\nf\n" RESULT), "call m.f(?)\n"},
        {CALL("functools", "reduce", "cm\nf\n" LIST(INT(1) INT(2) INT(3))),
         "call m.f(1, 2)\ncall m.f(m.f(1, 2), 3)\n"},
        {CALL("functools", "reduce", "cm\nf\n" LIST(INT(1)) INT(2)), "call m.f(2, 1)\n"},
        {CALL("functools", "reduce", "cm\nf\n" RESULT), "call m.f(?, ?)\n"},
        {CALL("functools", "reduce", "cm\nf\n" RESULT INT(1)), "call m.f(1, ?)\n"},
        {CALL("functools", "reduce", "cm\nf\n" LIST("")), "m.f, [])\n"},
        {CALL("functools", "reduce", "cm\nf\n" LIST(INT(1))), "m.f, [1])\n"},
        {CALL("functools", "reduce", "cbuiltins\ngetattr\n" LIST(STR("a") STR("b")) "cm\nC\n") ")R",
         "call m.C.a.b()\n"},
    };
    char stream[1024];
    size_t len = (size_t)sprintf(stream, "cbuiltins\nmap\n(cm\nf\n(");

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        run(&told, (const uint8_t *)rows[i].stream, strlen(rows[i].stream));
        size_t last = strlen(rows[i].line), all = strlen(told.text);
        if (all < last || strcmp(told.text + all - last, rows[i].line) != 0)
            fail_msg("row %zu: does not end with: %s; but:\n%s", i, rows[i].line, told.text);
    }
    memset(stream + len, 'N', 80);
    len += 80 + (size_t)sprintf(stream + len + 80, "ltR.");
    run(&told, (const uint8_t *)stream, len);
    assert_int_equal(told.calls, 1 + 80);
}

/* A tuple of three thousand items, again and again. */
static void items_that_would_take_too_long_are_left_out_and_that_is_said(void **state)
{
    static char stream[60000];
    size_t len = (size_t)sprintf(stream, "(");

    (void)state;
    memset(stream + len, 'N', 3000);
    len += 3000 + (size_t)sprintf(stream + len + 3000, "tp1\n0");
    for (int i = 0; i < 200; i++)
        len += (size_t)sprintf(stream + len, "cbuiltins\nmap\n(cm\nf\ng1\ntR0cfunctools\nreduce\n"
                                             "(cm\nf\ng1\ntR0citertools\nstarmap\n(cm\nf\ng1\ntR0");
    stream[len++] = 'N';
    stream[len++] = '.';
    assert_true(run(&told, (uint8_t *)stream, len).overworked);
    assert_true(told.calls < 100000);
}

/* Sixteen of seventeen letters are another name. */
static void a_name_of_which_letters_are_left_out_is_not_made_up(void **state)
{
    char stream[1024];
    size_t len = (size_t)sprintf(stream, "cbuiltins\ngetattr\n(cm\nC\ncbuiltins\nstr.join\n(S''\n"
                                         "coperator\nitemgetter\n(");

    (void)state;
    memset(stream + len, '\x89', 17);
    len += 17 + (size_t)sprintf(stream + len + 17, "tR(S'a'\ntRtRtR)R.");
    expect((const uint8_t *)stream, len, "call m.C.builtins.str.join(");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modules_are_those_that_are_imported),
        cmocka_unit_test(a_list_too_long_to_be_kept_is_true),
        cmocka_unit_test(modules_that_are_not_certain_are_not_made_up),
        cmocka_unit_test(calls_inside_known_functions_are_told),
        cmocka_unit_test(nothing_is_called_where_no_function_is_given),
        cmocka_unit_test(extensions_are_those_that_the_stream_registers),
        cmocka_unit_test(functions_inside_one_another_are_followed_so_far),
        cmocka_unit_test(arguments_past_what_is_followed_are_left_out),
        cmocka_unit_test(functions_are_called_with_the_items_that_they_get),
        cmocka_unit_test(items_that_would_take_too_long_are_left_out_and_that_is_said),
        cmocka_unit_test(a_name_of_which_letters_are_left_out_is_not_made_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
