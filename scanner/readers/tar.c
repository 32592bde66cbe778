/* tar.c - members of a tar, one after the other, under every reading of its headers. */
#include "readers/tar.h"

#include "readers/tar_header.h"

/* Headers that are remembered where readings part: each is compared with all others. */
#define SEEN_MAX 8192u

bool sg_tar_bid(const uint8_t *head, size_t len)
{
    return len >= SG_TAR_BLOCK && sg_tar_checksum_fits(head);
}

enum sg_status sg_tar_open(struct sg_tar *tar, struct sg_stream *stream, bool follow,
                           struct sg_arena *arena)
{
    size_t have = sg_stream_need(stream, SG_TAR_BLOCK);

    if (have < SG_TAR_BLOCK && stream->status)
        return stream->status;
    if (!sg_tar_bid(stream->at, have))
        return SG_ERR_FORMAT;
    *tar = (struct sg_tar){.stream = stream,
                           .arena = arena,
                           .at = sg_stream_offset(stream),
                           .follow = follow && sg_stream_again(stream)};
    return SG_OK;
}

static bool go_to(struct sg_tar *tar, uint64_t offset)
{
    uint64_t here = sg_stream_offset(tar->stream);

    if (sg_stream_again(tar->stream))
        return here == offset || sg_stream_seek(tar->stream, offset);
    return offset >= here && sg_stream_skip(tar->stream, offset - here);
}

static uint64_t behind(uint64_t start, uint64_t size)
{
    return start + (size + SG_TAR_BLOCK - 1) / SG_TAR_BLOCK * SG_TAR_BLOCK;
}

/* What is read behind the end of the archive, to find another. */
static bool search_on(struct sg_tar *tar)
{
    tar->at += SG_TAR_BLOCK;
    tar->searched += SG_TAR_BLOCK;
    if (tar->searched <= SG_TAR_SEARCH_MAX)
        return true;
    tar->findings |= SG_TAR_LIMIT;
    return false;
}

/* Goes to the next place from which another reader would go on. */
static bool stray(struct sg_tar *tar)
{
    if (!tar->alternate_count)
        return false;
    tar->at = tar->alternates[--tar->alternate_count];
    tar->straying = true;
    tar->next = (struct sg_tar_said){0};
    return true;
}

/* Whether this way has come to a header where another one has been; notes where it is. */
static bool was_here(struct sg_tar *tar)
{
    if (!tar->seen)
        return false;
    for (size_t i = 0; tar->straying && i < tar->seen_count; i++)
        if (tar->seen[i] == tar->at)
            return true;
    if (tar->seen_count == SEEN_MAX) {
        tar->findings |= SG_TAR_LIMIT;
        return tar->straying;
    }
    tar->seen[tar->seen_count++] = tar->at;
    return false;
}

static void add_alternate(struct sg_tar *tar, uint64_t offset)
{
    for (unsigned i = 0; i < tar->alternate_count; i++)
        if (tar->alternates[i] == offset)
            return;
    if (!tar->seen && tar->follow)
        tar->seen = sg_arena_take(tar->arena, SEEN_MAX * sizeof(*tar->seen));
    if (!tar->seen || tar->straying || tar->alternate_count == SG_TAR_ALTERNATES)
        tar->findings |= SG_TAR_LIMIT;
    else
        tar->alternates[tar->alternate_count++] = offset;
}

enum place { AT_HEADER, AT_END, ELSEWHERE };

/* What stands at tar->at; goes on from what is no header. */
static enum place look(struct sg_tar *tar)
{
    size_t have = go_to(tar, tar->at) ? sg_stream_need(tar->stream, SG_TAR_BLOCK) : 0;

