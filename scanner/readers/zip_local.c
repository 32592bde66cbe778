/* zip_local.c - local headers of a zip, held against its directory. */
#include "readers/zip_walk.h"

/* Flags that change how the bytes of a member are read. */
#define FLAGS_THAT_MATTER 0x2061u

/* Bytes read at once for a header that stands alone, and where one follows another within NEAR. */
#define STEP_ALONE 512u
#define STEP_CLOSE 8192u
#define NEAR 1024u

struct pass {
    struct sg_zip_walk *walk;
    struct sg_zip_key *keys; /* of the members, by the offset of their header */
    size_t count;
    uint64_t window;     /* offset of what stands in walk->scratch */
    size_t window_len;   /* bytes */
    uint64_t tail;       /* end of the members so far */
    size_t last;         /* index of the member that ends there; SIZE_MAX: none */
    uint16_t last_flags; /* of its local header */
    enum sg_status status;
};

struct local {
    struct sg_zip_header header;
    struct sg_text name; /* valid until the next peek() */
    uint64_t data;       /* offset */
    bool sized;          /* says how many bytes it is packed into */
};

/* Up to `want` bytes at `at`; fewer at the end of the file, or after an error. */
static const uint8_t *peek(struct pass *p, uint64_t at, size_t want, size_t *have)
{
    struct sg_zip_walk *walk = p->walk;
    const struct sg_source *source = &walk->zip->source;
    uint64_t left = at < source->size ? source->size - at : 0;

    *have = want < left ? want : (size_t)left;
    if (source->mem)
        return source->mem + (left ? at : 0);
    if (at >= p->window && at - p->window <= p->window_len &&
        p->window_len - (size_t)(at - p->window) >= *have)
        return walk->scratch + (at - p->window);

    size_t len = at - p->window < p->window_len + NEAR ? STEP_CLOSE : STEP_ALONE;
    len = len < want ? want : len;
    len = len < walk->scratch_size ? len : walk->scratch_size;
    if (walk->work < len) {
        walk->zip->findings |= SG_ZIP_LIMIT;
        *have = 0;
        return walk->scratch;
    }
    walk->work -= len;
    p->window = at;
    enum sg_status status = sg_source_read(source, at, walk->scratch, len, &p->window_len);
    if (status)
        p->status = status;
    *have = *have < p->window_len ? *have : p->window_len;
    return walk->scratch;
}

static bool read_local(struct pass *p, uint64_t at, struct local *local)
{
    size_t have;
    const uint8_t *bytes = peek(p, at, SG_ZIP_LOCAL_SIZE, &have);

    if (have < SG_ZIP_LOCAL_SIZE || sg_le32(bytes) != SG_ZIP_SIG_LOCAL)
        return false;
    sg_zip_read_local(bytes, &local->header);
    struct sg_zip_header *h = &local->header;
    size_t head = SG_ZIP_LOCAL_SIZE + (size_t)h->name_len;
    bool zip64 = h->packed == SG_ZIP_IN_ZIP64 || h->size == SG_ZIP_IN_ZIP64;
    bytes = peek(p, at, head + (zip64 ? h->extra_len : 0), &have);
    local->data = at + head + h->extra_len;
    local->name.at = (const char *)bytes + SG_ZIP_LOCAL_SIZE;
    head = have < head ? have : head;
    local->name.len = head < SG_ZIP_LOCAL_SIZE ? 0 : head - SG_ZIP_LOCAL_SIZE;
    if (have > head)
        sg_zip_read_extra(bytes + head, have - head, true, h);
    local->sized = !(h->flags & SG_ZIP_FLAG_DESCRIPTOR) || h->packed;
    return true;
}

