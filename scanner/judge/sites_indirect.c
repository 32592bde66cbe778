/* sites_indirect.c - weighs calls of what is no global: methods, results of calls. */
#include "judge/weigh.h"
#include "judge/words.h"

static struct sg_site method(const struct sg_machine *m, const struct sg_call *call,
                             unsigned arguments)
{
    char text[256];
    sg_value name = sg_value_attr_name(m, call->callee);
    enum sg_kind base = sg_value_kind(m, sg_value_attr_base(m, call->callee));
    size_t len = sg_value_read(m, name, 0, text, sizeof(text));
    struct sg_text word = {text, len};

    if (sg_words_walk(word))
        return sg_site_of(0.96, "introspection", ", which reaches into the interpreter");
    if (sg_word_runs(word))
        return sg_site_of(0.92, "unknown-runner", ", which by its name runs something");
    if (sg_word_dunder(word))
        return sg_site_of(0.92, "calls-method", ", a method that no pickler calls");
    if (base != SG_V_RESULT && base != SG_V_UNKNOWN && base != SG_V_ATTR && base != SG_V_PERSID)
        return sg_site_of(len > 2 && text[0] == '_' ? 0.60 : 0.50, "calls-method",
                          ", a method of a constant");
    return sg_site_of(sg_weigh_arguments(arguments), "calls-method",
                      ", a method that nothing is known of");
}

/* … not what reduce, operator.call and the like gave: that is anything. */
static bool partial_of_known(const struct sg_machine *m, const struct sg_call *made_by)
{
    const struct sg_global *maker = sg_value_global(m, made_by->callee);
    bool whole;

    return sg_text_is(maker->qualname, "partial") && sg_value_count(m, made_by->args, &whole) > 0 &&
           sg_value_kind(m, sg_value_item(m, made_by->args, 0)) == SG_V_GLOBAL;
}

static struct sg_site result(const struct sg_machine *m, const struct sg_call *call,
                             const struct sg_name *inner, const struct sg_call *made_by,
                             unsigned arguments)
{
    bool makes = call->op == SG_CALL_NEWOBJ || call->op == SG_CALL_NEWOBJ_EX;

    if (!inner)
        return sg_site_of(makes ? 0.55 : sg_most(0.75, sg_weigh_arguments(arguments)),
                          "calls-result", ", the result of another call");
    if (inner->sink == SG_SINK_CODE && sg_finds_plain_type(m, made_by))
        return sg_site_of(0.10, "calls-result", ", the result of another call");
    if (inner->sink == SG_SINK_CODE ||
        (inner->sink == SG_SINK_RESOLVE && inner->flags & SG_N_SOFT)) {
        if (makes || inner->flags & SG_N_SOFT)
            return sg_site_of(0.62, "code-carrier", ", what the stream itself has made");
        return sg_site_of(0.95, "code-carrier", ", a function that the stream itself brings");
    }
    if (inner->sink == SG_SINK_RELAY && partial_of_known(m, made_by))
        return sg_site_of(0.05, "relay", ""); /* the machine tells the call that this makes */
    if (inner->sink != SG_SINK_NONE && inner->sink != SG_SINK_CLEAN &&
        !(inner->flags & (SG_N_SOFT | SG_N_INIT)))
        return sg_site_of(0.95, "calls-result", ", the result of a dangerous call");
    if (makes)
        return sg_site_of(0.30, "calls-result", ", the result of another call");
    if (made_by->op == SG_CALL_NEWOBJ || inner->flags & SG_N_CLASS)
        return sg_site_of(sg_most(0.60, sg_weigh_arguments(arguments)), "calls-result",
                          ", an object that is called");
    return sg_site_of(sg_most(0.70, sg_weigh_arguments(arguments)), "calls-result",
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
        s = sg_site_of(sg_most(0.65, sg_weigh_arguments(arguments)), "calls-unknown",
                       ", a callable that is not known");
        break;
    case SG_V_PERSID:
        s = sg_site_of(0.40, "calls-persistent", ", what the application supplies");
        break;
    default: /* a constant: the interpreter raises here */
        s = sg_site_of(0.20, "calls-constant", ", which cannot be called");
        break;
    }
    s.arguments = arguments;
    return s;
}
