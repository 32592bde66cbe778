/* fuzz_added.c - any bytes beside an attack, in each of the ways that put both into one file.
 *
 * The first byte chooses the way. Checked besides what the sanitizers see: a loader that would run
 * the attack is not deceived by what stands beside it, so the whole is malicious, or what could not
 * be read is told; and nothing that is added to a file lowers its score.
 */
#include "tests/fuzz/fuzzkit.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/mutate_archive.h"

#include "machine/machine.h"
#include "readers/tar.h"

#include <string.h>
#include <zlib.h>

#define ROOM_MAX ((size_t)4 << 20)
#define MACHINE_ARENA ((size_t)16 << 20)
#define ATTACK SG_TEXT("cposix\nsystem\n(S'id'\ntR.")

/* Two things in one. */
struct joined {
    uint8_t bytes[ROOM_MAX];
    size_t size;
};

static void put(struct joined *to, const void *bytes, size_t len)
{
    CHECK(len <= sizeof(to->bytes) - to->size);
    if (len)
        memcpy(to->bytes + to->size, bytes, len);
    to->size += len;
}

static bool before_the_bytes(struct joined *to, struct sg_text bytes)
{
    put(to, ATTACK.at, ATTACK.len);
    put(to, bytes.at, bytes.len);
    return true;
}

static void on_global(void *ctx, const struct sg_machine *m __attribute__((unused)),
                      const struct sg_global *global)
{
    *(bool *)ctx |= (global->flags & (SG_G_ODD_CHARS | SG_G_UNRESOLVED)) != 0;
}

/* Whether load() after load() goes through all of it, whatever the reader: one that cannot import
 * what stands there ends with it. */
static bool is_pickles(struct sg_text bytes)
{
    static uint8_t *base;
    struct sg_machine_options options = {.max_memory = MACHINE_ARENA};
    bool odd = false;
    struct sg_events events = {.ctx = &odd, .global = on_global};
    struct sg_source source = sg_source_mem(bytes.at, bytes.len);
    struct sg_outcome outcome = {0};
    struct sg_machine *machine;
    struct sg_stream stream;

    base = base ? base : sg_fuzzkit_map(MACHINE_ARENA);
    struct sg_arena arena = {.base = base, .size = MACHINE_ARENA};
    sg_stream_open(&stream, &source, NULL, 0);
    if (sg_machine_open(&machine, &arena, &options, &events))
        return false;
    do {
        sg_machine_run(machine, &stream, &outcome);
        if (outcome.stop != SG_STOP_STOP || outcome.frame_open || outcome.guessed)
            return false;
    } while (outcome.end < bytes.len);
    struct sg_reading reading = {0};
    return !odd && !sg_machine_more(machine, &reading);
}

static bool behind_pickles(struct joined *to, struct sg_text bytes)
{
    if (!is_pickles(bytes))
        return false;
    put(to, bytes.at, bytes.len);
    put(to, ATTACK.at, ATTACK.len);
    return true;
}

static void add_member(struct sg_archive *archive, const char *name, struct sg_text content,
                       uint16_t method)
{
    struct sg_archive_member *member = &archive->members[archive->count++];

    *member = (struct sg_archive_member){.content = content, .entry.method = method};
    member->local.name = member->entry.name = sg_text_of(name);
    sg_archive_seal(archive, member);
}

static void put_zip(struct joined *to, struct sg_archive *archive)
{
    size_t len = sg_archive_write(archive, to->bytes + to->size, sizeof(to->bytes) - to->size);

    CHECK(len);
    to->size += len;
}

static struct sg_archive *fresh_archive(void)
{
    static struct sg_archive archive;

    memset(&archive, 0, offsetof(struct sg_archive, pool));
    archive.pool_used = 0;
    return &archive;
}

static bool beside_in_zip(struct joined *to, struct sg_text bytes)
{
    struct sg_archive *archive = fresh_archive();

    add_member(archive, "a/1", bytes, SG_ARCHIVE_STORED);
    add_member(archive, "a/data.pkl", ATTACK, SG_ARCHIVE_STORED);
    put_zip(to, archive);
    return true;
}

static bool beside_in_packed_zip(struct joined *to, struct sg_text bytes)
{
    struct sg_archive *archive = fresh_archive();

    add_member(archive, "a/1", bytes, SG_ARCHIVE_DEFLATED);
    add_member(archive, "a/data.pkl", ATTACK, SG_ARCHIVE_DEFLATED);
    put_zip(to, archive);
    return true;
}

