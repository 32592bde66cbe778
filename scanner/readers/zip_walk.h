/* zip_walk.h - what the parts of the zip reader share while they list one archive. */
#ifndef SG_ZIP_WALK_H
#define SG_ZIP_WALK_H

#include "readers/zip.h"
#include "readers/zip_records.h"

struct sg_zip_walk {
    struct sg_zip *zip;       /* what is being filled */
    struct sg_arena list;     /* for what stays: members and names */
    struct sg_arena *passing; /* for what is dropped when the walk is over */
    uint8_t *scratch;         /* NULL where the source is in memory */
    size_t scratch_size;      /* bytes; holds the longest entry of a directory twice */
    size_t capacity;          /* of zip->members */
    char *names;              /* where the next name goes */
    size_t names_left;        /* bytes */
    uint64_t work;            /* records that may still be read */
    uint64_t boundary;        /* where members end: at the directory, else at the end record */
    uint32_t directories;     /* with at least one entry */
};

/* An honest archive has one end record in reach; who fills a comment with them gets
 * SG_ZIP_LIMIT. */
#define SG_ZIP_ENDS_MAX 64u
#define SG_ZIP_VIEWS_MAX (SG_ZIP_ENDS_MAX * 7u)

/* One way to read one directory. */
struct sg_zip_view {
    uint64_t start;
    uint64_t shift; /* added to the offsets it gives, modulo 2^64 */
    uint64_t size;  /* bytes that zipfile reads; 0: it does not */
    uint64_t count; /* entries that miniz reads; 0: it does not */
    uint64_t said;  /* entries, as its end record says */
    uint64_t end;   /* where it ends, as its end record says */
};

struct sg_zip_views {
    struct sg_zip_view list[SG_ZIP_VIEWS_MAX];
    size_t count;
};

/* A member's place in an order. */
struct sg_zip_key {
    uint64_t key;
    uint32_t index; /* into zip->members */
};

/* Halves what is free of `arena`: what passes comes first, since it is used most and whoever comes
 * next uses the same memory again; what is to stay is listed behind it. What passes gets no more
 * than `most` bytes, so that the list is near. */
void sg_zip_split(const struct sg_arena *arena, uint64_t most, struct sg_arena *passing,
                  struct sg_arena *list);

/* Moves the list to the beginning of what is free of `arena`, and takes it there. */
void sg_zip_settle(struct sg_zip *zip, const struct sg_arena *list, struct sg_arena *arena);

/* Adds a reading, with a copy of its name. SG_ERR_LIMIT when the list is full. */
SG_MUST_CHECK enum sg_status sg_zip_append(struct sg_zip_walk *walk,
                                           const struct sg_zip_member *member);

/* Makes room for `count` members at once, as far as the list has it. */
void sg_zip_reserve(struct sg_zip_walk *walk, uint64_t count);

/* zip_ends.c: finds the end records, and the ways in which readers would use them, most usual
 * first. SG_END: there is no end record. */
SG_MUST_CHECK enum sg_status sg_zip_find_views(struct sg_zip_walk *walk,
                                               struct sg_zip_views *views);

/* zip_directory.c: lists what one view shows. */
SG_MUST_CHECK enum sg_status sg_zip_walk_view(struct sg_zip_walk *walk,
                                              const struct sg_zip_view *view);

/* zip_local.c: holds the members against their local headers, and lists local headers that no
 * directory has. */
SG_MUST_CHECK enum sg_status sg_zip_walk_locals(struct sg_zip_walk *walk);

/* zip_repeats.c: makes one of readings that are equal in everything, in the order of the list. */
SG_MUST_CHECK enum sg_status sg_zip_merge_equal(struct sg_zip_walk *walk);

/* zip_repeats.c: marks names that occur twice. */
SG_MUST_CHECK enum sg_status sg_zip_mark_duplicates(struct sg_zip_walk *walk);

/* zip_repeats.c: says of each member which one has the same bytes. Their places must be known. */
SG_MUST_CHECK enum sg_status sg_zip_mark_same(struct sg_zip_walk *walk);

/* zip_repeats.c: sorts by key; what is equal stays in order. Takes `count` keys of `scratch`. */
SG_MUST_CHECK enum sg_status sg_zip_sort(struct sg_zip_key *keys, size_t count,
                                         struct sg_arena *scratch);

#endif
