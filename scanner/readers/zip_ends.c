/* zip_ends.c - the end records of a zip, and what each reader makes of them. */
#include "readers/zip_walk.h"

/* zipfile looks for an end record this far before the end of the file, miniz SG_ZIP_TAIL_MAX. */
#define ZIPFILE_REACH (65536u + SG_ZIP_END_SIZE)

/* How an end record is used. */
enum role {
    ROLE_ZIPFILE = 1,
    ROLE_MINIZ = 2,
    ROLE_EXACT = 4, /* its comment ends where the file ends: what careful readers insist on */
};

struct search {
    struct sg_zip_walk *walk;
    struct sg_zip_views *views;
};

static void add_view(struct search *search, const struct sg_zip_view *view)
{
    struct sg_zip_view *known = search->views->list;

    for (size_t i = 0; i < search->views->count; i++, known++) {
        if (known->start != view->start || known->shift != view->shift)
            continue;
        if (known->size < view->size)
            known->size = view->size;
        if (known->count < view->count)
            known->count = view->count;
        return;
    }
    search->views->list[search->views->count++] = *view;
}

/* Offsets count from the beginning of the file. */
static void add_absolute(struct search *search, const struct sg_zip_end *end, unsigned role)
{
    struct sg_zip_view view = {.start = end->offset,
                               .count = role & ROLE_MINIZ ? end->count : 0,
                               .said = end->count,
                               .end = end->offset + end->size};

    if (end->offset < search->walk->zip->source.size)
        add_view(search, &view);
}

/* The directory ends where its end record begins; offsets count from wherever that makes true. */
static void add_anchored(struct search *search, const struct sg_zip_end *end, unsigned role)
{
    struct sg_zip_view view = {.start = end->at - end->size,
                               .shift = end->at - end->size - end->offset,
                               .size = role & ROLE_ZIPFILE ? end->size : 0,
                               .said = end->count,
                               .end = end->at};

    if (end->size <= end->at)
        add_view(search, &view);
}

/* Whether a zip64 end record stands at `at`. */
static bool read_end64(const struct sg_zip_walk *walk, uint64_t at, struct sg_zip_end *end)
{
    uint8_t bytes[SG_ZIP_END64_SIZE];

    if (sg_source_exact(&walk->zip->source, at, bytes, sizeof(bytes)) ||
        sg_le32(bytes) != SG_ZIP_SIG_END64)
        return false;
    end->at = at;
    sg_zip_read_end64(bytes, end);
    return true;
}

static bool contradicts(uint64_t plain, uint64_t zip64, uint64_t placeholder)
{
    return plain != placeholder && plain != zip64;
}

/* The three end records that an end record may stand for: itself, the zip64 one right before the
 * locator (zipfile), the zip64 one where the locator points (miniz, libzip, zipfile 3.14). */
struct ends {
    struct sg_zip_end plain;
    struct sg_zip_end beside;
    struct sg_zip_end told;
    bool has_beside;
    bool has_told;
};

static void find_end64(struct sg_zip_walk *walk, struct ends *ends)
{
    uint8_t locator[SG_ZIP_LOCATOR_SIZE];
    uint64_t at = ends->plain.at;

    if (at < SG_ZIP_LOCATOR_SIZE ||
        sg_source_exact(&walk->zip->source, at - SG_ZIP_LOCATOR_SIZE, locator, sizeof(locator)) ||
        sg_le32(locator) != SG_ZIP_SIG_LOCATOR)
        return;
    ends->has_told = read_end64(walk, sg_le64(locator + 8), &ends->told);
    if (at >= SG_ZIP_LOCATOR_SIZE + SG_ZIP_END64_SIZE)
        ends->has_beside =
            read_end64(walk, at - SG_ZIP_LOCATOR_SIZE - SG_ZIP_END64_SIZE, &ends->beside);

    const struct sg_zip_end *zip64 = ends->has_told ? &ends->told : &ends->beside;
    bool lost = !ends->has_told && !ends->has_beside;
    bool two = ends->has_told && ends->has_beside && ends->told.at != ends->beside.at;
    if (lost || two || contradicts(ends->plain.count, zip64->count, 0xffff) ||
        contradicts(ends->plain.size, zip64->size, SG_ZIP_IN_ZIP64) ||
        contradicts(ends->plain.offset, zip64->offset, SG_ZIP_IN_ZIP64))
        walk->zip->findings |= SG_ZIP_ZIP64;
}

static bool same_end(const struct sg_zip_end *a, const struct sg_zip_end *b)
{
    return a->offset == b->offset && a->size == b->size && a->count == b->count;
}

