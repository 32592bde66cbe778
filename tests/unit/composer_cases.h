/* composer_cases.h - parts of a scan by themselves: a composer with its judge, and
 * what was told. */
#ifndef SG_COMPOSER_CASES_H
#define SG_COMPOSER_CASES_H

#include "scan/members.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <stdlib.h>
#include <sys/mman.h>
#include <cmocka.h>

#define COMPOSER_WORK ((size_t)16 << 20)
#define COMPOSER_FACTS ((size_t)1 << 20)

struct composing {
    struct sg_composer c;
    struct sg_limits limits;
    struct sg_arena facts;
    struct sg_report report;
    size_t work; /* bytes that the composer has */
    uint8_t window[SG_WINDOW_MIN];
};

static inline struct sg_arena composing_arena(size_t size)
{
    uint8_t *base = mmap(NULL, size, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    assert_true(base != MAP_FAILED);
    return (struct sg_arena){.base = base, .size = size};
}

static inline int composing_setup(void **state)
{
    struct composing *s = calloc(1, sizeof(*s));

    assert_non_null(s);
    s->limits = SG_LIMITS_DEFAULT;
    s->facts = composing_arena(COMPOSER_FACTS);
    assert_int_equal(sg_judge_open(&s->c.judge, &s->facts), SG_OK);
    s->c.limits = &s->limits;
    s->c.work = composing_arena(COMPOSER_WORK);
    s->work = COMPOSER_WORK;
    *state = s;
    return 0;
}

static inline int composing_teardown(void **state)
{
    struct composing *s = *state;

    munmap(s->facts.base, COMPOSER_FACTS);
    munmap(s->c.work.base, COMPOSER_WORK);
    free(s);
    return 0;
}

/* Begins anew, in the same memory. */
static inline void composing_again(struct composing *s)
{
    s->facts.used = 0;
    s->c = (struct sg_composer){.limits = &s->limits,
                                .work = {.base = s->c.work.base, .size = s->work}};
    assert_int_equal(sg_judge_open(&s->c.judge, &s->facts), SG_OK);
}

/* What the judge makes of what it was told. */
static inline const struct sg_report *composing_report(struct composing *s)
{
    sg_judge_report(s->c.judge, &s->report);
    return &s->report;
}

/* How many reasons have these words. */
static inline unsigned report_tells(const struct sg_report *report, const char *words)
{
    unsigned count = 0;

    for (uint32_t i = 0; i < report->reason_count; i++)
        count += strstr(report->reasons[i].detail, words) != NULL;
    return count;
}

#endif
