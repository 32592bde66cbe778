/* views.c - looking at abstract values. */
#include "machine/state.h"

#define LOOKUP_MAX 64u /* pairs of a dict in which a key is looked for */

static uint64_t *node_of(const struct sg_machine *m, sg_value v)
{
    uint64_t payload = v >> SG_KIND_BITS;

    if (sg_value_is_text(v))
        payload &= (SG_TEXT_RING >> SG_KIND_BITS) - 1;
    return sg_ring_node(&m->ring, payload);
}

bool sg_value_is_text(sg_value v)
{
    return (v & SG_KIND_MASK) == SG_V_STR || (v & SG_KIND_MASK) == SG_V_BYTES;
}

static bool lives_in_ring(sg_value v)
{
    switch ((enum sg_kind)(v & SG_KIND_MASK)) {
    case SG_V_STR:
    case SG_V_BYTES:
        return v & SG_TEXT_RING;
    case SG_V_TUPLE:
    case SG_V_LIST:
    case SG_V_DICT:
    case SG_V_SET:
    case SG_V_RESULT:
    case SG_V_ATTR:
    case SG_V_PERSID:
        return true;
    default:
        return false;
    }
}

enum sg_kind sg_value_kind(const struct sg_machine *m, sg_value v)
{
    if (lives_in_ring(v) && !node_of(m, v))
        return SG_V_FORGOTTEN;
    return (enum sg_kind)(v & SG_KIND_MASK);
}

bool sg_value_int(const struct sg_machine *m, sg_value v, int64_t *out)
{
    enum sg_kind kind = sg_value_kind(m, v);

    if (kind == SG_V_BOOL) {
        *out = (int64_t)(v >> SG_KIND_BITS);
        return true;
    }
    if (kind != SG_V_INT || v & SG_INT_LOST)
        return false;
    *out = (int64_t)(v << 1) >> 5; /* sign of the 59-bit payload */
    return true;
}

/* Where the bytes of a STR or BYTES are: in memory, or in the stream. */
struct place {
    const uint8_t *memory;
    uint64_t offset, length;
    bool kept;
};

static struct place place_of(const struct sg_machine *m, sg_value v)
{
    struct place place = {.kept = true};

    if (!sg_value_is_text(v))
        return (struct place){.kept = false};
    if (!(v & SG_TEXT_RING)) {
        uint64_t payload = v >> SG_KIND_BITS;
        place.offset = payload & ((1ULL << SG_TEXT_OFFSET_BITS) - 1);
        place.length = payload >> SG_TEXT_OFFSET_BITS & ((1ULL << SG_TEXT_LENGTH_BITS) - 1);
        return place;
    }
    const uint64_t *node = node_of(m, v);
    if (!node)
        return (struct place){.kept = false};
    switch (sg_node_kind(node[0])) {
    case SG_N_BYTES:
        place.memory = (const uint8_t *)(node + 1);
        place.length = sg_node_count(node[0]);
        break;
    case SG_N_SPOOL:
        place.memory = (const uint8_t *)(uintptr_t)node[1];
        place.length = node[2];
        break;
    case SG_N_SPAN:
        place.offset = node[1];
        place.length = node[2];
        break;
    default:
        place.length = node[1];
        place.kept = false;
    }
    return place;
}

uint64_t sg_value_length(const struct sg_machine *m, sg_value v)
{
    return place_of(m, v).length;
}

const char *sg_value_shown(const struct sg_machine *m, sg_value v)
{
    struct place place = place_of(m, v);

    if (!place.kept || place.memory)
        return NULL;
    return (const char *)sg_stream_shown(m->stream, place.offset, (size_t)place.length);
}

size_t sg_value_read(const struct sg_machine *m, sg_value v, uint64_t offset, void *into,
                     size_t cap)
{
    struct place place = place_of(m, v);

    if (!place.kept || offset >= place.length)
        return 0;
    if (cap > place.length - offset)
        cap = (size_t)(place.length - offset);
    if (place.memory) {
        memcpy(into, place.memory + offset, cap);
        return cap;
    }
    if (sg_stream_reread(m->stream, place.offset + offset, into, cap))
        return 0;
    return cap;
}

