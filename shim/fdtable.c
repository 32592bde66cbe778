/* fdtable.c - the state of each descriptor. */
#include "shim/fdtable.h"

#include "shim/raw.h"

#define STATE_BITS 4
#define PAGE 4096u

_Atomic uint64_t sg_fd_words[SG_FD_MAX];
_Atomic int sg_fd_held_most = -1;

/* Whose numbers the table has, on a page of its own that the kernel empties in a fork's child
 * and that a vfork's child shares. NULL: never sure, so nothing is exempt or cleared for long. */
static _Atomic long *owner;

void sg_fd_start(void)
{
    _Atomic long *page = sg_raw_map(PAGE);

    if (!page)
        return;
    if (SG_RAW(SYS_madvise, page, PAGE, MADV_WIPEONFORK) < 0) {
        sg_raw_unmap(page, PAGE);
        return;
    }
    atomic_store_explicit(page, SG_RAW(SYS_getpid), memory_order_relaxed);
    owner = page;
}

static bool ours(void)
{
    if (!owner)
        return false;
    long pid = SG_RAW(SYS_getpid);
    long known = atomic_load_explicit(owner, memory_order_relaxed);
    if (known == 0)
        atomic_store_explicit(owner, pid, memory_order_relaxed);
    return known == 0 || known == pid;
}

static void store(int fd, uint64_t word)
{
    int most = atomic_load_explicit(&sg_fd_held_most, memory_order_relaxed);

    if ((unsigned)fd >= SG_FD_MAX)
        return;
    while (SG_FD_STATE(word) == SG_FD_HELD && fd > most)
        if (atomic_compare_exchange_weak(&sg_fd_held_most, &most, fd))
            break;
    atomic_store_explicit(&sg_fd_words[fd], word, memory_order_relaxed);
}

bool sg_fd_matches(uint64_t word, const struct sg_identity *identity)
{
    return SG_FD_STATE(word) >= SG_FD_FRESH &&
           word >> STATE_BITS == sg_identity_hash(identity) >> STATE_BITS;
}

bool sg_fd_same_file(uint64_t word, const struct sg_identity *identity)
{
    unsigned rest = 64 - SG_IDENTITY_FILE;

    return SG_FD_STATE(word) >= SG_FD_FRESH && word >> rest == sg_identity_hash(identity) >> rest;
}

void sg_fd_bind(int fd, enum sg_fd_state state, const struct sg_identity *identity)
{
    store(fd, sg_identity_hash(identity) >> STATE_BITS << STATE_BITS | state);
}

void sg_fd_clear(int fd, uint64_t word)
{
    if (ours())
        store(fd, word >> STATE_BITS << STATE_BITS | SG_FD_CLEARED);
}

void sg_fd_exempt(int fd)
{
    if (ours())
        store(fd, SG_FD_EXEMPT);
}

void sg_fd_refresh(int fd)
{
    uint64_t word = sg_fd_word(fd);

    if (SG_FD_STATE(word) == SG_FD_CLEARED)
        store(fd, word >> STATE_BITS << STATE_BITS | SG_FD_FRESH);
}

void sg_fd_copy(int from, int to)
{
    uint64_t word = sg_fd_word(from);

    if (SG_FD_STATE(word) == SG_FD_CLEARED)
        word = word >> STATE_BITS << STATE_BITS | SG_FD_FRESH;
    else if (SG_FD_STATE(word) == SG_FD_EXEMPT)
        word = SG_FD_UNVETTED;
    store(to, word);
}
