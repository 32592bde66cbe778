/* ini_memory.c - memory for inih's line buffer, straight from the kernel: a policy may be read
 * inside a hook, where malloc may be what called us. inih is built to take these three. */
#include "policy/policy.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* inih doubles its buffer until a line fits; the lines it is shown are no longer than this. */
#define BLOCK (4 * (size_t)SG_POLICY_LINE_MAX)

void *ini_malloc(size_t size);
void *ini_realloc(void *block, size_t size);
void ini_free(void *block);

void *ini_malloc(size_t size)
{
    long at;

    if (size > BLOCK)
        return NULL;
    at =
        syscall(SYS_mmap, NULL, BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0L);
    return at == -1 ? NULL : (void *)at;
}

void *ini_realloc(void *block, size_t size)
{
    return size > BLOCK ? NULL : block;
}

void ini_free(void *block)
{
    syscall(SYS_munmap, block, BLOCK);
}
