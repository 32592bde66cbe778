/* fold.c - functions whose result on constants is known: computed names come out. */
#include "machine/fold.h"

struct row {
    const char *module, *qualname;
    sg_fold_fn *fold;     /* when it is called */
    sg_second_fn *second; /* when its result is called */
};

sg_value sg_fold_argument(const struct sg_machine *m, const struct sg_call *call, size_t index)
{
    bool whole;
    enum sg_kind kind = sg_value_kind(m, call->args);

    /* pickle.py calls with whatever gives items. */
    if ((kind != SG_V_TUPLE && kind != SG_V_LIST) || sg_value_escaped(m, call->args))
        return SG_UNKNOWN_VALUE;
    if (index >= sg_value_count(m, call->args, &whole))
        return whole ? SG_ABSENT : SG_UNKNOWN_VALUE;
    return sg_value_item(m, call->args, index);
}

bool sg_fold_bytes(struct sg_machine *m, sg_value v, struct sg_text *out)
{
    if (!sg_value_is_text(v))
        return false;
    uint64_t length = sg_value_length(m, v);
    if (length > SG_FOLD_MAX || !sg_work(m, length))
        return false;
    char *bytes = sg_arena_take(m->arena, (size_t)length + 1);
    if (!bytes || sg_value_read(m, v, 0, bytes, (size_t)length) != length)
        return false;
    *out = (struct sg_text){bytes, (size_t)length};
    /* What an 8-bit string is depends on the caller's encoding; a bytearray may have changed. */
    return !(v & SG_TEXT_8BIT) || (sg_text_ascii(*out) && (v & SG_KIND_MASK) == SG_V_STR);
}

bool sg_fold_keywords(const struct sg_machine *m, const struct sg_call *call)
{
    bool whole = true;

    if (call->kwargs == SG_NONE_VALUE)
        return false;
    return sg_value_kind(m, call->kwargs) != SG_V_DICT ||
           sg_value_count(m, call->kwargs, &whole) > 0 || !whole;
}

size_t sg_fold_items(struct sg_machine *m, const struct sg_call *call, size_t from, sg_value *into,
                     size_t room, bool *all)
{
    bool whole;
    size_t given = sg_value_count(m, call->args, &whole), count = 0;

    for (; count < room && from + count < given; count++)
        into[count] = sg_fold_argument(m, call, from + count);
    *all = whole && from + count >= given && !sg_value_escaped(m, call->args);
    return count;
}

