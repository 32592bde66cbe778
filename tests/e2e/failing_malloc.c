/* failing_malloc.c - a preload: one request for memory, or all from it on, are refused.
 *
 * FAIL_AT=N counts from 1, after the program was loaded; FAIL_ON=1 refuses all that follow too.
 * FAIL_TOLD=FILE is made when one was refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);

static atomic_long asked;
static long fails_at;
static int fails_on;
static const char *told;

__attribute__((constructor)) static void start(void)
{
    const char *at = getenv("FAIL_AT");

    fails_on = getenv("FAIL_ON") != NULL;
    told = getenv("FAIL_TOLD");
    asked = 0;
    fails_at = at ? atol(at) : 0;
}

static int fails(void)
{
    long now = atomic_fetch_add(&asked, 1) + 1;
    int refused = fails_at && (fails_on ? now >= fails_at : now == fails_at);

    if (refused && told && now == fails_at)
        syscall(SYS_close, syscall(SYS_openat, AT_FDCWD, told, O_WRONLY | O_CREAT, 0600));
    if (refused)
        errno = ENOMEM;
    return refused;
}

void *malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
    return fails() ? NULL : __libc_realloc(block, size);
}

/* Files are mapped as before. */
void *mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
    if (fd < 0 && fails())
        return MAP_FAILED;
    return (void *)syscall(SYS_mmap, at, len, prot, flags, fd, offset);
}
