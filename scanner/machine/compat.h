/* compat.h - the tables of Lib/_compat_pickle.py: Python 2 names and what they are now. */
#ifndef SG_COMPAT_H
#define SG_COMPAT_H

#include "ground/bytes.h"

struct sg_compat_name {
    const char *module, *name, *new_module, *new_name;
};

struct sg_compat_module {
    const char *module, *new_module;
};

/* Sorted bytewise: names by module, then name. */
extern const struct sg_compat_name sg_compat_names[];
extern const size_t sg_compat_name_count;
extern const struct sg_compat_module sg_compat_modules[];
extern const size_t sg_compat_module_count;

/* compat.c: the name below protocol 3; false when it is not mapped. */
bool sg_compat_name(struct sg_text *module, struct sg_text *name);

#endif
