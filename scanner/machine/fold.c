/* fold.c - functions whose result on constants is known: computed names come out. */
#include "machine/fold.h"

typedef sg_value second_fn(struct sg_machine *m, const struct sg_call *call,
                           const struct sg_call *maker);

struct row {
    const char *module, *qualname;
    sg_fold_fn *fold;   /* when it is called */
    second_fn *second;  /* when its result is called */
};

sg_value sg_fold_argument(const struct sg_machine *m, const struct sg_call *call, size_t index)
{
    bool whole;
    enum sg_kind kind = sg_value_kind(m, call->args);

    if (kind != SG_V_TUPLE && kind != SG_V_LIST)
        return SG_ABSENT;
    if (index >= sg_value_count(m, call->args, &whole))
        return SG_ABSENT;
    return sg_value_item(m, call->args, index);
}

bool sg_fold_bytes(struct sg_machine *m, sg_value v, struct sg_text *out)
{
    if (v == SG_ABSENT || !sg_value_is_text(v))
        return false;
    uint64_t length = sg_value_length(m, v);
    if (length > SG_FOLD_MAX)
        return false;
    char *bytes = sg_arena_take(m->arena, (size_t)length + 1);
    if (!bytes || sg_value_read(m, v, 0, bytes, (size_t)length) != length)
        return false;
    *out = (struct sg_text){bytes, (size_t)length};
    return true;
}

sg_value sg_fold_rest(struct sg_machine *m, const struct sg_call *call, size_t from)
{
    sg_value items[64];
    size_t count = 0;

    while (count < 64) {
        sg_value item = sg_fold_argument(m, call, from + count);
        if (item == SG_ABSENT)
            break;
        items[count++] = item;
    }
    return sg_value_tuple(m, items, count);
}

sg_value sg_fold_module(struct sg_machine *m, struct sg_text name)
{
    uint8_t proto = m->load->proto;
    struct sg_naming naming = {.module = name, .flags = SG_G_COMPUTED};

    m->load->proto = 5; /* an import maps no Python 2 names */
    sg_value module = sg_global_resolve(m, &naming);
    m->load->proto = proto;
    return module;
}

sg_value sg_fold_attribute(struct sg_machine *m, sg_value object, sg_value name)
{
    const struct sg_global *global = sg_value_global(m, object);
    struct sg_call made;
    struct sg_text text;
    size_t used = m->arena->used, known = m->globals.count;
    uint8_t flags = 0;

    if (!sg_name_text(m, name, &text)) {
        sg_machine_anomaly(m, SG_A_COMPUTED_NAME);
        sg_call_used(m, name, SG_USE_NAME);
        return sg_value_pair(m, SG_V_ATTR, object, name);
    }
    if (!global && sg_value_call(m, object, &made)) {
        global = sg_value_global(m, made.callee);
        flags = SG_G_INSTANCE;
    }
    sg_value value = global ? sg_global_attribute(m, global, text, flags)
                            : sg_value_pair(m, SG_V_ATTR, object, name);
    if (m->globals.count == known)
        m->arena->used = used;
    return value;
}

sg_value sg_fold_path(struct sg_machine *m, sg_value object, struct sg_text path)
{
    while (path.len) {
        const char *dot = memchr(path.at, '.', path.len);
        size_t len = dot ? (size_t)(dot - path.at) : path.len;
        object = sg_fold_attribute(m, object, sg_value_copy(m, SG_V_STR, path.at, len));
        len += dot != NULL;
        path.at += len;
        path.len -= len;
    }
    return object;
}

static sg_value fold_getattr(struct sg_machine *m, const struct sg_call *call)
{
    sg_value object = sg_fold_argument(m, call, 0), name = sg_fold_argument(m, call, 1);

    if (object == SG_ABSENT || name == SG_ABSENT)
        return SG_ABSENT;
    return sg_fold_attribute(m, object, name);
}

