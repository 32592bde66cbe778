/* heed.c - how a site's opinion of names counts. */
#include "judge/heed.h"

#include "machine/compat.h"

#define SPELLING_MAX 1024u
#define WORDS_MOST 10u

static enum sg_said stronger(enum sg_said a, enum sg_said b)
{
    return a > b ? a : b;
}

/* `from` replaced by `to` at the beginning of a name; false when it does not begin so. */
static bool respell(struct sg_text name, struct sg_text from, struct sg_text to, char *into,
                    struct sg_text *out)
{
    if (!sg_text_starts(name, from) || (name.len > from.len && name.at[from.len] != '.') ||
        name.len - from.len > SPELLING_MAX - to.len)
        return false;
    memcpy(into, to.at, to.len);
    memcpy(into + to.len, name.at + from.len, name.len - from.len);
    *out = (struct sg_text){into, name.len - from.len + to.len};
    return true;
}

/* A name, and what it is called through the modules that stand behind or before its own. */
static enum sg_said ask(const struct sg_opinion *opinion, struct sg_text name)
{
    char one[SPELLING_MAX], other[SPELLING_MAX];
    enum sg_said said = opinion->of(opinion->ctx, name);
    struct sg_text usual = name, spelt, from, to;

    for (size_t i = 0; sg_name_alias(i, &from, &to); i++) {
        if (respell(name, from, to, one, &usual)) {
            said = stronger(said, opinion->of(opinion->ctx, usual));
            break;
        }
    }
    for (size_t i = 0; sg_name_alias(i, &from, &to); i++)
        if (respell(usual, to, from, other, &spelt))
            said = stronger(said, opinion->of(opinion->ctx, spelt));
    return said;
}

static struct sg_text last_bytes(struct sg_text text, size_t most)
{
    size_t skip = text.len > most ? text.len - most : 0;

    return (struct sg_text){text.at + skip, text.len - skip};
}

/* "module.qualname"; `*at` is where the qualname begins. What does not fit loses its beginning: the
 * end is what is resolved. */
static struct sg_text join(struct sg_text module, struct sg_text qualname, char *into, size_t *at)
{
    size_t len;

    module = last_bytes(module, SPELLING_MAX / 2 - 1);
    qualname = last_bytes(qualname, SPELLING_MAX / 2);
    memcpy(into, module.at, module.len);
    len = module.len;
    if (module.len && qualname.len)
        into[len++] = '.';
    memcpy(into + len, qualname.at, qualname.len);
    *at = qualname.len ? len : 0;
    return (struct sg_text){into, len + qualname.len};
}

/* Whether a part of the name is denied that begins at `from` and ends in its qualname, which
 * begins at `at`. */
static bool denied_from(const struct sg_opinion *opinion, struct sg_text name, size_t from,
                        size_t at)
{
    for (size_t to = (from > at ? from : at) + 1; to <= name.len; to++) {
        struct sg_text part = {name.at + from, to - from};
        bool ends = to == name.len || name.at[to] == '.';

        if (ends && (from == 0 || memchr(part.at, '.', part.len)) &&
            ask(opinion, part) == SG_SAID_DENIED)
            return true;
    }
    return false;
}

/* A module is reached through another one that has imported it, an object through its attributes.
 * A qualname of more words than these is nobody's. */
static bool denied(const struct sg_opinion *opinion, struct sg_text name, size_t at)
{
    size_t words = 1;

    for (size_t i = at; i < name.len; i++)
        words += name.at[i] == '.';
    if (words > WORDS_MOST || denied_from(opinion, name, 0, at))
        return true;
    for (size_t from = at; from < name.len; from++)
        if (from > 0 && (from == at || name.at[from - 1] == '.') &&
            denied_from(opinion, name, from, at))
            return true;
    return false;
}

static enum sg_said ask_spelt(const struct sg_opinion *opinion, struct sg_text module,
                              struct sg_text qualname)
{
    char joined[SPELLING_MAX];
    size_t at;
    struct sg_text name = join(module, qualname, joined, &at);

    return denied(opinion, name, at) ? SG_SAID_DENIED : ask(opinion, name);
}

enum sg_said sg_heed_ask(const struct sg_opinion *opinion, struct sg_text module,
                         struct sg_text qualname)
{
    enum sg_said said;

    if (!opinion || !opinion->of || module.len + qualname.len == 0)
        return SG_SAID_NOTHING;
    said = ask_spelt(opinion, module, qualname);
    if (sg_compat_name(&module, &qualname))
        said = stronger(said, ask_spelt(opinion, module, qualname));
    return said;
}

static bool vouched(const struct sg_name *name, enum sg_said said)
{
    bool known = name->sink != SG_SINK_NONE;
    unsigned odd = name->flags & (SG_N_INSIDE | SG_N_DUNDER | SG_N_LONG);

    if (said == SG_SAID_FAMILY)
        return !odd && (known || !(name->flags & SG_N_VERB));
    return said == SG_SAID_NAMED ||
           (said == SG_SAID_ALLOWED && !known && !odd && !(name->flags & SG_N_VERB));
}

void sg_heed_name(struct sg_name *name, enum sg_said said)
{
    if (said == SG_SAID_DENIED)
        name->flags |= SG_N_DENIED;
    else if (vouched(name, said))
        *name = (struct sg_name){.sink = SG_SINK_CLEAN,
                                 .flags = name->flags & (SG_N_CLASS | SG_N_COMPUTED),
                                 .print = name->print};
}
