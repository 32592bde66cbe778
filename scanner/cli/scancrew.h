/* scancrew.h - the threads of a scan, and what they do with each result. */
#ifndef SG_SCANCREW_H
#define SG_SCANCREW_H

#include "cli/progress.h"
#include "cli/scanfile.h"

/* What is asked of them. */
struct sg_orders {
    struct sg_walk *walk; /* is sorted when there is more than one thread */
    struct sg_scan_rules rules;
    const struct sg_emit *emit;
    struct sg_emission how;        /* `begun` is filled in; `notes` is freed */
    struct sg_progress progress;   /* begun already */
    struct sg_baseline *accepting; /* what is found now is added to it; or NULL */
    const char *accept_why;
    unsigned jobs; /* threads; 0: as many as the machine has processors, and memory for */
};

struct sg_outcome {
    int status;               /* enum sg_exit */
    int signal;               /* that ended it early, or 0: what is printed is whole all the same */
    struct sg_remember fresh; /* files that were found clean, where rules.remember is there */
};

/* Scans everything and prints it. A thread takes the next file, largest first, when it is done
 * with one: none is idle while there is work. When a signal has ended it, threads may still be at
 * work on what `orders` names: nothing of it may be freed, and the program should end. */
void sg_crew_scan(const struct sg_orders *orders, struct sg_outcome *outcome);

#endif
