/* knowledge.c - looks names up in the knowledge table, in all their parts. */
#include "judge/knowledge.h"

#include "judge/words.h"

#include <string.h>

#define NAME_MAX_PARTS 24u

#define W(text)                                                                                    \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }

/* Names of one thing: C modules and the Python modules in front of them, and what they were
 * called in Python 2. */
static const struct {
    struct sg_text from, to;
} aliases[] = {
    {W("posix"), W("os")},
    {W("nt"), W("os")},
    {W("__builtin__"), W("builtins")},
    {W("__builtins__"), W("builtins")},
    {W("exceptions"), W("builtins")},
    {W("_io"), W("io")},
    {W("_pyio"), W("io")},
    {W("_pickle"), W("pickle")},
    {W("cPickle"), W("pickle")},
    {W("_operator"), W("operator")},
    {W("_functools"), W("functools")},
    {W("_socket"), W("socket")},
    {W("_ctypes"), W("ctypes")},
    {W("_winapi"), W("winapi")},
    {W("copy_reg"), W("copyreg")},
    {W("commands"), W("subprocess")},
    {W("ntpath"), W("posixpath")},
    {W("_frozen_importlib"), W("importlib._bootstrap")},
    {W("_frozen_importlib_external"), W("importlib._bootstrap_external")},
    {W("_imp"), W("imp")},
    {W("_weakref"), W("weakref")},
    {W("_thread"), W("threading")},
    {W("thread"), W("threading")},
    {W("urllib2"), W("urllib.request")},
    {W("httplib"), W("http.client")},
    {W("_ssl"), W("ssl")},
    {W("_codecs"), W("codecs")},
    {W("_struct"), W("struct")},
    {W("_collections"), W("collections")},
    {W("_datetime"), W("datetime")},
    {W("_decimal"), W("decimal")},
    {W("_random"), W("random")},
    {W("_signal"), W("signal")},
};

bool sg_name_alias(size_t row, struct sg_text *from, struct sg_text *to)
{
    if (row >= sizeof(aliases) / sizeof(aliases[0]))
        return false;
    *from = aliases[row].from;
    *to = aliases[row].to;
    return true;
}

/* Spreads the last bytes over all bits. The same in scripts/knowledge. */
static uint64_t print_finish(uint64_t print)
{
    print ^= print >> 32;
    print *= 0x9e3779b97f4a7c15ULL;
    return print ^ print >> 29;
}

/* The fact byte of a fingerprint, or 0. */
static unsigned find(uint64_t print)
{
    size_t low = 0, high = sg_names_count;

    print = print_finish(print) & ~0xffULL;
    if (!(sg_names_filter[print >> 54] >> (print >> 48 & 63) & 1))
        return 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if ((sg_names_table[middle] & ~0xffULL) < print)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < sg_names_count && (sg_names_table[low] & ~0xffULL) == print)
        return (unsigned)(sg_names_table[low] & 0xff);
    return 0;
}

/* Most words begin with another letter than any alias. */
static bool may_be_alias(struct sg_text part)
{
    return part.len > 0 && memchr("_cehnptu", part.at[0], 8);
}

static uint64_t print_first(struct sg_text part)
{
    size_t rows = may_be_alias(part) ? sizeof(aliases) / sizeof(aliases[0]) : 0;

    for (size_t i = 0; i < rows; i++)
        if (sg_text_equal(part, aliases[i].from))
            return sg_fnv_more(SG_FNV_EMPTY, aliases[i].to.at, aliases[i].to.len);
    return sg_fnv_more(SG_FNV_EMPTY, part.at, part.len);
}

struct dotted {
    struct sg_text parts[NAME_MAX_PARTS];
    size_t count;
    size_t first_of_name; /* parts before belong to the module */
    bool cut;
};

static void split(struct dotted *d, struct sg_text text)
{
    size_t from = 0;

    for (size_t i = 0; text.len > 0 && i <= text.len; i++) {
        if (i < text.len && text.at[i] != '.')
            continue;
        if (d->count == NAME_MAX_PARTS) { /* keep the last ones: that is what is resolved */
            memmove(d->parts, d->parts + 1, sizeof(d->parts) - sizeof(d->parts[0]));
            d->count--;
            d->first_of_name -= d->first_of_name > 0;
            d->cut = true;
        }
        d->parts[d->count++] = (struct sg_text){text.at + from, i - from};
        from = i + 1;
    }
}

