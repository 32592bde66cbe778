/* zip.c - members of a zip, from its directories and local headers. */
#include "readers/zip_walk.h"

/* Bytes of records that one archive may cost: a million members take a tenth of it. */
#define WORK_MAX (1ULL << 30)

/* Names are stored back to back, in blocks. */
#define NAMES_SIZE 4096u

#define SCRATCH_MAX (2u * SG_ZIP_CENTRAL_MAX + 4096u)

/* What passes is some buffers, and two words for each reading of a member: of an archive that is
 * nothing but its directory, half of its size. */
#define PASSING_LEAST (1u << 20)

static bool make_room(struct sg_zip_walk *walk, uint64_t capacity)
{
    struct sg_zip *zip = walk->zip;
    size_t old = walk->capacity * sizeof(*zip->members);

    void *members =
        sg_arena_grow(&walk->list, zip->members, old, (size_t)capacity * sizeof(*zip->members));
    if (!members)
        return false;
    zip->members = members;
    walk->capacity = (size_t)capacity;
    return true;
}

void sg_zip_reserve(struct sg_zip_walk *walk, uint64_t count)
{
    /* A lie about the count may cost half of the list, not all of it. */
    uint64_t most = walk->list.size / 2 / sizeof(*walk->zip->members);

    count = count < most ? count : most;
    if (count > walk->capacity - walk->zip->count)
        make_room(walk, walk->zip->count + count);
}

static bool keep_name(struct sg_zip_walk *walk, struct sg_text *name)
{
    if (walk->zip->source.mem)
        return true;
    if (name->len == 0) {
        name->at = "";
        return true;
    }
    if (name->len > walk->names_left) {
        size_t size = name->len > NAMES_SIZE ? name->len : NAMES_SIZE;
        walk->names_left = 0;
        walk->names = sg_arena_take(&walk->list, size);
        if (!walk->names)
            return false;
        walk->names_left = size;
    }
    name->at = memcpy(walk->names, name->at, name->len);
    walk->names += name->len;
    walk->names_left -= name->len;
    return true;
}

enum sg_status sg_zip_append(struct sg_zip_walk *walk, const struct sg_zip_member *member)
{
    struct sg_zip *zip = walk->zip;
    struct sg_zip_member copy = *member;

    if (zip->count == UINT32_MAX || !keep_name(walk, &copy.name))
        return SG_ERR_LIMIT;
    if (zip->count == walk->capacity && !make_room(walk, walk->capacity ? walk->capacity * 2 : 8))
        return SG_ERR_LIMIT;
    zip->members[zip->count++] = copy;
    return SG_OK;
}

bool sg_zip_bid(const uint8_t *head, size_t len)
{
    return len >= 4 && (sg_le32(head) == SG_ZIP_SIG_LOCAL || sg_le32(head) == SG_ZIP_SIG_END);
}

bool sg_zip_tail(const uint8_t *tail, size_t len)
{
    if (len > SG_ZIP_TAIL_MAX) {
        tail += len - SG_ZIP_TAIL_MAX;
        len = SG_ZIP_TAIL_MAX;
    }
    return sg_zip_find_last(tail, len, SG_ZIP_SIG_END, SG_ZIP_END_SIZE) != SIZE_MAX;
}

static bool begins_with_local(const struct sg_source *source)
{
    uint8_t bytes[4];

    return sg_source_exact(source, 0, bytes, sizeof(bytes)) == SG_OK &&
           sg_le32(bytes) == SG_ZIP_SIG_LOCAL;
}

/* An end record that leads to no member is one only if it says so and nothing comes after it. */
static bool is_empty(const struct sg_zip *zip, const struct sg_zip_views *views)
{
    if (zip->findings & SG_ZIP_TRAILING)
        return false;
    for (size_t i = 0; i < views->count; i++)
        if (views->list[i].said)
            return false;
    return true;
}

static enum sg_status walk_directories(struct sg_zip_walk *walk)
{
    struct sg_zip *zip = walk->zip;
    struct sg_zip_views *views = sg_arena_take(walk->passing, sizeof(*views));

    if (!views)
        return SG_ERR_MEMORY;
    views->count = 0;
    enum sg_status status = sg_zip_find_views(walk, views);
    bool truncated = status == SG_END;
    for (size_t i = 0; !status && i < views->count; i++) {
        status = sg_zip_walk_view(walk, &views->list[i]);
        if (status == SG_ERR_LIMIT) {
            zip->findings |= SG_ZIP_LIMIT;
            status = SG_OK;
        }
    }
    if (status && !truncated)
        return status;
    if (zip->count || zip->findings & SG_ZIP_LIMIT)
        return SG_OK;
    zip->findings |= truncated ? SG_ZIP_NO_END : SG_ZIP_DIRECTORY;
    if (begins_with_local(&zip->source))
        return SG_OK;
    if (truncated || !is_empty(zip, views))
        return SG_ERR_FORMAT;
    zip->findings = 0;
    return SG_OK;
}

