/* stopwatch.h - processor time of this thread, in seconds: others are at work here, too. */
#ifndef SG_BENCH_STOPWATCH_H
#define SG_BENCH_STOPWATCH_H

#include <time.h>

static inline double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

#endif
