/* values.c - making abstract values: inline words and nodes of the ring. */
#include "machine/state.h"

#define FEW 8u

#define ITEMS_KEPT 16384u /* of one list, set or dict; more would only push out other nodes */

/* Words for a new node, pushing out the oldest ones; NULL when it would push out too many. */
static inline uint64_t *take(struct sg_ring *ring, size_t words, uint64_t *position)
{
    uint64_t start = ring->head & (ring->size - 1);

    if (words > ring->size / 4)
        return NULL;
    if (words > ring->size - start) {
        ring->head += ring->size - start;
        start = 0;
    }
    *position = ring->head;
    ring->head += words;
    return ring->words + start;
}

struct sg_arena *sg_machine_room(struct sg_machine *m, size_t size)
{
    return size <= m->front.size - m->front.used ? &m->front : m->arena;
}

bool sg_words_push(struct sg_machine *m, struct sg_words *words, uint64_t value)
{
    if (words->count == words->room) {
        size_t room = words->room ? words->room * 2 : 64;
        size_t size = room * sizeof(uint64_t);
        uint64_t *at =
            sg_arena_grow(sg_machine_room(m, size), words->at, words->room * sizeof(*at), size);
        if (!at)
            return false;
        words->at = at;
        words->room = room;
    }
    words->at[words->count++] = value;
    return true;
}

sg_value sg_value_int_make(int64_t number)
{
    if (number >= -(1LL << 57) && number < 1LL << 57)
        return sg_make(SG_V_INT, (uint64_t)number & ((1ULL << 59) - 1));
    return sg_make(SG_V_INT, 0) | SG_INT_LOST;
}

sg_value sg_value_lost(struct sg_machine *m, enum sg_kind kind, uint64_t length)
{
    uint64_t position = 0;
    uint64_t *node = take(&m->ring, 2, &position);

    node[0] = sg_node_header(SG_N_LOST, 0, 0);
    node[1] = length;
    return sg_make(kind, position) | SG_TEXT_RING;
}

sg_value sg_value_span(struct sg_machine *m, enum sg_kind kind, uint64_t offset, uint64_t length)
{
    uint64_t position = 0;

    if (offset >> SG_TEXT_OFFSET_BITS == 0 && length >> SG_TEXT_LENGTH_BITS == 0)
        return sg_make(kind, length << SG_TEXT_OFFSET_BITS | offset);
    uint64_t *node = take(&m->ring, 3, &position);
    node[0] = sg_node_header(SG_N_SPAN, 0, 0);
    node[1] = offset;
    node[2] = length;
    return sg_make(kind, position) | SG_TEXT_RING;
}

sg_value sg_value_spool(struct sg_machine *m, enum sg_kind kind, const void *bytes, size_t length)
{
    uint64_t position = 0;
    uint64_t *node = take(&m->ring, 3, &position);

    node[0] = sg_node_header(SG_N_SPOOL, 0, 0);
    node[1] = (uint64_t)(uintptr_t)bytes;
    node[2] = length;
    return sg_make(kind, position) | SG_TEXT_RING;
}

sg_value sg_value_copy(struct sg_machine *m, enum sg_kind kind, const void *bytes, size_t length)
{
    uint64_t position = 0;
    uint64_t *node = NULL;

    if (length < SIZE_MAX / 2)
        node = take(&m->ring, 1 + (length + 7) / 8, &position);
    if (!node)
        return sg_value_lost(m, kind, length);
    node[0] = sg_node_header(SG_N_BYTES, 0, length);
    if (length)
        memcpy(node + 1, bytes, length);
    return sg_make(kind, position) | SG_TEXT_RING;
}

/* Most are few. */
static inline void copy_words(uint64_t *to, const uint64_t *from, size_t count)
{
    if (count > FEW)
        memcpy(to, from, count * sizeof(*to));
    else
        for (size_t i = 0; i < count; i++)
            to[i] = from[i];
}

/* The exponent after adding a leaf count of 2^b to one of 2^a, rounded up. */
static uint8_t add_weights(uint8_t a, uint8_t b)
{
    uint8_t more = a > b ? a : b;

    if (a == b && more < 255)
        more++;
    return more;
}

sg_value sg_value_tuple_begun(struct sg_machine *m, const sg_value *items, size_t count, bool all)
{
    uint64_t position = 0;
    size_t kept = count < m->ring.size / 8 ? count : m->ring.size / 8;
    uint8_t weight = 0;

    for (size_t i = 0; i < count; i++)
        if ((items[i] & SG_KIND_MASK) == SG_V_TUPLE)
            weight = add_weights(weight, sg_value_weight(m, items[i]));
    uint64_t *node = take(&m->ring, kept + 2, &position);
    node[0] = sg_node_header(SG_N_ITEMS, weight, kept);
    node[1] = all ? count : count + 1;
    copy_words(node + 2, items, kept);
    return sg_make(SG_V_TUPLE, position);
}

