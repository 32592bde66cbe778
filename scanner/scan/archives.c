/* archives.c - archives: their members are scanned under every reading. */
#include "scan/members.h"
#include "scan/zip_methods.h"

static bool open_member(struct sg_composer *c, const struct sg_feed *feed, struct sg_stream *out)
{
    return sg_zip_method_open(c, feed->reader, feed->entry, out) == SG_OK;
}

/* torch's reader takes deflated bytes that zlib refuses: more codes than there may be, for one. */
static void scan_packed(struct sg_composer *c, const struct sg_zip_member *member,
                        const struct sg_feed *feed)
{
    bool packed = member->packed_size && !(member->flags & 0x1);

    if (sg_compose_feed(c, feed, packed) && packed && member->method == 8)
        sg_judge_finding(c->judge, SG_F_ZIP_DISAGREES, member->header_offset,
                         "its deflated bytes are none to zlib: only some readers unpack it");
}

static void scan_bytes(struct sg_composer *c, const struct sg_zip *zip,
                       const struct sg_zip_member *member, const struct sg_feed *feed)
{
    struct sg_source stored;

    if (member->method == 0) {
        stored = sg_zip_packed(zip, member);
        sg_compose_source(c, &stored);
    } else if (sg_zip_method_read(member->method)) {
        scan_packed(c, member, feed);
    } else {
        sg_judge_finding(c->judge, SG_F_NOT_ANALYSED, member->header_offset,
                         "packed by a method that is not read here");
    }
}

/* What was done with a member's bytes: a set of this and of its roles. */
#define SCANNED 4u

/* `done`: for each member that is the first with its bytes. The same bytes are scanned once, and
 * once in each role, however many names they have. */
static void scan_member(struct sg_composer *c, const struct sg_zip *zip, size_t index,
                        const char *format, uint8_t *done)
{
    const struct sg_zip_member *member = &zip->members[index];
    struct sg_feed feed = {.open = open_member, .reader = zip, .entry = member};
    unsigned role = sg_zip_role(format, member->name);
    unsigned todo = (SCANNED | role) & ~(unsigned)done[member->same];
    struct sg_place place;

    if (!todo || !sg_compose_enter(c, member->name, &place))
        return;
    done[member->same] |= (uint8_t)todo;
    if (todo & SCANNED)
        scan_bytes(c, zip, member, &feed);
    sg_compose_zip_role(c, format, todo & role, &feed);
    sg_compose_leave(c, &place);
}

/* Differences that no honest writer makes, and that let two readers see two things. */
#define DISAGREEMENT                                                                               \
    (SG_ZIP_NAME | SG_ZIP_METHOD | SG_ZIP_SIZE | SG_ZIP_CRC | SG_ZIP_OVERLAP | SG_ZIP_SHARED |     \
     SG_ZIP_NO_LOCAL | SG_ZIP_HIDDEN | SG_ZIP_NAME_NUL | SG_ZIP_NAME_EXTRA | SG_ZIP_ONLY_SOME |    \
     SG_ZIP_SECOND_DIRECTORY | SG_ZIP_FAKE_END | SG_ZIP_COUNT | SG_ZIP_DIRECTORY | SG_ZIP_ZIP64 |  \
     SG_ZIP_DISKS | SG_ZIP_EXTRA | SG_ZIP_DESCRIPTOR)

static enum sg_finding finding_of(uint32_t bit)
{
    if (bit & (SG_ZIP_CUT_OFF | SG_ZIP_NO_END))
        return SG_F_TRUNCATED;
    if (bit & (SG_ZIP_DUPLICATE | SG_ZIP_CASE))
        return SG_F_ZIP_DUPLICATE;
    if (bit & (SG_ZIP_ENCRYPTED | SG_ZIP_PATCHED | SG_ZIP_FLAGS))
        return SG_F_ZIP_FLAGS;
    return bit & SG_ZIP_LIMIT ? SG_F_LIMIT : SG_F_ZIP_DISAGREES;
}

static void tell_findings(struct sg_composer *c, const struct sg_zip *zip)
{
    const uint32_t telling = DISAGREEMENT | SG_ZIP_CUT_OFF | SG_ZIP_NO_END | SG_ZIP_DUPLICATE |
                             SG_ZIP_CASE | SG_ZIP_ENCRYPTED | SG_ZIP_PATCHED | SG_ZIP_FLAGS |
                             SG_ZIP_LIMIT;
    const uint32_t unread = SG_ZIP_CUT_OFF | SG_ZIP_NO_END | SG_ZIP_LIMIT | SG_ZIP_ENCRYPTED;

    for (uint32_t bit = 1; bit && bit <= SG_ZIP_LIMIT; bit <<= 1) {
        if (!(zip->findings & telling & bit))
            continue;
        const char *text = sg_zip_finding_text((enum sg_zip_finding)bit);
        sg_judge_finding(c->judge, finding_of(bit), zip->end, text);
        if (bit & unread)
            sg_judge_partial(c->judge, zip->end, text);
    }
}

/* Members that share packed bytes, or have some of one another's, unpack to any multiple of the
 * file: no honest archive has any. So much of all such archives of a file is looked at. */
#define SHARED_FREE (16u << 20)
#define SHARED_RATIO 4u

static void scan_members(struct sg_composer *c, const struct sg_zip *zip, const char *format)
{
    bool shared = zip->findings & (SG_ZIP_SHARED | SG_ZIP_OVERLAP);
    uint8_t *done = sg_arena_zero(&c->work, zip->count);

    if (!done)
        sg_judge_partial(c->judge, 0, "no memory to read the archive");
    for (size_t i = 0; done && i < zip->count; i++) {
        uint64_t before = c->unpacked;
        if (shared && c->shared > SHARED_FREE + SHARED_RATIO * c->size) {
            sg_compose_tell_limit(c, SG_REPEATS_ITSELF);
            return;
        }
        scan_member(c, zip, i, format, done);
        c->shared += shared ? c->unpacked - before : 0;
    }
}

bool sg_compose_zip(struct sg_composer *c, const struct sg_source *source)
{
    struct sg_zip zip;
    enum sg_status status = sg_zip_open(source, &c->work, &zip);

    if (status == SG_ERR_MEMORY || status == SG_ERR_IO)
        sg_judge_partial(c->judge, 0, "the archive's directory could not be read");
    if (status != SG_OK && status != SG_ERR_LIMIT)
        return status != SG_ERR_FORMAT;
    if (sg_zip_disputed(&zip) && sg_zip_consult(&zip, &c->work) == SG_ERR_MEMORY)
        sg_judge_partial(c->judge, 0, "no memory to read the archive");
    const char *format = sg_zip_format(&zip);
    sg_compose_format(c, format);
    tell_findings(c, &zip);
    sg_compose_zip_format(c, &zip, format);
    scan_members(c, &zip, format);
    return true;
}