/* import_module, __import__: the module that is named. */
static sg_value fold_import(struct sg_machine *m, const struct sg_call *call)
{
    struct sg_text name;
    sg_value first = sg_fold_argument(m, call, 0);

    if (first == SG_ABSENT)
        return SG_ABSENT;
    if (!sg_name_text(m, first, &name)) {
        sg_machine_anomaly(m, SG_A_COMPUTED_NAME);
        sg_call_used(m, first, SG_USE_NAME);
        return SG_ABSENT;
    }
    return sg_fold_module(m, name);
}

/* __import__("a.b") loads a.b and gives a, unless there is a fromlist. */
static sg_value fold_dunder_import(struct sg_machine *m, const struct sg_call *call)
{
    sg_value module = fold_import(m, call);
    const struct sg_global *global = sg_value_global(m, module);
    bool whole;

    if (!global || sg_value_count(m, sg_fold_argument(m, call, 3), &whole))
        return module;
    const char *dot = memchr(global->module.at, '.', global->module.len);
    if (!dot)
        return module;
    return sg_fold_module(
        m, (struct sg_text){global->module.at, (size_t)(dot - global->module.at)});
}

/* resolve_name("a.b:c.d"), locate("a.b.c"): a path of modules and attributes. */
static sg_value fold_resolve(struct sg_machine *m, const struct sg_call *call)
{
    struct sg_text name, path = {"", 0};
    sg_value first = sg_fold_argument(m, call, 0);

    if (first == SG_ABSENT || !sg_name_text(m, first, &name))
        return fold_import(m, call);
    char *cut = memchr(name.at, ':', name.len);
    if (!cut)
        cut = memrchr(name.at, '.', name.len);
    if (cut) {
        path = (struct sg_text){cut + 1, name.len - (size_t)(cut + 1 - name.at)};
        name.len = (size_t)(cut - name.at);
    }
    sg_value module = sg_fold_module(m, name);
    return module == SG_ABSENT ? module : sg_fold_path(m, module, path);
}

static sg_value apply(struct sg_machine *m, sg_value callee, sg_value args)
{
    return sg_call_make(m, SG_CALL_FOLDED, callee, args, SG_NONE_VALUE);
}

/* operator.call(f, *args) */
static sg_value fold_apply(struct sg_machine *m, const struct sg_call *call)
{
    sg_value callee = sg_fold_argument(m, call, 0);

    return callee == SG_ABSENT ? SG_ABSENT : apply(m, callee, sg_fold_rest(m, call, 1));
}

/* map, filter, reduce, starmap: the function is called with items of what follows. */
static sg_value fold_each(struct sg_machine *m, const struct sg_call *call)
{
    sg_value callee = sg_fold_argument(m, call, 0), items = sg_fold_argument(m, call, 1);
    bool whole;

    if (callee == SG_ABSENT || items == SG_ABSENT || sg_value_kind(m, callee) < SG_V_GLOBAL)
        return SG_ABSENT;
    size_t count = sg_value_count(m, items, &whole);
    if (count == 0)
        (void)apply(m, callee, sg_value_tuple(m, NULL, 0));
    for (size_t i = 0; i < count && i < 16; i++) {
        sg_value item = sg_value_item(m, items, i);
        (void)apply(m, callee,
                    sg_value_kind(m, item) == SG_V_TUPLE ? item : sg_value_tuple(m, &item, 1));
    }
    return SG_ABSENT;
}

static sg_value second_attrgetter(struct sg_machine *m, const struct sg_call *call,
                                  const struct sg_call *maker)
{
    struct sg_text path;
    sg_value object = sg_fold_argument(m, call, 0), name = sg_fold_argument(m, maker, 0);

    if (object == SG_ABSENT || name == SG_ABSENT)
        return SG_ABSENT;
    if (!sg_name_text(m, name, &path))
        return sg_fold_attribute(m, object, name);
    return sg_fold_path(m, object, path);
}

