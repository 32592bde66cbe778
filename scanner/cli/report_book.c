/* report_book.c - adds records up. */
#include "cli/report_book.h"

#include "cli/heap.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const double sg_duration_bounds[SG_DURATIONS - 1] = {0.0001, 0.001, 0.01, 0.1, 1};

static uint64_t hash_of(const char *name)
{
    uint64_t hash = 0xcbf29ce484222325;

    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 0x100000001b3;
    return hash;
}

/* The slot that holds `name`, or a free one. */
static size_t *slot_of(const struct sg_ranking *ranking, const char *name)
{
    size_t at = hash_of(name) & (ranking->slot_count - 1);

    while (ranking->slots[at] && strcmp(ranking->rows[ranking->slots[at] - 1].name, name) != 0)
        at = (at + 1) & (ranking->slot_count - 1);
    return &ranking->slots[at];
}

static void widen(struct sg_ranking *ranking)
{
    ranking->slot_count = ranking->slot_count ? 2 * ranking->slot_count : 64;
    size_t bytes = ranking->slot_count * sizeof(size_t);
    ranking->slots = sg_heap_grow(ranking->slots, bytes);
    memset(ranking->slots, 0, bytes);
    ranking->rows = sg_heap_grow(ranking->rows, ranking->slot_count / 2 * sizeof(struct sg_ranked));
    for (size_t i = 0; i < ranking->count; i++)
        *slot_of(ranking, ranking->rows[i].name) = i + 1;
}

static struct sg_ranked *row_of(struct sg_ranking *ranking, const char *name)
{
    if (ranking->count >= ranking->slot_count / 2)
        widen(ranking);
    size_t *slot = slot_of(ranking, name);
    if (!*slot) {
        ranking->rows[ranking->count] = (struct sg_ranked){.name = sg_heap_join(name, "")};
        *slot = ++ranking->count;
    }
    return &ranking->rows[*slot - 1];
}

static struct sg_ranked *tally(struct sg_ranking *ranking, const char *name,
                               const struct sg_entry *entry)
{
    struct sg_ranked *row = row_of(ranking, name);

    row->blocked += entry->blocked;
    row->logged += !entry->blocked;
    if (entry->verdict > row->verdict)
        row->verdict = entry->verdict;
    if (entry->score > row->score)
        row->score = entry->score;
    return row;
}

/* Each is a whole number of the one before it, so that stretches can be joined. */
static const int64_t ladder[] = {1,     5,     15,    60,     300,     900,      3600,
                                 10800, 21600, 86400, 432000, 2592000, 31104000, 155520000};

static void join_stretches(struct sg_timeline *line)
{
    struct sg_timeline wide = {.count = 0};
    size_t step = 0;

    while (ladder[step] <= line->width)
        step++;
    wide.width = ladder[step];
    wide.first = line->first * line->width / wide.width;
    for (size_t i = 0; i < line->count; i++) {
        int64_t number = (line->first + (int64_t)i) * line->width / wide.width;
        wide.count = (size_t)(number - wide.first) + 1;
        wide.stretches[wide.count - 1].blocked += line->stretches[i].blocked;
        wide.stretches[wide.count - 1].logged += line->stretches[i].logged;
    }
    *line = wide;
}

/* Makes room for stretch `number`; false where that needs wider stretches. */
static bool reach(struct sg_timeline *line, int64_t number)
{
    int64_t end = line->first + (int64_t)line->count;

    if (number >= line->first && number - line->first < SG_STRETCHES) {
        line->count = number < end ? line->count : (size_t)(number - line->first) + 1;
        return true;
    }
    if (number > line->first || end - number > SG_STRETCHES)
        return false;
    size_t by = (size_t)(line->first - number);
    memmove(&line->stretches[by], line->stretches, line->count * sizeof(line->stretches[0]));
    memset(line->stretches, 0, by * sizeof(line->stretches[0]));
    line->first = number;
    line->count += by;
    return true;
}

