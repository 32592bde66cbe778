/* mutate_zip.c - changes a zip member by member, honestly or not. */
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/mutate_archive.h"

#include <stddef.h>

#define CONTENT_MAX (16u << 10)
#define OUT_MAX (1u << 20)

struct change {
    struct sg_dice dice;
    struct sg_archive *archive;
};

static struct sg_archive_member *some_member(struct change *c)
{
    return &c->archive->members[sg_dice_roll(&c->dice, c->archive->count)];
}

/* One of the two. */
static struct sg_archive_head *some_head(struct change *c)
{
    struct sg_archive_member *member = some_member(c);

    return sg_dice_roll(&c->dice, 2) ? &member->local : &member->entry;
}

static struct sg_text some_name(struct change *c)
{
    static const struct sg_text names[] = {
        {"data.pkl", 8},
        {"a/data.pkl", 10},
        {"A/DATA.PKL", 10},
        {"constants.pkl", 13},
        {"code/a.py", 9},
        {".data/python_version", 20},
        {"config.json", 11},
        {"metadata.json", 13},
        {"schema.json", 11},
        {"x.npy", 5},
        {"a/b.pyc", 7},
        {"MAR-INF/MANIFEST.json", 21},
        {"a\0b.pkl", 7},
        {"../data.pkl", 11},
        {"", 0},
        {"a/version", 9},
        {"a/", 2},
        {"a!b", 3},
        {"inner.zip", 9},
        {"x.tar.gz", 8},
        {"\xff\xfe", 2},
    };

    return names[sg_dice_roll(&c->dice, sizeof(names) / sizeof(*names))];
}

static uint32_t some_number(struct change *c)
{
    static const uint32_t edges[] = {0, 1, 0xffff, 0x7fffffff, 0xfffffffe, UINT32_MAX};

    return sg_dice_roll(&c->dice, 2)
               ? (uint32_t)sg_dice_roll(&c->dice, 64)
               : edges[sg_dice_roll(&c->dice, sizeof(edges) / sizeof(*edges))];
}

static struct sg_text some_shape(struct change *c)
{
    return sg_attack_shapes[sg_dice_roll(&c->dice, sg_attack_shape_count)];
}

static void rename_member(struct change *c)
{
    struct sg_archive_member *member = some_member(c);

    member->local.name = member->entry.name = some_name(c);
}

static void rename_head(struct change *c)
{
    some_head(c)->name = some_name(c);
}

static void repeat_member(struct change *c)
{
    const struct sg_archive_member *member = some_member(c);

    if (c->archive->count < SG_ARCHIVE_MEMBERS)
        c->archive->members[c->archive->count++] = *member;
}

static void drop_member(struct change *c)
{
    *some_member(c) = c->archive->members[c->archive->count - 1];
    c->archive->count -= c->archive->count > 1;
}

static void swap_members(struct change *c)
{
    struct sg_archive_member *one = some_member(c), *other = some_member(c), kept = *one;

    *one = *other;
    *other = kept;
}

static void add_shape(struct change *c)
{
    struct sg_archive_member member = {.content = some_shape(c)};

    if (c->archive->count == SG_ARCHIVE_MEMBERS)
        return;
    member.entry.method = sg_dice_roll(&c->dice, 2) ? SG_ARCHIVE_DEFLATED : SG_ARCHIVE_STORED;
    member.local.name = member.entry.name = some_name(c);
    sg_archive_seal(c->archive, &member);
    c->archive->members[c->archive->count++] = member;
}

static void mutate_content(struct change *c)
{
    static uint8_t bytes[CONTENT_MAX];
    struct sg_archive_member *member = some_member(c);
    size_t len = member->content.len < CONTENT_MAX ? member->content.len : CONTENT_MAX;

    if (len)
        memcpy(bytes, member->content.at, len);
    if (sg_dice_roll(&c->dice, 4))
        len = sg_mutate_pickle(bytes, len, CONTENT_MAX, (unsigned)c->dice.state);
    else
        len = sg_mutate_bytes(&c->dice, bytes, len, CONTENT_MAX);
    member->content = sg_archive_keep(c->archive, bytes, len);
    sg_archive_seal(c->archive, member);
}

static void pack_otherwise(struct change *c)
{
    struct sg_archive_member *member = some_member(c);

    member->entry.method =
        member->entry.method == SG_ARCHIVE_DEFLATED ? SG_ARCHIVE_STORED : SG_ARCHIVE_DEFLATED;
    sg_archive_seal(c->archive, member);
}

static void lie_in_head(struct change *c)
{
    static const uint16_t methods[] = {0, 1, 8, 9, 12, 14, 93, 95, 99};
    struct sg_archive_head *head = some_head(c);
    uint32_t number = some_number(c);

    switch (sg_dice_roll(&c->dice, 5)) {
    case 0:
        head->flags ^= (uint16_t)(1u << sg_dice_roll(&c->dice, 16));
        break;
    case 1:
        head->method = methods[sg_dice_roll(&c->dice, sizeof(methods) / sizeof(*methods))];
        break;
    case 2:
        head->crc ^= number;
        break;
    case 3:
        head->packed = sg_dice_roll(&c->dice, 2) ? head->packed + number : number;
        break;
    default:
        head->size = sg_dice_roll(&c->dice, 2) ? head->size - number : number;
    }
}

