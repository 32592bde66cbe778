/* report_json.h - reads one JSON value, piece by piece, in place.
 *
 *     struct sg_json json = sg_json_open(line);
 *     sg_json_enter(&json, '{');
 *     while (sg_json_next(&json, '}')) {
 *         char *key = sg_json_key(&json);
 *         … sg_json_string(&json), sg_json_number(&json) or sg_json_skip(&json)
 *     }
 *     if (!sg_json_close(&json)) the line is no such JSON.
 *
 * After a mistake everything answers "", 0 or false, and nothing is read any more.
 */
#ifndef SG_REPORT_JSON_H
#define SG_REPORT_JSON_H

#include <stdbool.h>

struct sg_json {
    char *at; /* NUL-terminated */
    bool bad;
    bool entered; /* an object or array was just begun */
};

struct sg_json sg_json_open(char *text);

/* Begins an object '{' or an array '['. */
void sg_json_enter(struct sg_json *json, char bracket);

/* Whether another element follows; else the closing bracket has been read. */
bool sg_json_next(struct sg_json *json, char bracket);

/* Strings are decoded where they stand. \udc80 to \udcff are the bytes 0x80 to 0xff, as Python's
 * "surrogateescape" has them; \u0000 and other lone surrogates are mistakes. */
char *sg_json_key(struct sg_json *json);
char *sg_json_string(struct sg_json *json);
double sg_json_number(struct sg_json *json);

/* Passes over one value of any kind, nested at most 32 deep. */
void sg_json_skip(struct sg_json *json);

/* Whether there was no mistake and nothing but blanks is left. */
bool sg_json_close(struct sg_json *json);

#endif
