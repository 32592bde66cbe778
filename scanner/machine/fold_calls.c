/* fold_calls.c - functions that give names, or that call what they are given. */
#include "machine/fold.h"

/* getattr(object, name, otherwise): what comes of it is only certain where the third is nothing to
 * call, or as dill sets attributes. */
sg_value sg_fold_getattr(struct sg_machine *m, const struct sg_call *call)
{
    sg_value object = sg_fold_argument(m, call, 0), name = sg_fold_argument(m, call, 1);
    sg_value otherwise = sg_fold_argument(m, call, 2);
    enum sg_kind kind = sg_value_kind(m, otherwise);

    if (object == SG_ABSENT || name == SG_ABSENT)
        return SG_ABSENT;
    sg_value found = sg_fold_attribute(m, object, name);
    bool dill = sg_value_is_name(m, found, "dill", "_dill._setattr") &&
                sg_value_is_name(m, otherwise, "builtins", "setattr");
    return otherwise == SG_ABSENT || dill || (kind >= SG_V_NONE && kind <= SG_V_SET) ? found
                                                                                     : SG_ABSENT;
}

/* What a state of the object would say is then not all that it has. */
sg_value sg_fold_setattr(struct sg_machine *m, const struct sg_call *call)
{
    sg_value_set_state(m, sg_fold_argument(m, call, 0), SG_UNKNOWN_VALUE);
    return SG_ABSENT;
}

static sg_value module_unknown(struct sg_machine *m, sg_value name)
{
    sg_machine_anomaly(m, SG_A_COMPUTED_NAME);
    sg_call_used(m, name, SG_USE_NAME);
    return SG_ABSENT;
}

/* import_module, __import__: the module that is named. What a relative name means, its package
 * tells, which is not looked into. */
sg_value sg_fold_import(struct sg_machine *m, const struct sg_call *call)
{
    struct sg_text name;
    sg_value first = sg_fold_argument(m, call, 0);

    if (first == SG_ABSENT && !sg_fold_keywords(m, call))
        return SG_ABSENT;
    if (sg_fold_keywords(m, call) || !sg_name_text(m, first, &name) || !name.len ||
        name.at[0] == '.')
        return module_unknown(m, first);
    return sg_fold_module(m, name);
}

/* What bool() makes of a value. */
enum truth { IS_FALSE, IS_TRUE, IS_UNKNOWN };

static enum truth truth_of(const struct sg_machine *m, sg_value v)
{
    bool whole;
    int64_t number;
    enum sg_kind kind = sg_value_kind(m, v);

    if (v == SG_ABSENT || kind == SG_V_NONE)
        return IS_FALSE;
    if (sg_value_int(m, v, &number))
        return number ? IS_TRUE : IS_FALSE;
    if (kind == SG_V_STR)
        return sg_value_length(m, v) ? IS_TRUE : IS_FALSE;
    if (kind < SG_V_TUPLE || kind > SG_V_DICT || sg_value_escaped(m, v))
        return IS_UNKNOWN;
    return sg_value_count(m, v, &whole) || !whole ? IS_TRUE : IS_FALSE;
}

sg_value sg_fold_gcd_import(struct sg_machine *m, const struct sg_call *call)
{
    if (truth_of(m, sg_fold_argument(m, call, 2)) != IS_FALSE) /* level: a relative name */
        return module_unknown(m, sg_fold_argument(m, call, 0));
    return sg_fold_import(m, call);
}

/* __import__("a.b") loads a.b and gives a, unless there is a fromlist. */
sg_value sg_fold_dunder_import(struct sg_machine *m, const struct sg_call *call)
{
    sg_value first = sg_fold_argument(m, call, 0);

    if (truth_of(m, sg_fold_argument(m, call, 4)) != IS_FALSE) /* level: a relative name */
        return module_unknown(m, first);
    sg_value module = sg_fold_import(m, call);
    const struct sg_global *global = sg_value_global(m, module);
    const char *dot = global ? memchr(global->module.at, '.', global->module.len) : NULL;
    if (!dot)
        return module;
    enum truth listed = truth_of(m, sg_fold_argument(m, call, 3));
    if (listed == IS_UNKNOWN)
        return module_unknown(m, first);
    return listed == IS_TRUE
               ? module
               : sg_fold_module(
                     m, (struct sg_text){global->module.at, (size_t)(dot - global->module.at)});
}

/* resolve_name("a.b:c.d"), locate("a.b.c"): a path of modules and attributes. */
sg_value sg_fold_resolve(struct sg_machine *m, const struct sg_call *call)
{
    struct sg_text name, path = {"", 0};
    sg_value first = sg_fold_argument(m, call, 0);

    if (!sg_name_text(m, first, &name))
        return sg_fold_import(m, call);
    char *cut = memchr(name.at, ':', name.len);
    if (!cut)
        cut = memrchr(name.at, '.', name.len);
    if (cut) {
        path = (struct sg_text){cut + 1, name.len - (size_t)(cut + 1 - name.at)};
        name.len = (size_t)(cut - name.at);
    }
    return sg_fold_path(m, sg_fold_module(m, name), path);
}

