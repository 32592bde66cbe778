/* lockmalloc.c - an allocator to preload that opens a file at its first use, under its lock, as
 * some do to read their settings. A guard that allocates in a hook hangs with it. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ROOM ((size_t)1 << 30)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *room;
static size_t used;

static void start(void)
{
    char settings[64];
    int fd = open("/etc/hostname", O_RDONLY);

    if (fd >= 0) {
        (void)!read(fd, settings, sizeof(settings));
        close(fd);
    }
    room = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                0);
}

/* Each block has its size before it; nothing is given back. */
void *malloc(size_t size)
{
    size_t whole = (size + 31) & ~(size_t)15;

    pthread_mutex_lock(&lock);
    if (!room)
        start();
    char *at = whole <= ROOM - used ? room + used : NULL;
    used += at ? whole : 0;
    pthread_mutex_unlock(&lock);
    if (!at)
        return NULL;
    memcpy(at, &size, sizeof(size));
    return at + 16;
}

void free(void *block)
{
    (void)block;
}

void *calloc(size_t count, size_t size)
{
    return size && count > SIZE_MAX / size ? NULL : malloc(count * size);
}

void *realloc(void *block, size_t size)
{
    size_t before = 0;
    void *fresh = malloc(size);

    if (!block || !fresh)
        return fresh;
    memcpy(&before, (char *)block - 16, sizeof(before));
    return memcpy(fresh, block, before < size ? before : size);
}
