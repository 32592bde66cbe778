/* plain_code.c - looks through the names, the constants and the bytecode of a code object. */
#include "shim/plain_code.h"

#include "judge/knowledge.h"
#include "judge/words.h"

#define DEPTH_MOST 8
#define ITEMS_MOST 1000
#define FILE_INPUT 257 /* Py_file_input */

static bool is_plain_builtin(struct sg_text word)
{
    switch (sg_name_look(sg_text_of("builtins"), word).sink) {
    case SG_SINK_NONE:
    case SG_SINK_CLEAN:
    case SG_SINK_RELAY:
    case SG_SINK_DECODE:
        return true;
    default:
        return false;
    }
}

static bool is_plain_word(struct sg_object *text)
{
    ssize_t len = 0;
    const char *at = sg_py.PyUnicode_AsUTF8AndSize(text, &len);
    struct sg_text word = {at, (size_t)len};

    if (!at)
        sg_py.PyErr_Clear();
    return at && !sg_word_walks(word) && !sg_word_runs(word) && !sg_word_dunder(word) &&
           is_plain_builtin(word);
}

/* The number of IMPORT_NAME, which differs between versions, from a code that is known: RESUME,
 * since 3.11, and two constants stand before it. Negative: not known. */
static int import_opcode(void)
{
    struct sg_object *code = sg_py.Py_CompileString("import a", "", FILE_INPUT);
    struct sg_object *bytes = code ? sg_py.PyObject_GetAttrString(code, "co_code") : NULL;
    size_t at = sg_py.minor < 11 ? 4 : 6;
    char *text;
    ssize_t len;
    int found = -1;

    if (bytes && !sg_py.PyBytes_AsStringAndSize(bytes, &text, &len) && (size_t)len > at)
        found = (unsigned char)text[at];
    sg_py.Py_DecRef(bytes);
    sg_py.Py_DecRef(code);
    sg_py.PyErr_Clear();
    return found;
}

static bool imports(struct sg_object *bytes, int opcode)
{
    char *text;
    ssize_t len;

    if (sg_py.PyBytes_AsStringAndSize(bytes, &text, &len))
        return true;
    for (ssize_t at = 0; at < len; at += 2)
        if ((unsigned char)text[at] == opcode)
            return true;
    return false;
}

struct look {
    int import;
    unsigned items; /* seen so far */
};

static bool is_plain(struct look *look, struct sg_object *code, unsigned depth);

/* In constants a lone string is a value; one among others may be the name of an argument or, in a
 * pattern, of an attribute. */
static bool is_plain_item(struct look *look, struct sg_object *item, unsigned depth, bool names)
{
    if (!item || depth == 0 || look->items++ == ITEMS_MOST)
        return false;
    if (sg_py_is(item, sg_py.PyCode_Type))
        return is_plain(look, item, depth);
    if (sg_py_is(item, sg_py.PyUnicode_Type))
        return !names || is_plain_word(item);
    if (!sg_py_is(item, sg_py.PyTuple_Type))
        return true;
    for (ssize_t i = 0; i < sg_py.PyTuple_Size(item); i++)
        if (!is_plain_item(look, sg_py.PyTuple_GetItem(item, i), depth - 1, true))
            return false;
    return true;
}

static bool is_plain_field(struct look *look, struct sg_object *code, const char *name,
                           unsigned depth)
{
    struct sg_object *field = sg_py.PyObject_GetAttrString(code, name);
    bool plain = field && sg_py_is(field, sg_py.PyTuple_Type);

    for (ssize_t i = 0; plain && i < sg_py.PyTuple_Size(field); i++)
        plain = is_plain_item(look, sg_py.PyTuple_GetItem(field, i), depth,
                              strcmp(name, "co_names") == 0);
    sg_py.Py_DecRef(field);
    return plain;
}

static bool is_plain(struct look *look, struct sg_object *code, unsigned depth)
{
    struct sg_object *bytes = sg_py.PyObject_GetAttrString(code, "co_code");
    bool plain = bytes && !imports(bytes, look->import);

    sg_py.Py_DecRef(bytes);
    return plain && is_plain_field(look, code, "co_names", depth - 1) &&
           is_plain_field(look, code, "co_consts", depth - 1);
}

bool sg_plain_code(struct sg_object *args)
{
    struct look look = {.import = import_opcode()};
    struct sg_object *code = sg_py.PyTuple_Size(args) > 0 ? sg_py.PyTuple_GetItem(args, 0) : NULL;
    bool plain = look.import >= 0 && code && sg_py_is(code, sg_py.PyCode_Type) &&
                 is_plain(&look, code, DEPTH_MOST);

    sg_py.PyErr_Clear();
    return plain;
}
