/* baseline.c - reads and appends lines of hash, verdict and reason. */
#include "cli/baseline.h"

#include "cli/heap.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sg_accepted {
    uint8_t sha256[SG_SHA256_SIZE];
    enum sg_verdict verdict;
    char *reason;
};

static bool complain(const char *path, size_t line, const char *problem)
{
    if (line)
        fprintf(stderr, "safeguard: scan: %s:%zu: %s\n", path, line, problem);
    else
        fprintf(stderr, "safeguard: scan: %s: %s\n", path, problem);
    return false;
}

static int digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static bool read_hash(const char *text, uint8_t sha256[SG_SHA256_SIZE])
{
    for (size_t i = 0; i < SG_SHA256_SIZE; i++) {
        int high = digit(text[2 * i]), low = high < 0 ? -1 : digit(text[2 * i + 1]);
        if (low < 0)
            return false;
        sha256[i] = (uint8_t)(high << 4 | low);
    }
    return isspace((unsigned char)text[2 * SG_SHA256_SIZE]);
}

static bool read_verdict(const char **text, enum sg_verdict *verdict)
{
    for (int i = SG_BENIGN; i <= SG_MALICIOUS; i++) {
        const char *name = sg_verdict_name((enum sg_verdict)i);
        size_t len = strlen(name);
        if (strncmp(*text, name, len) == 0 && !isalpha((unsigned char)(*text)[len])) {
            *verdict = (enum sg_verdict)i;
            *text += len;
            return true;
        }
    }
    return false;
}

static const char *skip_blanks(const char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    return text;
}

/* NULL, or what is wrong with the line. */
static const char *read_line(struct sg_baseline *baseline, char *line)
{
    uint8_t sha256[SG_SHA256_SIZE];
    enum sg_verdict verdict;
    const char *at = skip_blanks(line);

    line[strcspn(line, "\r\n")] = '\0';
    if (!*at || *at == '#')
        return NULL;
    if (!read_hash(at, sha256))
        return "a line begins with a SHA-256 of 64 hexadecimal digits";
    at = skip_blanks(at + 2 * SG_SHA256_SIZE);
    if (!read_verdict(&at, &verdict))
        return "after the hash stands the worst verdict that is accepted: benign, suspicious or "
               "malicious, and then the reason";
    at = skip_blanks(at);
    if (!*at)
        return "there is no reason: say why this is accepted";
    sg_baseline_add(baseline, sha256, verdict, at);
    return NULL;
}

static int by_hash(const void *a, const void *b)
{
    return memcmp(((const struct sg_accepted *)a)->sha256, ((const struct sg_accepted *)b)->sha256,
                  SG_SHA256_SIZE);
}

bool sg_baseline_open(struct sg_baseline *baseline, const char *path, bool may_lack)
{
    char *line = NULL;
    const char *problem = NULL;
    size_t room = 0, number = 0;

    *baseline = (struct sg_baseline){.path = path};
    FILE *file = fopen(path, "re");
    if (!file)
        return (may_lack && errno == ENOENT) || complain(path, 0, strerror(errno));
    while (!problem && getline(&line, &room, file) >= 0) {
        number++;
        problem = read_line(baseline, line);
    }
    if (!problem && ferror(file)) {
        problem = "cannot be read";
        number = 0;
    }
    free(line);
    fclose(file);
    if (baseline->count)
        qsort(baseline->entries, baseline->count, sizeof(*baseline->entries), by_hash);
    baseline->known = baseline->count;
    return !problem || complain(path, number, problem);
}

const char *sg_baseline_find(const struct sg_baseline *baseline,
                             const uint8_t sha256[SG_SHA256_SIZE], enum sg_verdict verdict)
{
    struct sg_accepted wanted = {0};

    memcpy(wanted.sha256, sha256, SG_SHA256_SIZE);
    const struct sg_accepted *found = baseline->known
                                          ? bsearch(&wanted, baseline->entries, baseline->known,
                                                    sizeof(*baseline->entries), by_hash)
                                          : NULL;
    return found && verdict <= found->verdict ? found->reason : NULL;
}

void sg_baseline_add(struct sg_baseline *baseline, const uint8_t sha256[SG_SHA256_SIZE],
                     enum sg_verdict verdict, const char *reason)
{
    if (baseline->count == baseline->cap) {
        baseline->cap = baseline->cap ? 2 * baseline->cap : 64;
        baseline->entries =
            sg_heap_grow(baseline->entries, baseline->cap * sizeof(*baseline->entries));
    }
    struct sg_accepted *entry = &baseline->entries[baseline->count++];
    memcpy(entry->sha256, sha256, SG_SHA256_SIZE);
    entry->verdict = verdict;
    entry->reason = sg_heap_join(reason, "");
}

/* An editor may have left the last line without its end: what is appended would
 * become part of it. */
static void end_last_line(FILE *file)
{
    bool without = fseek(file, -1, SEEK_END) == 0 && getc(file) != '\n';

    (void)fseek(file, 0, SEEK_END);
    if (without)
        putc('\n', file);
}

bool sg_baseline_save(const struct sg_baseline *baseline)
{
    FILE *file = baseline->count > baseline->known ? fopen(baseline->path, "a+e") : NULL;

    if (baseline->count == baseline->known)
        return true;
    if (!file)
        return complain(baseline->path, 0, strerror(errno));
    end_last_line(file);
    for (size_t i = baseline->known; i < baseline->count; i++) {
        const struct sg_accepted *entry = &baseline->entries[i];
        for (size_t k = 0; k < SG_SHA256_SIZE; k++)
            fprintf(file, "%02x", entry->sha256[k]);
        fprintf(file, " %s %s\n", sg_verdict_name(entry->verdict), entry->reason);
    }
    bool failed = ferror(file) != 0;
    return (fclose(file) == 0 && !failed) || complain(baseline->path, 0, "cannot be written");
}

void sg_baseline_free(struct sg_baseline *baseline)
{
    for (size_t i = 0; i < baseline->count; i++)
        free(baseline->entries[i].reason);
    free(baseline->entries);
    *baseline = (struct sg_baseline){0};
}