static void set_descriptor(struct change *c)
{
    struct sg_archive_member *member = some_member(c);

    member->local.flags ^= SG_ARCHIVE_DESCRIPTOR;
    member->entry.flags = member->local.flags;
}

/* Of zip64, another name, or nothing known. */
static void set_extra(struct change *c)
{
    static const struct sg_text extras[] = {
        {"\1\0\x10\0\5\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0", 20},
        {"\1\0\x08\0\0\0\0\0\0\0\0\0", 12},
        {"\x75\x70\x0d\0\1\0\0\0\0data.pkl", 17},
        {"\x99\x99\2\0ab", 6},
        {"\x99\x99\xff\xff", 4},
    };

    some_head(c)->extra = extras[sg_dice_roll(&c->dice, sizeof(extras) / sizeof(*extras))];
}

static void hide(struct change *c)
{
    struct sg_archive_member *member = some_member(c);

    if (sg_dice_roll(&c->dice, 2))
        member->no_entry = !member->no_entry;
    else
        member->no_local = !member->no_local;
}

static void move_offset(struct change *c)
{
    struct sg_archive_member *member = some_member(c);

    member->shares = sg_dice_roll(&c->dice, 2);
    member->shift = member->shares ? 0 : some_number(c);
}

static void set_around(struct change *c)
{
    static const struct sg_text end = {"PK\5\6\0\0\0\0\1\0\1\0\x33\0\0\0\0\0\0\0\0\0", 22};
    struct sg_archive *archive = c->archive;
    struct sg_text what = sg_dice_roll(&c->dice, 2) ? some_shape(c) : end;

    switch (sg_dice_roll(&c->dice, 3)) {
    case 0:
        archive->prefix = what;
        archive->from_start = sg_dice_roll(&c->dice, 2);
        break;
    case 1:
        archive->comment = what;
        break;
    default:
        archive->tail = what;
    }
}

static void lie_at_end(struct change *c)
{
    switch (sg_dice_roll(&c->dice, 4)) {
    case 0:
        c->archive->zip64 = true;
        break;
    case 1:
        c->archive->more_entries = (uint16_t)some_number(c);
        break;
    case 2:
        c->archive->size_shift = 0 - some_number(c);
        break;
    default:
        c->archive->offset_shift = some_number(c);
    }
}

static void change_once(struct change *c)
{
    static void (*const ways[])(struct change *) = {
        rename_member,  rename_head,    repeat_member,  drop_member,    swap_members, add_shape,
        mutate_content, mutate_content, mutate_content, pack_otherwise, lie_in_head,  lie_in_head,
        set_descriptor, set_extra,      hide,           move_offset,    set_around,   lie_at_end,
    };
    size_t way = sg_dice_roll(&c->dice, sizeof(ways) / sizeof(*ways));

    if (c->archive->count)
        ways[way](c);
    else
        add_shape(c);
}

/* The whole as the only member of an archive. */
static void wrap(struct change *c, const uint8_t *data, size_t size)
{
    struct sg_archive_member *member = &c->archive->members[0];

    memset(c->archive, 0, offsetof(struct sg_archive, pool));
    *member = (struct sg_archive_member){.content = {(const char *)data, size}};
    member->local.name = member->entry.name = some_name(c);
    c->archive->count = 1;
    sg_archive_seal(c->archive, member);
}

size_t sg_mutate_zip(uint8_t *data, size_t size, size_t cap, unsigned seed)
{
    static struct sg_archive archive;
    static uint8_t out[OUT_MAX];
    struct change c = {.dice = sg_dice_of(seed), .archive = &archive};

    if (sg_dice_roll(&c.dice, 8) == 0)
        return sg_mutate_bytes(&c.dice, data, size, cap);
    if (!sg_archive_read(&archive, data, size))
        wrap(&c, data, size);
    for (size_t times = 1 + sg_dice_roll(&c.dice, 3); times > 0; times--)
        change_once(&c);
    size_t len = sg_archive_write(&archive, out, cap < sizeof(out) ? cap : sizeof(out));
    if (len == 0)
        return sg_mutate_bytes(&c.dice, data, size, cap);
    memcpy(data, out, len);
    return len;
}

size_t sg_mutate_carrier(uint8_t *data, size_t size, size_t cap, unsigned seed)
{
    struct sg_dice dice = sg_dice_of(seed);
    bool zip = size >= 22 && memmem(data, size, "PK\5\6", 4);

    if (sg_dice_roll(&dice, 4) == 0)
        return sg_mutate_bytes(&dice, data, size, cap);
    if (zip ? sg_dice_roll(&dice, 8) > 0 : sg_dice_roll(&dice, 16) == 0)
        return sg_mutate_zip(data, size, cap, (unsigned)dice.state);
    return sg_mutate_pickle(data, size, cap, (unsigned)dice.state);
}