bool sg_value_source(const struct sg_machine *m, sg_value v, struct sg_source *out)
{
    struct place place = place_of(m, v);

    if (!place.kept)
        return false;
    if (place.memory)
        *out = sg_source_mem(place.memory, (size_t)place.length);
    else /* a stream that cannot be read again has left nothing there */
        *out = sg_source_part(&m->stream->source, place.offset, place.length);
    return true;
}

size_t sg_value_count(const struct sg_machine *m, sg_value v, bool *whole)
{
    enum sg_kind kind = sg_value_kind(m, v);
    const uint64_t *node = node_of(m, v);

    *whole = false;
    if (!sg_kind_is_container(kind) || !node)
        return 0;
    uint64_t kept = sg_node_count(node[0]);
    *whole = kept == (kind == SG_V_TUPLE ? node[1] : node[3]);
    return (size_t)(kind == SG_V_DICT ? kept / 2 : kept);
}

/* The word at `index` of a chain's blocks. */
static sg_value chain_word(const struct sg_machine *m, sg_value v, const uint64_t *node,
                           size_t index)
{
    struct sg_walk *walk = m->walk;

    if (walk->chain != v || index < walk->first)
        *walk = (struct sg_walk){.chain = v, .block = node[1]};
    for (;;) {
        const uint64_t *block = sg_ring_node(&m->ring, walk->block);
        size_t here = block ? (size_t)sg_node_count(block[0]) : 0;
        if (index - walk->first < here)
            return block[2 + index - walk->first];
        if (!block) {
            walk->chain = SG_ABSENT;
            return SG_FORGOTTEN_VALUE;
        }
        walk->first += here;
        walk->block = block[1];
    }
}

static sg_value word_at(const struct sg_machine *m, sg_value v, size_t index)
{
    enum sg_kind kind = sg_value_kind(m, v);
    const uint64_t *node = node_of(m, v);

    if (!sg_kind_is_container(kind) || !node || index >= sg_node_count(node[0]))
        return SG_FORGOTTEN_VALUE;
    return kind == SG_V_TUPLE ? node[2 + index] : chain_word(m, v, node, index);
}

sg_value sg_value_item(const struct sg_machine *m, sg_value v, size_t index)
{
    return word_at(m, v, sg_value_kind(m, v) == SG_V_DICT ? index * 2 : index);
}

sg_value sg_value_mapped(const struct sg_machine *m, sg_value v, size_t index)
{
    return word_at(m, v, index * 2 + 1);
}

static uint64_t *chain_node(const struct sg_machine *m, sg_value v)
{
    enum sg_kind kind = sg_value_kind(m, v);

    return kind >= SG_V_LIST && kind <= SG_V_SET ? node_of(m, v) : NULL;
}

void sg_value_escape(struct sg_machine *m, sg_value v)
{
    uint64_t *node = chain_node(m, v);

    if (node)
        node[0] = sg_node_header(SG_N_CHAIN, sg_node_weight(node[0]) | SG_CHAIN_ESCAPED,
                                 sg_node_count(node[0]));
}

bool sg_value_once(const struct sg_machine *m, sg_value v)
{
    const uint64_t *node = chain_node(m, v);

    return node && sg_node_weight(node[0]) & SG_CHAIN_ONCE;
}

bool sg_value_escaped(const struct sg_machine *m, sg_value v)
{
    const uint64_t *node = chain_node(m, v);

    return node && (sg_node_weight(node[0]) & SG_CHAIN_ESCAPED || v >> SG_KIND_BITS < m->escaped);
}

/* The words of a chain, one after the other. */
struct cursor {
    uint64_t next; /* block */
    const uint64_t *at, *end;
};

static sg_value next_word(const struct sg_machine *m, struct cursor *c)
{
    while (c->at == c->end) {
        const uint64_t *block = sg_ring_node(&m->ring, c->next);
        if (!block)
            return SG_FORGOTTEN_VALUE;
        c->next = block[1];
        c->at = block + 2;
        c->end = c->at + sg_node_count(block[0]);
    }
    return *c->at++;
}

