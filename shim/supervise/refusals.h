/* refusals.h - why opens were refused, until the guard inside the process asks. */
#ifndef SG_REFUSALS_H
#define SG_REFUSALS_H

#include "shim/supervise/request.h"

/* The note (shim/note.h) of the calling thread is what `tid` is to hear. */
void sg_refusals_keep(pid_t tid);

/* Another open of `tid` begins: what was kept for it is of no interest any more. */
void sg_refusals_drop(pid_t tid);

/* Answers prctl(SG_SUPERVISED_WHY). */
void sg_refusals_answer(const struct sg_request *request);

#endif