static void add_end(struct search *search, const struct sg_zip_end *plain, unsigned role)
{
    struct ends ends = {.plain = *plain};

    find_end64(search->walk, &ends);
    if ((plain->disks | (ends.has_told ? ends.told.disks : 0)) != 0)
        search->walk->zip->findings |= SG_ZIP_DISKS;
    /* The order is that of the list: zipfile's directory, miniz's, then what others might read. */
    if (role & ROLE_ZIPFILE)
        add_anchored(search, ends.has_beside ? &ends.beside : plain, role);
    if (role & ROLE_ZIPFILE && ends.has_told)
        add_anchored(search, &ends.told, role);
    add_absolute(search, ends.has_told ? &ends.told : plain, role);
    add_absolute(search, ends.has_beside ? &ends.beside : plain, 0);
    if (role)
        add_anchored(search, ends.has_beside ? &ends.beside : plain, 0);
    if (plain->offset != SG_ZIP_IN_ZIP64)
        add_absolute(search, plain, 0);
    /* A zip64 record between the directory and an end record that says the same is torch's way;
     * from the end record back, what looks like a directory is chance. */
    if (role && plain->size != SG_ZIP_IN_ZIP64 &&
        !(ends.has_beside && same_end(plain, &ends.beside)))
        add_anchored(search, plain, 0);
}

/* What the end of the file looks like to those who search it from the end. */
struct tail {
    const uint8_t *bytes;
    size_t len;
    uint64_t offset; /* of `bytes` in the file */
};

static enum sg_status read_tail(struct sg_zip_walk *walk, struct tail *tail)
{
    const struct sg_source *source = &walk->zip->source;

    tail->len = source->size < SG_ZIP_TAIL_MAX ? (size_t)source->size : SG_ZIP_TAIL_MAX;
    tail->offset = source->size - tail->len;
    tail->bytes = source->mem ? source->mem + tail->offset : walk->scratch;
    if (source->mem)
        return SG_OK;
    return sg_source_exact(source, tail->offset, walk->scratch, tail->len);
}

/* zipfile takes an end record without comment at the very end before it searches for the last
 * signature; of that it does not ask whether the record fits. */
static size_t zipfile_end(const struct tail *tail)
{
    size_t at = tail->len - SG_ZIP_END_SIZE;
    size_t reach = tail->len < ZIPFILE_REACH ? tail->len : ZIPFILE_REACH;

    if (sg_le32(tail->bytes + at) == SG_ZIP_SIG_END && sg_le16(tail->bytes + at + 20) == 0)
        return at;
    at = sg_zip_find_last(tail->bytes + tail->len - reach, reach, SG_ZIP_SIG_END, 4);
    return at == SIZE_MAX ? SIZE_MAX : at + tail->len - reach;
}

static enum sg_status keep_comment(struct sg_zip_walk *walk, const struct tail *tail,
                                   const struct sg_zip_end *end)
{
    struct sg_zip *zip = walk->zip;
    size_t at = (size_t)(end->at - tail->offset) + SG_ZIP_END_SIZE;
    size_t len = end->comment < tail->len - at ? end->comment : tail->len - at;

    zip->end = end->at + SG_ZIP_END_SIZE + len;
    zip->comment = (struct sg_text){(const char *)tail->bytes + at, len};
    if (!zip->source.mem && len)
        zip->comment.at = sg_arena_copy(&walk->list, tail->bytes + at, len);
    return zip->comment.at ? SG_OK : SG_ERR_MEMORY;
}

/* From the last to the first, so that what most readers use comes first in the list. */
enum sg_status sg_zip_find_views(struct sg_zip_walk *walk, struct sg_zip_views *views)
{
    struct search search = {walk, views};
    struct sg_zip *zip = walk->zip;
    struct tail tail;
    enum sg_status status = read_tail(walk, &tail);
    size_t at = tail.len;
    bool exact = false;

    if (status || tail.len < SG_ZIP_END_SIZE)
        return status ? status : SG_END;
    const size_t zipfile = zipfile_end(&tail);
    while ((at = sg_zip_find_last(tail.bytes, at, SG_ZIP_SIG_END,
                                  at == tail.len ? SG_ZIP_END_SIZE : 4)) != SIZE_MAX) {
        struct sg_zip_end end = {.at = tail.offset + at};
        unsigned role = zip->end_records++ == 0 ? ROLE_MINIZ : 0;
        sg_zip_read_end(tail.bytes + at, &end);
        if (tail.len - at - SG_ZIP_END_SIZE == end.comment) {
            role |= ROLE_EXACT;
            exact = true;
            zip->findings |= zip->end_records > 1 ? SG_ZIP_FAKE_END : 0;
        }
        if (role & ROLE_MINIZ) {
            walk->boundary = end.at;
            status = keep_comment(walk, &tail, &end);
        }
        if (status)
            return status;
        if (zip->end_records <= SG_ZIP_ENDS_MAX)
            add_end(&search, &end, role | (at == zipfile ? ROLE_ZIPFILE : 0));
        else
            zip->findings |= SG_ZIP_LIMIT;
    }
    zip->findings |= exact || !zip->end_records ? 0 : SG_ZIP_TRAILING;
    return zip->end_records ? SG_OK : SG_END;
}