/* A word stands for the same text for as long as the machine lives. */
static bool reads(struct sg_machine *m, sg_value v, const char *text, size_t len)
{
    struct sg_key *known = &m->keys[SG_KEY_OF(v)];
    char bytes[sizeof(known->bytes)];

    if (sg_value_length(m, v) != len || len > sizeof(bytes))
        return false;
    if (known->value != v) {
        if (sg_value_read(m, v, 0, bytes, len) != len)
            return false;
        known->value = v;
        memcpy(known->bytes, bytes, len);
    }
    return memcmp(known->bytes, text, len) == 0;
}

sg_value sg_value_lookup(struct sg_machine *m, sg_value dict, const char *key)
{
    const uint64_t *node = sg_value_kind(m, dict) == SG_V_DICT ? node_of(m, dict) : NULL;
    size_t wanted = strlen(key), count = node ? (size_t)sg_node_count(node[0]) / 2 : 0;
    struct cursor cursor = {.next = node ? node[1] : UINT64_MAX};
    sg_value found = SG_ABSENT;

    if (!node || count > LOOKUP_MAX || 2 * count != node[3])
        return SG_UNKNOWN_VALUE;
    for (size_t i = 0; i < count; i++) {
        sg_value k = next_word(m, &cursor), mapped = next_word(m, &cursor);
        enum sg_kind kind = sg_value_kind(m, k);
        if (kind == SG_V_UNKNOWN || kind == SG_V_FORGOTTEN || kind >= SG_V_GLOBAL)
            return SG_UNKNOWN_VALUE;
        if (kind == SG_V_STR && reads(m, k, key, wanted))
            found = mapped;
    }
    return found;
}

const struct sg_global *sg_value_global(const struct sg_machine *m, sg_value v)
{
    if ((v & SG_KIND_MASK) != SG_V_GLOBAL)
        return NULL;
    return &m->globals.entries[v >> SG_KIND_BITS]->shown;
}

bool sg_value_is_name(const struct sg_machine *m, sg_value v, const char *module,
                      const char *qualname)
{
    const struct sg_global *global = sg_value_global(m, v);

    return global && sg_text_is(global->module, module) && sg_text_is(global->qualname, qualname);
}

bool sg_value_call(const struct sg_machine *m, sg_value v, struct sg_call *out)
{
    const uint64_t *node = sg_value_kind(m, v) == SG_V_RESULT ? node_of(m, v) : NULL;

    if (!node)
        return false;
    *out = (struct sg_call){.id = node[1],
                            .callee = node[2],
                            .args = node[3],
                            .kwargs = node[4],
                            .offset = node[5],
                            .op = (enum sg_call_op)node[7]};
    return true;
}

sg_value sg_value_state(const struct sg_machine *m, sg_value result)
{
    const uint64_t *node = sg_value_kind(m, result) == SG_V_RESULT ? node_of(m, result) : NULL;

    return node ? node[6] : SG_ABSENT;
}

void sg_value_set_state(struct sg_machine *m, sg_value result, sg_value state)
{
    uint64_t *node = sg_value_kind(m, result) == SG_V_RESULT ? node_of(m, result) : NULL;

    if (node)
        node[6] = state;
}

static sg_value pair_word(const struct sg_machine *m, sg_value v, enum sg_kind kind, size_t word)
{
    const uint64_t *node = sg_value_kind(m, v) == kind ? node_of(m, v) : NULL;

    return node ? node[word] : SG_FORGOTTEN_VALUE;
}

sg_value sg_value_attr_base(const struct sg_machine *m, sg_value v)
{
    return pair_word(m, v, SG_V_ATTR, 1);
}

sg_value sg_value_attr_name(const struct sg_machine *m, sg_value v)
{
    return pair_word(m, v, SG_V_ATTR, 2);
}

sg_value sg_value_persid(const struct sg_machine *m, sg_value v)
{
    return pair_word(m, v, SG_V_PERSID, 1);
}

uint8_t sg_value_weight(const struct sg_machine *m, sg_value v)
{
    const uint64_t *node = sg_value_kind(m, v) == SG_V_TUPLE ? node_of(m, v) : NULL;

    return node ? sg_node_weight(node[0]) : 0;
}
