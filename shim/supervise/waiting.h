/* waiting.h - opens that wait for somebody else: the other end of a FIFO, a line of a terminal.
 *
 * A supervisor's thread waits in the name of a supervised one. When that one is killed, or a
 * signal is pending for it, the wait is broken off.
 */
#ifndef SG_WAITING_H
#define SG_WAITING_H

#include "shim/supervise/request.h"

/* Before the first worker. False (errno) when no thread could be started. */
bool sg_waiting_start(void);

/* In every worker, before anything else. */
void sg_waiting_prepare_thread(void);

/* sg_reopen(fd, flags), broken off where the thread behind `request` is wanted elsewhere: then
 * with the errno that makes the kernel begin the call anew after the signal, or end it. */
int sg_waiting_reopen(const struct sg_request *request, int fd, int flags);

#endif
