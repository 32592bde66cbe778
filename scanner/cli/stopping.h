/* stopping.h - signals that end a long work early, taken one at a time and not in a handler. */
#ifndef SG_STOPPING_H
#define SG_STOPPING_H

#include <pthread.h>
#include <signal.h>

/* Holds SIGINT, SIGTERM and SIGHUP back, as far as they are not ignored, and what
 * sg_stopping_wake() sends; in this thread and those it makes from now on. */
sigset_t sg_stopping_begin(sigset_t *before);

/* Lets them through again, but for that last one: then the next ends the program. */
void sg_stopping_end(const sigset_t *before);

/* The next of them; 0 when the time is over or somebody called sg_stopping_wake(). */
int sg_stopping_wait(const sigset_t *signals, long milliseconds);
void sg_stopping_wake(pthread_t thread);

/* "SIGINT" */
const char *sg_stopping_name(int signal);

/* Ends the program by that signal, so that a shell or a build sees it as what it is. */
_Noreturn void sg_stopping_die(int signal);

#endif
