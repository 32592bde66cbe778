/* zip_libzip.c - libzip's opinion of an archive, compared with ours. */
#include "readers/zip_alloc.h"
#include "readers/zip_walk.h"

#include <zip.h>

/* libzip compares names pairwise where their hashes are equal, and reads a directory for each end
 * record: within these bounds the worst case is some milliseconds. */
#define MEMBERS_MAX 4096u
#define ENDS_MAX 16u
#define MEMORY_MAX (32u << 20)

struct reader {
    struct sg_source source;
    uint64_t at;
    uint64_t last_read; /* where the last read began */
    zip_error_t error;
};

struct consult {
    struct sg_zip *zip;
    struct sg_arena *arena;
    struct reader *reader;
    zip_t *archive;
    size_t cursor; /* where our list and libzip's are expected to agree next */
    bool exact;    /* compares offsets as well */
};

static zip_int64_t read_some(struct reader *reader, void *data, zip_uint64_t len)
{
    size_t got;

    reader->last_read = reader->at;
    if (sg_source_read(&reader->source, reader->at, data, (size_t)len, &got)) {
        zip_error_set(&reader->error, ZIP_ER_READ, 0);
        return -1;
    }
    reader->at += got;
    return (zip_int64_t)got;
}

static zip_int64_t seek(struct reader *reader, void *data, zip_uint64_t len)
{
    zip_int64_t at =
        zip_source_seek_compute_offset(reader->at, reader->source.size, data, len, &reader->error);

    if (at < 0)
        return -1;
    reader->at = (uint64_t)at;
    return 0;
}

static zip_int64_t tell_size(struct reader *reader, void *data, zip_uint64_t len)
{
    zip_stat_t *stat = ZIP_SOURCE_GET_ARGS(zip_stat_t, data, len, &reader->error);

    if (!stat)
        return -1;
    zip_stat_init(stat);
    stat->size = reader->source.size;
    stat->valid = ZIP_STAT_SIZE;
    return sizeof(*stat);
}

static zip_int64_t answer(void *ctx, void *data, zip_uint64_t len, zip_source_cmd_t command)
{
    struct reader *reader = ctx;

    switch (command) {
    case ZIP_SOURCE_OPEN:
        reader->at = 0;
        return 0;
    case ZIP_SOURCE_READ:
        return read_some(reader, data, len);
    case ZIP_SOURCE_SEEK:
        return seek(reader, data, len);
    case ZIP_SOURCE_TELL:
        return (zip_int64_t)reader->at;
    case ZIP_SOURCE_STAT:
        return tell_size(reader, data, len);
    case ZIP_SOURCE_ERROR:
        return zip_error_to_data(&reader->error, data, len);
    case ZIP_SOURCE_SUPPORTS:
        return ZIP_SOURCE_SUPPORTS_SEEKABLE;
    case ZIP_SOURCE_CLOSE:
    case ZIP_SOURCE_FREE:
        return 0;
    default:
        zip_error_set(&reader->error, ZIP_ER_OPNOTSUPP, 0);
        return -1;
    }
}

/* Where libzip begins to read the data of a member: it is our own function that it reads with. */
static bool find_data(const struct consult *c, zip_uint64_t index, uint64_t *offset)
{
    const zip_flags_t flags = ZIP_FL_ENCRYPTED | ZIP_FL_COMPRESSED | ZIP_FL_UNCHANGED;
    zip_file_t *file = zip_fopen_index(c->archive, index, flags);
    char byte;

    if (!file)
        return false;
    bool read = zip_fread(file, &byte, 1) == 1;
    *offset = c->reader->last_read;
    zip_fclose(file);
    return read;
}

/* libzip puts a space in place of each NUL. */
static bool is_same_name(struct sg_text ours, struct sg_text theirs)
{
    if (ours.len != theirs.len)
        return false;
    for (size_t i = 0; i < ours.len; i++)
        if (ours.at[i] != theirs.at[i] && (ours.at[i] != '\0' || theirs.at[i] != ' '))
            return false;
    return true;
}

static bool is_same(const struct sg_zip_member *ours, const struct sg_zip_member *theirs,
                    bool exact)
{
    return ours->packed_size == theirs->packed_size && ours->size == theirs->size &&
           ours->crc == theirs->crc && ours->method == theirs->method &&
           (!exact || ours->data_offset == theirs->data_offset) &&
           is_same_name(ours->name, theirs->name);
}

/* Ours that is the same, beginning with the one after the last that was. */
static struct sg_zip_member *find_ours(struct consult *c, const struct sg_zip_member *theirs,
                                       bool exact)
{
    for (size_t i = 0; i < c->zip->count; i++) {
        size_t at = (c->cursor + i) % c->zip->count;
        struct sg_zip_member *ours = &c->zip->members[at];
        if (!(ours->seen_by & SG_ZIP_BY_DIRECTORY) || !is_same(ours, theirs, exact))
            continue;
        c->cursor = at + 1;
        return ours;
    }
    return NULL;
}

