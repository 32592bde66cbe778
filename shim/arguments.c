/* arguments.c - reads what audit events bring along. */
#include "shim/arguments.h"

#include "shim/fdlink.h"
#include "shim/raw.h"
#include "shim/scratch.h"

#include <limits.h>

#define SHOWN_MOST 4

/* Borrowed; NULL: there are fewer. */
static struct sg_object *item(struct sg_object *args, ssize_t at)
{
    struct sg_object *value =
        at < sg_py.PyTuple_Size(args) ? sg_py.PyTuple_GetItem(args, at) : NULL;
    if (!value)
        sg_py.PyErr_Clear();
    return value;
}

static long number(struct sg_object *value, long otherwise)
{
    return value && sg_py_is(value, sg_py.PyLong_Type) ? sg_py.PyLong_AsLong(value) : otherwise;
}

bool sg_arguments_open_writes(struct sg_object *args)
{
    struct sg_object *flags = item(args, 2);
    long value = number(flags, 0);

    return (value & O_ACCMODE) != O_RDONLY || value & (O_CREAT | O_TRUNC);
}

bool sg_arguments_local(struct sg_object *args)
{
    struct sg_object *address = item(args, 1);

    bool local = !address || sg_py.PyTuple_Size(address) < 0; /* named tuples are addresses too */

    sg_py.PyErr_Clear();
    return local;
}

bool sg_arguments_names_library(struct sg_object *args)
{
    struct sg_object *file = item(args, 1);

    return file && sg_py_is(file, sg_py.PyUnicode_Type);
}

/* Text or bytes as the bytes that the system gets; a new reference, or NULL: it is neither. */
static struct sg_object *bytes_of(struct sg_object *value, char **at, ssize_t *len)
{
    struct sg_object *bytes = NULL;

    if (sg_py_is(value, sg_py.PyUnicode_Type))
        bytes = sg_py.PyUnicode_EncodeFSDefault(value);
    else if (sg_py_is(value, sg_py.PyBytes_Type))
        sg_py.Py_IncRef(bytes = value);
    if (bytes && !sg_py.PyBytes_AsStringAndSize(bytes, at, len))
        return bytes;
    sg_py.PyErr_Clear();
    sg_py.Py_DecRef(bytes);
    return NULL;
}

/* What SQLite takes for a database that is no file; to others it is a name as any. */
static bool is_in_memory(const struct sg_effect_row *row, const char *path)
{
    return !strcmp(row->event, "sqlite3.connect") && !strcmp(path, ":memory:");
}

/* Opening for writing was an effect of its own; modes, owners and times change without. */
static bool is_descriptor_harmless(struct sg_object *value)
{
    char name[SG_FDLINK_SIZE];
    long fd = number(value, -1);

    sg_py.PyErr_Clear();
    long flags = fd >= 0 && fd <= INT_MAX ? SG_RAW(SYS_fcntl, fd, F_GETFL) : -1;
    if (flags < 0 || (flags & O_ACCMODE) != O_RDONLY)
        return true;
    sg_fdlink_name((int)fd, name);
    return sg_scratch_holds(AT_FDCWD, name, true);
}

/* The path `i` of the row. */
static bool in_scratch(struct sg_object *args, const struct sg_effect_row *row, unsigned i)
{
    struct sg_object *value = item(args, row->path[i] - 1);
    long dir = row->folder[i] ? number(item(args, row->folder[i] - 1), AT_FDCWD) : AT_FDCWD;
    char *at;
    ssize_t len;

    if (!value || sg_py_is(value, sg_py.PyLong_Type))
        return value && is_descriptor_harmless(value);
    struct sg_object *bytes = bytes_of(value, &at, &len);
    bool is = bytes && (is_in_memory(row, at) || sg_scratch_holds(dir < 0 ? AT_FDCWD : (int)dir, at,
                                                                  !(row->flags & SG_E_LINK)));
    sg_py.Py_DecRef(bytes);
    return is;
}

bool sg_arguments_scratch(struct sg_object *args, const struct sg_effect_row *row)
{
    for (unsigned i = 0; i < 2 && row->path[i]; i++)
        if (!in_scratch(args, row, i))
            return false;
    return true;
}

static void show(struct sg_object *value, struct sg_phrase *phrase, unsigned depth);

static void show_items(struct sg_object *list, struct sg_phrase *phrase, unsigned depth)
{
    bool tuple = sg_py_is(list, sg_py.PyTuple_Type);
    ssize_t count = tuple ? sg_py.PyTuple_Size(list) : sg_py.PyList_Size(list);

    sg_phrase_string(phrase, "(");
    for (ssize_t i = 0; i < count && i < SHOWN_MOST; i++) {
        if (i)
            sg_phrase_string(phrase, ", ");
        show(tuple ? sg_py.PyTuple_GetItem(list, i) : sg_py.PyList_GetItem(list, i), phrase, depth);
    }
    sg_phrase_string(phrase, count > SHOWN_MOST ? ", ...)" : ")");
}

static void show(struct sg_object *value, struct sg_phrase *phrase, unsigned depth)
{
    char *at;
    ssize_t len;
    struct sg_object *bytes = bytes_of(value, &at, &len);

    if (bytes)
        sg_phrase_quote(phrase, (struct sg_text){at, (size_t)len});
    else if (depth && (sg_py_is(value, sg_py.PyTuple_Type) || sg_py_is(value, sg_py.PyList_Type)))
        show_items(value, phrase, depth - 1);
    else if (sg_py_is(value, sg_py.PyLong_Type) && number(value, -1) >= 0)
        sg_phrase_number(phrase, (uint64_t)number(value, 0));
    else
        sg_phrase_string(phrase, "...");
    sg_py.Py_DecRef(bytes);
    sg_py.PyErr_Clear();
}

void sg_arguments_show(struct sg_object *args, struct sg_phrase *phrase)
{
    show_items(args, phrase, 2);
}
