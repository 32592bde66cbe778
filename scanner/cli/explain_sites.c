/* explain_sites.c - which calls are worth telling of, and what their scores are made of. */
#include "cli/explain.h"

#include <string.h>

#define SITES_SHOWN 5u
#define SITE_WORTH 0.2 /* by rule or learned: less says nothing */
#define SHARE_WORTH 5  /* thousandths */

static bool is_asked_for(const struct sg_explained *what, const struct sg_seen_site *site)
{
    if (what->member && strcmp(what->member, site->member) != 0)
        return false;
    return site->weight >= SITE_WORTH || (site->open && site->learned >= 1000 * SITE_WORTH);
}

const struct sg_seen_site *sg_explain_site(const struct sg_explained *what, size_t *at)
{
    const struct sg_story *story = what->story;
    size_t shown = 0;

    for (size_t i = 0; i < story->site_count; i++) {
        if (!is_asked_for(what, &story->sites[i]))
            continue;
        if (i >= *at && shown < SITES_SHOWN) {
            *at = i + 1;
            return &story->sites[i];
        }
        shown++;
    }
    return NULL;
}

size_t sg_explain_shares(const struct sg_story *story, const struct sg_seen_site *site,
                         struct sg_share shares[SG_SHARES_SHOWN])
{
    size_t count = 0;

    for (size_t i = 0; i < SG_SITE_WIDTH; i++) {
        int32_t share = site->vector.at[i] ? sg_site_share(story, site, i) : 0;
        size_t at = count;
        if (share < SHARE_WORTH)
            continue;
        while (at > 0 && shares[at - 1].thousandths < share)
            at--;
        if (at == SG_SHARES_SHOWN)
            continue;
        count += count < SG_SHARES_SHOWN;
        memmove(&shares[at + 1], &shares[at], (count - at - 1) * sizeof(*shares));
        shares[at] = (struct sg_share){sg_site_features[i].what, share};
    }
    return count;
}
