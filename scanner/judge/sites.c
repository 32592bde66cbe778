/* sites.c - weighs names and calls: certain ones by knowledge, unknown ones by what they look
 * like. */
#include "judge/sites.h"

#include "judge/argument_flags.h"
#include "judge/weigh.h"
#include "judge/words.h"

/* What a hard entry of the knowledge table weighs when the name itself is the sink. */
static const struct {
    const char *named_rule, *called_rule;
    double named, called;
} hard[SG_SINK_COUNT_] = {
    [SG_SINK_EXEC] = {"names-exec", "calls-exec", 0.970, 0.995},
    [SG_SINK_SPAWN] = {"names-spawn", "calls-spawn", 0.975, 0.997},
    [SG_SINK_CONNECT] = {"names-connect", "calls-connect", 0.920, 0.970},
    [SG_SINK_NATIVE] = {"names-native", "calls-native", 0.950, 0.990},
    [SG_SINK_FILE] = {"names-file", "calls-file", 0.905, 0.960},
    [SG_SINK_DELETE] = {"names-delete", "calls-delete", 0.930, 0.980},
    [SG_SINK_LOAD] = {"nested-loader", "nested-loader", 0.600, 0.750},
    [SG_SINK_RESOLVE] = {"names-resolver", "calls-resolver", 0.900, 0.940},
    [SG_SINK_INSPECT] = {"introspection", "introspection", 0.950, 0.970},
    [SG_SINK_CODE] = {"code-carrier", "code-carrier", 0.400, 0.650},
    [SG_SINK_DELAY] = {"names-delayed", "calls-delayed", 0.920, 0.955},
    [SG_SINK_STATE] = {"names-state", "calls-state", 0.910, 0.950},
    [SG_SINK_DECODE] = {"decoder", "decoder", 0.100, 0.300},
    [SG_SINK_RELAY] = {"relay", "relay", 0.100, 0.350},
};

/* How the table names a sink to follow a call. */
static const char *which(const struct sg_name *name)
{
    static const char *const words[SG_SINK_COUNT_] = {
        [SG_SINK_EXEC] = ", which runs program text",
        [SG_SINK_SPAWN] = ", which starts or ends processes",
        [SG_SINK_CONNECT] = ", which connects to the network",
        [SG_SINK_NATIVE] = ", which reaches native code or raw memory",
        [SG_SINK_FILE] = ", which opens or writes files",
        [SG_SINK_DELETE] = ", which deletes or moves files",
        [SG_SINK_LOAD] = ", which loads another serialised object",
        [SG_SINK_RESOLVE] = ", which finds any object by its name",
        [SG_SINK_INSPECT] = ", which reaches into the interpreter",
        [SG_SINK_CODE] = ", which makes code",
        [SG_SINK_DELAY] = ", which has something run later",
        [SG_SINK_STATE] = ", which changes or reads the interpreter's state",
        [SG_SINK_DECODE] = ", which decodes data",
        [SG_SINK_RELAY] = ", which calls what it is given",
    };
    const char *text = words[name->sink];

    return text ? text : "";
}

#define DENIED ", which the policy denies"

struct sg_site sg_site_named(const struct sg_name *name)
{
    static const double farther[] = {1.0, 0.60, 0.20, 0.10};

    if (name->flags & SG_N_DENIED)
        return sg_site_of(1, "denied-name", DENIED);
    if (name->sink == SG_SINK_CLEAN)
        return sg_site_of(0, "", "");
    if (name->sink == SG_SINK_NONE)
        return sg_site_of(name->flags & SG_N_LONG ? 0.30 : 0.05, "unknown-name", "");
    if (name->flags & SG_N_INIT)
        return sg_site_of(0.05, hard[name->sink].named_rule, which(name));
    if (name->flags & SG_N_SOFT)
        return sg_site_of(name->sink == SG_SINK_INSPECT ? 0.30 : 0.10, hard[name->sink].named_rule,
                          which(name));
    return sg_site_of(sg_least(hard[name->sink].named, farther[name->distance]),
                      hard[name->sink].named_rule, which(name));
}

