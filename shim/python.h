/* python.h - the layer inside CPython: which names are unpickled, and what happens meanwhile. */
#ifndef SG_PYTHON_H
#define SG_PYTHON_H

#include <stdbool.h>

/* Adds the audit hook where a CPython of 3.8 or newer is in this process and the policy asks for
 * it; before the interpreter starts, or as it starts. May be called again: once is enough. */
void sg_python_start(void);

/* Whether every CPython opens such a file as it starts: its library's sources or bytecode. */
bool sg_python_reads(const char *path);

/* The libpython that is in this process, or NULL. */
const char *sg_python_library(void);

/* A file was opened: should no interpreter have been found so far, and one start now, it is. */
void sg_python_peek(const char *path);

/* Leaves a record that something which the policy asks for is not done here. */
void sg_python_lacks(const char *detail);

/* Whether the hook is in place. */
bool sg_python_here(void);

#endif