static sg_value second_methodcaller(struct sg_machine *m, const struct sg_call *call,
                                    const struct sg_call *maker)
{
    sg_value method = second_attrgetter(m, call, maker);

    return method == SG_ABSENT ? method : apply(m, method, sg_fold_rest(m, maker, 1));
}

static sg_value second_itemgetter(struct sg_machine *m, const struct sg_call *call,
                                  const struct sg_call *maker)
{
    sg_value pair[2] = {sg_fold_argument(m, call, 0), sg_fold_argument(m, maker, 0)};

    if (pair[0] == SG_ABSENT || pair[1] == SG_ABSENT)
        return SG_ABSENT;
    struct sg_call item = {.args = sg_value_tuple(m, pair, 2)};
    return sg_fold_getitem(m, &item);
}

/* partial(f, *args)(*more); its state (f, args, kwargs, dict) may have been set by BUILD. */
static sg_value second_partial(struct sg_machine *m, const struct sg_call *call,
                               const struct sg_call *maker)
{
    sg_value items[64], state = sg_value_state(m, call->callee);
    struct sg_call bound = *maker;
    size_t count = 0, skip = 1;

    sg_value callee = sg_fold_argument(m, maker, 0);
    if (sg_value_kind(m, state) == SG_V_TUPLE) {
        callee = sg_value_item(m, state, 0);
        bound.args = sg_value_item(m, state, 1);
        skip = 0;
    }
    if (callee == SG_ABSENT)
        return SG_ABSENT;
    for (sg_value item; count < 32; items[count++] = item)
        if ((item = sg_fold_argument(m, &bound, skip + count)) == SG_ABSENT)
            break;
    for (size_t i = 0; count < 64; i++) {
        sg_value item = sg_fold_argument(m, call, i);
        if (item == SG_ABSENT)
            break;
        items[count++] = item;
    }
    return apply(m, callee, sg_value_tuple(m, items, count));
}

/* copyreg.add_extension(module, name, code) */
static sg_value fold_extension(struct sg_machine *m, const struct sg_call *call)
{
    struct sg_naming naming = {.flags = SG_G_EXTENSION};
    int64_t code;

    if (!sg_name_text(m, sg_fold_argument(m, call, 0), &naming.module) ||
        !sg_name_text(m, sg_fold_argument(m, call, 1), &naming.name) ||
        !sg_value_int(m, sg_fold_argument(m, call, 2), &code))
        return SG_ABSENT;
    sg_value global = sg_global_resolve(m, &naming);
    if (global != SG_ABSENT && sg_words_push(m, &m->extensions, (uint64_t)code))
        if (!sg_words_push(m, &m->extensions, global))
            m->extensions.count--;
    return SG_NONE_VALUE;
}

/* The bytes that a loader gets: themselves, or what a BytesIO was made of. */
static sg_value content_of(struct sg_machine *m, sg_value v)
{
    struct sg_call made;

    for (int i = 0; i < 4 && sg_value_call(m, v, &made); i++)
        v = sg_fold_argument(m, &made, 0);
    return v;
}

static sg_value fold_load(struct sg_machine *m, const struct sg_call *call)
{
    sg_value content = sg_fold_argument(m, call, 0);

    if (content != SG_ABSENT)
        sg_machine_payload(m, SG_P_ANY, content_of(m, content), call);
    return SG_ABSENT;
}

static sg_value fold_loads(struct sg_machine *m, const struct sg_call *call)
{
    sg_value content = sg_fold_argument(m, call, 0);

    if (content != SG_ABSENT)
        sg_machine_payload(m, SG_P_PICKLE, content_of(m, content), call);
    return SG_ABSENT;
}

static sg_value fold_marshal(struct sg_machine *m, const struct sg_call *call)
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

static sg_value fold_code(struct sg_machine *m, const struct sg_call *call)
{
    sg_code_arguments(m, call);
    return SG_ABSENT;
}

