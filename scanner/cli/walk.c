/* walk.c - goes into directories. */
#include "cli/walk.h"

#include "cli/heap.h"
#include "cli/openfile.h"
#include "cli/progress.h"
#include "policy/glob.h"

#include <dirent.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <time.h>

struct sg_seen {
    dev_t device;
    ino_t inode;
    bool used;
    size_t job; /* of a file */
};

static void add_job(struct sg_walk *walk, struct sg_job job)
{
    if (!walk->jobs || walk->count == walk->cap) {
        walk->cap = walk->cap ? 2 * walk->cap : 64;
        walk->jobs = sg_heap_grow(walk->jobs, walk->cap * sizeof(*walk->jobs));
    }
    walk->jobs[walk->count++] = job;
    if (walk->progress)
        sg_progress_list(walk->progress, walk->count);
}

static void add_problem(struct sg_walk *walk, const char *path, const char *problem, bool named)
{
    add_job(walk,
            (struct sg_job){.path = sg_heap_join(path, ""), .problem = problem, .named = named});
}

static struct sg_seen *seen_slot(const struct sg_seen_table *table, const struct stat *info)
{
    uint64_t mix = ((uint64_t)info->st_ino ^ (uint64_t)info->st_dev << 40) * 0x9e3779b97f4a7c15ULL;
    size_t at = (size_t)(mix >> 32);

    for (;; at++) {
        struct sg_seen *slot = &table->slots[at & (table->cap - 1)];
        if (!slot->used || (slot->inode == info->st_ino && slot->device == info->st_dev))
            return slot;
    }
}

static void seen_grow(struct sg_seen_table *table)
{
    struct sg_seen_table larger = {.count = table->count, .cap = table->cap ? 2 * table->cap : 256};

    larger.slots = sg_heap_grow(NULL, larger.cap * sizeof(*larger.slots));
    memset(larger.slots, 0, larger.cap * sizeof(*larger.slots));
    for (size_t i = 0; i < table->cap; i++) {
        struct stat old = {.st_dev = table->slots[i].device, .st_ino = table->slots[i].inode};
        if (table->slots[i].used)
            *seen_slot(&larger, &old) = table->slots[i];
    }
    free(table->slots);
    *table = larger;
}

/* The slot of what was seen before; or a new one, which counts as used the next time. */
static struct sg_seen *look_up(struct sg_seen_table *table, const struct stat *info, bool *first)
{
    if (table->count >= table->cap / 2)
        seen_grow(table);
    struct sg_seen *slot = seen_slot(table, info);
    *first = !slot->used;
    if (*first) {
        *slot = (struct sg_seen){.device = info->st_dev, .inode = info->st_ino, .used = true};
        table->count++;
    }
    return slot;
}

static bool first_visit(struct sg_walk *walk, const struct stat *directory)
{
    bool first;

    (void)look_up(&walk->directories, directory, &first);
    return first;
}

/* Whether one of the patterns is about this path, which was come across below a directory. */
static bool is_excluded(const struct sg_walk *walk, const char *path)
{
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;

    for (size_t i = 0; i < walk->exclude_count; i++) {
        const char *pattern = walk->excludes[i];
        bool whole = strchr(pattern, '/') != NULL;
        if (sg_glob_match(sg_text_of(pattern), sg_text_of(whole ? path : name), '/'))
            return true;
    }
    return false;
}

/* Whoever sets a file's time back changes the other one. */
static bool is_older(const struct sg_walk *walk, const struct stat *info)
{
    return info->st_mtim.tv_sec < walk->since && info->st_ctim.tv_sec < walk->since;
}

/* Whether the file lies in a folder "blobs". */
static bool is_blob(const char *path)
{
    const char *name = strrchr(path, '/'), *folder = name;

    while (folder && folder > path && folder[-1] != '/')
        folder--;
    return folder && (size_t)(name - folder) == strlen("blobs") &&
           strncmp(folder, "blobs", strlen("blobs")) == 0;
}

/* Takes `path` over. */
static void add_file(struct sg_walk *walk, char *path, const struct stat *info, struct sg_job job)
{
    bool first;

    job.path = path;
    job.size = (uint64_t)info->st_size;
    if (is_older(walk, info)) {
        walk->left_out++;
        free(path);
        return;
    }
    struct sg_seen *seen = look_up(&walk->files, info, &first);
    struct sg_job *known = first ? NULL : &walk->jobs[seen->job];
    if (!known || walk->apart || job.named || known->named || (!job.linked && !known->linked)) {
        if (first)
            seen->job = walk->count;
        add_job(walk, job);
        return;
    }
    if (job.linked && is_blob(known->path)) {
        job.path = known->path;
        known->path = path;
        path = job.path;
    }
    known->also = sg_heap_grow(known->also, (known->also_count + 1) * sizeof(*known->also));
    known->also[known->also_count++] = path;
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
    struct stat info, own;

    if (is_excluded(walk, path)) {
        walk->left_out++;
    } else if (stat(path, &info)) {
        if (errno != ENOENT && errno != ELOOP)
            add_problem(walk, path, strerror(errno), false);
    } else if (S_ISREG(info.st_mode)) {
        bool linked = lstat(path, &own) == 0 && S_ISLNK(own.st_mode);
        add_file(walk, path, &info, (struct sg_job){.linked = linked});
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

bool sg_walk_since(struct sg_walk *walk, const char *when)
{
    static const char *const forms[] = {"%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S",
                                        "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"};
    struct stat info;

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct tm date = {.tm_isdst = -1};
        const char *end = strptime(when, forms[i], &date);
        if (end && !*end) {
            walk->since = mktime(&date);
            return true;
        }
    }
    if (stat(when, &info))
        return false;
    walk->since = info.st_mtim.tv_sec;
    return true;
}

static void add_path(struct sg_walk *walk, const char *path, bool named)
{
    struct stat info;

    if (stat(path, &info))
        add_problem(walk, path, strerror(errno), named);
    else if (S_ISREG(info.st_mode))
        add_file(walk, sg_heap_join(path, ""), &info, (struct sg_job){.named = named});
    else if (!S_ISDIR(info.st_mode) || !walk->recursive)
        add_problem(walk, path, sg_openfile_kind(info.st_mode), named);
    else if (is_made_up(path))
        add_problem(walk, path, "is on a file system that the kernel makes up", named);
    else if (first_visit(walk, &info))
        walk_directory(walk, path, info.st_dev, named);
}

void sg_walk_add(struct sg_walk *walk, const char *path)
{
    add_path(walk, path, true);
}

void sg_walk_add_listed(struct sg_walk *walk, const char *path)
{
    if (is_excluded(walk, path))
        walk->left_out++;
    else
        add_path(walk, path, false);
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
    for (size_t i = 0; i < walk->count; i++) {
        free(walk->jobs[i].path);
        for (size_t k = 0; k < walk->jobs[i].also_count; k++)
            free(walk->jobs[i].also[k]);
        free(walk->jobs[i].also);
    }
    free(walk->jobs);
    free(walk->directories.slots);
    free(walk->files.slots);
    *walk = (struct sg_walk){0};
}
