/* arguments.h - the arguments of audit events; nothing that a program defined runs. */
#ifndef SG_ARGUMENTS_H
#define SG_ARGUMENTS_H

#include "policy/phrase.h"
#include "shim/effect_table.h"

/* "open" (path, mode, flags): whether it may change a file. */
bool sg_arguments_open_writes(struct sg_object *args);

/* The second is an address of a socket that stays on this machine: AF_UNIX. */
bool sg_arguments_local(struct sg_object *args);

/* "import" (module, filename, …) of a library: the file's name is given. */
bool sg_arguments_names_library(struct sg_object *args);

/* All paths of the row lie in temporary or cache folders, or are open descriptors. */
bool sg_arguments_scratch(struct sg_object *args, const struct sg_effect_row *row);

/* "('touch x', 1, …)" */
void sg_arguments_show(struct sg_object *args, struct sg_phrase *phrase);

#endif