/* Archives are found from their end. */
static bool before_a_zip(struct joined *to, struct sg_text bytes)
{
    struct sg_archive *archive = fresh_archive();

    add_member(archive, "a/data.pkl", ATTACK, SG_ARCHIVE_STORED);
    put(to, bytes.at, bytes.len);
    put_zip(to, archive);
    return true;
}

static void put_tar_member(struct joined *to, const char *name, struct sg_text content)
{
    static const uint8_t zeros[SG_TAR_BLOCK];
    char block[SG_TAR_BLOCK] = {0};
    unsigned sum = 8 * ' ';

    snprintf(block, 100, "%s", name);
    snprintf(block + 100, 24, "%07o%c%07o%c%07o", 0644u, 0, 0u, 0, 0u);
    snprintf(block + 124, 24, "%011zo%c%011o", content.len, 0, 0u);
    memcpy(block + 156, "0", 1);
    memcpy(block + 257, "ustar\00000", 8);
    for (size_t i = 0; i < sizeof(block); i++)
        sum += (uint8_t)block[i];
    snprintf(block + 148, 8, "%06o", sum);
    block[155] = ' ';
    put(to, block, sizeof(block));
    put(to, content.at, content.len);
    put(to, zeros, (SG_TAR_BLOCK - content.len % SG_TAR_BLOCK) % SG_TAR_BLOCK);
}

static bool beside_in_tar(struct joined *to, struct sg_text bytes)
{
    static const uint8_t end[2 * SG_TAR_BLOCK];

    put_tar_member(to, "1", bytes);
    put_tar_member(to, "data.pkl", ATTACK);
    put(to, end, sizeof(end));
    return true;
}

static bool behind_gzip(struct joined *to, struct sg_text bytes)
{
    z_stream z = {.next_in = (uint8_t *)(uintptr_t)ATTACK.at,
                  .avail_in = (uInt)ATTACK.len,
                  .next_out = to->bytes,
                  .avail_out = sizeof(to->bytes)};

    CHECK(deflateInit2(&z, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    CHECK(deflate(&z, Z_FINISH) == Z_STREAM_END);
    to->size = z.total_out;
    deflateEnd(&z);
    put(to, bytes.at, bytes.len);
    return true;
}

/* The bytes alone, in an archive of their own. */
static bool alone_in_zip(struct joined *to, struct sg_text bytes)
{
    struct sg_archive *archive = fresh_archive();

    add_member(archive, "a/1", bytes, SG_ARCHIVE_STORED);
    put_zip(to, archive);
    return true;
}

static void check_same_or_worse(const struct joined *joined, struct sg_text bytes)
{
    struct sg_source alone = sg_source_mem(bytes.at, bytes.len);
    struct sg_source source = sg_source_mem(joined->bytes, joined->size);
    struct sg_summary before, after;

    if (!sg_fuzzkit_scan(&alone, NULL, &before) || !sg_fuzzkit_scan(&source, NULL, &after))
        return;
    CHECK(after.score >= before.score || after.coverage == SG_PARTIAL);
}

static void check_malicious(const struct joined *joined)
{
    struct sg_source source = sg_source_mem(joined->bytes, joined->size);
    struct sg_summary said;

    if (sg_fuzzkit_scan(&source, NULL, &said))
        CHECK(said.verdict == SG_MALICIOUS || said.coverage == SG_PARTIAL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool (*const ways[])(struct joined *, struct sg_text) = {
        before_the_bytes, behind_pickles, beside_in_zip, beside_in_packed_zip,
        before_a_zip,     beside_in_tar,  behind_gzip,   alone_in_zip,
    };
    static struct joined joined;
    struct sg_text bytes = {(const char *)data + 1, size - 1};

    if (size == 0 || size > ROOM_MAX / 4)
        return 0;
    joined.size = 0;
    size_t way = data[0] % (sizeof(ways) / sizeof(*ways));
    if (!ways[way](&joined, bytes))
        return 0;
    if (ways[way] != alone_in_zip)
        check_malicious(&joined);
    if (ways[way] != behind_gzip)
        check_same_or_worse(&joined, bytes);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t cap, unsigned seed)
{
    struct sg_dice dice = sg_dice_of(seed);

    if (cap < 2)
        return size;
    if (size == 0 || sg_dice_roll(&dice, 16) == 0)
        data[0] = (uint8_t)sg_dice_roll(&dice, 256);
    return 1 + sg_mutate_carrier(data + 1, size ? size - 1 : 0, cap - 1, (unsigned)dice.state);
}