/* What an argument adds to a function that nothing is known of. */
double sg_weigh_arguments(unsigned arguments)
{
    static const struct {
        unsigned flag;
        double weight;
    } rows[] = {
        {SG_ARG_PAYLOAD, 0.92}, {SG_ARG_WALK, 0.86}, {SG_ARG_SHELL, 0.84}, {SG_ARG_CODE, 0.80},
        {SG_ARG_URL, 0.80},     {SG_ARG_HOST, 0.78}, {SG_ARG_PATH, 0.74},  {SG_ARG_PICKLE, 0.74},
        {SG_ARG_ENCODED, 0.70}, {SG_ARG_TEXT, 0.64}, {SG_ARG_BYTES, 0.62},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (arguments & rows[i].flag)
            return rows[i].weight;
    return 0.58;
}

#define ARG_ODD                                                                                    \
    (SG_ARG_PAYLOAD | SG_ARG_WALK | SG_ARG_SHELL | SG_ARG_CODE | SG_ARG_URL | SG_ARG_HOST |        \
     SG_ARG_PICKLE)

static struct sg_site unknown_class(const struct sg_name *name, unsigned arguments)
{
    double weight = 0.10;

    if (name->flags & SG_N_STDLIB) /* whose classes the table knows */
        weight = 0.05;
    else if (arguments & SG_ARG_PAYLOAD)
        weight = 0.75;
    else if (arguments & (SG_ARG_CODE | SG_ARG_SHELL | SG_ARG_WALK))
        weight = 0.45;
    else if (arguments & (SG_ARG_URL | SG_ARG_HOST | SG_ARG_PATH))
        weight = 0.30;
    return sg_site_of(weight, "unknown-class", ", a class that nothing is known of");
}

static struct sg_site unknown_function(const struct sg_name *name, unsigned arguments)
{
    double weight = sg_weigh_arguments(arguments);
    bool spoken = (arguments & (SG_ARG_TEXT | SG_ARG_BYTES)) != 0;

    if (name->flags & SG_N_LONG)
        return sg_site_of(0.92, "unknown-function", ", a name longer than names are");
    if (name->flags & SG_N_VERB)
        return sg_site_of(sg_most(weight, spoken ? 0.91 : 0.70), "unknown-runner",
                          ", which by its name runs something");
    if (name->flags & SG_N_REBUILD && !(arguments & ARG_ODD))
        weight = arguments & SG_ARG_PATH ? 0.55 : 0.35;
    else if (name->flags & SG_N_LIBRARY && !(arguments & ARG_ODD))
        weight = arguments & SG_ARG_PATH ? 0.60 : spoken ? 0.45 : 0.30;
    return sg_site_of(weight, "unknown-function", ", a function that nothing is known of");
}

/* getattr, attrgetter, _import_module …: fine where names are plain; what they find is judged by
 * its own name. */
static struct sg_site soft_resolver(const struct sg_machine *m, const struct sg_call *call,
                                    unsigned arguments)
{
    bool whole;
    size_t count = sg_value_count(m, call->args, &whole);
    bool by_text = count > 0 && sg_value_kind(m, sg_value_item(m, call->args, 0)) == SG_V_STR;

    if (arguments & SG_ARG_WALK)
        return sg_site_of(0.95, "introspection", ", which reaches into the interpreter");
    if (by_text && !(arguments & SG_ARG_WORD)) /* dill evaluates what repr() gave */
        return sg_site_of(arguments & ARG_ODD ? 0.94 : 0.80, "calls-resolver",
                          ", which is given more than a name");
    if (by_text && arguments & SG_ARG_RUNS)
        return sg_site_of(0.88, "calls-resolver", ", which finds something that runs");
    for (size_t i = 0; i < count && i < 2; i++) {
        enum sg_kind kind = sg_value_kind(m, sg_value_item(m, call->args, i));
        bool computed = kind == SG_V_RESULT || kind == SG_V_UNKNOWN || kind == SG_V_ATTR;

        if (computed && (i == 1 || count == 1))
            return sg_site_of(0.80, "computed-name", ", a name that is computed");
    }
    return sg_site_of(0.05, "calls-resolver", "");
}

/* setattr and delattr. dill gives classes that it has made or found their name and module. */
static struct sg_site sets(const struct sg_machine *m, const struct sg_call *call,
                           unsigned arguments)
{
    static const char *const labels[] = {"__qualname__", "__module__", "__name__", "__doc__"};
    char text[16];
    size_t len = sg_value_read(m, sg_value_item(m, call->args, 1), 0, text, sizeof(text));
    bool label = false;

    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
        label |= sg_text_is((struct sg_text){text, len}, labels[i]);
    if (sg_value_kind(m, sg_value_item(m, call->args, 0)) == SG_V_GLOBAL && !label)
        return sg_site_of(0.93, "sets-on-global", ", which changes a module, class or function");
    return sg_site_of(arguments & SG_ARG_WALK ? 0.85 : 0.25, "calls-state",
                      ", which sets an attribute");
}

static struct sg_site soft(const struct sg_machine *m, const struct sg_call *call,
                           const struct sg_name *name, unsigned arguments)
{
    bool whole;

    if (name->sink == SG_SINK_RESOLVE)
        return soft_resolver(m, call, arguments);
    if (name->sink == SG_SINK_INSPECT)
        return sg_site_of(0.70, "introspection", which(name));
    if (name->sink == SG_SINK_RELAY || name->sink == SG_SINK_DECODE)
        return sg_site_of(arguments & SG_ARG_PAYLOAD ? 0.80 : 0.20, hard[name->sink].called_rule,
                          which(name));
    if (name->sink == SG_SINK_STATE && sg_value_count(m, call->args, &whole) > 1)
        return sets(m, call, arguments);
    return sg_site_of(arguments & ARG_ODD ? 0.80 : 0.55, hard[name->sink].called_rule, which(name));
}

/* A type that dill or cloudpickle finds by its name. */
bool sg_finds_plain_type(const struct sg_machine *m, const struct sg_call *call)
{
    static const char *const makes_code[] = {"CodeType",   "FunctionType", "LambdaType", "CellType",
                                             "MethodType", "ModuleType",   "ClassType",  "type",
                                             "Coroutine",  "GeneratorType"};
    const struct sg_global *global = sg_value_global(m, call->callee);
    char text[64];
    size_t len = sg_value_read(m, sg_value_item(m, call->args, 0), 0, text, sizeof(text));

    if (!global || len == 0 || len == sizeof(text) ||
        (!sg_text_is(global->qualname, "_load_type") &&
         !sg_text_is(global->qualname, "_builtin_type")))
        return false;
    for (size_t i = 0; i < sizeof(makes_code) / sizeof(makes_code[0]); i++)
        if (sg_text_is((struct sg_text){text, len}, makes_code[i]))
            return false;
    return true;
}

static struct sg_site carrier(const struct sg_machine *m, const struct sg_call *call,
                              const struct sg_name *name, struct sg_glance *glance)
{
    if (name->flags & SG_N_SOFT && sg_finds_plain_type(m, call))
        return sg_site_of(0.05, "code-carrier", "");
    unsigned carried = sg_arguments_carry(m, call->args, glance->spent);
    struct sg_site s =
        sg_site_of(name->flags & SG_N_SOFT ? 0.60 : 0.65, "code-carrier", ", which makes code");

    if (!(name->flags & (SG_N_SOFT | SG_N_COMPUTED)) && name->flags & (SG_N_CLASS | SG_N_STDLIB))
        s = sg_site_of(0.92, "code-carrier", ", which makes code and which no pickler writes");
    else if (carried & SG_ARG_CARRIES)
        s = sg_site_of(0.93, "code-carrier", ", code that names what runs, connects or deletes");
    else if (carried & SG_ARG_PAYLOAD)
        s = sg_site_of(0.85, "code-carrier", ", code with a command in it");
    s.arguments = carried;
    return s;
}

/* A library that evaluates whatever string it is given where an expression may stand. */
static struct sg_site evaluates(const struct sg_machine *m, const struct sg_call *call,
                                uint64_t *spent)
{
    bool more;

    if (sg_arguments_evaluable(m, call, spent, &more))
        return sg_site_of(0.95, "calls-exec", ", which evaluates text, with text that calls");
    return sg_site_of(more ? 0.60 : 0.05, "calls-exec", ", which evaluates text");
}

/* How far arguments can steer a call that reaches its sink only through others. */
static double steered(unsigned arguments)
{
    if (arguments & (SG_ARG_TEXT | SG_ARG_BYTES | SG_ARG_GLOBAL))
        return 1;
    return arguments & (SG_ARG_RESULT | SG_ARG_UNKNOWN) ? 0.85 : 0.60;
}

/* Whether it is __new__ that reaches the sink, not an __init__ that is not run. */
static bool made_by_new(const struct sg_machine *m, const struct sg_call *call)
{
    const struct sg_global *class = sg_value_global(m, call->callee);
    struct sg_name name = {.sink = SG_SINK_NONE};

    if (class)
        name = sg_name_method(class->module, class->qualname, "__new__");
    return name.sink != SG_SINK_NONE && name.sink != SG_SINK_CLEAN &&
           !(name.flags & (SG_N_SOFT | SG_N_INSIDE));
}

static struct sg_site known(const struct sg_machine *m, const struct sg_call *call,
                            const struct sg_name *name, struct sg_glance *glance)
{
    static const double nearer[] = {0, 0.010, 0.045, 0.250};
    double weight = hard[name->sink].called;
    unsigned arguments = 0;

    if (name->flags & SG_N_INIT && (call->op == SG_CALL_NEWOBJ || call->op == SG_CALL_NEWOBJ_EX) &&
        !made_by_new(m, call))
        return sg_site_of(0.05, hard[name->sink].called_rule, which(name));
    if (name->sink == SG_SINK_LOAD || name->distance > 0)
        arguments = sg_arguments_look(m, call, glance);
    if (name->sink == SG_SINK_LOAD && arguments & SG_ARG_TEXT)
        weight = 0.95;
    weight = sg_most(weight - nearer[name->distance], sg_least(weight, 0.55));
    if (name->distance > 0 && !(name->flags & SG_N_INSIDE))
        weight = sg_least(weight, steered(arguments));
    return (struct sg_site){.weight = weight,
                            .rule = hard[name->sink].called_rule,
                            .words =
                                name->distance || name->sink >= SG_SINK_LOAD ? which(name) : "",
                            .arguments = arguments};
}

struct sg_site sg_site_called(const struct sg_machine *m, const struct sg_call *call,
                              const struct sg_name *name, struct sg_glance *glance)
{
    unsigned arguments;
    struct sg_site s;

    if (name->flags & SG_N_DENIED)
        return sg_site_of(1, "denied-name", DENIED);
    if (name->sink == SG_SINK_CLEAN)
        return sg_site_of(0, "", "");
    if (name->sink == SG_SINK_CODE)
        return carrier(m, call, name, glance);
    if (name->sink != SG_SINK_NONE && !(name->flags & SG_N_SOFT))
        return known(m, call, name, glance);
    if (name->sink == SG_SINK_NONE && (call->op == SG_CALL_NEWOBJ || call->op == SG_CALL_NEWOBJ_EX))
        return sg_site_of(0.05, "unknown-class", ""); /* takes classes only, runs __new__ only */
    arguments = sg_arguments_look(m, call, glance);
    if (name->flags & SG_N_METHOD)
        s = sg_site_of(0.92, "calls-method", ", a method that no pickler calls");
    else if (name->sink == SG_SINK_EXEC)
        s = evaluates(m, call, glance->spent);
    else if (name->sink != SG_SINK_NONE)
        s = soft(m, call, name, arguments);
    else if ((name->flags & (SG_N_CLASS | SG_N_VERB)) == SG_N_CLASS)
        s = unknown_class(name, arguments);
    else
        s = unknown_function(name, arguments);
    s.arguments = arguments;
    return s;
}