/* _builtin_type("CodeType")(...): cloudpickle's and dill's ways to name types. */
static sg_value second_type(struct sg_machine *m, const struct sg_call *call,
                            const struct sg_call *maker)
{
    struct sg_text name;

    if (sg_name_text(m, sg_fold_argument(m, maker, 0), &name) && sg_text_is(name, "CodeType"))
        sg_code_arguments(m, call);
    return SG_ABSENT;
}

static const struct row rows[] = {
    {"builtins", "getattr", fold_getattr, NULL},
    {"builtins", "object.__getattribute__", fold_getattr, NULL},
    {"builtins", "type.__getattribute__", fold_getattr, NULL},
    {"inspect", "getattr_static", fold_getattr, NULL},
    {"builtins", "__import__", fold_dunder_import, NULL},
    {"importlib", "__import__", fold_dunder_import, NULL},
    {"importlib", "import_module", fold_import, NULL},
    {"importlib._bootstrap", "_gcd_import", fold_import, NULL},
    {"importlib", "_bootstrap._gcd_import", fold_import, NULL},
    {"pydoc", "safeimport", fold_import, NULL},
    {"unittest.mock", "_importer", fold_resolve, NULL},
    {"unittest.mock", "_get_target", fold_resolve, NULL},
    {"pkgutil", "resolve_name", fold_resolve, NULL},
    {"pydoc", "locate", fold_resolve, NULL},
    {"logging.config", "_resolve", fold_resolve, NULL},
    {"operator", "attrgetter", NULL, second_attrgetter},
    {"operator", "methodcaller", NULL, second_methodcaller},
    {"operator", "itemgetter", NULL, second_itemgetter},
    {"operator", "getitem", sg_fold_getitem, NULL},
    {"_operator", "attrgetter", NULL, second_attrgetter},
    {"_operator", "methodcaller", NULL, second_methodcaller},
    {"_operator", "itemgetter", NULL, second_itemgetter},
    {"_operator", "getitem", sg_fold_getitem, NULL},
    {"operator", "call", fold_apply, NULL},
    {"_operator", "call", fold_apply, NULL},
    {"functools", "partial", NULL, second_partial},
    {"_functools", "partial", NULL, second_partial},
    {"functools", "reduce", fold_each, NULL},
    {"_functools", "reduce", fold_each, NULL},
    {"builtins", "map", fold_each, NULL},
    {"builtins", "filter", fold_each, NULL},
    {"itertools", "starmap", fold_each, NULL},
    {"copyreg", "add_extension", fold_extension, NULL},
    {"operator", "concat", sg_fold_concat, NULL},
    {"operator", "add", sg_fold_concat, NULL},
    {"_operator", "concat", sg_fold_concat, NULL},
    {"_operator", "add", sg_fold_concat, NULL},
    {"builtins", "str", sg_fold_str, NULL},
    {"builtins", "bytes", sg_fold_bytes_type, NULL},
    {"builtins", "bytearray", sg_fold_bytes_type, NULL},
    {"builtins", "chr", sg_fold_chr, NULL},
    {"builtins", "reversed", sg_fold_reversed, NULL},
    {"_codecs", "encode", sg_fold_decoder, NULL},
    {"_codecs", "decode", sg_fold_decoder, NULL},
    {"codecs", "encode", sg_fold_decoder, NULL},
    {"codecs", "decode", sg_fold_decoder, NULL},
    {"base64", "b64decode", sg_fold_decoder, NULL},
    {"base64", "standard_b64decode", sg_fold_decoder, NULL},
    {"base64", "urlsafe_b64decode", sg_fold_decoder, NULL},
    {"base64", "decodebytes", sg_fold_decoder, NULL},
    {"base64", "b16decode", sg_fold_decoder, NULL},
    {"binascii", "a2b_base64", sg_fold_decoder, NULL},
    {"binascii", "unhexlify", sg_fold_decoder, NULL},
    {"binascii", "a2b_hex", sg_fold_decoder, NULL},
    {"pickle", "loads", fold_loads, NULL},
    {"_pickle", "loads", fold_loads, NULL},
    {"pickle", "_loads", fold_loads, NULL},
    {"pickle", "load", fold_loads, NULL},
    {"_pickle", "load", fold_loads, NULL},
    {"pickle", "_load", fold_loads, NULL},
    {"dill", "loads", fold_loads, NULL},
    {"dill._dill", "loads", fold_loads, NULL},
    {"cloudpickle", "loads", fold_loads, NULL},
    {"cloudpickle.cloudpickle", "loads", fold_loads, NULL},
    {"joblib", "load", fold_load, NULL},
    {"joblib.numpy_pickle", "load", fold_load, NULL},
    {"torch", "load", fold_load, NULL},
    {"torch.serialization", "load", fold_load, NULL},
    {"torch.storage", "_load_from_bytes", fold_load, NULL},
    {"numpy", "load", fold_load, NULL},
    {"numpy.lib.npyio", "load", fold_load, NULL},
    {"pandas", "read_pickle", fold_load, NULL},
    {"pandas.io.pickle", "read_pickle", fold_load, NULL},
    {"marshal", "loads", fold_marshal, NULL},
    {"types", "CodeType", fold_code, NULL},
    {"builtins", "code", fold_code, NULL},
    {"dill._dill", "_create_code", fold_code, NULL},
    {"dill._dill", "_load_type", NULL, second_type},
    {"cloudpickle.cloudpickle", "_builtin_type", NULL, second_type},
    {"cloudpickle.cloudpickle", "_make_function", fold_code, NULL},
};

