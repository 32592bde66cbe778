/* heap.h - memory of the command line; when there is none it says so and exits. */
#ifndef SG_HEAP_H
#define SG_HEAP_H

#include <stddef.h>

/* Like realloc(), never NULL. */
void *sg_heap_grow(void *block, size_t size);

/* A copy of two strings in a row; the caller frees it. */
char *sg_heap_join(const char *first, const char *second);

#endif