static enum sg_status add_theirs(struct consult *c, const struct sg_zip_member *theirs)
{
    struct sg_zip *zip = c->zip;
    size_t size = zip->count * sizeof(*zip->members);
    char *name = sg_arena_copy(c->arena, theirs->name.at, theirs->name.len);
    struct sg_zip_member *members =
        sg_arena_grow(c->arena, zip->members, size, size + sizeof(*members));

    if (!name || !members)
        return SG_ERR_MEMORY;
    zip->members = members;
    members[zip->count] = *theirs;
    members[zip->count].name.at = name;
    members[zip->count].findings = SG_ZIP_ONLY_SOME;
    members[zip->count].same = (uint32_t)zip->count;
    zip->findings |= SG_ZIP_ONLY_SOME;
    zip->count++;
    return SG_OK;
}

/* A member whose data libzip cannot read is none that it shows. */
static enum sg_status compare_one(struct consult *c, zip_uint64_t index)
{
    zip_stat_t stat;

    if (zip_stat_index(c->archive, index, ZIP_FL_ENC_RAW | ZIP_FL_UNCHANGED, &stat))
        return SG_OK;
    struct sg_zip_member theirs = {.name = sg_text_of(stat.name),
                                   .packed_size = stat.comp_size,
                                   .size = stat.size,
                                   .crc = stat.crc,
                                   .method = stat.comp_method,
                                   .seen_by = SG_ZIP_BY_LIBZIP};
    bool located = c->exact && stat.comp_size && find_data(c, index, &theirs.data_offset);
    struct sg_zip_member *ours = find_ours(c, &theirs, located);
    if (ours) {
        ours->seen_by |= SG_ZIP_BY_LIBZIP;
        return SG_OK;
    }
    if (!located && !find_data(c, index, &theirs.data_offset))
        return SG_OK;
    theirs.header_offset = theirs.data_offset;
    return add_theirs(c, &theirs);
}

static void mark_what_libzip_lacks(struct sg_zip *zip)
{
    for (size_t i = 0; i < zip->count; i++) {
        struct sg_zip_member *m = &zip->members[i];
        if (m->variant || !(m->seen_by & (SG_ZIP_BY_ZIPFILE | SG_ZIP_BY_MINIZ)) ||
            m->seen_by & SG_ZIP_BY_LIBZIP)
            continue;
        m->findings |= SG_ZIP_ONLY_SOME;
        zip->findings |= SG_ZIP_ONLY_SOME;
    }
}

static enum sg_status compare_all(struct consult *c)
{
    zip_int64_t count = zip_get_num_entries(c->archive, ZIP_FL_UNCHANGED);
    enum sg_status status = SG_OK;

    for (zip_int64_t i = 0; !status && i < count; i++)
        status = compare_one(c, (zip_uint64_t)i);
    if (!status && count > 0)
        mark_what_libzip_lacks(c->zip);
    return status;
}

static enum sg_status open_and_compare(struct consult *c)
{
    zip_error_t error;
    enum sg_status status = SG_END;

    zip_error_init(&error);
    zip_error_init(&c->reader->error);
    zip_source_t *source = zip_source_function_create(answer, c->reader, &error);
    if (!source)
        return SG_ERR_MEMORY;
    c->archive = zip_open_from_source(source, ZIP_RDONLY, &error);
    if (c->archive) {
        status = compare_all(c);
        zip_discard(c->archive);
    } else {
        zip_source_free(source);
    }
    return status;
}

bool sg_zip_disputed(const struct sg_zip *zip)
{
    if (zip->findings || zip->end_records != 1)
        return true;
    for (size_t i = 0; i < zip->count; i++)
        if (zip->members[i].method != 0 && zip->members[i].method != 8)
            return true;
    return false;
}

enum sg_status sg_zip_consult(struct sg_zip *zip, struct sg_arena *arena)
{
    struct reader reader = {.source = zip->source};
    struct sg_arena stays, passing;
    struct consult consult = {
        .zip = zip, .arena = &stays, .reader = &reader, .exact = zip->findings != 0};

    if (zip->findings & SG_ZIP_LIMIT || zip->count > MEMBERS_MAX || zip->end_records > ENDS_MAX)
        return SG_ERR_LIMIT;
    sg_zip_split(arena, UINT64_MAX, &passing, &stays);
    passing.size = passing.size < MEMORY_MAX ? passing.size : MEMORY_MAX;
    struct sg_arena *before = sg_zip_lend(&passing);
    enum sg_status status = open_and_compare(&consult);
    sg_zip_lend(before);
    sg_zip_settle(zip, &stays, arena);
    /* libzip without memory passes over what it could not read. */
    return passing.refused ? SG_ERR_MEMORY : status;
}