/* How much a fact says against a name; the worst part of a name is the name. */
static unsigned rank(unsigned fact)
{
    static const uint8_t by_sink[SG_SINK_COUNT_] = {
        [SG_SINK_EXEC] = 15,   [SG_SINK_SPAWN] = 14,   [SG_SINK_NATIVE] = 13,
        [SG_SINK_DELETE] = 12, [SG_SINK_CONNECT] = 11, [SG_SINK_INSPECT] = 10,
        [SG_SINK_DELAY] = 9,   [SG_SINK_FILE] = 8,     [SG_SINK_STATE] = 7,
        [SG_SINK_RESOLVE] = 6, [SG_SINK_LOAD] = 5,     [SG_SINK_CODE] = 4,
        [SG_SINK_RELAY] = 2,   [SG_SINK_DECODE] = 1,
    };
    unsigned soft = (fact >> 6) & 1, distance = (fact >> 4) & 3;

    return by_sink[fact & 15] * (soft ? 1u : 16u) * (4 - distance);
}

static void set(struct sg_name *name, unsigned fact)
{
    name->sink = (enum sg_sink)(fact & 15);
    name->distance = (fact >> 4) & 3;
    name->flags &= ~(unsigned)(SG_N_SOFT | SG_N_INIT);
    name->flags |= (fact & 0x40 ? SG_N_SOFT : 0u) | (fact & 0x80 ? SG_N_INIT : 0u);
}

static unsigned farther(unsigned fact)
{
    return (fact & 0x30) == 0 ? fact | 0x10 : fact;
}

/* What the parts from `from` up to `to` say, `print` being theirs. A constructor is not run by
 * what is taken from its class; a copy of a module inside another package (vendored) may as well
 * be something else of that name. */
static unsigned part_fact(const struct dotted *d, size_t from, size_t to, uint64_t print)
{
    unsigned fact = to - from > 1 ? find(print) : 0;

    if ((fact & 15) == SG_SINK_CLEAN || (to < d->count && fact & 0x80))
        return 0;
    return from > 0 && from < d->first_of_name ? farther(fact) : fact;
}

/* What "module.*" says, for the parts from `from` on. It is said of functions: classes of such
 * modules may be harmless to name. */
static unsigned family_fact(const struct dotted *d, size_t from, size_t to, uint64_t print,
                            struct sg_name *name)
{
    unsigned fact = find(sg_fnv_more(print, ".*", 2));

    if (from == 0 && to == 1 && d->first_of_name > 1 && name->flags & SG_N_STDLIB &&
        !sg_word_package(d->parts[0]))
        return 0; /* a project's own folder of that name: code.models */
    if (from == 0 && (fact & 15) == SG_SINK_CLEAN)
        name->flags |= SG_N_LIBRARY;
    if (fact == 0 || (fact & 15) == SG_SINK_CLEAN || (from > 0 && from < d->first_of_name))
        return 0;
    if ((fact & 15) == SG_SINK_STATE) /* a scanner's own module, say: nothing of it is harmless */
        return fact;
    if (sg_word_class(d->parts[d->count - 1]))
        return (fact & ~0x30u) | 0xa0;
    return farther(fact);
}

/* The worst fact of all names inside the name: os.system in torch.serialization.os.system,
 * builtins.eval in builtins.eval.__call__, and of "module.*". Those that begin with one of the
 * first `starts` parts are looked at: what its library is, the first one tells. */
static unsigned worst_inside(const struct dotted *d, size_t starts, struct sg_name *name)
{
    unsigned worst = 0;

    for (size_t i = 0; i < starts; i++) {
        uint64_t print = print_first(d->parts[i]);

        for (size_t j = i + 1; j <= d->count; j++) {
            unsigned fact = part_fact(d, i, j, print);
            unsigned family = j < d->count ? family_fact(d, i, j, print, name) : 0;

            worst = rank(fact) > rank(worst) ? fact : worst;
            worst = rank(family) > rank(worst) ? family : worst;
            if (j < d->count) {
                print = sg_fnv_more(print, ".", 1);
                print = sg_fnv_more(print, d->parts[j].at, d->parts[j].len);
            }
        }
    }
    return worst;
}

