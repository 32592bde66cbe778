/* remember.c - clean files by identity, in a hash table and as lines of text. */
#include "cli/remember.h"

#include "cli/heap.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAGIC "safeguard-clean-1"
#define WARM_SECONDS 2
#define FORMAT_MAX 24

struct sg_remembered {
    uint64_t device, inode, size;
    int64_t modified, changed; /* nanoseconds since 1970 */
    double score;
    char format[FORMAT_MAX]; /* "": a free slot */
};

static uint64_t mix_file(uint64_t print, const char *path)
{
    struct stat info;

    if (stat(path, &info))
        return print;
    print = sg_fnv_more(print, &info.st_ino, sizeof(info.st_ino));
    print = sg_fnv_more(print, &info.st_size, sizeof(info.st_size));
    return sg_fnv_more(print, &info.st_mtim, sizeof(info.st_mtim));
}

static uint64_t fingerprint(const struct sg_policy *policy)
{
    size_t len = sg_policy_show(policy, NULL, 0);
    char *text = sg_heap_grow(NULL, len + 1);
    uint64_t print;

    sg_policy_show(policy, text, len + 1);
    print = sg_fnv_more(SG_FNV_EMPTY, text, len);
    free(text);
    if (sg_policy_model(policy))
        print = mix_file(print, policy->model.path);
    return mix_file(print, "/proc/self/exe");
}

static int64_t nanoseconds(struct timespec when)
{
    return (int64_t)((uint64_t)when.tv_sec * 1000000000u + (uint64_t)when.tv_nsec);
}

static struct sg_remembered identity_of(const struct stat *file)
{
    return (struct sg_remembered){.device = file->st_dev,
                                  .inode = file->st_ino,
                                  .size = (uint64_t)file->st_size,
                                  .modified = nanoseconds(file->st_mtim),
                                  .changed = nanoseconds(file->st_ctim)};
}

static struct sg_remembered *slot_of(const struct sg_remember *remember, uint64_t device,
                                     uint64_t inode)
{
    uint64_t mix = (inode ^ device << 40) * 0x9e3779b97f4a7c15ULL;

    for (size_t at = (size_t)(mix >> 32);; at++) {
        struct sg_remembered *slot = &remember->slots[at & (remember->cap - 1)];
        if (!*slot->format || (slot->inode == inode && slot->device == device))
            return slot;
    }
}

static void put(struct sg_remember *remember, const struct sg_remembered *known);

static void grow(struct sg_remember *remember)
{
    struct sg_remember larger = {.cap = remember->cap ? 2 * remember->cap : 1024};

    larger.slots = sg_heap_grow(NULL, larger.cap * sizeof(*larger.slots));
    memset(larger.slots, 0, larger.cap * sizeof(*larger.slots));
    for (size_t i = 0; i < remember->cap; i++) {
        if (*remember->slots[i].format)
            put(&larger, &remember->slots[i]);
    }
    free(remember->slots);
    remember->slots = larger.slots;
    remember->cap = larger.cap;
}

static void put(struct sg_remember *remember, const struct sg_remembered *known)
{
    if (remember->count >= remember->cap / 2)
        grow(remember);
    struct sg_remembered *slot = slot_of(remember, known->device, known->inode);
    remember->count += !*slot->format;
    *slot = *known;
}

static bool complain(const char *path, const char *problem)
{
    fprintf(stderr, "safeguard: scan: %s: %s\n", path, problem);
    return false;
}

/* The next number of a line; false when there is none. */
static bool take_number(char **at, int base, uint64_t *number)
{
    char *end;

    errno = 0;
    *number = strtoull(*at, &end, base);
    bool taken = end != *at && errno == 0;
    *at = end;
    return taken;
}

static bool read_entry(char *line, struct sg_remembered *known)
{
    uint64_t modified, changed;
    char *at = line, *end;

    if (!take_number(&at, 10, &known->device) || !take_number(&at, 10, &known->inode) ||
        !take_number(&at, 10, &known->size) || !take_number(&at, 10, &modified) ||
        !take_number(&at, 10, &changed))
        return false;
    known->modified = (int64_t)modified;
    known->changed = (int64_t)changed;
    known->score = strtod(at, &end);
    size_t len = strcspn(end + (*end == ' '), "\n");
    if (end == at || !(known->score >= 0 && known->score <= 1) || len == 0 || len >= FORMAT_MAX)
        return false;
    memcpy(known->format, end + 1, len);
    known->format[len] = '\0';
    return true;
}