/* One of zipfile and miniz lists a member and the other, which does list some, not this one. */
static void mark_only_some(struct sg_zip *zip)
{
    const uint8_t both = SG_ZIP_BY_ZIPFILE | SG_ZIP_BY_MINIZ;
    uint8_t readers = 0;

    for (size_t i = 0; i < zip->count; i++)
        readers |= zip->members[i].seen_by & both;
    for (size_t i = 0; i < zip->count; i++) {
        struct sg_zip_member *m = &zip->members[i];
        if (m->seen_by & SG_ZIP_BY_DIRECTORY && (m->seen_by & both) != readers)
            m->findings |= SG_ZIP_ONLY_SOME;
    }
}

static void sum_up(struct sg_zip *zip)
{
    uint64_t first = zip->count ? zip->source.size : 0;

    mark_only_some(zip);
    for (size_t i = 0; i < zip->count; i++) {
        const struct sg_zip_member *m = &zip->members[i];
        zip->findings |= m->findings;
        if (m->header_offset < first)
            first = m->header_offset;
    }
    zip->prefix = first;
    if (first > 0)
        zip->findings |= SG_ZIP_PREFIX;
}

static enum sg_status list_all(struct sg_zip_walk *walk)
{
    struct sg_zip *zip = walk->zip;
    enum sg_status status = walk_directories(walk);

    if (!status && walk->directories > 1) {
        zip->findings |= SG_ZIP_SECOND_DIRECTORY;
        status = sg_zip_merge_equal(walk);
    }
    if (!status)
        status = sg_zip_walk_locals(walk);
    if (!status)
        status = sg_zip_mark_duplicates(walk);
    if (!status)
        status = sg_zip_mark_same(walk);
    if (!status)
        sum_up(zip);
    return status;
}

/* Twice the longest entry, as a stream's window must be; less for a file that is smaller. */
static size_t scratch_for(const struct sg_source *source)
{
    if (source->size > SCRATCH_MAX / 2)
        return SCRATCH_MAX;
    return source->size * 2 > SG_WINDOW_MIN ? (size_t)source->size * 2 : SG_WINDOW_MIN;
}

void sg_zip_split(const struct sg_arena *arena, uint64_t most, struct sg_arena *passing,
                  struct sg_arena *list)
{
    size_t half = (arena->size - arena->used) / 32 * 16;
    size_t first = most < half ? (size_t)most / 16 * 16 : half;

    *passing = (struct sg_arena){.base = arena->base + arena->used, .size = first};
    *list = (struct sg_arena){.base = passing->base + first, .size = half};
}

static void shift(const struct sg_arena *list, const uint8_t *to, const char **at)
{
    size_t offset = (size_t)((uintptr_t)*at - (uintptr_t)list->base);

    if (offset < list->used)
        *at = (const char *)to + offset;
}

void sg_zip_settle(struct sg_zip *zip, const struct sg_arena *list, struct sg_arena *arena)
{
    uint8_t *to = arena->base + arena->used;
    const char *members = (const char *)zip->members;

    if (list->used == 0)
        return;
    memmove(to, list->base, list->used);
    arena->used += list->used;
    shift(list, to, &members);
    zip->members = (struct sg_zip_member *)(uintptr_t)members;
    shift(list, to, &zip->comment.at);
    for (size_t i = 0; i < zip->count; i++)
        shift(list, to, &zip->members[i].name.at);
}

enum sg_status sg_zip_open(const struct sg_source *source, struct sg_arena *arena,
                           struct sg_zip *zip)
{
    struct sg_zip result = {.source = *source, .end = source->size};
    struct sg_arena passing;
    struct sg_zip_walk walk = {
        .zip = &result, .passing = &passing, .work = WORK_MAX, .boundary = source->size};

    sg_zip_split(arena, PASSING_LEAST + source->size, &passing, &walk.list);
    if (!source->mem) {
        walk.scratch_size = scratch_for(source);
        walk.scratch = sg_arena_take(&passing, walk.scratch_size);
    }
    enum sg_status status = source->mem || walk.scratch ? list_all(&walk) : SG_ERR_MEMORY;
    arena->refused |= passing.refused;
    if (status)
        return status;
    sg_zip_settle(&result, &walk.list, arena);
    *zip = result;
    return result.findings & SG_ZIP_LIMIT ? SG_ERR_LIMIT : SG_OK;
}

const char *sg_zip_finding_text(enum sg_zip_finding finding)
{
    static const char *const texts[] = {
        "its local header has another name",
        "its local header has other flags",
        "its local header has another method",
        "its sizes disagree",
        "its checksums disagree",
        "its data descriptor disagrees with the directory",
        "it is marked as encrypted",
        "it is marked with features that readers refuse",
        "another member has the same name",
        "another member's name differs in case only",
        "it shares bytes with another member",
        "it is listed under more than one name",
        "it has no local header",
        "it is cut off by the end of the file",
        "it is in no directory",
        "its name holds a NUL",
        "it has a second name",
        "its extra fields are damaged",
        "only some readers list it",
        "the archive has two directories",
        "the archive's comment holds an end record",
        "bytes follow the archive",
        "bytes precede the archive",
        "bytes between members belong to none",
        "the directory has another number of entries than it says",
        "the directory is damaged or misplaced",
        "the zip64 end record disagrees with the end record",
        "the archive says that it has several disks",
        "the archive has no directory: it is cut off",
        "the archive has more members than were listed",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        if (finding == 1u << i)
            return texts[i];
    return "unknown finding";
}
