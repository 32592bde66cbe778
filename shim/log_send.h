/* log_send.h - bytes on their way to a log, without ever waiting for it.
 *
 * One system call writes the whole; no descriptor outlives a call: a program may close any. False
 * where not all of it arrived.
 */
#ifndef SG_LOG_SEND_H
#define SG_LOG_SEND_H

#include "shim/libc.h"

/* Appends lines to a file, made where there is none: by its name each time, so that a log that was
 * renamed or removed is not written on. `text` begins with a newline, which is left out unless the
 * file ends in the middle of a line: a disk was full, or a process was killed. */
bool sg_send_file(const char *path, const char *text, size_t len);

/* One datagram, or where the socket knows streams only, one message that ends with a NUL. `text`
 * has room for that NUL. */
bool sg_send_socket(const char *path, char *text, size_t len);

/* A line, cut to what a pipe takes at once. */
bool sg_send_stderr(char *text, size_t len);

/* Descriptor 2 has become the program's own by an open (`own`), or was redirected. What is its own
 * regular file is not written to. */
void sg_send_stderr_is(bool own);

#endif
