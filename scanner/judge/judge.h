/* judge.h - from facts to a verdict with reasons.
 *
 * A judge gathers the facts of one file: everything its machines and containers tell, under
 * every reading. Its score only grows: nothing that is added to a file lowers it.
 */
#ifndef SG_JUDGE_H
#define SG_JUDGE_H

#include "ground/arena.h"
#include "ground/opinion.h"
#include "ground/report.h"
#include "ground/status.h"
#include "machine/machine.h"

struct sg_judge;

/* What readers and scan find about containers. */
enum sg_finding {
    SG_F_ZIP_DISAGREES, /* readers of zip would see different members or bytes */
    SG_F_ZIP_DUPLICATE, /* one name, several bodies */
    SG_F_ZIP_FLAGS,     /* flag bits that make readers refuse or skip */
    SG_F_ZIP_CRC,       /* wrong checksum: some loaders do not look */
    SG_F_ENCRYPTED,     /* content that cannot be read */
    SG_F_TRUNCATED,     /* the data ends too early */
    SG_F_DAMAGED,       /* does not decode */
    SG_F_LIMIT,         /* a limit was reached */
    SG_F_BOMB,          /* unpacks without end */
    SG_F_TRAILING,      /* bytes after the last pickle */
    SG_F_POLYGLOT,      /* valid as several formats */
    SG_F_CODE,          /* carries program text or bytecode: TorchScript, torch.package, Lambda */
    SG_F_NOT_ANALYSED,  /* recognised, not analysed */
    SG_F_COUNT_
};

SG_MUST_CHECK enum sg_status sg_judge_open(struct sg_judge **out, struct sg_arena *arena);

/* What the site says of names, from here on: nothing, unless this is called. */
void sg_judge_heed(struct sg_judge *judge, const struct sg_opinion *opinion);

/* The model to ask (NULL: the embedded one) and who listens (or NULL), from here on. Without this:
 * the embedded model. Both must outlive the judge. */
struct sg_model;
struct sg_tap;
void sg_judge_consult(struct sg_judge *judge, const struct sg_model *model,
                      const struct sg_tap *tap);

/* The beginning of a stream that a machine is about to run: as much as is at hand of these. */
#define SG_JUDGE_HEAD 8192u
void sg_judge_stream(struct sg_judge *judge, const uint8_t *head, size_t len);

/* The member whose facts come next ("" is the file itself). The text is copied. */
void sg_judge_member(struct sg_judge *judge, const char *member);

/* The events to give to a machine. `nested` payload events go to the scan, which sets
 * events.payload itself. */
struct sg_events sg_judge_events(struct sg_judge *judge);

/* A finding about a container, with a line of plain words (copied). */
void sg_judge_finding(struct sg_judge *judge, enum sg_finding what, uint64_t offset,
                      const char *detail);

/* Says that facts were lost for want of memory: the report will be `partial`. */
void sg_judge_partial(struct sg_judge *judge, uint64_t offset, const char *detail);

/* Fills verdict, score, coverage and reasons (strings in the arena); format and size are the
 * scan's. */
void sg_judge_report(struct sg_judge *judge, struct sg_report *report);

/* Judges a lone name, as find_class sees it (no call yet): 0..1, with a line of plain words in
 * `detail`, unless `cap` is 0. Needs no arena. */
double sg_judge_name(struct sg_text module, struct sg_text qualname, char *detail, size_t cap);

/* The same under a site's opinion, or that which the judge heeds: 0 where it vouches for the name,
 * 1 where (and only where) it denies it. */
double sg_judge_name_here(const struct sg_judge *judge, struct sg_text module,
                          struct sg_text qualname, char *detail, size_t cap);
double sg_judge_name_heeding(const struct sg_opinion *opinion, struct sg_text module,
                             struct sg_text qualname, char *detail, size_t cap);

#endif
