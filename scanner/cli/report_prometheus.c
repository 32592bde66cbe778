/* report_prometheus.c - a report as metrics in Prometheus' text format, for node_exporter's
 * textfile collector (https://prometheus.io/docs/instrumenting/exposition_formats/). */
#include "cli/report_book.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void add_help(struct sg_outbuf *out, const char *name, const char *type, const char *help)
{
    sg_out_format(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A label's value: \, " and line feeds are escaped; what is no plain text is \xNN already. */
static void add_value(struct sg_outbuf *out, const char *text, size_t len)
{
    struct sg_outbuf plain = {0};
    char *cut = strndup(text, len);

    if (cut)
        sg_out_plain(&plain, cut);
    for (size_t i = 0; i < plain.len; i++) {
        if (plain.text[i] == '"' || plain.text[i] == '\\')
            sg_out_bytes(out, "\\", 1);
        sg_out_bytes(out, &plain.text[i], 1);
    }
    sg_out_free(&plain);
    free(cut);
}

static void add_label(struct sg_outbuf *out, const char *key, const char *text, size_t len)
{
    sg_out_format(out, "%s=\"", key);
    add_value(out, text, len);
    sg_out_text(out, "\"");
}

/* "event action verdict"; only the event may hold blanks of its own. */
static void add_kind(struct sg_outbuf *out, const struct sg_ranked *row)
{
    const char *verdict = strrchr(row->name, ' ');
    const char *action = verdict - 1;

    while (action > row->name && action[-1] != ' ')
        action--;
    sg_out_text(out, "safeguard_records_total{");
    add_label(out, "event", row->name, (size_t)(action - row->name - 1));
    add_label(out, ",action", action, (size_t)(verdict - action));
    add_label(out, ",verdict", verdict + 1, strlen(verdict + 1));
    sg_out_format(out, "} %" PRIu64 "\n", sg_ranked_all(row));
}

static void add_counts(struct sg_outbuf *out, const char *metric, const char *key,
                       const struct sg_ranking *ranking)
{
    for (size_t i = 0; i < ranking->count; i++) {
        const struct sg_ranked *row = &ranking->rows[i];
        for (int blocked = 1; blocked >= 0; blocked--) {
            sg_out_format(out, "%s{", metric);
            add_label(out, key, row->name, strlen(row->name));
            sg_out_format(out, ",action=\"%s\"} %" PRIu64 "\n", blocked ? "block" : "log",
                          blocked ? row->blocked : row->logged);
        }
    }
}

static void add_durations(struct sg_outbuf *out, const struct sg_book *book)
{
    uint64_t sum = 0;

    add_help(out, "safeguard_vetting_seconds", "histogram", "How long vetting took, by record.");
    for (size_t i = 0; i < SG_DURATIONS - 1; i++) {
        sum += book->durations[i];
        sg_out_format(out, "safeguard_vetting_seconds_bucket{le=\"%g\"} %" PRIu64 "\n",
                      sg_duration_bounds[i], sum);
    }
    sg_out_format(out,
                  "safeguard_vetting_seconds_bucket{le=\"+Inf\"} %" PRIu64
                  "\nsafeguard_vetting_seconds_sum %.6f\nsafeguard_vetting_seconds_count %" PRIu64
                  "\n",
                  book->records, book->seconds, book->records);
}

void sg_report_prometheus(struct sg_outbuf *out, const struct sg_book *book)
{
    add_help(out, "safeguard_records_total", "counter", "Records in the log.");
    for (size_t i = 0; i < book->kinds.count; i++)
        add_kind(out, &book->kinds.rows[i]);
    add_help(out, "safeguard_rule_records_total", "counter",
             "Records by their first reason's rule.");
    add_counts(out, "safeguard_rule_records_total", "rule", &book->rules);
    add_help(out, "safeguard_format_records_total", "counter", "Records by the file's format.");
    add_counts(out, "safeguard_format_records_total", "format", &book->formats);
    add_help(out, "safeguard_files", "gauge", "Different files in the log.");
    sg_out_format(out, "safeguard_files %zu\n", book->files.count);
    add_help(out, "safeguard_processes", "gauge", "Different processes in the log.");
    sg_out_format(out, "safeguard_processes %zu\n", book->processes.count);
    add_help(out, "safeguard_bad_lines_total", "counter", "Lines of the log that are no records.");
    sg_out_format(out, "safeguard_bad_lines_total %" PRIu64 "\n", book->bad);
    add_help(out, "safeguard_left_out_total", "counter",
             "Records that were too many, or that the log did not take.");
    sg_out_format(out, "safeguard_left_out_total %" PRIu64 "\n", book->left_out);
    add_durations(out, book);
    if (!book->records)
        return;
    add_help(out, "safeguard_last_record_timestamp_seconds", "gauge",
             "When the last record was made.");
    sg_out_format(out, "safeguard_last_record_timestamp_seconds %" PRId64 "\n", book->last);
}
