/* report_entry.c - a line of JSON becomes a record. */
#include "cli/report_entry.h"

#include "cli/report_json.h"

#include <stddef.h>
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

#define TEXT(key_, member)                                                                         \
    {                                                                                              \
        key_, false, offsetof(struct draft, member)                                                \
    }
#define NUMBER(key_, member)                                                                       \
    {                                                                                              \
        key_, true, offsetof(struct draft, member)                                                 \
    }

static const struct field fields[] = {
    TEXT("ts", entry.ts),
    TEXT("exe", entry.exe),
    TEXT("event", entry.event),
    TEXT("path", entry.path),
    TEXT("format", entry.format),
    TEXT("verdict", verdict),
    TEXT("action", action),
    NUMBER("pid", entry.pid),
    NUMBER("score", entry.score),
    NUMBER("micros", entry.micros),
    NUMBER("left_out", entry.left_out),
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
    void *into = field ? (char *)draft + field->offset : NULL;

    if (strcmp(key, "reasons") == 0)
        read_reasons(json, &draft->entry);
    else if (!field)
        sg_json_skip(json);
    else if (field->number)
        *(double *)into = sg_json_number(json);
    else
        *(const char **)into = sg_json_string(json);
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

/* `digits` of them at `*text`, then `mark`; moves behind it. */
static bool take_number(const char **text, unsigned digits, char mark, int *number)
{
    *number = 0;
    for (unsigned i = 0; i < digits; i++, (*text)++) {
        if (**text < '0' || **text > '9')
            return false;
        *number = *number * 10 + (**text - '0');
    }
    return *(*text)++ == mark;
}

static bool within(int number, int least, int most)
{
    return number >= least && number <= most;
}

/* 2026-01-31T23:59:59.123Z, always with three decimals and of this zone. */
static bool time_of(const char *ts, int64_t *when)
{
    struct tm parts = {0};
    int thousandths;

    if (!take_number(&ts, 4, '-', &parts.tm_year) || !take_number(&ts, 2, '-', &parts.tm_mon) ||
        !take_number(&ts, 2, 'T', &parts.tm_mday) || !take_number(&ts, 2, ':', &parts.tm_hour) ||
        !take_number(&ts, 2, ':', &parts.tm_min) || !take_number(&ts, 2, '.', &parts.tm_sec) ||
        !take_number(&ts, 3, 'Z', &thousandths) || *ts)
        return false;
    if (!within(parts.tm_year, 1970, 2199) || !within(parts.tm_mon, 1, 12) ||
        !within(parts.tm_mday, 1, 31) || !within(parts.tm_hour, 0, 23) ||
        !within(parts.tm_min, 0, 59) || !within(parts.tm_sec, 0, 60))
        return false;
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    *when = (int64_t)timegm(&parts);
    return true;
}

static bool in_range(const struct sg_entry *entry)
{
    return entry->score >= 0 && entry->score <= 1 && entry->micros >= 0 && entry->micros <= 1e12 &&
           entry->pid >= 0 && entry->pid <= 1e10 && entry->left_out >= 0 && entry->left_out <= 1e15;
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
        !time_of(draft.entry.ts, &draft.entry.when) || !in_range(&draft.entry))
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
