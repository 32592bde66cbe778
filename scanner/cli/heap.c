/* heap.c - memory or the end. */
#include "cli/heap.h"

#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *sg_heap_grow(void *block, size_t size)
{
    void *grown = realloc(block, size);

    if (!grown) {
        fprintf(stderr, "safeguard: out of memory\n");
        exit(SG_EXIT_TROUBLE);
    }
    return grown;
}

char *sg_heap_join(const char *first, const char *second)
{
    size_t head = strlen(first), tail = strlen(second);
    char *both = sg_heap_grow(NULL, head + tail + 1);

    memcpy(both, first, head);
    memcpy(both + head, second, tail + 1);
    return both;
}
