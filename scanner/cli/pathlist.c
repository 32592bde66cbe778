/* pathlist.c - reads a list whole, then cuts it up. */
#include "cli/pathlist.h"

#include "cli/heap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *read_all(struct sg_pathlist *list, int fd)
{
    size_t cap = 0;
    ssize_t got;

    do {
        if (cap - list->len < 2) {
            cap = cap ? 2 * cap : 65536;
            list->text = sg_heap_grow(list->text, cap);
        }
        got = read(fd, list->text + list->len, cap - list->len - 1);
        list->len += got > 0 ? (size_t)got : 0;
    } while (got > 0 || (got < 0 && errno == EINTR));
    return got < 0 ? strerror(errno) : NULL;
}

const char *sg_pathlist_read(struct sg_pathlist *list, const char *file)
{
    bool input = strcmp(file, "-") == 0;
    int fd = input ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);

    *list = (struct sg_pathlist){.mark = '\n'};
    if (fd < 0)
        return strerror(errno);
    const char *problem = read_all(list, fd);
    if (!input)
        close(fd);
    if (list->len && memchr(list->text, '\0', list->len))
        list->mark = '\0';
    return problem;
}

const char *sg_pathlist_next(struct sg_pathlist *list)
{
    while (list->at < list->len) {
        char *path = list->text + list->at;
        char *end = memchr(path, list->mark, list->len - list->at);
        size_t len = end ? (size_t)(end - path) : list->len - list->at;
        path[len] = '\0'; /* there is room for one after the last */
        list->at += len + 1;
        if (len)
            return path;
    }
    return NULL;
}

void sg_pathlist_free(struct sg_pathlist *list)
{
    free(list->text);
    *list = (struct sg_pathlist){0};
}
