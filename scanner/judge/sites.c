/* sites.c - weighs names and calls: certain ones by knowledge, unknown ones by what they look
 * like. */
#include "judge/sites.h"

#include "judge/argument_flags.h"
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

static struct sg_site site(double weight, const char *rule, const char *words)
{
    return (struct sg_site){.weight = weight, .rule = rule, .words = words};
}

#define DENIED ", which the policy denies"

static double least(double a, double b)
{
    return a < b ? a : b;
}

static double most(double a, double b)
{
    return a > b ? a : b;
}

struct sg_site sg_site_named(const struct sg_name *name)
{
    static const double farther[] = {1.0, 0.60, 0.20, 0.10};

    if (name->flags & SG_N_DENIED)
        return site(1, "denied-name", DENIED);
    if (name->sink == SG_SINK_CLEAN)
        return site(0, "", "");
    if (name->sink == SG_SINK_NONE)
        return site(name->flags & SG_N_LONG ? 0.30 : 0.05, "unknown-name", "");
    if (name->flags & SG_N_INIT)
        return site(0.05, hard[name->sink].named_rule, which(name));
    if (name->flags & SG_N_SOFT)
        return site(name->sink == SG_SINK_INSPECT ? 0.30 : 0.10, hard[name->sink].named_rule,
                    which(name));
    return site(least(hard[name->sink].named, farther[name->distance]), hard[name->sink].named_rule,
                which(name));
}

/* What an argument adds to a function that nothing is known of. */
static double unknown_arguments(unsigned arguments)
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

static struct sg_site unknown_class(unsigned arguments)
{
    double weight = 0.10;

    if (arguments & SG_ARG_PAYLOAD)
        weight = 0.75;
    else if (arguments & (SG_ARG_CODE | SG_ARG_SHELL | SG_ARG_WALK))
        weight = 0.45;
    else if (arguments & (SG_ARG_URL | SG_ARG_HOST | SG_ARG_PATH))
        weight = 0.30;
    return site(weight, "unknown-class", ", a class that nothing is known of");
}

static struct sg_site unknown_function(const struct sg_name *name, unsigned arguments)
{
    double weight = unknown_arguments(arguments);
    bool spoken = (arguments & (SG_ARG_TEXT | SG_ARG_BYTES)) != 0;

    if (name->flags & SG_N_LONG)
        return site(0.92, "unknown-function", ", a name longer than names are");
    if (name->flags & SG_N_VERB)
        return site(most(weight, spoken ? 0.91 : 0.70), "unknown-runner",
                    ", which by its name runs something");
    if (name->flags & SG_N_REBUILD && !(arguments & ARG_ODD))
        weight = arguments & SG_ARG_PATH ? 0.55 : 0.35;
    else if (name->flags & SG_N_LIBRARY && !(arguments & ARG_ODD))
        weight = arguments & SG_ARG_PATH ? 0.60 : spoken ? 0.45 : 0.30;
    return site(weight, "unknown-function", ", a function that nothing is known of");
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
        return site(0.95, "introspection", ", which reaches into the interpreter");
    if (by_text && arguments & SG_ARG_RUNS)
        return site(0.88, "calls-resolver", ", which finds something that runs");
    for (size_t i = 0; i < count && i < 2; i++) {
        enum sg_kind kind = sg_value_kind(m, sg_value_item(m, call->args, i));
        bool computed = kind == SG_V_RESULT || kind == SG_V_UNKNOWN || kind == SG_V_ATTR;

        if (computed && (i == 1 || count == 1))
            return site(0.80, "computed-name", ", a name that is computed");
    }
    return site(0.05, "calls-resolver", "");
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
        return site(0.93, "sets-on-global", ", which changes a module, class or function");
    return site(arguments & SG_ARG_WALK ? 0.85 : 0.25, "calls-state", ", which sets an attribute");
}

