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
    double listed;  /* when a line of sg_progress_list() was drawn last */
    uint64_t files; /* all of them */
    uint64_t bytes;
};

/* Before the files are known. */
struct sg_progress sg_progress_begin(void);

/* Draws how many were found so far; may be called for every one of them. */
void sg_progress_list(struct sg_progress *progress, uint64_t files);

/* Now they are known: the clock begins anew. */
void sg_progress_start(struct sg_progress *progress, uint64_t files, uint64_t bytes);

/* Draws the line, once the work has lasted long enough to ask for one; it is never longer than the
 * terminal is wide. */
void sg_progress_draw(struct sg_progress *progress, uint64_t files_done, uint64_t bytes_done);

/* Takes the line away; before anything else is printed. */
void sg_progress_clear(struct sg_progress *progress);

/* Seconds on a clock that only goes forward. */
double sg_progress_now(void);

#endif
