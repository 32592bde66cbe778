/* parse.c - the text of a policy file: inih finds the parts of a line, the table what they mean.
 *
 * inih passes over a heading without keys and text behind a heading, and cuts lines that are too
 * long for it: each line is looked at before inih sees it. */
#include "policy/refusal.h"

#include <ini.h>

struct reading {
    struct sg_policy next; /* becomes the policy when the whole text is good */
    struct sg_text text;
    size_t at;                 /* how much of the text inih was given */
    unsigned line;             /* that it was given last, from 1 */
    unsigned seen[SG_OPTIONS]; /* the line that set each key; 0: none */
    enum sg_status status;     /* once it is not SG_OK, nothing more is read */
    struct sg_policy_error *error;
};

static void refuse(struct reading *reading, const char *message)
{
    sg_refusal_say(reading->error, reading->line, message);
    reading->status = SG_ERR_FORMAT;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static bool is_control(char c)
{
    return ((uint8_t)c < ' ' && c != '\t') || c == 0x7f;
}

static void check_bytes(struct reading *reading, struct sg_text line)
{
    if (line.len && line.at[line.len - 1] == '\r')
        line.len--;
    if (line.len > SG_POLICY_LINE_MAX) {
        refuse(reading, "line longer than 8192 bytes");
        return;
    }
    for (size_t i = 0; i < line.len && reading->status == SG_OK; i++) {
        if (!is_control(line.at[i]))
            continue;
        struct sg_phrase message = sg_refusal_open(reading->error, reading->line);
        sg_phrase_string(&message, "control character ");
        sg_phrase_quote(&message, (struct sg_text){line.at + i, 1});
        reading->status = SG_ERR_FORMAT;
    }
}

static bool is_section(struct sg_text name)
{
    for (size_t i = 0; i < SG_OPTIONS; i++)
        if (sg_text_is(name, sg_options[i].section))
            return true;
    return false;
}

static void check_heading(struct reading *reading, struct sg_text line)
{
    const char *end = memchr(line.at, ']', line.len);

    if (!end) {
        refuse(reading, "'[' without its ']'");
        return;
    }
    size_t after = (size_t)(end - line.at) + 1;
    struct sg_text name = {line.at + 1, after - 2};
    if (!is_section(name)) {
        sg_refusal_section(reading->error, reading->line, name);
        reading->status = SG_ERR_FORMAT;
        return;
    }
    while (after < line.len && is_blank(line.at[after]))
        after++;
    if (after < line.len)
        refuse(reading, "text behind ']'; comments stand on lines of their own");
}

static void check_line(struct reading *reading, struct sg_text rest)
{
    const char *end = memchr(rest.at, '\n', rest.len);
    struct sg_text line = {rest.at, end ? (size_t)(end - rest.at) : rest.len};

    reading->line++;
    check_bytes(reading, line);
    if (reading->line == 1 && sg_text_starts(line, SG_TEXT("\xef\xbb\xbf")))
        line = (struct sg_text){line.at + 3, line.len - 3};
    while (line.len && is_blank(*line.at))
        line = (struct sg_text){line.at + 1, line.len - 1};
    if (reading->status == SG_OK && line.len && *line.at == '[')
        check_heading(reading, line);
}

/* As fgets: at most one line, and of a long one as much as there is room for. */
static char *next_line(char *into, int room, void *stream)
{
    struct reading *reading = stream;
    struct sg_text rest = {reading->text.at + reading->at, reading->text.len - reading->at};
    size_t len = 0;

    if (rest.len && (reading->at == 0 || rest.at[-1] == '\n'))
        check_line(reading, rest);
    if (reading->status != SG_OK || rest.len == 0 || room < 2)
        return NULL;
    while (len < rest.len && len < (size_t)room - 1 && (len == 0 || rest.at[len - 1] != '\n'))
        len++;
    memcpy(into, rest.at, len);
    into[len] = '\0';
    reading->at += len;
    return into;
}

static bool holds_comment(struct sg_text value)
{
    for (size_t i = 0; i < value.len; i++)
        if ((value.at[i] == ';' || value.at[i] == '#') && (i == 0 || is_blank(value.at[i - 1])))
            return true;
    return false;
}

static void set_value(struct reading *reading, const struct sg_option *option, struct sg_text value)
{
    char words[256];
    struct sg_phrase why = sg_phrase_open(words, sizeof(words));
    char *kept = sg_arena_copy(reading->next.arena, value.at, value.len);

    if (holds_comment(value)) {
        sg_phrase_string(&why, "comments stand on lines of their own");
        reading->status = SG_ERR_FORMAT;
    } else if (!kept) {
        reading->status = SG_ERR_MEMORY;
    } else {
        struct sg_text lasting = {kept, value.len};
        reading->status = sg_option_set(option, &reading->next, lasting, &why);
    }
    if (reading->status == SG_ERR_FORMAT)
        sg_refusal_value(reading->error, reading->line, option, value, words);
    else if (reading->status != SG_OK)
        sg_refusal_say(reading->error, reading->line, "too many entries");
}

static int take_value(void *user, const char *section, const char *key, const char *value)
{
    struct reading *reading = user;
    const struct sg_option *option = sg_option_find(section, key);
    unsigned *seen = option ? &reading->seen[option - sg_options] : NULL;

    if (!option) {
        sg_refusal_key(reading->error, reading->line, section, key);
        reading->status = SG_ERR_FORMAT;
    } else if (*seen && !sg_option_is_list(option)) {
        sg_refusal_twice(reading->error, reading->line, option, *seen);
        reading->status = SG_ERR_FORMAT;
    } else {
        *seen = reading->line;
        set_value(reading, option, sg_text_of(value));
    }
    return reading->status == SG_OK;
}

static void check_thresholds(struct reading *reading)
{
    unsigned suspicious = reading->seen[sg_option_find("thresholds", "suspicious") - sg_options];
    unsigned malicious = reading->seen[sg_option_find("thresholds", "malicious") - sg_options];

    if (reading->status != SG_OK || reading->next.suspicious <= reading->next.malicious)
        return;
    reading->line = suspicious > malicious ? suspicious : malicious;
    refuse(reading, "'malicious' in [thresholds] is below 'suspicious'");
}

enum sg_status sg_policy_parse(struct sg_policy *policy, struct sg_text text, const char *file,
                               struct sg_policy_error *error)
{
    struct reading reading = {.next = *policy, .text = text, .error = error};
    size_t mark = policy->arena->used;

    *error = (struct sg_policy_error){.file = file};
    int bad = ini_parse_stream(next_line, &reading, take_value, &reading);
    if (bad > 0 && (reading.status == SG_OK || (unsigned)bad < error->line)) {
        reading.line = (unsigned)bad;
        refuse(&reading, "neither a [section], nor 'key = value', nor a comment");
    } else if (bad < 0) {
        sg_refusal_say(error, reading.line, "no memory for a line");
        reading.status = SG_ERR_MEMORY;
    }
    check_thresholds(&reading);
    if (reading.status == SG_OK)
        *policy = reading.next;
    else
        policy->arena->used = mark;
    return reading.status;
}

void sg_policy_defaults(struct sg_policy *policy, struct sg_arena *arena)
{
    struct sg_phrase nobody = {0};

    *policy = (struct sg_policy){.arena = arena};
    for (const struct sg_option *o = sg_options; o < sg_options + SG_OPTIONS; o++) {
        if (sg_option_is_list(o))
            continue;
        if (sg_option_set(o, policy, sg_text_of(o->initial), &nobody) != SG_OK)
            __builtin_trap(); /* a row of our own table */
    }
}