static struct sg_site soft(const struct sg_machine *m, const struct sg_call *call,
                           const struct sg_name *name, unsigned arguments)
{
    bool whole;

    if (name->sink == SG_SINK_RESOLVE)
        return soft_resolver(m, call, arguments);
    if (name->sink == SG_SINK_CODE)
        return site(0.60, "code-carrier", ", which makes code");
    if (name->sink == SG_SINK_INSPECT)
        return site(0.70, "introspection", which(name));
    if (name->sink == SG_SINK_RELAY || name->sink == SG_SINK_DECODE)
        return site(arguments & SG_ARG_PAYLOAD ? 0.80 : 0.20, hard[name->sink].called_rule,
                    which(name));
    if (name->sink == SG_SINK_STATE && sg_value_count(m, call->args, &whole) > 1)
        return sets(m, call, arguments);
    return site(arguments & ARG_ODD ? 0.80 : 0.55, hard[name->sink].called_rule, which(name));
}

static struct sg_site carrier(const struct sg_machine *m, const struct sg_call *call,
                              const struct sg_name *name, struct sg_glance *glance)
{
    unsigned carried = sg_arguments_carry(m, call->args, glance->spent);
    struct sg_site s =
        site(name->flags & SG_N_SOFT ? 0.60 : 0.65, "code-carrier", ", which makes code");

    if (!(name->flags & (SG_N_SOFT | SG_N_COMPUTED)) && name->flags & (SG_N_CLASS | SG_N_STDLIB))
        s = site(0.92, "code-carrier", ", which makes code and which no pickler writes");
    else if (carried & SG_ARG_CARRIES)
        s = site(0.93, "code-carrier", ", code that names what runs, connects or deletes");
    else if (carried & SG_ARG_PAYLOAD)
        s = site(0.85, "code-carrier", ", code with a command in it");
    s.arguments = carried;
    return s;
}

/* How far arguments can steer a call that reaches its sink only through others. */
static double steered(unsigned arguments)
{
    if (arguments & (SG_ARG_TEXT | SG_ARG_BYTES | SG_ARG_GLOBAL))
        return 1;
    return arguments & (SG_ARG_RESULT | SG_ARG_UNKNOWN) ? 0.85 : 0.60;
}

static struct sg_site known(const struct sg_machine *m, const struct sg_call *call,
                            const struct sg_name *name, struct sg_glance *glance)
{
    static const double nearer[] = {0, 0.010, 0.045, 0.250};
    double weight = hard[name->sink].called;
    unsigned arguments = 0;

    if (name->flags & SG_N_INIT && (call->op == SG_CALL_NEWOBJ || call->op == SG_CALL_NEWOBJ_EX))
        return site(0.05, hard[name->sink].called_rule, which(name));
    if (name->sink == SG_SINK_LOAD || name->distance > 0)
        arguments = sg_arguments_look(m, call, glance);
    if (name->sink == SG_SINK_LOAD && arguments & SG_ARG_TEXT)
        weight = 0.95;
    weight = most(weight - nearer[name->distance], least(weight, 0.55));
    if (name->distance > 0 && !(name->flags & SG_N_INSIDE))
        weight = least(weight, steered(arguments));
    return (struct sg_site){.weight = weight,
                            .rule = hard[name->sink].called_rule,
                            .words = name->distance || name->sink >= SG_SINK_LOAD ? which(name) : "",
                            .arguments = arguments};
}

struct sg_site sg_site_called(const struct sg_machine *m, const struct sg_call *call,
                              const struct sg_name *name, struct sg_glance *glance)
{
    unsigned arguments;
    struct sg_site s;

    if (name->flags & SG_N_DENIED)
        return site(1, "denied-name", DENIED);
    if (name->sink == SG_SINK_CLEAN)
        return site(0, "", "");
    if (name->sink == SG_SINK_CODE)
        return carrier(m, call, name, glance);
    if (name->sink != SG_SINK_NONE && !(name->flags & SG_N_SOFT))
        return known(m, call, name, glance);
    if (name->sink == SG_SINK_NONE && (call->op == SG_CALL_NEWOBJ || call->op == SG_CALL_NEWOBJ_EX))
        return site(0.05, "unknown-class", ""); /* takes classes only, runs __new__ only */
    arguments = sg_arguments_look(m, call, glance);
    if (name->flags & SG_N_METHOD)
        s = site(0.92, "calls-method", ", a method that no pickler calls");
    else if (name->sink != SG_SINK_NONE)
        s = soft(m, call, name, arguments);
    else if ((name->flags & (SG_N_CLASS | SG_N_VERB)) == SG_N_CLASS)
        s = unknown_class(arguments);
    else
        s = unknown_function(name, arguments);
    s.arguments = arguments;
    return s;
}

