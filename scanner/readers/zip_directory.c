/* zip_directory.c - the entries of one directory of a zip. */
#include "readers/zip_walk.h"

/* One entry, as far as its reader has it. */
struct entry {
    const uint8_t *at;
    size_t len; /* at least SG_ZIP_CENTRAL_SIZE */
    uint64_t shift;
    uint8_t seen_by;
};

static bool has_nul(struct sg_text name)
{
    return name.len && memchr(name.at, '\0', name.len);
}

/* A stored member is as long as it says, and 12 bytes longer when it is really encrypted. */
static bool has_two_sizes(const struct sg_zip_member *member)
{
    uint64_t more = member->flags & 0x1 ? 12 : 0;

    return member->method == 0 && member->packed_size != member->size &&
           member->packed_size - more != member->size;
}

static uint32_t findings_of(const struct sg_zip_member *member, const struct sg_zip_extra *extra)
{
    uint32_t findings = 0;

    if (has_nul(member->name) || has_nul(extra->unicode_name))
        findings |= SG_ZIP_NAME_NUL;
    if (extra->unicode_name.at && !sg_text_equal(extra->unicode_name, member->name))
        findings |= SG_ZIP_NAME_EXTRA;
    if (extra->broken || extra->zip64_fields > 1 || member->packed_size == SG_ZIP_IN_ZIP64 ||
        member->size == SG_ZIP_IN_ZIP64)
        findings |= SG_ZIP_EXTRA;
    if (has_two_sizes(member))
        findings |= SG_ZIP_SIZE;
    if (member->flags & 0x41)
        findings |= SG_ZIP_ENCRYPTED;
    if (member->flags & 0x2020)
        findings |= SG_ZIP_PATCHED;
    return findings;
}

/* `each`: see sg_zip_read_extra(). */
static struct sg_zip_extra read_entry(const struct entry *entry, bool each,
                                      struct sg_zip_member *member)
{
    struct sg_zip_header header;
    size_t left = entry->len - SG_ZIP_CENTRAL_SIZE;

    sg_zip_read_central(entry->at, &header);
    const uint8_t *at = entry->at + SG_ZIP_CENTRAL_SIZE;
    size_t name_len = header.name_len < left ? header.name_len : left;
    size_t extra_len = header.extra_len < left - name_len ? header.extra_len : left - name_len;
    struct sg_zip_extra extra = sg_zip_read_extra(at + name_len, extra_len, each, &header);

    *member = (struct sg_zip_member){.name = {(const char *)at, name_len},
                                     .header_offset = header.offset + entry->shift,
                                     .packed_size = header.packed,
                                     .size = header.size,
                                     .crc = header.crc,
                                     .method = header.method,
                                     .flags = header.flags,
                                     .seen_by = entry->seen_by};
    member->findings = findings_of(member, &extra);
    return extra;
}

/* The other ways to read an entry: by its second zip64 field, under its other name, and a stored
 * one by its other size. */
static enum sg_status append_variants(struct sg_zip_walk *walk, const struct entry *entry,
                                      const struct sg_zip_member *member,
                                      const struct sg_zip_extra *extra)
{
    struct sg_zip_member other = *member;
    enum sg_status status = SG_OK;

    other.variant = true;
    if (member->findings & SG_ZIP_NAME_EXTRA) {
        other.name = extra->unicode_name;
        status = sg_zip_append(walk, &other);
        other.name = member->name;
    }
    if (!status && member->method == 0 && member->packed_size != member->size) {
        other.packed_size = member->size;
        status = sg_zip_append(walk, &other);
    }
    if (!status && extra->zip64_fields > 1) {
        read_entry(entry, true, &other);
        other.variant = true;
        status = sg_zip_append(walk, &other);
    }
    return status;
}

static enum sg_status append_entry(struct sg_zip_walk *walk, const struct entry *entry)
{
    struct sg_zip_member member;
    struct sg_zip_extra extra = read_entry(entry, false, &member);
    enum sg_status status = sg_zip_append(walk, &member);

