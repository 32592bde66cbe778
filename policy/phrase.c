/* phrase.c - text put together in a caller's buffer. */
#include "policy/phrase.h"

#include "ground/quote.h"

#define QUOTED_MAX 60u

struct sg_phrase sg_phrase_open(char *into, size_t cap)
{
    if (cap)
        into[0] = '\0';
    return (struct sg_phrase){.into = into, .cap = cap};
}

void sg_phrase_add(struct sg_phrase *phrase, struct sg_text text)
{
    if (phrase->cap > 0 && phrase->len < phrase->cap - 1) {
        size_t room = phrase->cap - 1 - phrase->len;
        size_t len = text.len < room ? text.len : room;
        if (len)
            memcpy(phrase->into + phrase->len, text.at, len);
        phrase->into[phrase->len + len] = '\0';
    }
    phrase->len += text.len;
}

void sg_phrase_string(struct sg_phrase *phrase, const char *string)
{
    sg_phrase_add(phrase, sg_text_of(string));
}

void sg_phrase_number(struct sg_phrase *phrase, uint64_t number)
{
    char digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    sg_phrase_add(phrase, (struct sg_text){digits + at, sizeof(digits) - at});
}

static void add_quoted(struct sg_phrase *phrase, const char *text, size_t most,
                       size_t (*quote)(const char **text, char piece[SG_QUOTE_MOST]))
{
    const char *end = text + strnlen(text, most);
    char piece[SG_QUOTE_MOST];

    while (text < end) {
        size_t len = quote(&text, piece);
        sg_phrase_add(phrase, (struct sg_text){piece, len});
    }
    if (*text)
        sg_phrase_string(phrase, "…");
}

void sg_phrase_json(struct sg_phrase *phrase, const char *text, size_t most)
{
    sg_phrase_string(phrase, "\"");
    add_quoted(phrase, text, most, sg_quote_json);
    sg_phrase_string(phrase, "\"");
}

void sg_phrase_plain(struct sg_phrase *phrase, const char *text, size_t most)
{
    add_quoted(phrase, text, most, sg_quote_plain);
}

static void add_escaped(struct sg_phrase *phrase, char byte)
{
    static const char hex[] = "0123456789abcdef";

    if (byte >= ' ' && byte <= '~') {
        sg_phrase_add(phrase, (struct sg_text){&byte, 1});
    } else {
        char escaped[] = {'\\', 'x', hex[(uint8_t)byte >> 4], hex[(uint8_t)byte & 15]};
        sg_phrase_add(phrase, (struct sg_text){escaped, sizeof(escaped)});
    }
}

void sg_phrase_quote(struct sg_phrase *phrase, struct sg_text text)
{
    size_t shown = text.len < QUOTED_MAX ? text.len : QUOTED_MAX;

    sg_phrase_string(phrase, "'");
    for (size_t i = 0; i < shown; i++)
        add_escaped(phrase, text.at[i]);
    sg_phrase_string(phrase, shown < text.len ? "...'" : "'");
}
