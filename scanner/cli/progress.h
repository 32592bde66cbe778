/* progress.h - how far a long scan is, on a terminal's last line. */
#ifndef SG_PROGRESS_H
#define SG_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sg_progress {
    bool wanted;    /* standard error is a terminal */
    bool drawn;     /* a line stands there now */
    double begun;   /* seconds, see sg_progress_now() */
    uint64_t files; /* all of them */
    uint64_t bytes;
};

struct sg_progress sg_progress_begin(uint64_t files, uint64_t bytes);

/* Draws the line, once the work has lasted long enough to ask for one. */
void sg_progress_draw(struct sg_progress *progress, uint64_t files_done, uint64_t bytes_done);

/* Takes the line away; before anything else is printed. */
void sg_progress_clear(struct sg_progress *progress);

/* Seconds on a clock that only goes forward. */
double sg_progress_now(void);

#endif
