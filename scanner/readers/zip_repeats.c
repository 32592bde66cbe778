/* zip_repeats.c - readings of a zip that occur twice, and the order that shows them. */
#include "readers/zip_walk.h"

#define DIGITS 8u
#define FEW 64u

/* Few are sorted before the digits of one are counted. */
static void sort_few(struct sg_zip_key *keys, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct sg_zip_key key = keys[i];
        size_t at = i;

        for (; at > 0 && keys[at - 1].key > key.key; at--)
            keys[at] = keys[at - 1];
        keys[at] = key;
    }
}

/* By digits, so that no choice of keys makes it slow. */
enum sg_status sg_zip_sort(struct sg_zip_key *keys, size_t count, struct sg_arena *scratch)
{
    size_t sorted = 1;
    size_t used = scratch->used;

    while (sorted < count && keys[sorted - 1].key <= keys[sorted].key)
        sorted++;
    if (sorted >= count)
        return SG_OK;
    if (count <= FEW) {
        sort_few(keys, count);
        return SG_OK;
    }
    struct sg_zip_key *other = sg_arena_take(scratch, count * sizeof(*other));
    if (!other)
        return SG_ERR_MEMORY;
    for (unsigned digit = 0; digit < DIGITS; digit++) {
        size_t starts[256] = {0};
        size_t sum = 0;
        for (size_t i = 0; i < count; i++)
            starts[keys[i].key >> digit * 8 & 0xff]++;
        for (size_t value = 0; value < 256; value++) {
            size_t here = starts[value];
            starts[value] = sum;
            sum += here;
        }
        for (size_t i = 0; i < count; i++)
            other[starts[keys[i].key >> digit * 8 & 0xff]++] = keys[i];
        memcpy(keys, other, count * sizeof(*keys));
    }
    scratch->used = used;
    return SG_OK;
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 29;
}

static uint8_t fold(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

static uint64_t hash_name(struct sg_text name)
{
    uint64_t hash = name.len;

    for (size_t i = 0; i < name.len; i++)
        hash = mix(hash, fold((uint8_t)name.at[i]));
    return hash;
}

static uint64_t hash_reading(const struct sg_zip_member *m)
{
    uint64_t hash = mix(hash_name(m->name), m->header_offset);

    hash = mix(mix(hash, m->packed_size), m->size);
    return mix(hash, (uint64_t)m->crc << 32 | (uint32_t)m->method << 16 | m->flags);
}

static bool same_reading(const struct sg_zip_member *a, const struct sg_zip_member *b)
{
    return a->header_offset == b->header_offset && a->packed_size == b->packed_size &&
           a->size == b->size && a->crc == b->crc && a->method == b->method &&
           a->flags == b->flags && a->variant == b->variant && sg_text_equal(a->name, b->name);
}

typedef uint64_t key_fn(const struct sg_zip_member *member);

/* What is equal stays in order. */
static enum sg_status reorder(struct sg_zip_walk *walk, struct sg_zip_key *keys, key_fn *key)
{
    for (size_t i = 0; i < walk->zip->count; i++)
        keys[i].key = key(&walk->zip->members[keys[i].index]);
    return sg_zip_sort(keys, walk->zip->count, walk->passing);
}

/* Keys of all members, in order; NULL when the memory is used up. */
static struct sg_zip_key *order_by(struct sg_zip_walk *walk, key_fn *key)
{
    size_t count = walk->zip->count;
    struct sg_zip_key *keys = sg_arena_take(walk->passing, count * sizeof(*keys));

    if (!keys)
        return NULL;
    for (size_t i = 0; i < count; i++)
        keys[i].index = (uint32_t)i;
    return reorder(walk, keys, key) ? NULL : keys;
}

enum sg_status sg_zip_merge_equal(struct sg_zip_walk *walk)
{
    struct sg_zip_member *members = walk->zip->members;
    size_t used = walk->passing->used;
    size_t kept = 0;
    struct sg_zip_key *keys = order_by(walk, hash_reading);

    if (!keys)
        return SG_ERR_MEMORY;
    for (size_t i = 1, first = 0; i < walk->zip->count; i++) {
        struct sg_zip_member *a = &members[keys[first].index];
        struct sg_zip_member *b = &members[keys[i].index];
        if (keys[i].key != keys[first].key || !same_reading(a, b)) {
            first = i;
            continue;
        }
        a->seen_by |= b->seen_by;
        a->findings |= b->findings;
        b->seen_by = 0;
    }
    for (size_t i = 0; i < walk->zip->count; i++)
        if (members[i].seen_by)
            members[kept++] = members[i];
    walk->zip->count = kept;
    walk->passing->used = used;
    return SG_OK;
}

static uint64_t hash_member_name(const struct sg_zip_member *member)
{
    return hash_name(member->name);
}

/* Two names of one hash are the same but for case: what else has one hash was made to. */
enum sg_status sg_zip_mark_duplicates(struct sg_zip_walk *walk)
{
    struct sg_zip_member *members = walk->zip->members;
    size_t used = walk->passing->used;
    struct sg_zip_key *keys = order_by(walk, hash_member_name);

    if (!keys)
        return SG_ERR_MEMORY;
    const struct sg_zip_key *last = NULL;
    for (size_t i = 0; i < walk->zip->count; i++) {
        struct sg_zip_member *b = &members[keys[i].index];
        if (b->variant)
            continue;
        if (last && last->key == keys[i].key) {
            struct sg_zip_member *a = &members[last->index];
            uint32_t finding = sg_text_equal(a->name, b->name) ? SG_ZIP_DUPLICATE : SG_ZIP_CASE;
            a->findings |= finding;
            b->findings |= finding;
        }
        last = &keys[i];
    }
    walk->passing->used = used;
    return SG_OK;
}

static uint64_t key_place(const struct sg_zip_member *member)
{
    return member->data_offset;
}

static uint64_t key_packed(const struct sg_zip_member *member)
{
    return member->packed_size;
}

static uint64_t key_method(const struct sg_zip_member *member)
{
    return member->method;
}

static bool same_bytes(const struct sg_zip_member *a, const struct sg_zip_member *b)
{
    return a->data_offset == b->data_offset && a->packed_size == b->packed_size &&
           a->method == b->method;
}

/* Members at one place are put in order of all that makes their bytes, so that no choice of sizes
 * parts those that are the same. */
static enum sg_status mark_same(struct sg_zip_walk *walk, struct sg_zip_key *keys)
{
    struct sg_zip_member *members = walk->zip->members;

    if (reorder(walk, keys, key_method) || reorder(walk, keys, key_packed) ||
        reorder(walk, keys, key_place))
        return SG_ERR_MEMORY;
    for (size_t i = 1; i < walk->zip->count; i++) {
        struct sg_zip_member *a = &members[keys[i - 1].index], *b = &members[keys[i].index];
        if (same_bytes(a, b))
            b->same = a->same;
    }
    return SG_OK;
}

enum sg_status sg_zip_mark_same(struct sg_zip_walk *walk)
{
    size_t used = walk->passing->used, count = walk->zip->count, at = 1;
    struct sg_zip_key *keys = order_by(walk, key_place);
    enum sg_status status = SG_OK;

    if (!keys)
        return SG_ERR_MEMORY;
    for (size_t i = 0; i < count; i++)
        walk->zip->members[i].same = (uint32_t)i;
    while (at < count && keys[at - 1].key != keys[at].key)
        at++;
    if (at < count)
        status = mark_same(walk, keys);
    walk->passing->used = used;
    return status;
}
