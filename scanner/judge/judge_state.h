/* judge_state.h - what a judge remembers, and how it notes things. */
#ifndef SG_JUDGE_STATE_H
#define SG_JUDGE_STATE_H

#include "judge/heed.h"
#include "judge/judge.h"
#include "judge/knowledge.h"
#include "judge/learned.h"
#include "judge/verdict.h"

#define SG_CACHE_SLOTS 256u
#define SG_RECENT_CALLS 64u
#define SG_CALLERS 16u

/* What is known of a global of a machine. */
struct sg_cached {
    const struct sg_machine *m;
    const struct sg_global *global;
    uint64_t offset;
    struct sg_name name;
};

/* A call of late that cannot be vouched for. */
struct sg_recent {
    const struct sg_machine *m;
    uint64_t id, offset;
    bool telling; /* more than that nothing is known of it */
};

/* What an anomaly or a finding says. */
struct sg_row {
    const char *rule, *detail;
    double weight;
    bool held;    /* says little where its stream calls nothing: any bytes may read like that */
    bool partial; /* something was not read */
};

struct sg_judge {
    struct sg_ledger ledger;
    struct sg_opinion opinion;
    uint64_t spent;               /* bytes of arguments looked at */
    uint64_t callers[SG_CALLERS]; /* streams that called something, the last ones */
    uint64_t caller_count;
    const struct sg_machine *caller; /* the last one, and its member */
    uint64_t caller_member;
    bool partial;      /* something was not read */
    bool not_analysed; /* a format was only recognised */
    bool nested;       /* the member is a pickle inside another */
    bool names_held;   /* m.__dict__, os.environ or the like was named */
    uint64_t member_print;
    char member[SG_MEMBER_MAX];
    struct sg_recent recent[SG_RECENT_CALLS]; /* by id */
    struct sg_learned learned;
    struct sg_cached cache[SG_CACHE_SLOTS];
    bool structure_open;         /* not asked about; counts where what is not clean is called */
    uint64_t structure_member;   /* of the last stream */
    size_t head_len;             /* bytes */
    uint8_t head[SG_JUDGE_HEAD]; /* of that stream */
};

uint64_t sg_mix(uint64_t a, uint64_t b);

/* A new entry of the ledger with its member filled in, or NULL when there is nothing to add. */
struct sg_found *sg_judge_note(struct sg_judge *judge, const struct sg_found *what);

/* `stream` is what a row that is held is held for; 0: nothing. */
void sg_judge_note_row(struct sg_judge *judge, const struct sg_row *row, uint64_t stream,
                       uint64_t offset, const char *detail);

/* Append to a detail of SG_DETAIL_MAX bytes; return the new length. */
size_t sg_detail_put(char *detail, size_t used, const char *text);
size_t sg_detail_put_name(char *detail, size_t used, struct sg_text module,
                          struct sg_text qualname);

#endif