static void mark(struct sg_timeline *line, const struct sg_entry *entry)
{
    if (!line->width)
        *line = (struct sg_timeline){.width = ladder[0], .first = entry->when, .count = 1};
    while (!reach(line, entry->when / line->width))
        join_stretches(line);
    struct sg_stretch *at = &line->stretches[entry->when / line->width - line->first];
    at->blocked += entry->blocked;
    at->logged += !entry->blocked;
}

static void count_time(struct sg_book *book, const struct sg_entry *entry)
{
    double seconds = entry->micros / 1e6;
    size_t at = 0;

    while (at < SG_DURATIONS - 1 && seconds > sg_duration_bounds[at])
        at++;
    book->durations[at]++;
    book->seconds += seconds;
    if (seconds > book->slowest)
        book->slowest = seconds;
    if (book->records == 1 || entry->when < book->first)
        book->first = entry->when;
    if (book->records == 1 || entry->when > book->last)
        book->last = entry->when;
    mark(&book->timeline, entry);
}

/* What a call was given differs from file to file: what was called tells more. */
static void count_reason(struct sg_book *book, const struct sg_entry *entry)
{
    size_t len = strcspn(entry->detail, "(");
    char *what = sg_heap_join(entry->detail, "");

    what[len] = '\0';
    char *name = sg_heap_join(what, entry->detail[len] ? "(\u2026)" : "");
    struct sg_ranked *row = tally(&book->reasons, len ? name : "no reason given", entry);
    if (!row->note)
        row->note = sg_heap_join(entry->rule, "");
    free(what);
    free(name);
    tally(&book->rules, entry->rule, entry);
}

static void count_process(struct sg_book *book, const struct sg_entry *entry)
{
    char pid[32];

    snprintf(pid, sizeof(pid), " %.0f", entry->pid);
    char *name = sg_heap_join(entry->exe, pid);
    size_t before = book->processes.count;
    tally(&book->processes, name, entry);
    tally(&book->programs, entry->exe, entry)->members += book->processes.count - before;
    free(name);
}

void sg_book_add(struct sg_book *book, const struct sg_entry *entry)
{
    char kind[80];

    book->left_out += (uint64_t)entry->left_out;
    if (strcmp(entry->rule, "left-out") == 0)
        return; /* it says no more than that */
    book->records++;
    book->blocked += entry->blocked;
    book->verdicts[entry->verdict]++;
    count_time(book, entry);
    tally(&book->files, entry->path, entry);
    tally(&book->formats, entry->format, entry);
    count_reason(book, entry);
    count_process(book, entry);
    snprintf(kind, sizeof(kind), "%.40s %s %s", entry->event, entry->blocked ? "block" : "log",
             sg_verdict_name(entry->verdict));
    tally(&book->kinds, kind, entry);
}

static int by_records(const void *one, const void *other)
{
    const struct sg_ranked *left = one, *right = other;
    uint64_t mine = sg_ranked_all(left), theirs = sg_ranked_all(right);

    if (mine != theirs)
        return mine > theirs ? -1 : 1;
    return strcmp(left->name, right->name);
}

static void each_ranking(struct sg_book *book, void (*act)(struct sg_ranking *ranking))
{
    struct sg_ranking *all[] = {&book->files,   &book->reasons, &book->programs, &book->processes,
                                &book->formats, &book->kinds,   &book->rules};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        act(all[i]);
}

static void sort(struct sg_ranking *ranking)
{
    free(ranking->slots);
    ranking->slots = NULL;
    if (ranking->count)
        qsort(ranking->rows, ranking->count, sizeof(ranking->rows[0]), by_records);
}

static void release(struct sg_ranking *ranking)
{
    for (size_t i = 0; i < ranking->count; i++) {
        free(ranking->rows[i].name);
        free(ranking->rows[i].note);
    }
    free(ranking->rows);
    free(ranking->slots);
    *ranking = (struct sg_ranking){0};
}

void sg_book_close(struct sg_book *book)
{
    each_ranking(book, sort);
}

void sg_book_free(struct sg_book *book)
{
    each_ranking(book, release);
}

void sg_report_count(struct sg_outbuf *out, uint64_t count, const char *one, const char *many)
{
    sg_out_format(out, "%" PRIu64 " %s", count, count == 1 ? one : many);
}