static unsigned shape(const struct dotted *d)
{
    struct sg_text last = d->parts[d->count - 1];
    unsigned flags = d->cut ? SG_N_LONG : 0;

    for (size_t i = d->first_of_name; i < d->count; i++)
        flags |= sg_word_walks(d->parts[i]) ? SG_N_DUNDER : 0;
    flags |= sg_word_class(last) ? SG_N_CLASS : 0;
    flags |= sg_word_runs(last) ? SG_N_VERB : 0;
    flags |= sg_word_rebuilds(last) ? SG_N_REBUILD : 0;
    flags |= sg_word_dunder(last) ? SG_N_METHOD : 0;
    return flags;
}

/* Methods that opcodes call on an object: BUILD, APPEND(S), SETITEM(S), ADDITEMS. */
static const char *const stores[] = {".__setstate__", ".append", ".extend", ".__setitem__", ".add"};

static bool stores_reach(uint64_t print)
{
    for (size_t i = 0; i < sizeof(stores) / sizeof(stores[0]); i++) {
        unsigned fact = find(sg_fnv_more(print, stores[i], strlen(stores[i])));

        if (fact && (fact & 15) != SG_SINK_CLEAN && !(fact & 0x40))
            return true;
    }
    return false;
}

static bool aside(const struct dotted *d)
{
    for (size_t i = 1; i < d->count; i++)
        if (sg_word_aside(d->parts[i]))
            return true;
    return false;
}

struct sg_name sg_name_look(struct sg_text module, struct sg_text qualname)
{
    struct dotted d = {.count = 0};
    struct sg_name name = {.sink = SG_SINK_NONE};
    unsigned exact, inside;
    uint64_t print;

    split(&d, module);
    d.first_of_name = d.count;
    split(&d, qualname);
    if (d.count == 0)
        return name;
    print = print_first(d.parts[0]);
    name.flags |= find(sg_fnv_more(print, ".<stdlib>", 9)) ? SG_N_STDLIB : 0u;
    for (size_t i = 1; i < d.count; i++) {
        print = sg_fnv_more(print, ".", 1);
        print = sg_fnv_more(print, d.parts[i].at, d.parts[i].len);
    }
    name.print = print_finish(print);
    name.flags |= shape(&d) | (stores_reach(print) ? SG_N_STORES : 0u);
    exact = d.cut ? 0 : find(print);
    inside = worst_inside(&d, (exact & 15) == SG_SINK_CLEAN ? 1 : d.count, &name);
    if (aside(&d))
        name.flags = (name.flags & ~(unsigned)SG_N_LIBRARY) | SG_N_ASIDE;
    if (exact) {
        set(&name, exact);
        if (name.sink == SG_SINK_CLEAN)
            name.flags &= ~(unsigned)SG_N_DUNDER;
        return name;
    }
    if (inside & 0x40 && name.flags & SG_N_VERB) /* x.system, whatever else x is harmless for */
        inside = 0;
    if (inside) {
        set(&name, inside);
        name.flags |= SG_N_INSIDE;
    }
    if (name.flags & SG_N_DUNDER && rank(inside) < rank(SG_SINK_INSPECT))
        set(&name, SG_SINK_INSPECT);
    return name;
}

struct sg_name sg_name_method(struct sg_text module, struct sg_text qualname, const char *method)
{
    char text[512];
    size_t len = strlen(method);

    if (qualname.len + 1 + len > sizeof(text)) { /* the end is what is resolved */
        size_t kept = sizeof(text) - 1 - len;
        qualname = (struct sg_text){qualname.at + (qualname.len - kept), kept};
    }
    memcpy(text, qualname.at, qualname.len);
    text[qualname.len] = '.';
    memcpy(text + qualname.len + 1, method, len);
    return sg_name_look(module, (struct sg_text){text, qualname.len + 1 + len});
}
