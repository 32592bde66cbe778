/* python_source.c - names that program text uses.
 *
 * Text is not run here, nor parsed as a whole: imports are followed, and each dotted name is held
 * against what is known of names. Only what starts processes or runs text is told; what else code
 * does cannot be vouched for anyway, and the file that brings it is suspicious.
 */
#include "scan/members.h"

#define ALIASES_MAX 256u
#define NAME_MAX_LEN 96u
#define TOLD_MAX 8u
#define NAMES_MAX (1u << 18) /* that are looked up */

/* Weight of what runs text or starts processes; names of files and sockets weigh less. */
#define DIRE 0.95

enum token { T_END, T_NAME, T_DOT, T_OPEN, T_COMMA, T_NEWLINE, T_OTHER };

struct name {
    char at[NAME_MAX_LEN];
    size_t len;
};

struct reader {
    struct sg_composer *c;
    struct sg_stream *stream;
    struct name word; /* of the last T_NAME */
    uint64_t offset;  /* of the last token */
    int brackets;
    bool torchscript;
    bool held;    /* a token was put back */
    bool crowded; /* there are names that could not be kept */
    enum token token;
    size_t told, looked_up, alias_count;
    struct {
        struct name as, is;
    } aliases[ALIASES_MAX];
};

static int peek(struct reader *r)
{
    return sg_stream_need(r->stream, 1) ? *r->stream->at : -1;
}

static bool starts_name(int c)
{
    return ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_' || c >= 0x80;
}

static bool in_name(int c)
{
    return starts_name(c) || (c >= '0' && c <= '9');
}

static void add_char(struct name *name, char c)
{
    if (name->len < sizeof(name->at))
        name->at[name->len++] = c;
}

static struct sg_text text_of(const struct name *name)
{
    return (struct sg_text){name->at, name->len};
}

static void skip_line(struct reader *r)
{
    while (peek(r) >= 0 && peek(r) != '\n')
        r->stream->at++;
}

static void skip_string(struct reader *r, int quote)
{
    size_t have = sg_stream_need(r->stream, 3);
    bool triple = have >= 3 && r->stream->at[1] == quote && r->stream->at[2] == quote;

    (void)sg_stream_skip(r->stream, triple ? 3 : 1);
    for (int c, run = 0; (c = peek(r)) >= 0;) {
        r->stream->at++;
        run = c == quote ? run + 1 : 0;
        if (run == (triple ? 3 : 1) || (!triple && c == '\n'))
            return;
        if (c == '\\' && peek(r) >= 0)
            r->stream->at++;
    }
}

/* A backslash joins the next line to this one, whatever ends its line. */
static void skip_joint(struct reader *r)
{
    size_t have = sg_stream_need(r->stream, 3);
    bool two = have >= 3 && r->stream->at[1] == '\r' && r->stream->at[2] == '\n';

    (void)sg_stream_skip(r->stream, two ? 3 : 2);
}

/* Goes past what means nothing; the byte that comes then, or -1. */
static int skip_blank(struct reader *r)
{
    for (int c;;) {
        c = peek(r);
        if (c == '#')
            skip_line(r);
        else if (c == '"' || c == '\'')
            skip_string(r, c);
        else if (c == '\\')
            skip_joint(r);
        else if (c == ' ' || c == '\t' || c == '\r' || c == '\f' || (c == '\n' && r->brackets > 0))
            r->stream->at++;
        else
            return c;
    }
}

static enum token next(struct reader *r)
{
    if (r->held) {
        r->held = false;
        return r->token;
    }
    int c = skip_blank(r);
    r->offset = sg_stream_offset(r->stream);
    if (c < 0)
        return r->token = T_END;
    r->word.len = 0;
    if (starts_name(c)) {
        for (; in_name(peek(r)); r->stream->at++)
            add_char(&r->word, (char)peek(r));
        return r->token = T_NAME;
    }
    r->stream->at++;
    if (c >= '0' && c <= '9')
        for (; in_name(peek(r)) || peek(r) == '.';)
            r->stream->at++;
    r->brackets += c == '(' || c == '[' || c == '{';
    r->brackets -= r->brackets > 0 && (c == ')' || c == ']' || c == '}');
    return r->token = c == '.'                            ? T_DOT
                      : c == '('                          ? T_OPEN
                      : c == ','                          ? T_COMMA
                      : c == '\n' || c == ';' || c == ':' ? T_NEWLINE
                                                          : T_OTHER;
}

static void put_back(struct reader *r)
{
    r->held = true;
}

/* The rest of a dotted name of which the first word was read; empty after a dot without a name. */
static struct name dotted(struct reader *r)
{
    struct name name = r->word;

    while (next(r) == T_DOT) {
        if (next(r) != T_NAME) {
            name.len = 0;
            break;
        }
        add_char(&name, '.');
        for (size_t i = 0; i < r->word.len; i++)
            add_char(&name, r->word.at[i]);
    }
    put_back(r);
    return name;
}

static void add_alias(struct reader *r, const struct name *as, const struct name *is)
{
    /* Of what is as long as is kept, the end may be missing. */
    if (r->alias_count == ALIASES_MAX || as->len == sizeof(as->at)) {
        r->crowded = true;
        return;
    }
    r->aliases[r->alias_count].as = *as;
    r->aliases[r->alias_count++].is = *is;
}

static bool word_is(const struct reader *r, const char *word)
{
    return sg_text_is(text_of(&r->word), word);
}

/* "as NAME", or what it is called without. */
static struct name renamed(struct reader *r, struct name name)
{
    if (next(r) == T_NAME && word_is(r, "as") && next(r) == T_NAME)
        return r->word;
    put_back(r);
    return name;
}

