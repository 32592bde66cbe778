/* story_sites.c - what the model saw of the calls, and what its score came from. */
#include "cli/heap.h"
#include "cli/story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SITES_MAX 20000u

static void on_site(void *ctx, const struct sg_site_row *row)
{
    struct sg_story *story = ctx;
    char name[256];

    if (story->site_count == SITES_MAX)
        return;
    if (story->site_count == story->site_cap) {
        story->site_cap = story->site_cap ? story->site_cap * 2 : 16;
        story->sites = sg_heap_grow(story->sites, story->site_cap * sizeof(*story->sites));
    }
    snprintf(name, sizeof(name), "%.*s%s%.*s", (int)(row->module.len < 120 ? row->module.len : 120),
             row->module.at, row->module.len && row->qualname.len ? "." : "",
             (int)(row->qualname.len < 120 ? row->qualname.len : 120), row->qualname.at);
    struct sg_seen_site *site = &story->sites[story->site_count++];
    *site = (struct sg_seen_site){.m = row->m,
                                  .call_id = row->call_id,
                                  .offset = row->offset,
                                  .member = sg_heap_join(row->member, ""),
                                  .name = sg_heap_join(*name ? name : "(no name)", ""),
                                  .weight = row->weight,
                                  .open = row->open,
                                  .vector = *row->vector};
    site->vector.at[SG_SITE_GRAMS] = sg_model_grams(story->model, row->grams);
}

static void on_use(void *ctx, const struct sg_machine *m, uint64_t call_id, enum sg_use use)
{
    static const int features[] = {[SG_USE_CALLED] = SG_SITE_CALLED,
                                   [SG_USE_DISCARDED] = SG_SITE_DISCARDED,
                                   [SG_USE_BUILT] = SG_SITE_BUILT};
    struct sg_story *story = ctx;

    if (use == SG_USE_NAME)
        return;
    for (size_t i = story->site_count; i-- > 0;) {
        struct sg_seen_site *site = &story->sites[i];
        if (site->m == m && site->call_id == call_id) {
            site->vector.at[features[use]] = 1;
            return;
        }
    }
}

/* A stream's structure is told by a reason of the report, where it says anything. */
static void on_stream(void *ctx, const char *member, const struct sg_stream_vector *vector)
{
    (void)ctx;
    (void)member;
    (void)vector;
}

static int32_t score(const struct sg_story *story, const struct sg_site_vector *vector)
{
    const struct sg_forest *forest = &story->model->site;

    return sg_model_thousandths(forest, sg_model_sum(forest, vector->at));
}

int32_t sg_site_share(const struct sg_story *story, const struct sg_seen_site *site, size_t i)
{
    struct sg_site_vector without = site->vector;

    without.at[i] = 0;
    return site->learned - score(story, &without);
}

static int by_score(const void *a, const void *b)
{
    const struct sg_seen_site *first = a, *second = b;
    double one = first->learned / 1000.0, two = second->learned / 1000.0;

    one = first->open && one > first->weight ? one : first->weight;
    two = second->open && two > second->weight ? two : second->weight;
    if (one != two)
        return one > two ? -1 : 1;
    return first->offset < second->offset ? -1 : first->offset > second->offset;
}

void sg_story_rank(struct sg_story *story)
{
    for (size_t i = 0; i < story->site_count; i++)
        story->sites[i].learned = score(story, &story->sites[i].vector);
    if (story->site_count)
        qsort(story->sites, story->site_count, sizeof(*story->sites), by_score);
}

void sg_story_listen(struct sg_story *story)
{
    story->tap = (struct sg_tap){.ctx = story, .site = on_site, .use = on_use, .stream = on_stream};
}
