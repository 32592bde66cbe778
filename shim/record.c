/* record.c - records as text and as JSON. */
#include "shim/record.h"

#include "shim/raw.h"

#include <limits.h>

/* SG_RECORD_MAX: two paths and SG_REASONS_MAX reasons, six bytes for each of theirs at worst. */
#define DETAIL_MAX 1024u
#define MEMBER_MAX 512u
#define RULE_MAX 64u
_Static_assert(SG_RECORD_MAX >
                   6 * (2 * PATH_MAX + SG_REASONS_MAX * (DETAIL_MAX + MEMBER_MAX + RULE_MAX + 64)),
               "a record may be cut");

static void add(struct sg_phrase *phrase, const char *text)
{
    sg_phrase_string(phrase, text);
}

static void add_padded(struct sg_phrase *phrase, uint64_t number, unsigned digits)
{
    char text[20];

    for (unsigned at = digits; at > 0; number /= 10)
        text[--at] = (char)('0' + number % 10);
    sg_phrase_add(phrase, (struct sg_text){text, digits});
}

/* 0..1 with some decimals. What is no number counts as the worst. */
static void add_share(struct sg_phrase *phrase, double share, unsigned digits)
{
    uint64_t unit = 1;

    for (unsigned i = 0; i < digits; i++)
        unit *= 10;
    uint64_t parts = share >= 0 && share < 1 ? (uint64_t)(share * (double)unit + 0.5)
                     : share < 0             ? 0
                                             : unit;
    sg_phrase_number(phrase, parts / unit);
    add(phrase, ".");
    add_padded(phrase, parts % unit, digits);
}

void sg_record_reason(const struct sg_record *record, struct sg_phrase *phrase)
{
    const struct sg_report *report = record->report;

    if (report->reason_count == 0) {
        add(phrase, sg_verdict_name(record->verdict));
        add(phrase, " ");
        add_share(phrase, report->score, 3);
        return;
    }
    const struct sg_reason *first = &report->reasons[0];
    sg_phrase_plain(phrase, first->detail, DETAIL_MAX);
    if (record->event == SG_EVENT_FIND_CLASS || record->event == SG_EVENT_EFFECT ||
        record->event == SG_EVENT_START)
        return; /* the path says where */
    add(phrase, " at byte ");
    sg_phrase_number(phrase, first->offset);
    if (first->member[0]) {
        add(phrase, " of ");
        sg_phrase_plain(phrase, first->member, MEMBER_MAX);
    }
}

void sg_record_line(const struct sg_record *record, struct sg_phrase *phrase)
{
    const struct sg_report *report = record->report;

    add(phrase, record->action == SG_BLOCK ? "safeguard: blocked " : "safeguard: logged ");
    sg_phrase_plain(phrase, record->path, PATH_MAX);
    add(phrase, ": ");
    add(phrase, sg_verdict_name(record->verdict));
    add(phrase, " ");
    add_share(phrase, report->score, 3);
    if (report->coverage == SG_PARTIAL)
        add(phrase, ", not fully analysed");
    if (report->coverage == SG_NONE)
        add(phrase, ", not analysed");
    if (report->reason_count) {
        add(phrase, ": ");
        sg_record_reason(record, phrase);
    }
    if (record->left_out) {
        add(phrase, " (");
        sg_phrase_number(phrase, record->left_out);
        add(phrase, record->left_out == 1 ? " record" : " records");
        add(phrase, " before it left out)");
    }
}

/* 2026-01-31T23:59:59.123Z. The calendar is counted from the first of March of the year 0, so
 * that the leap day is a year's last. */
void sg_record_time(struct sg_phrase *phrase)
{
    uint64_t now = (uint64_t)sg_raw_clock(CLOCK_REALTIME) / 1000000;
    uint64_t second = now / 1000;
    uint64_t days = second / 86400 + 719468;
    uint64_t era = days / 146097, day = days % 146097;
    uint64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;

    day -= 365 * year + year / 4 - year / 100;
    uint64_t month = (5 * day + 2) / 153;
    add_padded(phrase, era * 400 + year + (month >= 10), 4);
    add(phrase, "-");
    add_padded(phrase, month < 10 ? month + 3 : month - 9, 2);
    add(phrase, "-");
    add_padded(phrase, day - (153 * month + 2) / 5 + 1, 2);
    add(phrase, "T");
    add_padded(phrase, second / 3600 % 24, 2);
    add(phrase, ":");
    add_padded(phrase, second / 60 % 60, 2);
    add(phrase, ":");
    add_padded(phrase, second % 60, 2);
    add(phrase, ".");
    add_padded(phrase, now % 1000, 3);
    add(phrase, "Z");
}

