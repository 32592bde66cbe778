/* walk.c - goes into directories. */
#include "cli/walk.h"

#include "cli/heap.h"
#include "cli/openfile.h"

#include <dirent.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

struct sg_seen {
    dev_t device;
    ino_t inode;
    bool used;
};

static void add_job(struct sg_walk *walk, struct sg_job job)
{
    if (walk->count == walk->cap) {
        walk->cap = walk->cap ? 2 * walk->cap : 64;
        walk->jobs = sg_heap_grow(walk->jobs, walk->cap * sizeof(*walk->jobs));
    }
    walk->jobs[walk->count++] = job;
}

static void add_problem(struct sg_walk *walk, const char *path, const char *problem, bool named)
{
    add_job(walk,
            (struct sg_job){.path = sg_heap_join(path, ""), .problem = problem, .named = named});
}

static struct sg_seen *seen_slot(const struct sg_walk *walk, const struct stat *directory)
{
    uint64_t mix =
        ((uint64_t)directory->st_ino ^ (uint64_t)directory->st_dev << 40) * 0x9e3779b97f4a7c15ULL;
    size_t at = (size_t)(mix >> 32);

    for (;; at++) {
        struct sg_seen *slot = &walk->seen[at & (walk->seen_cap - 1)];
        if (!slot->used || (slot->inode == directory->st_ino && slot->device == directory->st_dev))
            return slot;
    }
}

static void seen_grow(struct sg_walk *walk)
{
    struct sg_walk larger = {.seen_cap = walk->seen_cap ? 2 * walk->seen_cap : 256};

    larger.seen = sg_heap_grow(NULL, larger.seen_cap * sizeof(*larger.seen));
    memset(larger.seen, 0, larger.seen_cap * sizeof(*larger.seen));
    for (size_t i = 0; i < walk->seen_cap; i++) {
        struct stat old = {.st_dev = walk->seen[i].device, .st_ino = walk->seen[i].inode};
        if (walk->seen[i].used)
            *seen_slot(&larger, &old) = walk->seen[i];
    }
    free(walk->seen);
    walk->seen = larger.seen;
    walk->seen_cap = larger.seen_cap;
}

/* Whether this directory is new; it is not the next time. */
static bool first_visit(struct sg_walk *walk, const struct stat *directory)
{
    if (walk->seen_count >= walk->seen_cap / 2)
        seen_grow(walk);
    struct sg_seen *slot = seen_slot(walk, directory);
    if (slot->used)
        return false;
    *slot = (struct sg_seen){directory->st_dev, directory->st_ino, true};
    walk->seen_count++;
    return true;
}

/* Their files have no content of their own, may be endless, and some block. */
static bool is_made_up(const char *path)
{
    static const uint32_t types[] = {
        PROC_SUPER_MAGIC,    SYSFS_MAGIC,      DEBUGFS_MAGIC,  TRACEFS_MAGIC, CGROUP_SUPER_MAGIC,
        CGROUP2_SUPER_MAGIC, SECURITYFS_MAGIC, SELINUX_MAGIC,  BPF_FS_MAGIC,  DEVPTS_SUPER_MAGIC,
        PSTOREFS_MAGIC,      EFIVARFS_MAGIC,   BINFMTFS_MAGIC, NSFS_MAGIC};
    struct statfs info;

    if (statfs(path, &info))
        return false;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if ((uint32_t)info.f_type == types[i])
            return true;
    }
    return false;
}

static void walk_directory(struct sg_walk *walk, const char *path, dev_t device, bool named);

/* One entry of a directory on `device`. What is gone by now, or a link to nowhere, is no file. */
static void walk_entry(struct sg_walk *walk, char *path, dev_t device)
{
    struct stat info;

    if (stat(path, &info)) {
        if (errno != ENOENT && errno != ELOOP)
            add_problem(walk, path, strerror(errno), false);
    } else if (S_ISREG(info.st_mode)) {
        add_job(walk, (struct sg_job){.path = path, .size = (uint64_t)info.st_size});
        return;
    } else if (S_ISDIR(info.st_mode) && first_visit(walk, &info)) {
        if (info.st_dev == device || !is_made_up(path))
            walk_directory(walk, path, info.st_dev, false);
    }
    free(path);
}

static void walk_directory(struct sg_walk *walk, const char *path, dev_t device, bool named)
{
    struct dirent **entries;
    size_t len = strlen(path);
    char *inside = sg_heap_join(path, len && path[len - 1] == '/' ? "" : "/");
    int count = scandir(path, &entries, NULL, alphasort);

    if (count < 0)
        add_problem(walk, path, strerror(errno), named);
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
            walk_entry(walk, sg_heap_join(inside, name), device);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    free(inside);
}

void sg_walk_add(struct sg_walk *walk, const char *path)
{
    struct stat info;

    if (stat(path, &info))
        add_problem(walk, path, strerror(errno), true);
    else if (S_ISREG(info.st_mode))
        add_job(walk, (struct sg_job){.path = sg_heap_join(path, ""),
                                      .size = (uint64_t)info.st_size,
                                      .named = true});
    else if (!S_ISDIR(info.st_mode) || !walk->recursive)
        add_problem(walk, path, sg_openfile_kind(info.st_mode), true);
    else if (is_made_up(path))
        add_problem(walk, path, "is on a file system that the kernel makes up", true);
    else if (first_visit(walk, &info))
        walk_directory(walk, path, info.st_dev, true);
}

static int larger_first(const void *a, const void *b)
{
    const struct sg_job *left = a, *right = b;

    if (left->size != right->size)
        return left->size < right->size ? 1 : -1;
    return strcmp(left->path, right->path);
}

void sg_walk_sort(struct sg_walk *walk)
{
    if (walk->count)
        qsort(walk->jobs, walk->count, sizeof(*walk->jobs), larger_first);
}

void sg_walk_free(struct sg_walk *walk)
{
    for (size_t i = 0; i < walk->count; i++)
        free(walk->jobs[i].path);
    free(walk->jobs);
    free(walk->seen);
    *walk = (struct sg_walk){0};
}
