/* rights.h - files are opened with the rights of the thread that asked.
 *
 * A program starts with the supervisor's own rights, root directory and namespaces, but without
 * CAP_SYS_PTRACE: with it root could write the supervisor's memory, or the front's, through /proc,
 * by an open that nobody is told of. It has it never again, and nothing is opened for it with it.
 * Only when one of the tree has made a call that can change the rest is it looked up, at each open
 * from then on.
 */
#ifndef SG_RIGHTS_H
#define SG_RIGHTS_H

#include <stdbool.h>
#include <sys/types.h>

/* In the command's process, before the filter: no CAP_SYS_PTRACE from there on. False (errno). */
bool sg_rights_give_up_tracing(void);

/* Before the first worker: remembers what the supervisor itself is. False (errno) without /proc. */
bool sg_rights_start(void);

/* Somebody is about to make such a call. */
void sg_rights_note_change(void);
bool sg_rights_may_differ(void);

/* Makes the calling thread open files with the rights of `tid`; 0 or a negative errno: they cannot
 * be had. sg_rights_leave() takes them back. */
int sg_rights_enter(pid_t tid);
void sg_rights_leave(void);

#endif
