/* compat.c - the Python 2 names that an unpickler maps below protocol 3. */
#include "machine/compat.h"
#include "machine/state.h"

static int compare(struct sg_text text, const char *string)
{
    size_t len = strlen(string);
    int order = memcmp(text.at, string, text.len < len ? text.len : len);

    return order ? order : (text.len > len) - (text.len < len);
}

static const struct sg_compat_name *find_name(struct sg_text module, struct sg_text name)
{
    size_t low = 0, high = sg_compat_name_count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = compare(module, sg_compat_names[middle].module);
        if (!order)
            order = compare(name, sg_compat_names[middle].name);
        if (!order)
            return &sg_compat_names[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static const struct sg_compat_module *find_module(struct sg_text module)
{
    size_t low = 0, high = sg_compat_module_count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = compare(module, sg_compat_modules[middle].module);
        if (!order)
            return &sg_compat_modules[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

bool sg_compat_name(struct sg_text *module, struct sg_text *name)
{
    if (!module->len || !name->len)
        return false;
    const struct sg_compat_name *row = find_name(*module, *name);
    if (row) {
        *module = sg_text_of(row->new_module);
        *name = sg_text_of(row->new_name);
        return true;
    }
    const struct sg_compat_module *moved = find_module(*module);
    if (moved)
        *module = sg_text_of(moved->new_module);
    return moved != NULL;
}
