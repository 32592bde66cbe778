/* python.h - the layer inside CPython: which names are unpickled, and what happens meanwhile. */
#ifndef SG_PYTHON_H
#define SG_PYTHON_H

#include <stdbool.h>

/* Adds the audit hook where a CPython of 3.8 or newer is in this process and the policy asks for
 * it; before the interpreter starts, or as it starts. May be called again: once is enough. */
void sg_python_start(void);

/* A file that only a starting interpreter opens was opened, though none was found so far. */
void sg_python_peek(const char *path);

/* Leaves a record that something which the policy asks for is not done here. */
void sg_python_lacks(const char *detail);

/* Whether the hook is in place. */
bool sg_python_here(void);

#endif
