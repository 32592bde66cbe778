/* glob.c - shell patterns, run as a set of positions: no pattern makes it backtrack. */
#include "policy/glob.h"

struct glob {
    struct sg_text pattern;
    char separator; /* 0: none */
};

/* Positions in the pattern that the text so far can stand at, a bit each; the last is its end. */
#define POSITION_WORDS ((SG_GLOB_MAX + 1) / 64)

enum token_kind { TOKEN_BYTE, TOKEN_ANY, TOKEN_SET, TOKEN_STAR, TOKEN_STARS, TOKEN_FOLDERS };

struct token {
    enum token_kind kind;
    size_t len; /* bytes of the pattern */
};

/* Length of the set that begins at `at`; 0 when it has no end. */
static size_t set_length(struct sg_text pattern, size_t at)
{
    size_t i = at + 1;

    if (i < pattern.len && (pattern.at[i] == '!' || pattern.at[i] == '^'))
        i++;
    if (i < pattern.len && pattern.at[i] == ']')
        i++;
    while (i < pattern.len && pattern.at[i] != ']')
        i++;
    return i < pattern.len ? i + 1 - at : 0;
}

const char *sg_glob_fault(struct sg_text pattern)
{
    size_t step;

    if (pattern.len == 0)
        return "empty pattern";
    if (pattern.len > SG_GLOB_MAX)
        return "pattern longer than 4095 bytes";
    for (size_t i = 0; i < pattern.len; i += step) {
        step = pattern.at[i] == '[' ? set_length(pattern, i) : 1;
        if (step == 0)
            return "'[' without its ']'";
    }
    return NULL;
}

static struct token token_stars(const struct glob *glob, size_t at)
{
    struct sg_text pattern = glob->pattern;
    char separator = glob->separator;
    size_t len = 0;

    while (at + len < pattern.len && pattern.at[at + len] == '*')
        len++;
    if (len == 1)
        return (struct token){TOKEN_STAR, 1};
    if (separator && (at == 0 || pattern.at[at - 1] == separator) && at + len < pattern.len &&
        pattern.at[at + len] == separator)
        return (struct token){TOKEN_FOLDERS, len + 1};
    return (struct token){TOKEN_STARS, len};
}

static struct token token_at(const struct glob *glob, size_t at)
{
    switch (glob->pattern.at[at]) {
    case '*':
        return token_stars(glob, at);
    case '?':
        return (struct token){TOKEN_ANY, 1};
    case '[':
        return (struct token){TOKEN_SET, set_length(glob->pattern, at)};
    default:
        return (struct token){TOKEN_BYTE, 1};
    }
}

/* Makes a position live, and those behind it that take no byte to reach. One that is live was
 * entered, with all behind it: positions are stepped in ascending order, so that nothing enters
 * a TOKEN_FOLDERS after it has set its own bit. This keeps a step linear. */
static void enter(const struct glob *glob, uint64_t *live, size_t at)
{
    while (!(live[at / 64] >> at % 64 & 1)) {
        live[at / 64] |= 1ULL << at % 64;
        if (at == glob->pattern.len || glob->pattern.at[at] != '*')
            return;
        at += token_at(glob, at).len;
    }
}

static bool in_set(struct sg_text set, uint8_t byte)
{
    const uint8_t *item = (const uint8_t *)set.at + 1;
    const uint8_t *end = (const uint8_t *)set.at + set.len - 1;
    bool negated = *item == '!' || *item == '^';
    bool found = false;

    for (item += negated; item < end; item++) {
        if (end - item > 2 && item[1] == '-') {
            found |= item[0] <= byte && byte <= item[2];
            item += 2;
        } else {
            found |= *item == byte;
        }
    }
    return found != negated;
}

/* What one byte makes of one position. */
static void step(const struct glob *glob, uint64_t *next, size_t at, char byte)
{
    struct token token = token_at(glob, at);
    bool crosses = !glob->separator || byte != glob->separator;

    switch (token.kind) {
    case TOKEN_BYTE:
        if (byte == glob->pattern.at[at])
            enter(glob, next, at + 1);
        break;
    case TOKEN_ANY:
        if (crosses)
            enter(glob, next, at + 1);
        break;
    case TOKEN_SET:
        if (crosses && in_set((struct sg_text){glob->pattern.at + at, token.len}, (uint8_t)byte))
            enter(glob, next, at + token.len);
        break;
    case TOKEN_STAR:
        if (crosses)
            enter(glob, next, at);
        break;
    case TOKEN_STARS:
        enter(glob, next, at);
        break;
    case TOKEN_FOLDERS: /* goes on only behind a separator: the position itself, without its exit */
        next[at / 64] |= 1ULL << at % 64;
        if (!crosses)
            enter(glob, next, at + token.len);
        break;
    }
}

/* What one byte makes of all positions; false when none is left. */
static bool advance(const struct glob *glob, uint64_t *live, char byte)
{
    uint64_t next[POSITION_WORDS], any = 0;
    size_t words = glob->pattern.len / 64 + 1;

    memset(next, 0, words * sizeof(*next));
    for (size_t word = 0; word < words; word++) {
        for (uint64_t left = live[word]; left; left &= left - 1) {
            size_t at = word * 64 + (size_t)__builtin_ctzll(left);
            if (at < glob->pattern.len)
                step(glob, next, at, byte);
        }
    }
    for (size_t word = 0; word < words; word++)
        any |= live[word] = next[word];
    return any != 0;
}

bool sg_glob_match(struct sg_text pattern, struct sg_text text, char separator)
{
    struct glob glob = {pattern, separator};
    uint64_t live[POSITION_WORDS] = {0};

    if (sg_glob_fault(pattern))
        return false;
    enter(&glob, live, 0);
    for (size_t i = 0; i < text.len; i++)
        if (!advance(&glob, live, text.at[i]))
            return false;
    return live[pattern.len / 64] >> pattern.len % 64 & 1;
}
