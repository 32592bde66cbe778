/* cache.c - a fixed table of identities; each entry is guarded by a sequence number. */
#include "shim/cache.h"

#include "shim/raw.h"

#include <stdatomic.h>

#define SETS 512u
#define WAYS 4u

/* A file system may stamp with the granularity of two seconds (FAT), most with a timer tick. */
#define WARM_NS 3000000000

struct entry {
    _Atomic uint32_t sequence; /* odd: being written, or its writer died */
    _Atomic uint32_t kept;
    _Atomic uint64_t dev, ino, size;
    _Atomic int64_t mtime, ctime_;
};

static struct entry entries[SETS][WAYS];
static _Atomic uint32_t turn;

#define GET(member) atomic_load_explicit(&(member), memory_order_relaxed)
#define PUT(member, value) atomic_store_explicit(&(member), (value), memory_order_relaxed)

static bool same(const struct entry *entry, const struct sg_identity *identity)
{
    return GET(entry->ino) == identity->ino && GET(entry->dev) == identity->dev &&
           GET(entry->size) == identity->size && GET(entry->mtime) == identity->mtime &&
           GET(entry->ctime_) == identity->ctime_;
}

enum sg_kept sg_cache_find(const struct sg_identity *identity)
{
    struct entry *set = entries[sg_identity_hash(identity) % SETS];

    for (unsigned way = 0; way < WAYS; way++) {
        uint32_t before = atomic_load_explicit(&set[way].sequence, memory_order_acquire);
        uint32_t kept = GET(set[way].kept);
        if (before & 1 || kept == SG_KEPT_NOT || !same(&set[way], identity))
            continue;
        atomic_thread_fence(memory_order_acquire);
        if (GET(set[way].sequence) == before)
            return (enum sg_kept)kept;
    }
    return SG_KEPT_NOT;
}

/* A fork can leave an entry odd for good in the child: it is then lost, not wrong. */
static void write_entry(struct entry *entry, const struct sg_identity *identity, enum sg_kept kept)
{
    uint32_t before = GET(entry->sequence);

    if (before & 1 ||
        !atomic_compare_exchange_strong_explicit(&entry->sequence, &before, before + 1,
                                                 memory_order_acquire, memory_order_relaxed))
        return;
    atomic_thread_fence(memory_order_release);
    PUT(entry->kept, kept);
    PUT(entry->dev, identity->dev);
    PUT(entry->ino, identity->ino);
    PUT(entry->size, identity->size);
    PUT(entry->mtime, identity->mtime);
    PUT(entry->ctime_, identity->ctime_);
    atomic_store_explicit(&entry->sequence, before + 2, memory_order_release);
}

void sg_cache_keep(const struct sg_identity *identity, enum sg_kept kept)
{
    uint64_t now = (uint64_t)sg_raw_clock(CLOCK_REALTIME);
    int64_t age = (int64_t)(now - (uint64_t)identity->ctime_);
    struct entry *set = entries[sg_identity_hash(identity) % SETS];

    if (age < WARM_NS)
        return;
    for (unsigned way = 0; way < WAYS; way++) {
        if (GET(set[way].kept) == SG_KEPT_NOT) {
            write_entry(&set[way], identity, kept);
            return;
        }
    }
    uint32_t way = atomic_fetch_add_explicit(&turn, 1, memory_order_relaxed) % WAYS;
    write_entry(&set[way], identity, kept);
}
