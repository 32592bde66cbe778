/* verdict.h - what was found, kept by weight, and the report made of it. */
#ifndef SG_JUDGE_VERDICT_H
#define SG_JUDGE_VERDICT_H

#include "judge/judge.h"

#define SG_FOUND_MAX 48
#define SG_DETAIL_MAX 232
#define SG_MEMBER_MAX 512

/* At which a thing is worth telling, whatever the verdict. */
#define SG_WORTH_TELLING 0.30

#define SG_AT_SUSPICIOUS 0.50
#define SG_AT_MALICIOUS 0.90

enum sg_found_class { SG_FOUND_CALL, SG_FOUND_NAME, SG_FOUND_OTHER };

struct sg_found {
    uint64_t key;     /* equal for what is told once */
    uint64_t subject; /* fingerprint of the name it is about, or 0 */
    uint64_t offset;
    uint64_t last;  /* offset where it was found last */
    uint64_t order; /* of finding */
    uint64_t count;
    double weight;
    uint64_t held_for; /* a stream that must call something before this weighs fully; or 0 */
    const char *rule;  /* static */
    enum sg_found_class class;
    char detail[SG_DETAIL_MAX]; /* NUL-terminated, printable */
    char member[SG_MEMBER_MAX];
};

/* Fixed in size: nothing is lost for want of memory but what weighs least. */
struct sg_ledger {
    double score;     /* largest weight ever noted, without what is held */
    uint64_t holding; /* the last stream that something was held for */
    uint64_t noted;
    size_t count;
    struct sg_found found[SG_FOUND_MAX];
};

/* What sg_ledger_note() does of what weighs less than SG_WORTH_TELLING, and is not held. */
static inline void sg_ledger_weigh(struct sg_ledger *ledger, double weight)
{
    if (weight > ledger->score)
        ledger->score = weight;
}

/* Notes `what` (detail and member not yet filled). A new entry to fill in, or NULL when it is
 * known already (then it is counted) or outweighed by all that are kept. */
struct sg_found *sg_ledger_note(struct sg_ledger *ledger, const struct sg_found *what);

/* The stream calls something: what was held for it weighs fully. */
void sg_ledger_release(struct sg_ledger *ledger, uint64_t stream);

/* Verdict, score and reasons. Reasons point into the ledger. */
void sg_ledger_report(struct sg_ledger *ledger, struct sg_report *report);

/* Copies text to a NUL-terminated line: control bytes and what is not ASCII escaped. */
size_t sg_detail_write(char *into, size_t cap, size_t used, const char *at, size_t len);

#endif