/* Behind "import": a.b, c as d */
static void read_import(struct reader *r)
{
    while (next(r) == T_NAME) {
        struct name is = dotted(r), as = renamed(r, is);
        if (!memchr(as.at, '.', as.len))
            add_alias(r, &as, &is);
        if (next(r) != T_COMMA)
            break;
    }
    put_back(r);
}

/* Behind "from": a.b import c, (d as e) */
static void read_from(struct reader *r)
{
    if (next(r) != T_NAME) {
        put_back(r);
        return;
    }
    struct name module = dotted(r);
    if (next(r) != T_NAME || !word_is(r, "import")) {
        put_back(r);
        return;
    }
    if (next(r) != T_OPEN)
        put_back(r);
    while (next(r) == T_NAME) {
        struct name is = module, as;
        add_char(&is, '.');
        for (size_t i = 0; i < r->word.len; i++)
            add_char(&is, r->word.at[i]);
        as = renamed(r, r->word);
        add_alias(r, &as, &is);
        if (next(r) != T_COMMA)
            break;
    }
    put_back(r);
}

/* Modules of which a model's code has no need, as far as they start processes or run text. */
static bool module_is_telling(struct sg_text name)
{
    static const char *const roots[] = {"os.",       "posix.",  "nt.",      "subprocess.",
                                        "pty.",      "pip.",    "runpy.",   "code.",
                                        "commands.", "timeit.", "builtins."};

    for (size_t i = 0; i < sizeof(roots) / sizeof(*roots); i++)
        if (sg_text_starts(name, sg_text_of(roots[i])))
            return true;
    return memmem(name.at, name.len, "load_library", 12) ||
           memmem(name.at, name.len, "cpp_extension.load", 18);
}

/* A name as an import would have it, or empty. */
static struct name resolved(const struct reader *r, const struct name *name)
{
    const char *dot = memchr(name->at, '.', name->len);
    size_t first = dot ? (size_t)(dot - name->at) : name->len;
    struct name full = {.len = 0};

    for (size_t i = r->alias_count; i-- > 0;) {
        if (!sg_text_equal(text_of(&r->aliases[i].as), (struct sg_text){name->at, first}))
            continue;
        full = r->aliases[i].is;
        for (size_t at = first; at < name->len; at++)
            add_char(&full, name->at[at]);
        return full;
    }
    return memchr(name->at, '.', name->len) ? *name : full;
}

static void judge_name(struct reader *r, const struct name *name, uint64_t offset)
{
    const char *dot = name->len ? memrchr(name->at, '.', name->len) : NULL;
    char detail[64];

    if (!dot || r->told == TOLD_MAX)
        return;
    size_t before = (size_t)(dot - name->at);
    struct sg_text module = {name->at, before}, last = {dot + 1, name->len - before - 1};
    if (!module_is_telling(text_of(name)))
        return;
    r->crowded |= name->len == sizeof(name->at);
    if (r->looked_up++ > NAMES_MAX || sg_judge_name(module, last, detail, sizeof(detail)) < DIRE)
        return;
    sg_compose_name(r->c, module, last, offset);
    r->told++;
}

/* TorchScript has a language of its own: no imports, and few functions that reach outside. */
static void judge_torchscript(struct reader *r, const struct name *name, uint64_t offset)
{
    static const char *const reach[] = {"torch.from_file", "torch.save", "ops.aten.from_file",
                                        "ops.aten.save"};

    for (size_t i = 0; i < sizeof(reach) / sizeof(*reach); i++)
        if (sg_text_is(text_of(name), reach[i]))
            sg_judge_finding(r->c->judge, SG_F_CODE, offset,
                             "TorchScript that opens or writes files");
}

static void on_name(struct reader *r, bool attribute)
{
    uint64_t offset = r->offset;
    struct name name = dotted(r), full;

    if (attribute)
        return;
    if (r->torchscript)
        judge_torchscript(r, &name, offset);
    full = resolved(r, &name);
    judge_name(r, &full, offset);
    if (!sg_name_runs_text(text_of(&name)))
        return;
    if (next(r) == T_OPEN && r->told < TOLD_MAX) {
        sg_compose_name(r->c, SG_TEXT("builtins"), text_of(&name), offset);
        r->told++;
    }
    put_back(r);
}

void sg_compose_python(struct sg_composer *c, struct sg_stream *stream, bool torchscript)
{
    size_t used = c->work.used;
    struct reader *r = sg_arena_zero(&c->work, sizeof(*r));
    bool begins = true, attribute = false;

    if (!r) {
        sg_judge_partial(c->judge, 0, "no memory to look at program text");
        return;
    }
    r->c = c;
    r->stream = stream;
    r->torchscript = torchscript;
    for (enum token token; (token = next(r)) != T_END;) {
        if (token == T_NAME && begins && word_is(r, "import"))
            read_import(r);
        else if (token == T_NAME && begins && word_is(r, "from"))
            read_from(r);
        else if (token == T_NAME && begins && (word_is(r, "def") || word_is(r, "class")))
            token = next(r); /* a name that is made, not used */
        else if (token == T_NAME)
            on_name(r, attribute);
        begins = token == T_NEWLINE;
        attribute = token == T_DOT;
    }
    if (r->looked_up > NAMES_MAX || r->crowded)
        sg_judge_partial(c->judge, 0, "program text with more or longer names than are looked up");
    if (stream->status)
        sg_judge_partial(c->judge, sg_stream_offset(stream),
                         "program text was not read to its end");
    c->work.used = used;
}
