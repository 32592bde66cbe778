/* yield.c - leases that stand in our own way. */
#include "shim/yield.h"

#include "shim/raw.h"
#include "shim/still.h"

void sg_yield_to(int dir, const char *path)
{
    int most = atomic_load_explicit(&sg_fd_held_most, memory_order_relaxed);
    struct stat st = {0};

    if (!path || SG_RAW(SYS_newfstatat, dir, path, &st, 0) < 0)
        return;
    struct sg_identity identity = sg_identity_of(&st);
    for (int fd = 0; fd <= most; fd++) {
        uint64_t word = sg_fd_word(fd);
        if (SG_FD_STATE(word) == SG_FD_HELD && sg_fd_same_file(word, &identity))
            sg_still_release(fd);
    }
}
