/* front.h - the process that was started as `safeguard run`: it stands for the command towards
 * whoever started it, in signals, stops and exit status.
 */
#ifndef SG_FRONT_H
#define SG_FRONT_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SG_STATUS_REFUSED 125 /* exit status after a message: nothing was run, or it was killed */

enum sg_front_kind {
    SG_FRONT_STARTED, /* value: the command's process */
    SG_FRONT_REFUSED, /* value: an exit status; a message was printed */
    SG_FRONT_STOPPED, /* value: the signal that stopped the command */
    SG_FRONT_ENDED,   /* value: as waitpid() has it */
    SG_FRONT_SIGNAL,  /* of the front: did this signal reach the supervisor too? Its answer */
};

/* A message between the front and the supervisor, over a socket that keeps them apart. */
struct sg_front_word {
    uint32_t kind;
    int32_t value;  /* of SG_FRONT_SIGNAL: its number */
    int32_t code;   /* si_code */
    int32_t sender; /* si_pid */
    int32_t shared; /* the answer: it was sent to the process group */
    int32_t last;   /* of SG_FRONT_ENDED: nobody is left, the supervisor ends too */
};

/* Until the command ends. All signals are blocked. The answer is the exit status, or it does not
 * return because the command was killed by a signal. */
int sg_front(int channel, pid_t supervisor);

#endif
