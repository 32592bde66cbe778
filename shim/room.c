/* room.c - one mapping that shrinks when it is given back and grows when it is taken. */
#include "shim/room.h"

#include "shim/raw.h"

#include <stdatomic.h>

static _Atomic(void *) kept;

/* Only its first pages have been touched before: whatever is added is new to the process. */
static void *grow(void *room, size_t size)
{
    long at = SG_RAW(SYS_mremap, room, SG_ROOM_KEPT, size, MREMAP_MAYMOVE);

    if (!SG_RAW_FAILED(at))
        return (void *)at;
    sg_raw_unmap(room, SG_ROOM_KEPT);
    return NULL;
}

void *sg_room_take(size_t size)
{
    void *room =
        size > SG_ROOM_KEPT ? atomic_exchange_explicit(&kept, NULL, memory_order_acquire) : NULL;

    if (room)
        room = grow(room, size);
    return room ? room : sg_raw_map(size);
}

void sg_room_give(void *room, size_t size)
{
    void *none = NULL;

    if (size <= SG_ROOM_KEPT || atomic_load_explicit(&kept, memory_order_relaxed) ||
        SG_RAW(SYS_munmap, (char *)room + SG_ROOM_KEPT, size - SG_ROOM_KEPT) < 0) {
        sg_raw_unmap(room, size);
        return;
    }
    if (!atomic_compare_exchange_strong_explicit(&kept, &none, room, memory_order_release,
                                                 memory_order_relaxed))
        sg_raw_unmap(room, SG_ROOM_KEPT);
}