/* NULL, or what is wrong with the file. */
static const char *read_entries(struct sg_remember *remember, FILE *file)
{
    struct sg_remembered known;
    char *line = NULL, *at;
    size_t room = 0;
    uint64_t rules;
    bool good = true;

    bool ours = getline(&line, &room, file) > 0 && !strncmp(line, MAGIC " ", sizeof(MAGIC));
    at = ours ? line + sizeof(MAGIC) : NULL;
    ours = ours && take_number(&at, 16, &rules);
    if (ours && rules == remember->rules) {
        while (good && getline(&line, &room, file) > 0) {
            good = read_entry(line, &known);
            if (good)
                put(remember, &known);
        }
    }
    free(line);
    return !ours ? "is no cache of safeguard's" : good ? NULL : "is damaged: remove it";
}

bool sg_remember_open(struct sg_remember *remember, const char *path,
                      const struct sg_policy *policy)
{
    struct stat info;

    *remember = (struct sg_remember){.path = path, .rules = fingerprint(policy)};
    grow(remember);
    FILE *file = fopen(path, "re");
    if (!file)
        return errno == ENOENT || complain(path, strerror(errno));
    const char *problem = NULL;
    if (fstat(fileno(file), &info) || !S_ISREG(info.st_mode))
        problem = "is no regular file";
    else if ((info.st_uid != geteuid() && info.st_uid != 0) || info.st_mode & (S_IWGRP | S_IWOTH))
        problem = "others may write to it: it cannot be trusted";
    else if (info.st_size > 0)
        problem = read_entries(remember, file);
    fclose(file);
    return !problem || complain(path, problem);
}

bool sg_remember_find(const struct sg_remember *remember, const struct stat *file,
                      struct sg_report *report)
{
    struct sg_remembered now = identity_of(file);
    const struct sg_remembered *known = slot_of(remember, now.device, now.inode);

    if (!*known->format || known->size != now.size || known->modified != now.modified ||
        known->changed != now.changed)
        return false;
    *report = (struct sg_report){.verdict = SG_BENIGN,
                                 .coverage = SG_COMPLETE,
                                 .score = known->score,
                                 .format = known->format,
                                 .size = now.size};
    return true;
}

void sg_remember_keep(struct sg_remember *remember, const struct stat *file,
                      const struct sg_report *report)
{
    struct sg_remembered known = identity_of(file);
    int64_t newest = known.modified > known.changed ? known.modified : known.changed;
    size_t len = strlen(report->format);

    if (report->verdict != SG_BENIGN || report->coverage != SG_COMPLETE || report->reason_count ||
        len == 0 || len >= FORMAT_MAX || (int64_t)time(NULL) - newest / 1000000000 <= WARM_SECONDS)
        return;
    known.score = report->score;
    memcpy(known.format, report->format, len + 1);
    put(remember, &known);
}

static bool write_entries(const struct sg_remember *remember, int fd)
{
    FILE *file = fdopen(fd, "w");

    if (!file)
        return false;
    fprintf(file, MAGIC " %" PRIx64 "\n", remember->rules);
    for (size_t i = 0; i < remember->cap; i++) {
        const struct sg_remembered *known = &remember->slots[i];
        if (*known->format)
            fprintf(file, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRId64 " %.6g %s\n",
                    known->device, known->inode, known->size, known->modified, known->changed,
                    known->score, known->format);
    }
    bool failed = ferror(file) != 0;
    return fclose(file) == 0 && !failed;
}

bool sg_remember_save(struct sg_remember *remember, const struct sg_remember *fresh)
{
    for (size_t i = 0; i < fresh->cap; i++) {
        if (*fresh->slots[i].format)
            put(remember, &fresh->slots[i]);
    }

    char *beside = sg_heap_join(remember->path, ".XXXXXX");
    int fd = mkostemp(beside, O_CLOEXEC);
    bool good = fd >= 0 && write_entries(remember, fd) && rename(beside, remember->path) == 0;

    if (!good) {
        complain(remember->path, strerror(errno));
        if (fd >= 0)
            unlink(beside);
    }
    free(beside);
    return good;
}

void sg_remember_free(struct sg_remember *remember)
{
    free(remember->slots);
    *remember = (struct sg_remember){0};
}
