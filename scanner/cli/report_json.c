/* report_json.c - a small JSON reader for lines that the guard wrote. */
#include "cli/report_json.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 32u

struct sg_json sg_json_open(char *text)
{
    return (struct sg_json){.at = text};
}

static char peek(struct sg_json *json)
{
    json->at += strspn(json->at, " \t\r\n");
    return json->bad ? '\0' : *json->at;
}

static bool take(struct sg_json *json, char wanted)
{
    if (peek(json) != wanted || wanted == '\0') {
        json->bad = true;
        return false;
    }
    json->at++;
    return true;
}

void sg_json_enter(struct sg_json *json, char bracket)
{
    take(json, bracket);
    json->entered = true;
}

bool sg_json_next(struct sg_json *json, char bracket)
{
    bool first = json->entered;

    json->entered = false;
    if (peek(json) == bracket) {
        json->at++;
        return false;
    }
    return !json->bad && (first || take(json, ','));
}

static int hex4(const char *text)
{
    int value = 0;

    for (unsigned i = 0; i < 4; i++) {
        const char *digits = "0123456789abcdef";
        const char *found = text[i] ? strchr(digits, text[i] | 0x20) : NULL;
        if (!found || text[i] < '0')
            return -1;
        value = value * 16 + (int)(found - digits);
    }
    return value;
}

static char *put_utf8(char *to, unsigned code)
{
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xC0 | code >> 6);
        *to++ = (char)(0x80 | (code & 63));
    } else if (code < 0x10000) {
        *to++ = (char)(0xE0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 63));
        *to++ = (char)(0x80 | (code & 63));
    } else {
        *to++ = (char)(0xF0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 63));
        *to++ = (char)(0x80 | (code >> 6 & 63));
        *to++ = (char)(0x80 | (code & 63));
    }
    return to;
}

/* Behind "\u"; never writes more than it has read. */
static char *decode_unit(struct sg_json *json, char *to)
{
    int unit = hex4(json->at);

    if (unit <= 0) {
        json->bad = true;
        return to;
    }
    json->at += 4;
    if (unit < 0xD800 || unit > 0xDFFF)
        return put_utf8(to, (unsigned)unit);
    if (unit >= 0xDC80 && unit <= 0xDCFF) {
        *to = (char)(unit - 0xDC00);
        return to + 1;
    }
    int low = json->at[0] == '\\' && json->at[1] == 'u' ? hex4(json->at + 2) : -1;
    if (unit > 0xDBFF || low < 0xDC00 || low > 0xDFFF) {
        json->bad = true;
        return to;
    }
    json->at += 6;
    return put_utf8(to, 0x10000u + (((unsigned)unit - 0xD800u) << 10) + ((unsigned)low - 0xDC00u));
}

static char *decode_escape(struct sg_json *json, char *to)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    char letter = *json->at;
    const char *known = letter ? strchr(letters, letter) : NULL;

    if (letter == 'u') {
        json->at++;
        return decode_unit(json, to);
    }
    if (!known) {
        json->bad = true;
        return to;
    }
    json->at++;
    *to = meanings[known - letters];
    return to + 1;
}

char *sg_json_string(struct sg_json *json)
{
    static char none[1];

    if (!take(json, '"'))
        return none;
    char *from = json->at, *to = from;
    while (!json->bad && *json->at != '"') {
        if ((unsigned char)*json->at < ' ') {
            json->bad = true;
        } else if (*json->at == '\\') {
            json->at++;
            to = decode_escape(json, to);
        } else {
            *to++ = *json->at++;
        }
    }
    if (json->bad)
        return none;
    json->at++;
    *to = '\0';
    return from;
}

char *sg_json_key(struct sg_json *json)
{
    char *key = sg_json_string(json);

    take(json, ':');
    return key;
}

double sg_json_number(struct sg_json *json)
{
    char first = peek(json);
    char *end = json->at;

    if (first != '-' && (first < '0' || first > '9')) {
        json->bad = true;
        return 0;
    }
    double value = strtod(json->at, &end);
    json->bad |= end == json->at || strcspn(json->at, "xXnN") < (size_t)(end - json->at);
    json->at = end;
    return value;
}

static void skip_word(struct sg_json *json)
{
    static const char *const words[] = {"true", "false", "null"};

    for (unsigned i = 0; i < 3; i++) {
        size_t len = strlen(words[i]);
        if (strncmp(json->at, words[i], len) == 0) {
            json->at += len;
            return;
        }
    }
    (void)sg_json_number(json);
}

static void skip(struct sg_json *json, unsigned depth)
{
    char first = peek(json);
    char close = first == '{' ? '}' : ']';

    if (first == '"') {
        (void)sg_json_string(json);
        return;
    }
    if (first != '{' && first != '[') {
        skip_word(json);
        return;
    }
    json->bad |= depth == DEPTH_MAX;
    sg_json_enter(json, first);
    while (sg_json_next(json, close)) {
        if (first == '{')
            (void)sg_json_key(json);
        skip(json, depth + 1);
    }
}

void sg_json_skip(struct sg_json *json)
{
    skip(json, 0);
}

bool sg_json_close(struct sg_json *json)
{
    return peek(json) == '\0' && !json->bad;
}