static struct sg_site method(const struct sg_machine *m, const struct sg_call *call,
                             unsigned arguments)
{
    char text[256];
    sg_value name = sg_value_attr_name(m, call->callee);
    enum sg_kind base = sg_value_kind(m, sg_value_attr_base(m, call->callee));
    size_t len = sg_value_read(m, name, 0, text, sizeof(text));
    struct sg_text word = {text, len};

    if (sg_words_walk(word))
        return site(0.96, "introspection", ", which reaches into the interpreter");
    if (sg_word_runs(word))
        return site(0.92, "unknown-runner", ", which by its name runs something");
    if (sg_word_dunder(word))
        return site(0.92, "calls-method", ", a method that no pickler calls");
    if (base != SG_V_RESULT && base != SG_V_UNKNOWN && base != SG_V_ATTR && base != SG_V_PERSID)
        return site(len > 2 && text[0] == '_' ? 0.60 : 0.50, "calls-method",
                    ", a method of a constant");
    return site(unknown_arguments(arguments), "calls-method",
                ", a method that nothing is known of");
}

static bool partial_of_known(const struct sg_machine *m, const struct sg_call *made_by)
{
    bool whole;

    return sg_value_count(m, made_by->args, &whole) > 0 &&
           sg_value_kind(m, sg_value_item(m, made_by->args, 0)) == SG_V_GLOBAL;
}

static struct sg_site result(const struct sg_machine *m, const struct sg_call *call,
                             const struct sg_name *inner, const struct sg_call *made_by,
                             unsigned arguments)
{
    bool makes = call->op == SG_CALL_NEWOBJ || call->op == SG_CALL_NEWOBJ_EX;

    if (!inner)
        return site(makes ? 0.55 : most(0.75, unknown_arguments(arguments)), "calls-result",
                    ", the result of another call");
    if (inner->sink == SG_SINK_CODE ||
        (inner->sink == SG_SINK_RESOLVE && inner->flags & SG_N_SOFT)) {
        if (makes || inner->flags & SG_N_SOFT)
            return site(0.62, "code-carrier", ", what the stream itself has made");
        return site(0.95, "code-carrier", ", a function that the stream itself brings");
    }
    if (inner->sink == SG_SINK_RELAY && partial_of_known(m, made_by))
        return site(0.05, "relay", ""); /* the machine tells the call that this makes */
    if (inner->sink != SG_SINK_NONE && inner->sink != SG_SINK_CLEAN &&
        !(inner->flags & (SG_N_SOFT | SG_N_INIT)))
        return site(0.95, "calls-result", ", the result of a dangerous call");
    if (makes)
        return site(0.30, "calls-result", ", the result of another call");
    if (made_by->op == SG_CALL_NEWOBJ || inner->flags & SG_N_CLASS)
        return site(most(0.60, unknown_arguments(arguments)), "calls-result",
                    ", an object that is called");
    return site(most(0.70, unknown_arguments(arguments)), "calls-result",
                ", the result of another call");
}

struct sg_site sg_site_indirect(const struct sg_machine *m, const struct sg_call *call,
                                const struct sg_name *inner, const struct sg_call *made_by,
                                struct sg_glance *glance)
{
    unsigned arguments = sg_arguments_look(m, call, glance);
    struct sg_site s;

    switch (sg_value_kind(m, call->callee)) {
    case SG_V_ATTR:
        s = method(m, call, arguments);
        break;
    case SG_V_RESULT:
        s = result(m, call, inner, made_by, arguments);
        break;
    case SG_V_UNKNOWN:
    case SG_V_FORGOTTEN:
        s = site(most(0.65, unknown_arguments(arguments)), "calls-unknown",
                 ", a callable that is not known");
        break;
    case SG_V_PERSID:
        s = site(0.40, "calls-persistent", ", what the application supplies");
        break;
    default: /* a constant: the interpreter raises here */
        s = site(0.20, "calls-constant", ", which cannot be called");
        break;
    }
    s.arguments = arguments;
    return s;
}
