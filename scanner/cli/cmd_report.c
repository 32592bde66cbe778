/* cmd_report.c - adds up what logs of the guard hold. */
#include "cli/cli.h"
#include "cli/heap.h"
#include "cli/report_book.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_MAX_BYTES (1u << 20) /* the guard's longest record is a quarter of it */

/* A line without its end into `line`; its length, or -1 at the end of the log. One that is too
 * long is cut, so that it is no record. */
static long read_line(FILE *log, char *line)
{
    long len = 0;
    int byte = getc_unlocked(log);

    if (byte == EOF)
        return -1;
    for (; byte != EOF && byte != '\n'; byte = getc_unlocked(log)) {
        if (len < (long)LINE_MAX_BYTES)
            line[len++] = (char)byte;
    }
    line[len] = '\0';
    return len;
}

static void tell_bad(const char *path, uint64_t bad, uint64_t first)
{
    struct sg_outbuf out = {0};

    sg_out_text(&out, "safeguard: report: ");
    sg_out_plain(&out, path);
    sg_out_text(&out, ": ");
    sg_report_count(&out, bad, "line is no record: line ",
                    "lines are no records, the first is line ");
    sg_out_format(&out, "%llu\n", (unsigned long long)first);
    (void)sg_out_write(&out, STDERR_FILENO);
    sg_out_free(&out);
}

static void read_records(FILE *log, const char *path, struct sg_book *book)
{
    char *line = sg_heap_grow(NULL, LINE_MAX_BYTES + 1);
    uint64_t number = 0, bad = 0, first_bad = 0;
    struct sg_entry entry;
    long len;

    while ((len = read_line(log, line)) >= 0) {
        number++;
        if (len == 0)
            continue;
        if ((size_t)len == strlen(line) && sg_entry_read(line, &entry)) {
            sg_book_add(book, &entry);
            continue;
        }
        if (bad++ == 0)
            first_bad = number;
    }
    free(line);
    book->bad += bad;
    if (bad)
        tell_bad(path, bad, first_bad);
}

/* 0, or an errno. */
static int read_log(const char *path, struct sg_book *book)
{
    struct stat st;
    FILE *log = fopen(path, "re");

    if (!log)
        return errno;
    int problem = fstat(fileno(log), &st) == 0 && S_ISDIR(st.st_mode) ? EISDIR : 0;
    if (!problem) {
        book->logs++;
        read_records(log, path, book);
        problem = ferror(log) ? EIO : 0;
    }
    fclose(log);
    return problem;
}

static bool take_log(const char *path, struct sg_book *book)
{
    int problem = read_log(path, book);

    if (problem)
        fprintf(stderr, "safeguard: report: %s: %s\n", path, strerror(problem));
    return problem == 0;
}

static void write_report(struct sg_outbuf *out, const struct sg_book *book, enum sg_format format)
{
    if (format == SG_HTML)
        sg_report_html(out, book);
    else if (format == SG_PROMETHEUS)
        sg_report_prometheus(out, book);
    else
        sg_report_text(out, book);
}

int sg_cmd_report(const struct sg_verb *verb, const struct sg_cmdline *options, char **args)
{
    struct sg_book book = {0};
    struct sg_outbuf out = {0};
    bool all_read = true;

    if (!args[0]) {
        fprintf(stderr, "safeguard: report on what? see: safeguard help %s\n", verb->name);
        return SG_EXIT_TROUBLE;
    }
    for (; *args; args++)
        all_read &= take_log(*args, &book);
    sg_book_close(&book);
    write_report(&out, &book, options->format);
    bool written = sg_out_write(&out, STDOUT_FILENO);
    if (!written)
        fprintf(stderr, "safeguard: report: cannot be written: %s\n", strerror(errno));
    sg_out_free(&out);
    sg_book_free(&book);
    return all_read && written ? SG_EXIT_OK : SG_EXIT_TROUBLE;
}
