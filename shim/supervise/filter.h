/* filter.h - the kernel's filter around a supervised program.
 *
 * What is decided by registers alone is decided in the kernel, at no cost: an open that cannot
 * read (O_WRONLY, O_PATH), that opens a directory (O_DIRECTORY), or that ends in an empty file
 * (O_TRUNC, O_CREAT with O_EXCL) goes through. Every other open is told to the supervisor, and so
 * is each openat2(), whose flags lie in memory. Told and let go on are the calls after which a
 * path may mean another thing or a process may open other files than the supervisor: see
 * rights.h. Refused is what the profile no-bypass refuses, and besides clone3() (its
 * flags lie in memory; libc does without), fanotify, which hands out open files, and Landlock,
 * which would bind the program and not the supervisor that opens for it.
 */
#ifndef SG_FILTER_H
#define SG_FILTER_H

/* Puts the filter in force in the calling process, which has one thread, and in all that it
 * starts. The answer is the descriptor at which the supervisor listens, close-on-exec; or a
 * negative errno with what failed in `*step`: -EBUSY where a supervisor is there already. */
int sg_filter_load(const char **step);

#endif
