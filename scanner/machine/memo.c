/* memo.c - the memo: an array for the small keys that picklers use, a table for the rest. */
#include "machine/state.h"

static size_t slot_of(const struct sg_memo *memo, uint64_t key)
{
    uint64_t hash = (key + 1) * 0x9E3779B97F4A7C15ULL;
    size_t slot = (size_t)(hash >> 32) & (memo->sparse_room - 1);

    while (memo->sparse[2 * slot] && memo->sparse[2 * slot] != key + 1)
        slot = (slot + 1) & (memo->sparse_room - 1);
    return slot;
}

static bool grow_sparse(struct sg_machine *m, struct sg_memo *memo)
{
    struct sg_memo old = *memo;
    size_t room = old.sparse_room ? old.sparse_room * 2 : 64;
    size_t size = room * 2 * sizeof(uint64_t);
    uint64_t *slots = sg_arena_zero(sg_machine_room(m, size), size);

    if (!slots)
        return false;
    memo->sparse = slots;
    memo->sparse_room = room;
    for (size_t i = 0; i < old.sparse_room; i++)
        if (old.sparse[2 * i])
            memcpy(slots + 2 * slot_of(memo, old.sparse[2 * i] - 1), old.sparse + 2 * i,
                   2 * sizeof(*slots));
    return true;
}

static bool put_sparse(struct sg_machine *m, struct sg_memo *memo, uint64_t key, sg_value value)
{
    if (2 * memo->sparse_count >= memo->sparse_room && !grow_sparse(m, memo))
        return false;
    size_t slot = slot_of(memo, key);
    if (!memo->sparse[2 * slot]) {
        memo->sparse[2 * slot] = key + 1;
        memo->sparse_count++;
        memo->count++;
    }
    memo->sparse[2 * slot + 1] = value;
    return true;
}

bool sg_memo_put(struct sg_machine *m, uint64_t key, sg_value value)
{
    struct sg_memo *memo = &m->load->memo;
    struct sg_words *dense = &memo->dense;

    /* A key far above the number of keys would make the array as large as the attacker likes. */
    if (key >= dense->count && key > 4 * memo->count + 1024)
        return put_sparse(m, memo, key, value);
    while (dense->count <= key) {
        sg_value moved = memo->sparse_count ? sg_memo_get(memo, dense->count) : SG_ABSENT;
        if (!sg_words_push(m, dense, moved))
            return false;
    }
    memo->count += dense->at[key] == SG_ABSENT;
    dense->at[key] = value;
    return true;
}

sg_value sg_memo_get(const struct sg_memo *memo, uint64_t key)
{
    if (key < memo->dense.count)
        return memo->dense.at[key];
    if (!memo->sparse_count)
        return SG_ABSENT;
    size_t slot = slot_of(memo, key);
    return memo->sparse[2 * slot] ? memo->sparse[2 * slot + 1] : SG_ABSENT;
}

void sg_memo_clear(struct sg_memo *memo)
{
    memo->dense.count = 0;
    if (memo->sparse)
        memset(memo->sparse, 0, memo->sparse_room * 2 * sizeof(*memo->sparse));
    memo->sparse_count = 0;
    memo->count = 0;
}
