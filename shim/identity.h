/* identity.h - what a verdict is bound to: a file as it was at one moment. */
#ifndef SG_IDENTITY_H
#define SG_IDENTITY_H

#include "shim/libc.h"

struct sg_identity {
    uint64_t dev;
    uint64_t ino;
    uint64_t size;  /* bytes */
    int64_t mtime;  /* nanoseconds since 1970 */
    int64_t ctime_; /* the same; no program can set it back */
};

/* Round and round: a file system may tell of any year. */
static inline int64_t sg_identity_time(struct timespec at)
{
    return (int64_t)((uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec);
}

static inline struct sg_identity sg_identity_of(const struct stat *st)
{
    return (struct sg_identity){
        .dev = st->st_dev,
        .ino = st->st_ino,
        .size = (uint64_t)st->st_size,
        .mtime = sg_identity_time(st->st_mtim),
        .ctime_ = sg_identity_time(st->st_ctim),
    };
}

static inline bool sg_identity_same(const struct sg_identity *a, const struct sg_identity *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->size == b->size && a->mtime == b->mtime &&
           a->ctime_ == b->ctime_;
}

/* 64 bits of it, under a key that this process got from the kernel. The upper SG_IDENTITY_FILE of
 * them are of the file alone, whatever its size and times. */
#define SG_IDENTITY_FILE 24
uint64_t sg_identity_hash(const struct sg_identity *identity);

#endif
