/* fuzz_records.c - any lines as the log that `report` reads.
 *
 * Checked besides what the sanitizers see: a record is JSON also to others, who read the same texts
 * in it; all records are counted; nothing in them becomes markup, a control character or a second
 * metric of the same name.
 */
#include "tests/fuzz/fuzzkit.h"

#include "cli/report_book.h"

#include <jansson.h>
#include <string.h>

/* A reader of JSON refuses what is no UTF-8, and lone surrogates, for which we have bytes. */
static void check_text(const json_t *record, const char *key, const char *text)
{
    const char *theirs = json_string_value(json_object_get(record, key));

    CHECK(theirs && text && strcmp(theirs, text) == 0);
}

static void check_entry(const char *line, const struct sg_entry *entry)
{
    json_t *record = json_loads(line, 0, NULL);
    char when[SG_WHEN_MAX];

    sg_entry_when(entry->when, when);
    CHECK(strlen(when) == 19 && entry->verdict <= SG_MALICIOUS);
    CHECK(entry->score >= 0 && entry->score <= 1 && entry->micros >= 0 && entry->pid >= 0);
    if (record) {
        check_text(record, "path", entry->path);
        check_text(record, "event", entry->event);
        check_text(record, "ts", entry->ts);
    }
    json_decref(record);
}

static size_t count_of(const struct sg_outbuf *out, const char *what)
{
    size_t count = 0, len = strlen(what);
    const char *at = out->text, *end = at + out->len;

    for (; (at = memmem(at, (size_t)(end - at), what, len)); at += len)
        count++;
    return count;
}

static void check_plain(const struct sg_outbuf *out)
{
    for (size_t i = 0; i < out->len; i++)
        CHECK((unsigned char)out->text[i] >= ' ' || out->text[i] == '\n');
}

static void check_page(const struct sg_book *book)
{
    static const char *const never[] = {"<script", "<img"};
    static const char *const pairs[][2] = {
        {"<svg", "</svg>"}, {"<g>", "</g>"}, {"<text", "</text>"}};
    struct sg_outbuf out = {0};

    sg_report_html(&out, book);
    check_plain(&out);
    for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++)
        CHECK(count_of(&out, never[i]) == 0);
    for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
        CHECK(count_of(&out, pairs[i][0]) == count_of(&out, pairs[i][1]));
    CHECK(count_of(&out, "<") == count_of(&out, ">"));
    sg_out_free(&out);
}

static int by_text(const void *one, const void *other)
{
    return strcmp(*(char *const *)one, *(char *const *)other);
}

/* name{labels} value; the same name and labels once only. */
static void check_metrics(const struct sg_book *book)
{
    struct sg_outbuf out = {0};
    char *line, *rest;
    size_t count = 0;

    sg_report_prometheus(&out, book);
    check_plain(&out);
    sg_out_bytes(&out, "", 1);
    char **names = calloc(out.len, sizeof(*names));
    CHECK(names);
    for (line = strtok_r(out.text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char *value = strrchr(line, ' ');
        if (*line == '#')
            continue;
        CHECK(value && value[1] && strspn(value + 1, "0123456789.e+-") == strlen(value + 1));
        *value = '\0';
        names[count++] = line;
    }
    qsort(names, count, sizeof(*names), by_text);
    for (size_t i = 1; i < count; i++)
        CHECK(strcmp(names[i - 1], names[i]) != 0);
    free(names);
    sg_out_free(&out);
}

static void check_book(const struct sg_book *book, uint64_t records)
{
    struct sg_outbuf out = {0};
    uint64_t verdicts = 0, stretches = 0;

    for (int i = SG_BENIGN; i <= SG_MALICIOUS; i++)
        verdicts += book->verdicts[i];
    for (size_t i = 0; i < book->timeline.count; i++)
        stretches += book->timeline.stretches[i].blocked + book->timeline.stretches[i].logged;
    CHECK(book->records == records && verdicts == records && stretches == records);
    CHECK(book->blocked <= records && book->first <= book->last);
    sg_report_text(&out, book);
    check_plain(&out);
    sg_out_free(&out);
    check_page(book);
    check_metrics(book);
}

/* Lines as `report` takes them: one that holds a NUL is no record. */
static uint64_t take_line(struct sg_book *book, const uint8_t *at, size_t len)
{
    char *line = malloc(len + 1), *kept;
    struct sg_entry entry;
    uint64_t counted = 0;

    CHECK(line);
    memcpy(line, at, len);
    line[len] = '\0';
    kept = strdup(line);
    CHECK(kept);
    if (strlen(line) == len && sg_entry_read(line, &entry)) {
        check_entry(kept, &entry);
        sg_book_add(book, &entry);
        counted = strcmp(entry.rule, "left-out") != 0;
    }
    free(kept);
    free(line);
    return counted;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sg_book book = {.logs = 1};
    uint64_t records = 0;

    for (size_t at = 0; at < size;) {
        const uint8_t *end = memchr(data + at, '\n', size - at);
        size_t len = end ? (size_t)(end - data) - at : size - at;

        records += take_line(&book, data + at, len);
        at += len + 1;
    }
    sg_book_close(&book);
    check_book(&book, records);
    sg_book_free(&book);
    return 0;
}