sg_value sg_value_tuple(struct sg_machine *m, const sg_value *items, size_t count)
{
    return sg_value_tuple_begun(m, items, count, true);
}

sg_value sg_value_chain(struct sg_machine *m, enum sg_kind kind)
{
    uint64_t position = 0;
    uint64_t *node = take(&m->ring, 4, &position);

    node[0] = sg_node_header(SG_N_CHAIN, 0, 0);
    node[1] = node[2] = UINT64_MAX;
    node[3] = 0;
    return sg_make(kind, position);
}

sg_value sg_value_iterator(struct sg_machine *m, const sg_value *items, size_t count)
{
    sg_value chain = sg_value_chain(m, SG_V_LIST);

    sg_value_extend(m, chain, items, count);
    uint64_t *node = sg_ring_node(&m->ring, chain >> SG_KIND_BITS);
    if (node)
        node[0] = sg_node_header(SG_N_CHAIN, SG_CHAIN_ONCE, sg_node_count(node[0]));
    return chain;
}

static void extend(struct sg_machine *m, sg_value chain, const sg_value *items, size_t count)
{
    uint64_t *node = sg_ring_node(&m->ring, chain >> SG_KIND_BITS);
    uint64_t position = 0;

    if (!node || count == 0)
        return;
    uint64_t kept = sg_node_count(node[0]);
    bool whole = kept == node[3]; /* what comes after a gap has another place than it seems */
    size_t fits = whole && kept < ITEMS_KEPT ? ITEMS_KEPT - (size_t)kept : 0;
    node[3] += count;
    if (fits > count)
        fits = count;
    if (fits == 0)
        return;
    uint64_t *block = take(&m->ring, fits + 2, &position);
    node = sg_ring_node(&m->ring, chain >> SG_KIND_BITS);
    if (!block || !node)
        return;
    block[0] = sg_node_header(SG_N_BLOCK, 0, fits);
    block[1] = UINT64_MAX;
    copy_words(block + 2, items, fits);
    uint64_t *last = node[2] == UINT64_MAX ? NULL : sg_ring_node(&m->ring, node[2]);
    if (last)
        last[1] = position;
    else if (node[1] == UINT64_MAX)
        node[1] = position;
    node[2] = position;
    node[0] = sg_node_header(SG_N_CHAIN, sg_node_weight(node[0]), kept + fits);
}

/* Most containers are given a few items, once, soon after they were made. False: not such a one. */
static inline bool fill_empty(struct sg_ring *ring, uint64_t position, const sg_value *items,
                              size_t count)
{
    uint64_t mask = ring->size - 1, head = ring->head, start = head & mask;
    uint64_t *node = ring->words + (position & mask), *block = ring->words + start;

    if (count - 1 >= FEW || ring->size - start < FEW + 2 ||
        head - position - 1 >= ring->size - (FEW + 2) ||
        node[0] != sg_node_header(SG_N_CHAIN, 0, 0) || node[3] != 0)
        return false;
    ring->head = head + count + 2;
    node[0] = sg_node_header(SG_N_CHAIN, 0, count);
    node[1] = node[2] = head;
    node[3] = count;
    block[0] = sg_node_header(SG_N_BLOCK, 0, count);
    block[1] = UINT64_MAX;
    for (size_t i = 0; i < count; i++)
        block[i + 2] = items[i];
    return true;
}

void sg_value_extend(struct sg_machine *m, sg_value chain, const sg_value *items, size_t count)
{
    if (!fill_empty(&m->ring, chain >> SG_KIND_BITS, items, count))
        extend(m, chain, items, count);
}

sg_value sg_value_pair(struct sg_machine *m, enum sg_kind kind, sg_value first, sg_value second)
{
    uint64_t position = 0;
    uint64_t *node = take(&m->ring, 3, &position);

    node[0] = sg_node_header(SG_N_PAIR, 0, 2);
    node[1] = first;
    node[2] = second;
    return sg_make(kind, position);
}

sg_value sg_value_call_make(struct sg_machine *m, const struct sg_call *call)
{
    uint64_t position = 0;
    uint64_t *node = take(&m->ring, 8, &position);

    node[0] = sg_node_header(SG_N_CALL, 0, 0);
    node[1] = call->id;
    node[2] = call->callee;
    node[3] = call->args;
    node[4] = call->kwargs;
    node[5] = call->offset;
    node[6] = SG_ABSENT;
    node[7] = (uint64_t)call->op;
    return sg_make(SG_V_RESULT, position);
}
