/* grams.c - the letters and words of a name, hashed. */
#include "judge/grams.h"

#define TEXT_MAX 160u
#define TOKEN_MAX 24u

/* FNV-1a with a finish, as for names. */
static uint16_t slot(char kind, const char *at, size_t len)
{
    uint64_t hash = sg_fnv_more(sg_fnv_more(SG_FNV_EMPTY, &kind, 1), at, len);

    hash ^= hash >> 32;
    hash *= 0x9e3779b97f4a7c15ULL;
    return (uint16_t)(hash >> (64 - SG_GRAM_BITS));
}

static void add(struct sg_grams *out, char kind, const char *at, size_t len)
{
    if (out->count < SG_GRAMS_MAX)
        out->at[out->count++] = slot(kind, at, len);
}

static bool upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool letter(char c)
{
    return upper(c) || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c & 0x80);
}

static char plain(char c)
{
    return upper(c) ? (char)(c + 32) : c >= '0' && c <= '9' ? '0' : c;
}

/* Words: `runCode_fast` is run, code, fast. */
static void words(struct sg_grams *out, char kind, const char *at, size_t len)
{
    char token[TOKEN_MAX];
    size_t used = 0;

    for (size_t i = 0; i <= len; i++) {
        bool ends = i == len || !letter(at[i]) || (i > 0 && upper(at[i]) && !upper(at[i - 1]));

        if (ends && used > 0) {
            add(out, kind, token, used);
            used = 0;
        }
        if (i < len && letter(at[i]) && used < TOKEN_MAX)
            token[used++] = plain(at[i]);
    }
}

static void triples(struct sg_grams *out, const char *at, size_t len)
{
    char window[3] = {'^', '^', '^'};

    for (size_t i = 0; i <= len; i++) {
        window[0] = window[1];
        window[1] = window[2];
        window[2] = i < len ? plain(at[i]) : '$';
        if (i > 0)
            add(out, '3', window, sizeof(window));
    }
}

static struct sg_text end_of(struct sg_text text)
{
    return text.len > TEXT_MAX ? (struct sg_text){text.at + text.len - TEXT_MAX, TEXT_MAX} : text;
}

void sg_grams_of(struct sg_text module, struct sg_text qualname, struct sg_grams *out)
{
    struct sg_text name = end_of(qualname), from = end_of(module), last = name;
    const char *dot = name.len ? memrchr(name.at, '.', name.len) : NULL;

    out->count = 0;
    if (dot)
        last = (struct sg_text){dot + 1, (size_t)(name.at + name.len - dot - 1)};
    words(out, 'n', last.at, last.len);
    triples(out, last.at, last.len < 32 ? last.len : 32);
    words(out, 'a', name.at, name.len - last.len);
    words(out, 'm', from.at, from.len);
}
