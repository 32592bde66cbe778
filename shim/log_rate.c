/* log_rate.c - lets a process write so many records: two leaky buckets, kept as the time at which
 * they are empty again. Races between threads let one more or one less pass. */
#include "shim/log_rate.h"

#include "shim/raw.h"

#include <stdatomic.h>

#define SECOND 1000000000ll
#define SAME_SLOTS 64u

struct rate {
    int64_t every; /* nanoseconds that a record costs */
    int64_t burst; /* records */
};

static const struct rate of_all = {SECOND / 1000, 10000}, of_same = {SECOND, 100};

static _Atomic int64_t all;
static struct {
    _Atomic uint64_t key;
    _Atomic int64_t empty;
} same[SAME_SLOTS];

static _Atomic uint64_t missed;
static _Atomic long owner; /* pid: a child has missed nothing yet */

/* A bucket that is more than full is by another clock: the process was stopped here and goes on on
 * another machine. */
static bool take(_Atomic int64_t *empty, const struct rate *rate, int64_t now)
{
    const int64_t full = rate->burst * rate->every;
    int64_t before = atomic_load_explicit(empty, memory_order_relaxed), start;

    do {
        start = before > now && before - now <= full + rate->every ? before : now;
        if (start - now >= full)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(empty, &before, start + rate->every,
                                                    memory_order_relaxed, memory_order_relaxed));
    return true;
}

static uint64_t add_text(uint64_t print, const char *text)
{
    print = sg_fnv_more(print, text, strlen(text));
    return print ^ print >> 29;
}

static uint64_t key_of(const struct sg_record *record)
{
    const struct sg_report *report = record->report;
    uint64_t print = SG_FNV_EMPTY ^ (uint64_t)record->event << 8 ^ (uint64_t)record->action;

    print = add_text(print, record->path);
    return add_text(print, report->reason_count ? report->reasons[0].rule : "") | 1;
}

static bool admit(const struct sg_record *record)
{
    int64_t now = sg_raw_clock(CLOCK_MONOTONIC);
    uint64_t key = key_of(record);
    unsigned slot = (unsigned)(key >> 32) % SAME_SLOTS;

    if (atomic_load_explicit(&same[slot].key, memory_order_relaxed) != key) {
        atomic_store_explicit(&same[slot].key, key, memory_order_relaxed);
        atomic_store_explicit(&same[slot].empty, 0, memory_order_relaxed);
    }
    return take(&same[slot].empty, &of_same, now) && take(&all, &of_all, now);
}

static void own(void)
{
    long pid = SG_RAW(SYS_getpid);

    if (atomic_exchange_explicit(&owner, pid, memory_order_relaxed) != pid)
        atomic_store_explicit(&missed, 0, memory_order_relaxed);
}

bool sg_log_rate_admit(const struct sg_record *record)
{
    if (admit(record))
        return true;
    sg_log_rate_miss(1);
    return false;
}

void sg_log_rate_miss(uint64_t count)
{
    own();
    atomic_fetch_add_explicit(&missed, count, memory_order_relaxed);
}

uint64_t sg_log_rate_missed(void)
{
    own();
    return atomic_exchange_explicit(&missed, 0, memory_order_relaxed);
}
