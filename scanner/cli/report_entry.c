/* report_entry.c - a line of JSON becomes a record. */
#include "cli/report_entry.h"

#include "cli/report_json.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* What the keys of a line lead to; `verdict` and `action` are looked at afterwards. */
struct draft {
    struct sg_entry entry;
    const char *verdict;
    const char *action;
};

struct field {
    const char *key;
    bool number;
    size_t offset; /* in struct draft */
};

#define TEXT(key_, member) {key_, false, offsetof(struct draft, member)}
#define NUMBER(key_, member) {key_, true, offsetof(struct draft, member)}

static const struct field fields[] = {
    TEXT("ts", entry.ts),           TEXT("exe", entry.exe),          TEXT("event", entry.event),
    TEXT("path", entry.path),       TEXT("format", entry.format),    TEXT("verdict", verdict),
    TEXT("action", action),         NUMBER("pid", entry.pid),        NUMBER("score", entry.score),
    NUMBER("micros", entry.micros),
};

static const struct field *field_of(const char *key)
{
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (strcmp(fields[i].key, key) == 0)
            return &fields[i];
    return NULL;
}

static void read_reason(struct sg_json *json, struct sg_entry *entry)
{
    sg_json_enter(json, '{');
    while (sg_json_next(json, '}')) {
        const char *key = sg_json_key(json);
        if (strcmp(key, "rule") == 0)
            entry->rule = sg_json_string(json);
        else if (strcmp(key, "detail") == 0)
            entry->detail = sg_json_string(json);
        else
            sg_json_skip(json);
    }
}

static void read_reasons(struct sg_json *json, struct sg_entry *entry)
{
    bool first = true;

    sg_json_enter(json, '[');
    while (sg_json_next(json, ']')) {
        if (first)
            read_reason(json, entry);
        else
            sg_json_skip(json);
        first = false;
    }
}

static void read_field(struct sg_json *json, struct draft *draft, const char *key)
{
    const struct field *field = field_of(key);

    if (strcmp(key, "reasons") == 0)
        read_reasons(json, &draft->entry);
    else if (!field)
        sg_json_skip(json);
    else if (field->number)
        *(double *)((char *)draft + field->offset) = sg_json_number(json);
    else
        *(const char **)((char *)draft + field->offset) = sg_json_string(json);
}

static bool verdict_of(const char *name, enum sg_verdict *verdict)
{
    for (int i = SG_BENIGN; i <= SG_MALICIOUS; i++) {
        if (strcmp(name, sg_verdict_name((enum sg_verdict)i)) == 0) {
            *verdict = (enum sg_verdict)i;
            return true;
        }
    }
    return false;
}

/* 2026-01-31T23:59:59.123Z; times of other zones are not ours. */
static bool time_of(const char *ts, int64_t *when)
{
    struct tm parts = {0};
    char zone = '\0', extra = '\0';
    int zone_at = 0;

    if (sscanf(ts, "%4d-%2d-%2dT%2d:%2d:%2d%n", &parts.tm_year, &parts.tm_mon, &parts.tm_mday,
               &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &zone_at) != 6)
        return false;
    ts += zone_at;
    if (*ts == '.')
        ts += 1 + strspn(ts + 1, "0123456789");
    if (sscanf(ts, "%c%c", &zone, &extra) != 1 || zone != 'Z' || parts.tm_year < 1970 ||
        parts.tm_year >= 2200 || parts.tm_mon < 1 || parts.tm_mon > 12 || parts.tm_mday < 1 ||
        parts.tm_mday > 31 || parts.tm_hour < 0 || parts.tm_hour > 23 || parts.tm_min < 0 ||
        parts.tm_min > 59 || parts.tm_sec < 0 || parts.tm_sec > 60)
        return false;
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    *when = (int64_t)timegm(&parts);
    return true;
}

bool sg_entry_read(char *line, struct sg_entry *entry)
{
    struct draft draft = {.entry = {.exe = "", .format = "", .rule = "", .detail = ""}};
    struct sg_json json = sg_json_open(line);

    sg_json_enter(&json, '{');
    while (sg_json_next(&json, '}')) {
        const char *key = sg_json_key(&json);
        read_field(&json, &draft, key);
    }
    if (!sg_json_close(&json) || !draft.entry.ts || !draft.entry.event || !draft.entry.path ||
        !draft.verdict || !draft.action)
        return false;
    draft.entry.blocked = strcmp(draft.action, "block") == 0;
    if ((!draft.entry.blocked && strcmp(draft.action, "log") != 0) ||
        !verdict_of(draft.verdict, &draft.entry.verdict) ||
        !time_of(draft.entry.ts, &draft.entry.when))
        return false;
    *entry = draft.entry;
    return true;
}

void sg_entry_when(int64_t when, char text[SG_WHEN_MAX])
{
    time_t seconds = (time_t)when;
    struct tm parts;

    text[0] = '\0';
    if (gmtime_r(&seconds, &parts))
        strftime(text, SG_WHEN_MAX, "%Y-%m-%d %H:%M:%S", &parts);
}