    if (have < SG_TAR_BLOCK) {
        bool cut = have || sg_stream_offset(tar->stream) < tar->at;
        if (!tar->ended && !tar->straying)
            tar->findings |= cut ? SG_TAR_CUT_OFF : SG_TAR_NO_END;
        return stray(tar) ? ELSEWHERE : AT_END;
    }
    if (sg_tar_checksum_fits(tar->stream->at)) {
        if (!was_here(tar))
            return AT_HEADER;
        return stray(tar) ? ELSEWHERE : AT_END;
    }
    if (!tar->ended && !tar->straying && !sg_tar_is_zero(tar->stream->at))
        tar->findings |= SG_TAR_DAMAGED;
    tar->ended = true;
    tar->next = (struct sg_tar_said){0};
    if (tar->straying ? stray(tar) : search_on(tar) || stray(tar))
        return ELSEWHERE;
    return AT_END;
}

static void read_long_name(struct sg_stream *stream, uint64_t size, struct sg_tar_said *said)
{
    size_t most = size < sizeof(said->name) ? (size_t)size : sizeof(said->name);
    size_t have = sg_stream_need(stream, most);

    said->name_len = strnlen((const char *)stream->at, have < most ? have : most);
    memcpy(said->name, stream->at, said->name_len);
}

/* Of several headers about one member tarfile heeds the first, others the last. */
static void heed(struct sg_tar_said *next, const struct sg_tar_said *said)
{
    if (!next->name_len) {
        next->name_len = said->name_len;
        memcpy(next->name, said->name, said->name_len);
    }
    next->unclear |= said->unclear || (said->has_size && next->has_size);
    if (said->has_size && !next->has_size)
        memcpy(next->sizes, said->sizes, sizeof(next->sizes));
    next->has_size |= said->has_size;
    next->sparse |= said->sparse;
}

static void read_extended(struct sg_tar *tar, char type, uint64_t size)
{
    struct sg_tar_said said = {.name_len = 0};

    if (type == 'g')
        sg_tar_read_pax(tar->stream, size, &tar->global);
    else if (type == 'x' || type == 'X')
        sg_tar_read_pax(tar->stream, size, &said);
    else if (type == 'L')
        read_long_name(tar->stream, size, &said);
    heed(&tar->next, &said);
}

/* A sparse map goes on in blocks of its own, before the data. */
static void pass_map(struct sg_tar *tar, bool more)
{
    while (more) {
        if (!go_to(tar, tar->at) || sg_stream_need(tar->stream, SG_TAR_BLOCK) < SG_TAR_BLOCK)
            return;
        more = tar->stream->at[SG_TAR_MAP_EXTENDED] != 0;
        tar->at += SG_TAR_BLOCK;
    }
}

static void add_size(struct sg_tar *tar, uint64_t size)
{
    for (unsigned i = 0; i < tar->size_count; i++)
        if (tar->sizes[i] == size)
            return;
    if (tar->size_count < SG_TAR_SIZES)
        tar->sizes[tar->size_count++] = size;
    else
        tar->findings |= SG_TAR_LIMIT;
}

/* A size that did not fit into the field is told in a record, and the field is zero. */
#define FIELD_MAX (8ULL << 30)

static void gather_sizes(struct sg_tar *tar, char type, const uint64_t field[2], bool strict)
{
    const struct sg_tar_said *said = &tar->next, *global = &tar->global;

    tar->size_count = tar->size_told = 0;
    if (!sg_tar_type_has_data(type))
        add_size(tar, 0);
    if (said->has_size) {
        add_size(tar, said->sizes[0]);
        add_size(tar, said->sizes[1]);
    }
    if (said->has_size && said->sizes[0] >= FIELD_MAX && field[1] == 0)
        return;
    if (strict)
        add_size(tar, field[0]);
    add_size(tar, field[1]);
    if (global->has_size) {
        add_size(tar, global->sizes[0]);
        add_size(tar, global->sizes[1]);
    }
}

static void name_member(struct sg_tar *tar, const uint8_t *block)
{
    struct sg_text *name = &tar->member.name;
    const struct sg_tar_said *said = tar->next.name_len ? &tar->next : &tar->global;

    name->at = tar->name;
    if (said->name_len) {
        name->len = said->name_len;
        memcpy(tar->name, said->name, name->len);
    } else {
        name->len = sg_tar_header_name(block, tar->name);
    }
}

