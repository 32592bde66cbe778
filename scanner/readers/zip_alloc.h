/* zip_alloc.h - where libzip's memory comes from.
 *
 * scripts/build_libs renames the allocator that libzip.a calls to the functions below: in the
 * guard, libzip runs inside the host's open() and must not enter the host's allocator. libzip
 * passes no context to its allocator, so the arena it draws from stands in a variable of the
 * thread while a call into libzip lasts: the one variable of the scanner, and NULL between calls.
 */
#ifndef SG_ZIP_ALLOC_H
#define SG_ZIP_ALLOC_H

#include "ground/arena.h"

#include <stddef.h>
#include <time.h>

/* Makes libzip on this thread draw from `arena` (NULL: have no memory). Returns what it drew from
 * before, to be put back when the calls into libzip are over. */
struct sg_arena *sg_zip_lend(struct sg_arena *arena);

/* As their namesakes, but that a block is given back only when it is the last one. */
void *sg_zip_malloc(size_t size);
void *sg_zip_calloc(size_t count, size_t size);
void *sg_zip_realloc(void *block, size_t size);
void sg_zip_free(void *block);
char *sg_zip_strdup(const char *string);

/* In place of mktime, which takes a lock and reads the time zone: the same moment in UTC, good
 * for no more than telling moments apart. */
time_t sg_zip_mktime(struct tm *tm);

#endif
