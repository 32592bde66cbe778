/* pathlist.h - paths from a file or from standard input. */
#ifndef SG_PATHLIST_H
#define SG_PATHLIST_H

#include <stddef.h>

struct sg_pathlist {
    char *text;
    size_t len;
    size_t at; /* of the path that is next */
    char mark; /* that ends a path: NUL where there is one in the list, else a line end */
};

/* Reads all of `file`, "-" for standard input. NULL, or why that cannot be done. */
const char *sg_pathlist_read(struct sg_pathlist *list, const char *file);

/* The next path, which is never empty; NULL after the last. */
const char *sg_pathlist_next(struct sg_pathlist *list);

void sg_pathlist_free(struct sg_pathlist *list);

#endif