/* Begins with the member whose header stands at tar->at. */
static void take_header(struct sg_tar *tar)
{
    const uint8_t *block = tar->stream->at;
    char type = (char)block[SG_TAR_TYPE];
    bool more_map = type == 'S' && block[SG_TAR_GNU_EXTENDED];
    uint64_t field[2];
    bool strict = sg_tar_size(block, &field[0], &field[1]);

    tar->member = (struct sg_tar_member){.header_offset = tar->at, .type = type};
    if (tar->ended && !tar->straying)
        tar->member.findings |= SG_TAR_AFTER_END;
    if (tar->straying)
        tar->member.findings |= SG_TAR_READINGS;
    name_member(tar, block);
    gather_sizes(tar, type, field, strict);
    if (type == 'S' || tar->next.sparse || tar->global.sparse)
        tar->member.findings |= SG_TAR_SPARSE;
    if (tar->next.unclear || tar->global.unclear || sg_tar_size_is_negative(block))
        tar->member.findings |= SG_TAR_LIMIT;
    tar->at += SG_TAR_BLOCK;
    pass_map(tar, more_map);
    tar->member.data_offset = tar->at;
    for (unsigned i = 1; i < tar->size_count; i++)
        if (behind(tar->at, tar->sizes[i]) != behind(tar->at, tar->sizes[0]))
            add_alternate(tar, behind(tar->at, tar->sizes[i]));
    if (tar->size_count > 1 && sg_tar_type_has_data(type))
        tar->member.findings |= SG_TAR_SIZES_DIFFER;
    tar->findings |= tar->member.findings;
    tar->at = behind(tar->at, tar->sizes[0]);
    tar->next = (struct sg_tar_said){0};
}

static void pass_extended(struct sg_tar *tar)
{
    const uint8_t *block = tar->stream->at;
    char type = (char)block[SG_TAR_TYPE];
    uint64_t strict, loose;

    if (!sg_tar_size(block, &strict, &loose))
        strict = loose;
    tar->findings |= sg_tar_size_is_negative(block) ? SG_TAR_LIMIT : 0;
    tar->at += SG_TAR_BLOCK;
    if (strict != loose)
        add_alternate(tar, behind(tar->at, loose));
    (void)sg_stream_skip(tar->stream, SG_TAR_BLOCK);
    read_extended(tar, type, strict);
    tar->at = behind(tar->at, strict);
}

/* The next size of the present member; false when all have been told. */
static bool tell_size(struct sg_tar *tar, struct sg_tar_member *member)
{
    if (sg_tar_type_is_link(tar->member.type) && tar->size_told < tar->size_count) {
        tar->size_told = tar->size_count;
        *member = tar->member;
        return true;
    }
    while (sg_tar_type_has_data(tar->member.type) && tar->size_told < tar->size_count) {
        unsigned i = tar->size_told++;
        if (tar->sizes[i] == 0)
            continue;
        if (!go_to(tar, tar->member.data_offset) && !sg_stream_again(tar->stream))
            tar->findings |= SG_TAR_LIMIT;
        tar->member.size = tar->sizes[i];
        tar->member.variant = i > 0;
        *member = tar->member;
        return true;
    }
    return false;
}

enum sg_status sg_tar_next(struct sg_tar *tar, struct sg_tar_member *member)
{
    for (;;) {
        if (tell_size(tar, member))
            return SG_OK;
        enum place place = look(tar);
        if (place == AT_END)
            return tar->stream->status ? tar->stream->status : SG_END;
        if (place == ELSEWHERE)
            continue;
        if (sg_tar_type_is_extended((char)tar->stream->at[SG_TAR_TYPE]))
            pass_extended(tar);
        else
            take_header(tar);
    }
}

const char *sg_tar_finding_text(enum sg_tar_finding finding)
{
    static const char *const texts[] = {
        "the archive is cut off",
        "the archive has no end: it may be cut off",
        "the archive is damaged between its members",
        "members follow the end of the archive",
        "readers give a member different sizes",
        "members are listed by some readers only",
        "a sparse member was read as it is stored",
        "the archive has more readings than were followed",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        if (finding == 1u << i)
            return texts[i];
    return "unknown finding";
}
