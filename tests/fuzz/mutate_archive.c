/* mutate_archive.c - reads a zip by its directory, and writes one. */
#include "tests/fuzz/mutate_archive.h"

#include <string.h>
#include <zlib.h>

#define LOCAL_SIZE 30u
#define ENTRY_SIZE 46u
#define END_SIZE 22u
#define CONTENT_MAX (64u << 10)

struct writer {
    uint8_t *at, *end;
    bool full;
};

struct sg_text sg_archive_keep(struct sg_archive *archive, const void *bytes, size_t len)
{
    uint8_t *at = archive->pool + archive->pool_used;

    if (len > sizeof(archive->pool) - archive->pool_used)
        return (struct sg_text){(const char *)at, 0};
    if (len)
        memcpy(at, bytes, len);
    archive->pool_used += len;
    return (struct sg_text){(const char *)at, len};
}

/* What there is of `len` bytes at `at`. */
static struct sg_text cut(const uint8_t *data, size_t size, uint64_t at, uint64_t len)
{
    if (at > size)
        return (struct sg_text){(const char *)data, 0};
    return (struct sg_text){(const char *)data + at, (size_t)(len < size - at ? len : size - at)};
}

static struct sg_text inflated(struct sg_archive *archive, struct sg_text body)
{
    uint8_t *room = archive->pool + archive->pool_used;
    z_stream z = {.next_in = (uint8_t *)(uintptr_t)body.at,
                  .avail_in = (uInt)body.len,
                  .next_out = room,
                  .avail_out = CONTENT_MAX};

    if (sizeof(archive->pool) - archive->pool_used < CONTENT_MAX ||
        inflateInit2(&z, -MAX_WBITS) != Z_OK)
        return body;
    int status = inflate(&z, Z_FINISH);
    inflateEnd(&z);
    if (status != Z_STREAM_END)
        return body;
    archive->pool_used += z.total_out;
    return (struct sg_text){(const char *)room, z.total_out};
}

static struct sg_text deflated(struct sg_archive *archive, struct sg_text content)
{
    uint8_t *room = archive->pool + archive->pool_used;
    size_t left = sizeof(archive->pool) - archive->pool_used;
    z_stream z = {.next_in = (uint8_t *)(uintptr_t)content.at,
                  .avail_in = (uInt)content.len,
                  .next_out = room,
                  .avail_out = (uInt)left};