static void add_key(struct sg_phrase *phrase, const char *key)
{
    add(phrase, ",\"");
    add(phrase, key);
    add(phrase, "\":");
}

static void add_string(struct sg_phrase *phrase, const char *key, const char *value, size_t most)
{
    add_key(phrase, key);
    sg_phrase_json(phrase, value, most);
}

static void add_number(struct sg_phrase *phrase, const char *key, uint64_t value)
{
    add_key(phrase, key);
    sg_phrase_number(phrase, value);
}

static void add_reasons(struct sg_phrase *phrase, const struct sg_report *report)
{
    add_key(phrase, "reasons");
    add(phrase, "[");
    for (uint32_t i = 0; i < report->reason_count && i < SG_REASONS_MAX; i++) {
        const struct sg_reason *reason = &report->reasons[i];
        add(phrase, i ? ",{\"rule\":" : "{\"rule\":");
        sg_phrase_json(phrase, reason->rule, RULE_MAX);
        add_string(phrase, "detail", reason->detail, DETAIL_MAX);
        add_string(phrase, "member", reason->member, MEMBER_MAX);
        add_number(phrase, "offset", reason->offset);
        add_key(phrase, "weight");
        add_share(phrase, reason->weight, 6);
        add(phrase, "}");
    }
    add(phrase, "]");
}

static void add_sha256(struct sg_phrase *phrase, const uint8_t *sha256)
{
    static const char digits[] = "0123456789abcdef";
    char hex[65] = "";

    for (unsigned i = 0; i < 32; i++) {
        hex[2 * i] = digits[sha256[i] >> 4];
        hex[2 * i + 1] = digits[sha256[i] & 15];
    }
    add_string(phrase, "sha256", hex, sizeof(hex));
}

const char *sg_record_event(const struct sg_record *record)
{
    static const char *const events[] = {
        [SG_EVENT_OPEN] = "open",     [SG_EVENT_READ] = "read",
        [SG_EVENT_MMAP] = "mmap",     [SG_EVENT_FIND_CLASS] = "find_class",
        [SG_EVENT_EFFECT] = "effect", [SG_EVENT_START] = "start",
    };

    return events[record->event];
}

void sg_record_json(const struct sg_record *record, struct sg_phrase *phrase)
{
    const struct sg_report *report = record->report;

    add(phrase, "{\"ts\":\"");
    sg_record_time(phrase);
    add(phrase, "\"");
    add_number(phrase, "pid", record->pid ? record->pid : (uint64_t)SG_RAW(SYS_getpid));
    add_number(phrase, "tid", record->tid ? record->tid : (uint64_t)SG_RAW(SYS_gettid));
    add_string(phrase, "exe", record->exe, PATH_MAX);
    add_string(phrase, "event", sg_record_event(record), RULE_MAX);
    add_string(phrase, "path", record->path, PATH_MAX);
    add_string(phrase, "verdict", sg_verdict_name(record->verdict), RULE_MAX);
    add_key(phrase, "score");
    add_share(phrase, report->score, 6);
    add_string(phrase, "coverage", sg_coverage_name(report->coverage), RULE_MAX);
    add_string(phrase, "action", record->action == SG_BLOCK ? "block" : "log", RULE_MAX);
    add_string(phrase, "format", report->format, RULE_MAX);
    add_number(phrase, "size", report->size);
    add_reasons(phrase, report);
    add_number(phrase, "micros", record->micros);
    if (record->sha256)
        add_sha256(phrase, record->sha256);
    if (record->left_out)
        add_number(phrase, "left_out", record->left_out);
    add(phrase, "}");
}
