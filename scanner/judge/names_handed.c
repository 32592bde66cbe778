/* names_handed.c - the names of a module or process, handed to what reads and changes them all. */
#include "judge/names_handed.h"

#include "judge/judge_state.h"

#include <string.h>

#define LOOK_ITEMS 4096u
#define LOOK_DEPTH 4u

static struct sg_text last_word(struct sg_text *name)
{
    const char *dot = name->len ? memrchr(name->at, '.', name->len) : NULL;
    size_t from = dot ? (size_t)(dot + 1 - name->at) : 0;
    struct sg_text word = {name->at + from, name->len - from};

    name->len = dot ? from - 1 : 0;
    return word;
}

static bool holds_names(struct sg_text module, struct sg_text name)
{
    struct sg_text word = last_word(&name), owner = name.len ? last_word(&name) : module;

    if (sg_text_is(word, "__dict__") || /* dill gives the names of __main__ for builtins.__main__ */
        (sg_text_is(word, "__main__") &&
         (sg_text_is(owner, "builtins") || sg_text_is(owner, "__builtin__"))))
        return true;
    return (sg_text_is(word, "environ") || sg_text_is(word, "environb")) &&
           (sg_text_is(owner, "os") || sg_text_is(owner, "posix") || sg_text_is(owner, "nt"));
}

static bool is_mapping_method(struct sg_text word)
{
    static const char *const methods[] = {"get",  "pop",   "setdefault", "update", "values",
                                          "copy", "items", "popitem",    "clear",  "keys"};

    for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
        if (sg_text_is(word, methods[i]))
            return true;
    return false;
}

static bool of_names(const struct sg_global *global)
{
    struct sg_text name = global->qualname, word = last_word(&name);

    return is_mapping_method(word) && sg_text_is(last_word(&name), "__dict__");
}

bool sg_global_holds_names(const struct sg_global *global)
{
    return holds_names(global->module, global->qualname) || of_names(global);
}

static bool hands_names(const struct sg_machine *m, sg_value v, size_t *left, unsigned depth)
{
    const struct sg_global *global = sg_value_global(m, v);
    enum sg_kind kind = sg_value_kind(m, v);
    bool all = true, found = false;

    if (*left == 0)
        return false;
    --*left;
    if (global)
        return holds_names(global->module, global->qualname);
    if (depth == 0 || !sg_kind_is_container(kind))
        return false;
    size_t count = sg_value_count(m, v, &all);
    for (size_t i = 0; i<count && * left> 0 && !found; i++)
        found = hands_names(m, sg_value_item(m, v, i), left, depth - 1) ||
                (kind == SG_V_DICT && hands_names(m, sg_value_mapped(m, v, i), left, depth - 1));
    return found;
}

/* Among what `call` is given; or it calls a method of theirs. */
static bool call_hands_names(const struct sg_machine *m, const struct sg_call *call)
{
    const struct sg_global *callee = sg_value_global(m, call->callee);
    size_t left = LOOK_ITEMS;

    return (callee && of_names(callee)) || hands_names(m, call->args, &left, LOOK_DEPTH) ||
           hands_names(m, call->kwargs, &left, LOOK_DEPTH);
}

/* dill and cloudpickle, and types.FunctionType: not type(name, bases, names). */
static bool makes_functions(const struct sg_machine *m, sg_value callee)
{
    const struct sg_global *global;
    struct sg_call made_by;

    if (sg_value_call(m, callee, &made_by)) /* a state for what it gave */
        callee = made_by.callee;
    global = sg_value_global(m, callee);
    if (!global)
        return false;
    struct sg_name name = sg_name_look(global->module, global->qualname);
    return name.sink == SG_SINK_CODE &&
           (name.flags & (SG_N_SOFT | SG_N_STDLIB)) != (unsigned)(SG_N_SOFT | SG_N_STDLIB);
}

void sg_judge_names_handed(struct sg_judge *judge, const struct sg_machine *m,
                           const struct sg_call *call)
{
    static const struct sg_row row = {.rule = "introspection",
                                      .detail = "hands over the names of a module or process",
                                      .weight = 0.95};

    if (call_hands_names(m, call) && !makes_functions(m, call->callee))
        sg_judge_note_row(judge, &row, 0, call->offset, row.detail);
}
