/* cmd_features.c - prints what the model sees of files: the trainer's only source. */
#include "cli/cli.h"
#include "cli/openfile.h"
#include "cli/outbuf.h"
#include "cli/scanfile.h"
#include "judge/model.h"
#include "judge/tap.h"
#include "sgscan.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SITES_MAX 4096u /* of one file that are not alike */
#define PENDING 64u     /* calls whose results may still be used */
#define NAME_MAX_BYTES 256u

struct site {
    const struct sg_machine *m; /* NULL: nothing here */
    uint64_t id, offset, print;
    double weight;
    const char *rule;
    bool open;
    struct sg_site_vector vector;
    struct sg_grams grams;
    char member[128], module[NAME_MAX_BYTES], name[NAME_MAX_BYTES];
};

/* One file. */
struct listing {
    struct sg_outbuf *out;
    struct sg_outbuf streams;
    struct site pending[PENDING]; /* by call */
    uint64_t told[SITES_MAX * 2]; /* prints, 0: free */
    size_t count;
};

/* Whether no site like this one was told. */
static bool fresh(struct listing *l, const struct site *site)
{
    uint64_t print = sg_fnv_more(site->print, &site->vector, sizeof(site->vector)) | 1;
    size_t slot = (size_t)((print ^ print >> 32) % (SITES_MAX * 2));

    if (l->count == SITES_MAX)
        return false;
    while (l->told[slot] && l->told[slot] != print)
        slot = (slot + 1) % (SITES_MAX * 2);
    if (l->told[slot])
        return false;
    l->told[slot] = print;
    l->count++;
    return true;
}

static void put_numbers(struct sg_outbuf *out, const int16_t *at, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sg_out_format(out, i ? ",%d" : "[%d", at[i]);
    sg_out_text(out, "]");
}

static void put_site(struct listing *l, struct site *site)
{
    const struct sg_model *model = &sg_model_embedded;
    int32_t sum;

    if (!site->m || !fresh(l, site))
        return;
    site->vector.at[SG_SITE_GRAMS] = sg_model_grams(model, &site->grams);
    sum = sg_model_sum(&model->site, site->vector.at);
    sg_out_text(l->out, l->count > 1 ? ", {\"member\": " : "{\"member\": ");
    sg_out_json(l->out, site->member);
    sg_out_format(l->out, ", \"offset\": %" PRIu64 ", \"module\": ", site->offset);
    sg_out_json(l->out, site->module);
    sg_out_text(l->out, ", \"name\": ");
    sg_out_json(l->out, site->name);
    sg_out_format(l->out,
                  ", \"weight\": %.3f, \"rule\": \"%s\", \"open\": %s, \"v\": ", site->weight,
                  site->rule, site->open ? "true" : "false");
    put_numbers(l->out, site->vector.at, SG_SITE_WIDTH);
    sg_out_text(l->out, ", \"g\": [");
    for (size_t i = 0; i < site->grams.count; i++)
        sg_out_format(l->out, i ? ",%u" : "%u", site->grams.at[i]);
    sg_out_format(l->out, "], \"sum\": %" PRId32 ", \"learned\": %" PRId32 "}", sum,
                  sg_model_thousandths(&model->site, sum));
}

static void copy_text(char *into, size_t cap, struct sg_text text)
{
    size_t len = text.len < cap - 1 ? text.len : cap - 1;

    memcpy(into, text.at, len);
    into[len] = '\0';
}

static void on_site(void *ctx, const struct sg_site_row *row)
{
    struct listing *l = ctx;
    struct site *site = &l->pending[row->call_id % PENDING];

    put_site(l, site);
    *site = (struct site){.m = row->m,
                          .id = row->call_id,
                          .offset = row->offset,
                          .weight = row->weight,
                          .rule = row->rule,
                          .open = row->open,
                          .vector = *row->vector,
                          .grams = *row->grams};
    copy_text(site->member, sizeof(site->member), sg_text_of(row->member));
    copy_text(site->module, sizeof(site->module), row->module);
    copy_text(site->name, sizeof(site->name), row->qualname);
    site->print = sg_fnv_more(sg_fnv_more(1, site->module, strlen(site->module)), site->name,
                              strlen(site->name));
}

static void on_use(void *ctx, const struct sg_machine *m, uint64_t call_id, enum sg_use use)
{
    struct listing *l = ctx;
    struct site *site = &l->pending[call_id % PENDING];

    if (site->m != m || site->id != call_id)
        return;
    site->vector.at[SG_SITE_DISCARDED] |= use == SG_USE_DISCARDED;
    site->vector.at[SG_SITE_CALLED] |= use == SG_USE_CALLED;
    site->vector.at[SG_SITE_BUILT] |= use == SG_USE_BUILT;
}

