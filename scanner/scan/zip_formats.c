/* zip_formats.c - what kind of archive a zip is, and what that makes of its members. */
#include "scan/members.h"

#include <strings.h>

#define TEXT_MAX (32u << 20)

static bool ends_with(struct sg_text name, const char *tail)
{
    size_t len = strlen(tail);

    return name.len >= len && strncasecmp(name.at + name.len - len, tail, len) == 0;
}

static bool is_at_root(struct sg_text name, const char *whole)
{
    return name.len == strlen(whole) && strncasecmp(name.at, whole, name.len) == 0;
}

/* At the root, or inside one folder, which torch names after the file: without it. */
static struct sg_text in_archive(struct sg_text name)
{
    const char *slash = memchr(name.at, '/', name.len);
    size_t folder = slash ? (size_t)(slash + 1 - name.at) : 0;

    return (struct sg_text){name.at + folder, name.len - folder};
}

/* torch looks names up without regard to case. */
static bool in_folder(struct sg_text name, const char *folder)
{
    size_t len = strlen(folder);

    for (size_t at = 0; at + len <= name.len; at++)
        if ((at == 0 || name.at[at - 1] == '/') && strncasecmp(name.at + at, folder, len) == 0)
            return true;
    return false;
}

/* What the names of the members say. */
struct traits {
    bool data, constants, code, package, served, config, metadata, schema, arrays, python;
};

static void look(struct sg_text name, struct traits *t)
{
    struct sg_text inner = in_archive(name);

    t->data |= is_at_root(name, "data.pkl") || is_at_root(inner, "data.pkl");
    t->constants |= is_at_root(name, "constants.pkl") || is_at_root(inner, "constants.pkl");
    t->code |= in_folder(name, "code/");
    t->package |=
        is_at_root(inner, ".data/extern_modules") || is_at_root(inner, ".data/python_version") ||
        is_at_root(name, ".data/extern_modules") || is_at_root(name, ".data/python_version");
    t->served |= is_at_root(name, "MAR-INF/MANIFEST.json");
    t->config |= is_at_root(name, "config.json");
    t->metadata |= is_at_root(name, "metadata.json");
    t->schema |= is_at_root(name, "schema.json");
    t->arrays &= ends_with(name, ".npy");
    t->python |= ends_with(name, ".py") || ends_with(name, ".pyc") || ends_with(name, ".so");
}

static struct traits traits_of(const struct sg_zip *zip)
{
    struct traits t = {.arrays = zip->count > 0};

    for (size_t i = 0; i < zip->count; i++)
        look(zip->members[i].name, &t);
    return t;
}

const char *sg_zip_format(const struct sg_zip *zip)
{
    struct traits t = traits_of(zip);

    if (t.package)
        return "torch-package";
    if (t.constants && t.code)
        return "torchscript";
    if (t.data)
        return "torch-zip";
    if (t.served)
        return "torchserve";
    if (t.config && t.metadata)
        return "keras";
    if (t.schema)
        return "skops";
    return t.arrays ? "npz" : "zip";
}

void sg_compose_zip_format(struct sg_composer *c, const struct sg_zip *zip, const char *format)
{
    bool package = !strcmp(format, "torch-package"), served = !strcmp(format, "torchserve");

    if ((!package && !served) || !traits_of(zip).python)
        return;
    if (package)
        sg_judge_finding(c->judge, SG_F_CODE, 0,
                         "a torch.package with modules that run when it is loaded");
    else
        sg_judge_finding(c->judge, SG_F_CODE, 0,
                         "a TorchServe archive with a handler that runs when it is served");
}

/* A member of text, which may be packed: only so much of it is read. */
struct limited {
    struct sg_stream inner;
    uint64_t left;
};

static enum sg_status fill_limited(void *ctx, uint8_t *into, size_t len, size_t *got)
{
    struct limited *limited = ctx;
    size_t have = sg_stream_need(&limited->inner, 1);

    *got = have < len ? have : len;
    if (*got == 0)
        return limited->inner.status;
    if (*got > limited->left)
        return SG_ERR_LIMIT;
    limited->left -= *got;
    memcpy(into, limited->inner.at, *got);
    limited->inner.at += *got;
    return SG_OK;
}

static bool open_limited(struct sg_composer *c, const struct sg_feed *feed, struct sg_stream *out)
{
    struct limited *limited = sg_arena_zero(&c->work, sizeof(*limited));
    uint8_t *window = sg_arena_take(&c->work, SG_WINDOW_MIN);

    if (!limited || !window || !feed->open(c, feed, &limited->inner)) {
        sg_judge_partial(c->judge, 0, "a member's text could not be read");
        return false;
    }
    limited->left = TEXT_MAX;
    sg_stream_decode(out, fill_limited, limited, window, SG_WINDOW_MIN);
    return true;
}

unsigned sg_zip_role(const char *format, struct sg_text name)
{
    bool code = !strcmp(format, "torchscript") || !strcmp(format, "torch-package") ||
                !strcmp(format, "torchserve");

    if (code && ends_with(name, ".py"))
        return SG_ZIP_TEXT;
    /* Whatever else is in it: who loads it as one format does not look for the others. */
    return is_at_root(name, "config.json") || is_at_root(name, "schema.json") ? SG_ZIP_CONFIG : 0;
}

void sg_compose_zip_role(struct sg_composer *c, const char *format, unsigned role,
                         const struct sg_feed *feed)
{
    struct sg_stream stream;
    size_t used = c->work.used;

    if (role && open_limited(c, feed, &stream)) {
        if (role == SG_ZIP_TEXT)
            sg_compose_python(c, &stream, !strcmp(format, "torchscript"));
        else
            sg_compose_config(c, &stream);
    }
    c->work.used = used;
}