static sg_value apply(struct sg_machine *m, sg_value callee, sg_value args, sg_value kwargs)
{
    return sg_call_make(m, SG_CALL_FOLDED, callee, args, kwargs);
}

/* operator.call(f, *args) */
sg_value sg_fold_apply(struct sg_machine *m, const struct sg_call *call)
{
    sg_value callee = sg_fold_argument(m, call, 0);

    return callee == SG_ABSENT ? SG_ABSENT
                               : apply(m, callee, sg_fold_rest(m, call, 1), call->kwargs);
}

/* copyreg.__newobj__(class, *args) and __newobj_ex__(class, args, kwargs): what NEWOBJ does. */
sg_value sg_fold_newobj(struct sg_machine *m, const struct sg_call *call)
{
    sg_value class = sg_fold_argument(m, call, 0), args = sg_fold_argument(m, call, 1);
    const struct sg_global *maker = sg_value_global(m, call->callee);

    if (sg_value_kind(m, class) < SG_V_GLOBAL)
        return SG_ABSENT;
    if (sg_text_is(maker->qualname, "__newobj__"))
        return sg_call_make(m, SG_CALL_NEWOBJ, class, sg_fold_rest(m, call, 1), SG_NONE_VALUE);
    sg_value kwargs = sg_fold_argument(m, call, 2);
    return sg_call_make(m, SG_CALL_NEWOBJ_EX, class, args == SG_ABSENT ? SG_NONE_VALUE : args,
                        kwargs == SG_ABSENT ? SG_NONE_VALUE : kwargs);
}

/* copyreg._reconstructor(class, base, state): base.__new__(class, state), and base.__init__ with
 * the state unless it is that of object. */
sg_value sg_fold_reconstructor(struct sg_machine *m, const struct sg_call *call)
{
    sg_value class = sg_fold_argument(m, call, 0), base = sg_fold_argument(m, call, 1);

    if (sg_value_kind(m, class) < SG_V_GLOBAL)
        return SG_ABSENT;
    if (sg_value_kind(m, base) >= SG_V_GLOBAL && !sg_value_is_name(m, base, "builtins", "object"))
        (void)apply(m, base, sg_fold_rest(m, call, 2), SG_NONE_VALUE);
    return sg_call_make(m, SG_CALL_NEWOBJ, class, sg_value_tuple(m, NULL, 0), SG_NONE_VALUE);
}

static sg_value get_path(struct sg_machine *m, sg_value object, sg_value name)
{
    struct sg_text path;

    if (!sg_name_text(m, name, &path))
        return sg_fold_attribute(m, object, name);
    return sg_fold_path(m, object, path);
}

static sg_value get_item(struct sg_machine *m, sg_value object, sg_value key)
{
    sg_value pair[2] = {object, key};
    struct sg_call item = {.args = sg_value_tuple(m, pair, 2)};

    return sg_fold_getitem(m, &item);
}

/* A getter that was made with several keys gives a tuple. */
static sg_value get_each(struct sg_machine *m, const struct sg_call *call,
                         const struct sg_call *maker,
                         sg_value (*get)(struct sg_machine *, sg_value, sg_value))
{
    sg_value items[16], object = sg_fold_argument(m, call, 0);
    bool all;
    size_t count = sg_fold_items(m, maker, 0, items, 16, &all);

    if (object == SG_ABSENT)
        return SG_ABSENT;
    for (size_t i = 0; i < count; i++) {
        sg_value got = get(m, object, items[i]);
        items[i] = got == SG_ABSENT ? SG_UNKNOWN_VALUE : got;
    }
    if (count == 1 && items[0] != SG_UNKNOWN_VALUE)
        return items[0];
    return count > 1 ? sg_value_tuple_begun(m, items, count, all) : SG_ABSENT;
}

sg_value sg_second_attrgetter(struct sg_machine *m, const struct sg_call *call,
                              const struct sg_call *maker)
{
    return get_each(m, call, maker, get_path);
}

sg_value sg_second_itemgetter(struct sg_machine *m, const struct sg_call *call,
                              const struct sg_call *maker)
{
    return get_each(m, call, maker, get_item);
}

sg_value sg_second_methodcaller(struct sg_machine *m, const struct sg_call *call,
                                const struct sg_call *maker)
{
    sg_value object = sg_fold_argument(m, call, 0), name = sg_fold_argument(m, maker, 0);

    if (object == SG_ABSENT || name == SG_ABSENT)
        return SG_ABSENT;
    return apply(m, sg_fold_attribute(m, object, name), sg_fold_rest(m, maker, 1), maker->kwargs);
}

