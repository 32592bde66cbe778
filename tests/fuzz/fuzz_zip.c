/* fuzz_zip.c - any bytes as a zip.
 *
 * Checked besides what the sanitizers see: a source in memory and one that is read give the same
 * members with the same bytes; asking libzip only adds; what is said of a member is said of the
 * archive; there are no more readings than the input can hold.
 */
#include "tests/fuzz/fuzzkit.h"
#include "tests/fuzz/mutate.h"

#include "readers/zip.h"

#define ARENA_SIZE ((size_t)16 << 20)
#define CONTENT_MAX ((size_t)64 << 10)
#define CONTENTS_MAX 16u

/* A local header has 30 bytes; a directory, of which there may be several, leads to it in so many
 * ways. */
#define READINGS_PER_HEADER 32u

struct listing {
    enum sg_status status, consulted;
    size_t count;
    uint32_t findings;
    uint64_t hash;
};

static void add(struct listing *l, const void *bytes, size_t len)
{
    l->hash = sg_fnv_more(l->hash, bytes, len);
}

static void add_content(struct listing *l, const struct sg_zip *zip, struct sg_arena *arena,
                        const struct sg_zip_member *member)
{
    struct sg_stream stream;
    size_t used = arena->used, total = 0, have;
    enum sg_status status = sg_zip_content(zip, member, arena, &stream);

    CHECK(status == SG_OK || (status == SG_ERR_FORMAT && member->method != 0));
    while (status == SG_OK && total < CONTENT_MAX && (have = sg_stream_need(&stream, 1)) > 0) {
        have = have < CONTENT_MAX - total ? have : CONTENT_MAX - total;
        add(l, stream.at, have);
        stream.at += have;
        total += have;
    }
    if (status == SG_OK && total < CONTENT_MAX)
        add(l, &stream.status, sizeof(stream.status));
    arena->used = used;
}

static void add_member(struct listing *l, const struct sg_zip *zip,
                       const struct sg_zip_member *member)
{
    const uint64_t words[] = {member->header_offset, member->data_offset, member->packed_size,
                              member->size,          member->crc,         member->method,
                              member->flags,         member->findings,    member->seen_by,
                              member->variant,       member->name.len};

    CHECK((member->findings & ~zip->findings) == 0);
    CHECK(member->seen_by);
    add(l, words, sizeof(words));
    add(l, member->name.at, member->name.len);
}

static struct listing list(const struct sg_source *source)
{
    static uint8_t *base;
    struct listing l = {.hash = SG_FNV_EMPTY};
    struct sg_zip zip;
    size_t before;

    base = base ? base : sg_fuzzkit_map(ARENA_SIZE);
    struct sg_arena arena = {.base = base, .size = ARENA_SIZE};
    l.status = sg_zip_open(source, &arena, &zip);
    CHECK(l.status == SG_OK || l.status == SG_ERR_FORMAT || l.status == SG_ERR_LIMIT);
    if (l.status == SG_ERR_FORMAT)
        return l;
    before = zip.count;
    bool disputed = sg_zip_disputed(&zip);
    l.consulted = sg_zip_consult(&zip, &arena);
    CHECK(disputed || (zip.count == before && !zip.findings));
    l.count = zip.count;
    l.findings = zip.findings;
    CHECK(l.count >= before);
    CHECK(zip.prefix <= source->size && zip.end <= source->size);
    CHECK(l.count <= READINGS_PER_HEADER * (source->size / 30 + 1));
    for (size_t i = 0; i < zip.count; i++)
        add_member(&l, &zip, &zip.members[i]);
    for (size_t i = 0; i < zip.count && i < CONTENTS_MAX; i++)
        add_content(&l, &zip, &arena, &zip.members[i]);
    return l;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sg_input input = {.data = data, .size = size};
    struct sg_source whole = sg_source_mem(data, size), read = sg_input_source(&input);
    struct listing one = list(&whole), other = list(&read);

    CHECK(one.status == other.status && one.consulted == other.consulted);
    CHECK(one.count == other.count && one.findings == other.findings && one.hash == other.hash);
    CHECK((one.status == SG_OK) || one.count == 0 || (one.findings & SG_ZIP_LIMIT));
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t cap, unsigned seed)
{
    return sg_mutate_zip(data, size, cap, seed);
}