sg_value sg_fold_rest(struct sg_machine *m, const struct sg_call *call, size_t from)
{
    sg_value items[64];
    bool all;
    size_t count = sg_fold_items(m, call, from, items, 64, &all);

    return sg_value_tuple_begun(m, items, count, all);
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
    sg_value_escape(m, object); /* a method of it may be called */
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

static const struct row rows[] = {
    {"builtins", "getattr", sg_fold_getattr, NULL},
    {"builtins", "object.__getattribute__", sg_fold_getattr, NULL},
    {"builtins", "type.__getattribute__", sg_fold_getattr, NULL},
    {"inspect", "getattr_static", sg_fold_getattr, NULL},
    {"builtins", "setattr", sg_fold_setattr, NULL},
    {"builtins", "__import__", sg_fold_dunder_import, NULL},
    {"importlib", "__import__", sg_fold_dunder_import, NULL},
    {"importlib", "import_module", sg_fold_import, NULL},
    {"importlib._bootstrap", "_gcd_import", sg_fold_gcd_import, NULL},
    {"importlib", "_bootstrap._gcd_import", sg_fold_gcd_import, NULL},
    {"pydoc", "safeimport", sg_fold_import, NULL},
    {"dill._dill", "_import_module", sg_fold_resolve, NULL},
    {"cloudpickle.cloudpickle", "subimport", sg_fold_import, NULL},
    {"dill._dill", "_get_attr", sg_fold_getattr, NULL},
    {"unittest.mock", "_importer", sg_fold_resolve, NULL},
    {"unittest.mock", "_get_target", sg_fold_resolve, NULL},
    {"pkgutil", "resolve_name", sg_fold_resolve, NULL},
    {"pydoc", "locate", sg_fold_resolve, NULL},
    {"logging.config", "_resolve", sg_fold_resolve, NULL},
    {"operator", "attrgetter", NULL, sg_second_attrgetter},
    {"operator", "methodcaller", NULL, sg_second_methodcaller},
    {"operator", "itemgetter", NULL, sg_second_itemgetter},
    {"operator", "getitem", sg_fold_getitem, NULL},
    {"_operator", "attrgetter", NULL, sg_second_attrgetter},
    {"_operator", "methodcaller", NULL, sg_second_methodcaller},
    {"_operator", "itemgetter", NULL, sg_second_itemgetter},
    {"_operator", "getitem", sg_fold_getitem, NULL},
    {"operator", "call", sg_fold_apply, NULL},
    {"_operator", "call", sg_fold_apply, NULL},
    {"functools", "partial", NULL, sg_second_partial},
    {"_functools", "partial", NULL, sg_second_partial},
    {"functools", "reduce", sg_fold_reduce, NULL},
    {"_functools", "reduce", sg_fold_reduce, NULL},
    {"builtins", "map", sg_fold_map, NULL},
    {"builtins", "filter", sg_fold_map, NULL},
    {"itertools", "starmap", sg_fold_starmap, NULL},
    {"copyreg", "__newobj__", sg_fold_newobj, NULL},
    {"copyreg", "__newobj_ex__", sg_fold_newobj, NULL},
    {"copyreg", "_reconstructor", sg_fold_reconstructor, NULL},
    {"copyreg", "add_extension", sg_fold_extension, NULL},
    {"operator", "concat", sg_fold_concat, NULL},
    {"operator", "add", sg_fold_concat, NULL},
    {"_operator", "concat", sg_fold_concat, NULL},
    {"_operator", "add", sg_fold_concat, NULL},
    {"builtins", "str", sg_fold_str, NULL},
    {"builtins", "bytes", sg_fold_bytes_type, NULL},
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
    {"pickle", "loads", sg_fold_loads, NULL},
    {"_pickle", "loads", sg_fold_loads, NULL},
    {"pickle", "_loads", sg_fold_loads, NULL},
    {"pickle", "load", sg_fold_loads, NULL},
    {"_pickle", "load", sg_fold_loads, NULL},
    {"pickle", "_load", sg_fold_loads, NULL},
    {"dill", "loads", sg_fold_loads, NULL},
    {"dill._dill", "loads", sg_fold_loads, NULL},
    {"cloudpickle", "loads", sg_fold_loads, NULL},
    {"cloudpickle.cloudpickle", "loads", sg_fold_loads, NULL},
    {"numba.core.serialize", "_unpickle__CustomPickled", sg_fold_loads, NULL},
    {"joblib", "load", sg_fold_load, NULL},
    {"joblib.numpy_pickle", "load", sg_fold_load, NULL},
    {"torch", "load", sg_fold_load, NULL},
    {"torch.serialization", "load", sg_fold_load, NULL},
    {"torch.storage", "_load_from_bytes", sg_fold_load, NULL},
    {"numpy", "load", sg_fold_load, NULL},
    {"numpy.lib.npyio", "load", sg_fold_load, NULL},
    {"pandas", "read_pickle", sg_fold_load, NULL},
    {"pandas.io.pickle", "read_pickle", sg_fold_load, NULL},
    {"marshal", "loads", sg_fold_marshal, NULL},
    {"types", "CodeType", sg_fold_code, NULL},
    {"builtins", "code", sg_fold_code, NULL},
    {"dill._dill", "_create_code", sg_fold_code, NULL},
    {"dill._dill", "_load_type", NULL, sg_second_type},
    {"cloudpickle.cloudpickle", "_builtin_type", NULL, sg_second_type},
    {"cloudpickle.cloudpickle", "_make_function", sg_fold_code, NULL},
};

#define ROWS (sizeof(rows) / sizeof(*rows))

/* A module is an attribute of those that import it: codecs, builtins.getattr. Rows whose function
 * asks under which name it is called are not meant. */
static bool names_through(struct sg_text qualname, const struct row *row)
{
    size_t module = strlen(row->module), name = strlen(row->qualname), len = module + 1 + name;

    if (qualname.len < len || (qualname.len > len && qualname.at[qualname.len - len - 1] != '.'))
        return false;
    const char *at = qualname.at + qualname.len - len;
    return memcmp(at, row->module, module) == 0 && at[module] == '.' &&
           memcmp(at + module + 1, row->qualname, name) == 0 && row->fold != sg_fold_newobj &&
           row->fold != sg_fold_decoder;
}

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
    for (size_t i = 0; qualname.len && i < ROWS; i++)
        if (rows[i].qualname[0] == qualname.at[0] && sg_text_is(qualname, rows[i].qualname) &&
            sg_text_is(module, rows[i].module))
            return (uint16_t)(i + 1);
    if (names_method(module, qualname))
        return ROWS + 1;
    for (size_t i = 0; qualname.len && memchr(qualname.at, '.', qualname.len) && i < ROWS; i++)
        if (names_through(qualname, &rows[i]))
            return (uint16_t)(i + 1);
    return 0;
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