/* functools.Placeholder, since 3.14: an argument of the partial that the next one given fills. */
static bool is_placeholder(const struct sg_machine *m, sg_value v)
{
    struct sg_call made;

    if (sg_value_call(m, v, &made))
        return sg_value_is_name(m, made.callee, "functools", "_PlaceholderType") ||
               sg_value_is_name(m, made.callee, "_functools", "_PlaceholderType");
    return sg_value_is_name(m, v, "functools", "Placeholder") ||
           sg_value_is_name(m, v, "_functools", "Placeholder");
}

/* Puts the `more` items behind the first `count` into their places; how many there are then. */
static size_t fill_places(const struct sg_machine *m, sg_value *items, size_t count, size_t more)
{
    size_t next = count, end = count + more, kept = count;

    for (size_t i = 0; i < count && next < end; i++)
        if (is_placeholder(m, items[i]))
            items[i] = items[next++];
    while (next < end)
        items[kept++] = items[next++];
    return kept;
}

/* partial(f, *args)(*more); its state (f, args, kwargs, dict) may have been set by BUILD. */
sg_value sg_second_partial(struct sg_machine *m, const struct sg_call *call,
                           const struct sg_call *maker)
{
    sg_value items[64], state = sg_value_state(m, call->callee);
    struct sg_call bound = *maker;
    size_t skip = 1;
    bool all;

    sg_value callee = sg_fold_argument(m, maker, 0);
    if (sg_value_kind(m, state) == SG_V_TUPLE) {
        callee = sg_value_item(m, state, 0);
        bound.args = sg_value_item(m, state, 1);
        bound.kwargs = sg_value_item(m, state, 2);
        skip = 0;
    }
    if (callee == SG_ABSENT)
        return SG_ABSENT;
    size_t count = sg_fold_items(m, &bound, skip, items, 32, &all);
    if (all) /* otherwise nobody knows which argument comes next */
        count = fill_places(m, items, count,
                            sg_fold_items(m, call, 0, items + count, 64 - count, &all));
    return apply(m, callee, sg_value_tuple_begun(m, items, count, all),
                 sg_fold_keywords(m, call) ? call->kwargs : bound.kwargs);
}

static void add_extension(struct sg_machine *m, sg_value module, sg_value name, sg_value number)
{
    struct sg_naming naming = {.flags = SG_G_EXTENSION};
    int64_t code;

    if (!sg_fold_bytes(m, module, &naming.module) || !sg_fold_bytes(m, name, &naming.name))
        return;
    /* The name is told even where int() makes the code of something else. */
    sg_value global = sg_global_resolve(m, &naming);
    if (global != SG_ABSENT && sg_value_int(m, number, &code) &&
        sg_words_push(m, &m->extensions, (uint64_t)code))
        m->extensions.at[m->extensions.count++] = global; /* their room is even */
}

/* copyreg.add_extension(module, name, code) */
sg_value sg_fold_extension(struct sg_machine *m, const struct sg_call *call)
{
    add_extension(m, sg_fold_argument(m, call, 0), sg_fold_argument(m, call, 1),
                  sg_fold_argument(m, call, 2));
    return SG_ABSENT;
}

/* copyreg._inverted_registry[code] = (module, name) */
void sg_fold_store(struct sg_machine *m, const struct sg_call *call)
{
    bool whole;
    size_t count = sg_value_count(m, call->args, &whole);

    if (!sg_value_is_name(m, call->callee, "copyreg", "_inverted_registry"))
        return;
    for (size_t i = 0; i + 1 < count; i += 2) {
        sg_value pair = sg_value_item(m, call->args, i + 1);
        add_extension(m, sg_value_item(m, pair, 0), sg_value_item(m, pair, 1),
                      sg_value_item(m, call->args, i));
    }
}

sg_value sg_fold_marshal(struct sg_machine *m, const struct sg_call *call)
{
    struct sg_source source;
    sg_value content = sg_fold_argument(m, call, 0);

    if (!sg_value_source(m, content, &source) || source.size > m->arena->size / 4)
        return SG_ABSENT;
    char *bytes = sg_arena_take(m->arena, (size_t)source.size + 1);
    if (bytes && sg_value_read(m, content, 0, bytes, (size_t)source.size) == source.size)
        (void)sg_code_marshalled(m, (struct sg_text){bytes, (size_t)source.size}, call);
    return SG_ABSENT;
}

sg_value sg_fold_code(struct sg_machine *m, const struct sg_call *call)
{
    sg_code_arguments(m, call);
    return SG_ABSENT;
}

/* _builtin_type("CodeType")(...): cloudpickle's and dill's ways to name types. */
sg_value sg_second_type(struct sg_machine *m, const struct sg_call *call,
                        const struct sg_call *maker)
{
    struct sg_text name;

    if (sg_name_text(m, sg_fold_argument(m, maker, 0), &name) && sg_text_is(name, "CodeType"))
        sg_code_arguments(m, call);
    return SG_ABSENT;
}