static void on_stream(void *ctx, const char *member, const struct sg_stream_vector *vector)
{
    const struct sg_model *model = &sg_model_embedded;
    struct listing *l = ctx;
    struct sg_outbuf *out = &l->streams;

    sg_out_text(out, out->len ? ", {\"member\": " : "{\"member\": ");
    sg_out_json(out, member);
    sg_out_text(out, ", \"v\": ");
    put_numbers(out, vector->at, SG_STREAM_WIDTH);
    sg_out_format(out, ", \"like\": %" PRId32 ", \"unlike\": %" PRId32 "}",
                  sg_model_sum(&model->structure, vector->at),
                  sg_model_sum(&model->outlier, vector->at));
}

static void put_file(struct listing *l, const char *path, const struct sg_source *source,
                     struct sg_arena *arena, const struct sg_options *options)
{
    struct sg_tap tap = {.ctx = l, .site = on_site, .use = on_use, .stream = on_stream};
    struct sg_options listened = *options;
    struct sg_report report = {.format = "none", .coverage = SG_PARTIAL};
    enum sg_status status;

    listened.tap = &tap;
    sg_out_text(l->out, "{\"path\": ");
    sg_out_json(l->out, path);
    sg_out_text(l->out, ", \"sites\": [");
    status = sg_scan(source, &listened, arena, &report);
    for (size_t i = 0; i < PENDING; i++)
        put_site(l, &l->pending[i]);
    sg_out_text(l->out, "], \"streams\": [");
    sg_out_bytes(l->out, l->streams.text, l->streams.len);
    sg_out_format(l->out, "], \"verdict\": \"%s\", \"score\": %.3f, \"format\": \"%s\"}\n",
                  status ? "unread" : sg_verdict_name(report.verdict), report.score, report.format);
    sg_out_free(&l->streams);
}

static void put_features(struct sg_outbuf *out, const char *key, const struct sg_feature *at,
                         size_t count)
{
    sg_out_format(out, "\"%s\": [", key);
    for (size_t i = 0; i < count; i++)
        sg_out_format(out, "%s[\"%s\", \"%s\", \"%s\"]", i ? ", " : "", at[i].name, at[i].kind,
                      at[i].what);
}

static void put_head(struct sg_outbuf *out)
{
    sg_out_format(out, "{\"hash\": %u, \"slots\": %u, ", SG_FEATURE_HASH, SG_GRAM_SLOTS);
    put_features(out, "site", sg_site_features, SG_SITE_WIDTH);
    sg_out_text(out, "], ");
    put_features(out, "stream", sg_stream_features, SG_STREAM_OPCODE);
    for (size_t i = 0; i < SG_OPCODES_COUNTED; i++)
        sg_out_format(out, ", [\"%s\", \"SHARE\", \"share of this opcode\"]", sg_stream_opcode(i));
    sg_out_text(out, "]}\n");
}

/* False after a message. */
static bool list_file(const struct sg_job *job, struct sg_arena *arena,
                      const struct sg_options *options, struct sg_outbuf *out)
{
    struct listing *l = calloc(1, sizeof(*l));
    struct sg_openfile file;
    const char *problem = job->problem;

    if (!problem)
        problem = l ? sg_openfile_open(&file, job->path) : "out of memory";
    if (problem) {
        fprintf(stderr, "safeguard: %s: cannot be read: %s\n", job->path, problem);
    } else {
        l->out = out;
        put_file(l, job->path, &file.source, arena, options);
        sg_openfile_close(&file);
        sg_scanfile_renew(arena);
    }
    free(l);
    return !problem;
}

int sg_cmd_features(const struct sg_verb *verb, const struct sg_cmdline *options, char **args)
{
    struct sg_walk walk = {.recursive = options->recursive};
    struct sg_options scan = {.limits = SG_LIMITS_DEFAULT};
    struct sg_arena arena = sg_scanfile_arena(scan.limits.max_memory);
    struct sg_outbuf out = {0};
    bool good = args[0] && arena.base;

    if (!args[0])
        fprintf(stderr, "safeguard: features of what? see: safeguard help %s\n", verb->name);
    for (; good && *args; args++)
        sg_walk_add(&walk, *args);
    put_head(&out);
    for (size_t i = 0; i < walk.count; i++) {
        good &= list_file(&walk.jobs[i], &arena, &scan, &out);
        good &= sg_out_write(&out, STDOUT_FILENO);
    }
    sg_walk_free(&walk);
    sg_scanfile_drop(&arena);
    sg_out_free(&out);
    return good ? SG_EXIT_OK : SG_EXIT_TROUBLE;
}