    if (deflateInit2(&z, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return content;
    int status = deflate(&z, Z_FINISH);
    deflateEnd(&z);
    if (status != Z_STREAM_END)
        return content;
    archive->pool_used += z.total_out;
    return (struct sg_text){(const char *)room, z.total_out};
}

void sg_archive_seal(struct sg_archive *archive, struct sg_archive_member *member)
{
    struct sg_archive_head *heads[] = {&member->local, &member->entry};
    struct sg_text content = member->content;

    member->body = content;
    if (member->entry.method == SG_ARCHIVE_DEFLATED)
        member->body = deflated(archive, content);
    for (size_t i = 0; i < 2; i++) {
        heads[i]->method = member->entry.method;
        heads[i]->crc = (uint32_t)crc32(0, (const uint8_t *)content.at, (uInt)content.len);
        heads[i]->packed = (uint32_t)member->body.len;
        heads[i]->size = (uint32_t)content.len;
    }
}

/* Both headers have flags, method, CRC and sizes in the same order, from `fields` on. */
static struct sg_archive_head head_of(const uint8_t *fields)
{
    return (struct sg_archive_head){.flags = sg_le16(fields),
                                    .method = sg_le16(fields + 2),
                                    .crc = sg_le32(fields + 8),
                                    .packed = sg_le32(fields + 12),
                                    .size = sg_le32(fields + 16)};
}

static void read_local(struct sg_archive_member *member, const uint8_t *data, size_t size,
                       uint32_t at)
{
    uint64_t body = (uint64_t)at + LOCAL_SIZE;

    if (at > size || size - at < LOCAL_SIZE || memcmp(data + at, "PK\3\4", 4) != 0) {
        member->no_local = true;
        member->local = member->entry;
        return;
    }
    member->local = head_of(data + at + 6);
    member->local.name = cut(data, size, body, sg_le16(data + at + 26));
    body += sg_le16(data + at + 26);
    member->local.extra = cut(data, size, body, sg_le16(data + at + 28));
    body += sg_le16(data + at + 28);
    member->body = cut(data, size, body, member->entry.packed);
}

/* Where the next entry stands; `size` when this is none. */
static size_t read_entry(struct sg_archive *archive, const uint8_t *data, size_t size, size_t at)
{
    struct sg_archive_member *member = &archive->members[archive->count];
    size_t next = at + ENTRY_SIZE;

    if (at > size || size - at < ENTRY_SIZE || memcmp(data + at, "PK\1\2", 4) != 0)
        return size;
    *member = (struct sg_archive_member){.entry = head_of(data + at + 8)};
    member->entry.name = cut(data, size, next, sg_le16(data + at + 28));
    next += sg_le16(data + at + 28);
    member->entry.extra = cut(data, size, next, sg_le16(data + at + 30));
    read_local(member, data, size, sg_le32(data + at + 42));
    member->content = member->entry.method == SG_ARCHIVE_DEFLATED ? inflated(archive, member->body)
                                                                  : member->body;
    archive->count++;
    next += sg_le16(data + at + 30) + (size_t)sg_le16(data + at + 32);
    return next < size ? next : size;
}

bool sg_archive_read(struct sg_archive *archive, const uint8_t *data, size_t size)
{
    size_t end = size;

    memset(archive, 0, offsetof(struct sg_archive, pool));
    archive->pool_used = 0;
    do
        if (end-- == 0)
            return false;
    while (size - end < END_SIZE || memcmp(data + end, "PK\5\6", 4) != 0);
    size_t at = sg_le32(data + end + 16);
    while (at < size && archive->count < SG_ARCHIVE_MEMBERS)
        at = read_entry(archive, data, size, at);
    archive->comment = cut(data, size, end + END_SIZE, sg_le16(data + end + 20));
    return true;
}

static void put_bytes(struct writer *w, const void *bytes, size_t len)
{
    w->full |= len > (size_t)(w->end - w->at);
    if (w->full || len == 0)
        return;
    memcpy(w->at, bytes, len);
    w->at += len;
}

static void put_number(struct writer *w, uint64_t value, size_t width)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < width; i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
    put_bytes(w, bytes, width);
}

static void put_head(struct writer *w, const struct sg_archive_head *head)
{
    put_number(w, head->flags, 2);
    put_number(w, head->method, 2);
    put_number(w, 0x21 << 16, 4); /* the first day there is */
    put_number(w, head->crc, 4);
    put_number(w, head->packed, 4);
    put_number(w, head->size, 4);
    put_number(w, head->name.len, 2);
    put_number(w, head->extra.len, 2);
}

static void put_local(struct writer *w, const struct sg_archive_member *member)
{
    const struct sg_archive_head *head = &member->local;

    if (!member->no_local) {
        put_bytes(w, "PK\3\4\x14\0", 6);
        put_head(w, head);
        put_bytes(w, head->name.at, head->name.len);
        put_bytes(w, head->extra.at, head->extra.len);
    }
    put_bytes(w, member->body.at, member->body.len);
    if (!(head->flags & SG_ARCHIVE_DESCRIPTOR))
        return;
    put_bytes(w, "PK\7\x08", 4);
    put_number(w, head->crc, 4);
    put_number(w, head->packed, 4);
    put_number(w, head->size, 4);
}

static void put_entry(struct writer *w, const struct sg_archive *archive,
                      const struct sg_archive_member *member)
{
    uint32_t offset = member->shares ? archive->members[0].offset : member->offset;

    put_bytes(w, "PK\1\2\x14\0\x14\0", 8);
    put_head(w, &member->entry);
    put_bytes(w, "\0\0\0\0\0\0\0\0\0\0", 10); /* comment, disk, attributes */
    put_number(w, offset + member->shift, 4);
    put_bytes(w, member->entry.name.at, member->entry.name.len);
    put_bytes(w, member->entry.extra.at, member->entry.extra.len);
}

static void put_end64(struct writer *w, uint64_t entries, uint64_t size, uint64_t offset,
                      uint64_t here)
{
    put_bytes(w, "PK\6\6\x2c\0\0\0\0\0\0\0\x2d\0\x2d\0\0\0\0\0\0\0\0\0", 24);
    put_number(w, entries, 8);
    put_number(w, entries, 8);
    put_number(w, size, 8);
    put_number(w, offset, 8);
    put_bytes(w, "PK\6\7\0\0\0", 8);
    put_number(w, here, 8);
    put_number(w, 1, 4);
}

static void put_end(struct writer *w, const struct sg_archive *archive, size_t entries, size_t size,
                    size_t offset)
{
    entries += archive->more_entries;
    size += archive->size_shift;
    offset += archive->offset_shift;
    if (archive->zip64) {
        put_end64(w, entries, size, offset, offset + size);
        entries = 0xffff;
        size = offset = UINT32_MAX;
    }
    put_bytes(w, "PK\5\6\0\0\0", 8);
    put_number(w, entries, 2);
    put_number(w, entries, 2);
    put_number(w, size, 4);
    put_number(w, offset, 4);
    put_number(w, archive->comment.len, 2);
    put_bytes(w, archive->comment.at, archive->comment.len);
    put_bytes(w, archive->tail.at, archive->tail.len);
}

size_t sg_archive_write(struct sg_archive *archive, uint8_t *into, size_t cap)
{
    struct writer w = {.at = into, .end = into + cap};
    const uint8_t *base = into + (archive->from_start ? 0 : archive->prefix.len);
    size_t entries = 0;

    put_bytes(&w, archive->prefix.at, archive->prefix.len);
    for (size_t i = 0; i < archive->count && !w.full; i++) {
        archive->members[i].offset = (uint32_t)(w.at - base);
        put_local(&w, &archive->members[i]);
    }
    const uint8_t *directory = w.at;
    for (size_t i = 0; i < archive->count; i++) {
        if (archive->members[i].no_entry)
            continue;
        put_entry(&w, archive, &archive->members[i]);
        entries++;
    }
    if (!w.full)
        put_end(&w, archive, entries, (size_t)(w.at - directory), (size_t)(directory - base));
    return w.full ? 0 : (size_t)(w.at - into);
}