    return status ? status : append_variants(walk, entry, &member, &extra);
}

/* Bytes of the entry at the stream's next byte; 0 when there is none. */
static size_t entry_size(struct sg_stream *s)
{
    if (sg_stream_need(s, SG_ZIP_CENTRAL_SIZE) < SG_ZIP_CENTRAL_SIZE ||
        sg_le32(s->at) != SG_ZIP_SIG_CENTRAL)
        return 0;
    return SG_ZIP_CENTRAL_SIZE + (size_t)sg_le16(s->at + 28) + sg_le16(s->at + 30) +
           sg_le16(s->at + 32);
}

/* An entry that the directory's size cuts: zipfile takes what is left of it, others all of it. */
static enum sg_status append_cut(struct sg_zip_walk *walk, const struct sg_zip_view *view,
                                 struct entry *entry, uint64_t offset)
{
    if (offset >= view->size || view->size - offset >= entry->len ||
        view->size - offset < SG_ZIP_CENTRAL_SIZE)
        return SG_OK;
    struct entry cut = *entry;
    cut.len = (size_t)(view->size - offset);
    cut.seen_by = SG_ZIP_BY_DIRECTORY | SG_ZIP_BY_ZIPFILE;
    entry->seen_by &= (uint8_t)~SG_ZIP_BY_ZIPFILE;
    walk->zip->findings |= SG_ZIP_DIRECTORY;
    return append_entry(walk, &cut);
}

static enum sg_status append_next(struct sg_zip_walk *walk, const struct sg_zip_view *view,
                                  struct sg_stream *s, size_t size, uint64_t number)
{
    uint64_t offset = sg_stream_offset(s);
    size_t have = sg_stream_need(s, size);
    struct entry entry = {.at = s->at,
                          .len = have < size ? have : size,
                          .shift = view->shift,
                          .seen_by = SG_ZIP_BY_DIRECTORY};

    if (walk->work < size)
        return SG_ERR_LIMIT;
    walk->work -= size;
    if (offset < view->size)
        entry.seen_by |= SG_ZIP_BY_ZIPFILE;
    if (number < view->count)
        entry.seen_by |= SG_ZIP_BY_MINIZ;
    enum sg_status status = append_cut(walk, view, &entry, offset);
    if (!status)
        status = append_entry(walk, &entry);
    s->at += entry.len;
    return status;
}

/* Goes on for as long as there are entries, past what the end record says: some readers do. */
enum sg_status sg_zip_walk_view(struct sg_zip_walk *walk, const struct sg_zip_view *view)
{
    struct sg_source part = sg_source_part(&walk->zip->source, view->start, UINT64_MAX);
    struct sg_stream s;
    uint8_t signature[4];
    uint64_t number = 0;
    enum sg_status status;
    size_t size;

    status = sg_source_exact(&part, 0, signature, sizeof(signature));
    if (status || sg_le32(signature) != SG_ZIP_SIG_CENTRAL)
        return status == SG_END ? SG_OK : status;
    sg_stream_open(&s, &part, walk->scratch, walk->scratch_size);
    sg_zip_reserve(walk, view->said < part.size / SG_ZIP_CENTRAL_SIZE
                             ? view->said
                             : part.size / SG_ZIP_CENTRAL_SIZE);
    if (walk->directories++ == 0)
        walk->boundary = view->start;
    if (view->shift)
        walk->zip->findings |= SG_ZIP_PREFIX;
    while (!status && (size = entry_size(&s)) > 0)
        status = append_next(walk, view, &s, size, number++);
    if (status || s.status)
        return status ? status : s.status;
    if (number != view->said && (number & 0xffff) != view->said)
        walk->zip->findings |= SG_ZIP_COUNT;
    if (view->start + sg_stream_offset(&s) != view->end)
        walk->zip->findings |= SG_ZIP_DIRECTORY;
    return SG_OK;
}
