/* fuzz_tar.c - any bytes as a tar.
 *
 * Checked besides what the sanitizers see: the walk ends; a source in memory, one that is read and
 * a decoder give the same members; each member lies behind its header; following other readers only
 * adds.
 */
#include "tests/fuzz/fuzzkit.h"

#include "readers/tar.h"

struct sum {
    enum sg_status status;
    uint32_t findings;
    size_t count;
    uint64_t hash;
};

static void add(struct sum *sum, const struct sg_tar_member *member)
{
    const uint64_t words[] = {member->header_offset, member->data_offset, member->size,
                              member->variant, member->name.len};

    CHECK(member->header_offset < member->data_offset);
    CHECK(member->name.len <= SG_TAR_NAME_MAX);
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        sum->hash = (sum->hash ^ words[i]) * 0x9e3779b97f4a7c15ULL;
    for (size_t i = 0; i < member->name.len; i++)
        sum->hash = (sum->hash ^ (uint8_t)member->name.at[i]) * 0x100000001b3ULL;
    sum->count++;
}

static struct sum list(struct sg_stream *stream, bool follow, size_t size)
{
    static uint8_t memory[1 << 20];
    struct sg_arena arena = {.base = memory, .size = sizeof(memory)};
    struct sg_tar_member member;
    struct sg_tar tar;
    struct sum sum = {0};

    sum.status = sg_tar_open(&tar, stream, follow, &arena);
    if (sum.status)
        return sum;
    while ((sum.status = sg_tar_next(&tar, &member)) == SG_OK) {
        add(&sum, &member);
        /* Each header once, under each of its sizes. */
        CHECK(sum.count <= SG_TAR_SIZES * (SG_TAR_ALTERNATES + 1) * (size / SG_TAR_BLOCK + 1));
    }
    sum.findings = tar.findings;
    return sum;
}

static void check_equal(const struct sum *a, const struct sum *b)
{
    CHECK(a->status == b->status);
    CHECK(a->findings == b->findings);
    CHECK(a->count == b->count);
    CHECK(a->hash == b->hash);
}

static void check(const uint8_t *data, size_t size)
{
    static uint8_t window[SG_WINDOW_MIN];
    struct sg_input input = {.data = data, .size = size, .step = 700};
    struct sg_source whole = sg_source_mem(data, size);
    struct sg_source read = sg_input_source(&input);
    struct sg_stream stream;
    struct sum all, same, forward;

    sg_stream_open(&stream, &whole, NULL, 0);
    all = list(&stream, true, size);
    CHECK((all.status == SG_ERR_FORMAT) == !sg_tar_bid(data, size));
    sg_stream_open(&stream, &read, window, sizeof(window));
    same = list(&stream, true, size);
    check_equal(&all, &same);
    sg_stream_open(&stream, &read, window, sizeof(window));
    same = list(&stream, false, size);
    sg_stream_decode(&stream, sg_input_fill, &input, window, sizeof(window));
    forward = list(&stream, false, size);
    check_equal(&same, &forward);
    CHECK(forward.count <= all.count);
}

/* Gives each block with the magic of ustar the checksum that it should have. */
static void seal(uint8_t *data, size_t size)
{
    for (size_t at = 0; size - at >= SG_TAR_BLOCK; at += SG_TAR_BLOCK) {
        unsigned sum = 0;
        if (memcmp(data + at + 257, "ustar", 5) != 0)
            continue;
        memset(data + at + 148, ' ', 8);
        for (size_t i = 0; i < SG_TAR_BLOCK; i++)
            sum += data[at + i];
        for (size_t i = 6; i-- > 0; sum >>= 3)
            data[at + 148 + i] = (uint8_t)('0' + (sum & 7));
        data[at + 154] = 0;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *sealed = sg_fuzzkit_copy(data, size);

    check(data, size);
    seal(sealed, size);
    check(sealed, size);
    free(sealed);
    return 0;
}
