/* supervised.h - what the guard inside a process asks the supervisor around it.
 *
 * prctl(SG_SUPERVISED_WHY, into, cap) writes why this thread's last open was refused, at most
 * `cap` bytes, no NUL, and answers their number: 0 when it was not the supervisor. Without a
 * supervisor it is EINVAL: no such operation.
 */
#ifndef SG_SUPERVISED_H
#define SG_SUPERVISED_H

#define SG_SUPERVISED_WHY 0x53475700u
#define SG_SUPERVISED_WHY_MAX 1024u /* bytes that are worth asking for */

/* After an open that failed: where the supervisor refused it, its reason becomes this thread's
 * note (note.h). Keeps errno. */
void sg_supervised_ask(void);

#endif