#define ROWS (sizeof(rows) / sizeof(*rows))

/* Methods of the constant types called through the type: row ROWS. */
static bool names_method(struct sg_text module, struct sg_text qualname)
{
    static const char *const types[] = {"str.", "bytes.", "bytearray."};

    if (!sg_text_is(module, "builtins"))
        return false;
    for (size_t i = 0; i < 3; i++)
        if (sg_text_starts(qualname, sg_text_of(types[i])))
            return true;
    return false;
}

uint16_t sg_fold_row(struct sg_text module, struct sg_text qualname)
{
    for (size_t i = 0; i < ROWS; i++)
        if (sg_text_is(qualname, rows[i].qualname) && sg_text_is(module, rows[i].module))
            return (uint16_t)(i + 1);
    return names_method(module, qualname) ? ROWS + 1 : 0;
}

static const struct row *row_of(const struct sg_machine *m, sg_value callee)
{
    if ((callee & SG_KIND_MASK) != SG_V_GLOBAL)
        return NULL;
    uint16_t fold = m->globals.entries[callee >> SG_KIND_BITS]->fold;
    return fold && fold <= ROWS ? &rows[fold - 1] : NULL;
}

static bool is_method_row(const struct sg_machine *m, sg_value callee)
{
    return (callee & SG_KIND_MASK) == SG_V_GLOBAL &&
           m->globals.entries[callee >> SG_KIND_BITS]->fold == ROWS + 1;
}

sg_value sg_fold_call(struct sg_machine *m, const struct sg_call *call)
{
    const struct row *row = row_of(m, call->callee);
    struct sg_call maker;
    struct sg_text name;

    if (row)
        return row->fold ? row->fold(m, call) : SG_ABSENT;
    if (is_method_row(m, call->callee))
        return sg_fold_type_name(m, call);
    if (sg_value_call(m, call->callee, &maker)) {
        row = row_of(m, maker.callee);
        return row && row->second ? row->second(m, call, &maker) : SG_ABSENT;
    }
    if (sg_value_kind(m, call->callee) != SG_V_ATTR)
        return SG_ABSENT;
    size_t used = m->arena->used;
    sg_value object = sg_value_attr_base(m, call->callee), folded = SG_ABSENT;
    if (sg_name_text(m, sg_value_attr_name(m, call->callee), &name))
        folded = sg_fold_method(m, object, name, call);
    m->arena->used = used;
    return folded;
}