static bool is_listed(const struct pass *p, uint64_t header_offset)
{
    size_t low = 0, high = p->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (p->keys[middle].key < header_offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low < p->count && p->keys[low].key == header_offset;
}

/* A full list is not the end of the pass: what is listed is still looked at. */
static void append(struct pass *p, const struct sg_zip_member *member)
{
    if (sg_zip_append(p->walk, member))
        p->walk->zip->findings |= SG_ZIP_LIMIT;
}

static struct sg_zip_member as_forward(const struct local *local, uint64_t header_offset)
{
    return (struct sg_zip_member){.name = local->name,
                                  .header_offset = header_offset,
                                  .data_offset = local->data,
                                  .packed_size = local->header.packed,
                                  .size = local->header.size,
                                  .crc = local->header.crc,
                                  .method = local->header.method,
                                  .flags = local->header.flags,
                                  .seen_by = SG_ZIP_BY_FORWARD};
}

/* Lists local headers that follow one another from `from` up to `to`; returns where they end. */
static uint64_t list_hidden(struct pass *p, uint64_t from, uint64_t to)
{
    struct local local;

    while (from < to && to - from >= SG_ZIP_LOCAL_SIZE && !is_listed(p, from) &&
           !(p->walk->zip->findings & SG_ZIP_LIMIT) && read_local(p, from, &local)) {
        struct sg_zip_member member = as_forward(&local, from);
        uint64_t room = local.data < to ? to - local.data : 0;
        /* Without a size its data may be all that comes before the next thing that is known. */
        if (!local.sized)
            member.packed_size = room;
        member.findings = member.packed_size > room ? SG_ZIP_CUT_OFF : 0;
        /* A file that was cut off before its directory hides nothing. */
        if (!(p->walk->zip->findings & SG_ZIP_NO_END))
            member.findings |= SG_ZIP_HIDDEN;
        append(p, &member);
        if (member.packed_size > room)
            return to;
        from = local.data + member.packed_size;
        size_t have, size;
        const uint8_t *bytes = peek(p, from, SG_ZIP_DESCRIPTOR_MAX, &have);
        if (local.header.flags & SG_ZIP_FLAG_DESCRIPTOR &&
            sg_zip_descriptor_fits(bytes, have, &local.header, &size))
            from += size;
    }
    return from;
}

/* Looks at what stands between the members so far and `to`. */
static void close_gap(struct pass *p, uint64_t to)
{
    uint64_t from = p->tail;

    if (p->last != SIZE_MAX && p->last_flags & SG_ZIP_FLAG_DESCRIPTOR) {
        struct sg_zip_member *last = &p->walk->zip->members[p->last];
        struct sg_zip_header said = {
            .packed = last->packed_size, .size = last->size, .crc = last->crc};
        size_t have, size;
        const uint8_t *bytes = peek(p, from, SG_ZIP_DESCRIPTOR_MAX, &have);
        uint64_t room = to - from;
        if (!sg_zip_descriptor_fits(bytes, have, &said, &size))
            last->findings |= SG_ZIP_DESCRIPTOR;
        else /* that of an empty member fits in both widths */
            from += said.packed == 0 && (room == 20 || room == 24) ? room : size;
    }
    if (from >= to)
        return;
    from = list_hidden(p, from, to);
    if (from < to && p->tail > 0)
        p->walk->zip->findings |= SG_ZIP_GAP;
}

static void compare(struct pass *p, size_t index, const struct local *local)
{
    struct sg_zip_member *m = &p->walk->zip->members[index];
    const struct sg_zip_header *h = &local->header;
    bool descriptor = h->flags & SG_ZIP_FLAG_DESCRIPTOR;
    uint32_t findings = 0;

    if (!sg_text_equal(local->name, m->name))
        findings |= SG_ZIP_NAME;
    if (h->method != m->method)
        findings |= SG_ZIP_METHOD;
    /* Info-ZIP, writing to a pipe, knows the size beforehand, but not how well it will pack. */
    if ((local->sized && h->packed != m->packed_size) ||
        ((local->sized || h->size) && h->size != m->size))
        findings |= SG_ZIP_SIZE;
    if (!findings)
        m->seen_by |= SG_ZIP_BY_FORWARD;
    if ((h->flags ^ m->flags) & FLAGS_THAT_MATTER)
        m->findings |= SG_ZIP_FLAGS;
    if (h->crc != m->crc && !(descriptor && h->crc == 0))
        m->findings |= SG_ZIP_CRC;
    m->findings |= findings;
    if (!findings)
        return;

    struct sg_zip_member other = as_forward(local, m->header_offset);
    other.variant = true;
    other.findings = findings;
    if (!local->sized) {
        other.packed_size = m->packed_size;
        other.size = m->size;
    }
    append(p, &other);
    if (findings & SG_ZIP_SIZE && other.packed_size < UINT64_MAX - local->data)
        list_hidden(p, local->data + other.packed_size, p->walk->boundary);
}

/* The data of the member at `index`, whose local header is `local`. */
static void place_data(struct pass *p, size_t index, const struct local *local)
{
    struct sg_zip_member *m = &p->walk->zip->members[index];
    uint64_t size = p->walk->zip->source.size;

    m->data_offset = local->data;
    if (local->data > size || m->packed_size > size - local->data) {
        m->findings |= SG_ZIP_CUT_OFF;
        return;
    }
    uint64_t end = local->data + m->packed_size;
    if (!m->variant && end > p->tail) {
        p->tail = end;
        p->last = index;
        p->last_flags = local->header.flags;
    }
}

/* libzip and torch's record offsets take the lengths from there without looking at
 * the signature. */
static uint64_t data_without_header(struct pass *p, uint64_t at)
{
    size_t have;
    const uint8_t *bytes = peek(p, at, SG_ZIP_LOCAL_SIZE, &have);

    if (have < SG_ZIP_LOCAL_SIZE)
        return at;
    return at + SG_ZIP_LOCAL_SIZE + sg_le16(bytes + 26) + sg_le16(bytes + 28);
}

static void check_member(struct pass *p, size_t i)
{
    size_t index = p->keys[i].index;
    uint64_t at = p->keys[i].key;
    bool again = i > 0 && p->keys[i - 1].key == at;
    struct local local;

    if (!again && at > p->tail)
        close_gap(p, at);
    /* Not before: the members move when the list grows. */
    struct sg_zip_member *members = p->walk->zip->members;
    struct sg_zip_member *m = &members[index];
    if (!m->variant && (again || at < p->tail)) {
        uint32_t finding = again ? SG_ZIP_SHARED : SG_ZIP_OVERLAP;
        size_t other = again ? p->keys[i - 1].index : p->last;
        m->findings |= finding;
        members[other].findings |= finding;
    }
    if (!read_local(p, at, &local)) {
        m->findings |= SG_ZIP_NO_LOCAL;
        m->data_offset = data_without_header(p, at);
        return;
    }
    if (!m->variant)
        compare(p, index, &local);
    place_data(p, index, &local);
}

enum sg_status sg_zip_walk_locals(struct sg_zip_walk *walk)
{
    struct sg_zip *zip = walk->zip;
    size_t used = walk->passing->used;
    struct pass p = {.walk = walk, .count = zip->count, .last = SIZE_MAX};

    p.keys = sg_arena_take(walk->passing, p.count * sizeof(*p.keys));
    if (!p.keys)
        return SG_ERR_MEMORY;
    for (size_t i = 0; i < p.count; i++)
        p.keys[i] = (struct sg_zip_key){zip->members[i].header_offset, (uint32_t)i};
    enum sg_status status = sg_zip_sort(p.keys, p.count, walk->passing);
    for (size_t i = 0; !status && i < p.count; i++) {
        check_member(&p, i);
        status = p.status;
    }
    if (!status && !(zip->findings & SG_ZIP_LIMIT) && p.tail < walk->boundary)
        close_gap(&p, walk->boundary);
    walk->passing->used = used;
    return status ? status : p.status;
}
