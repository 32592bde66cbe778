/* libc.h - libc's names as the shim defines and calls them: every one plain, none fortified.
 *
 * Included first by each file of the shim. A 64-bit target, x86-64 or aarch64, is taken for
 * granted: off_t is off64_t, `open` and `open64` do the same.
 */
#ifndef SG_LIBC_H
#define SG_LIBC_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#undef _FORTIFY_SOURCE /* its inline wrappers would stand where our definitions go */

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#if defined(_FILE_OFFSET_BITS) && _FILE_OFFSET_BITS == 64
#error "with _FILE_OFFSET_BITS=64 `open` would be defined under the name of `open64`"
#endif

/* What marks a definition as one that takes libc's place. */
#define SG_HOOK __attribute__((visibility("default")))

/* Exported by glibc without a declaration. */
int __open(const char *path, int flags, ...);
int __open64(const char *path, int flags, ...);
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dir, const char *path, int flags);
int __openat64_2(int dir, const char *path, int flags);
FILE *_IO_fopen(const char *path, const char *mode);
FILE *_IO_fdopen(int fd, const char *mode);
int _IO_fclose(FILE *stream);
ssize_t __read(int fd, void *into, size_t len);
ssize_t __read_chk(int fd, void *into, size_t len, size_t room);
ssize_t __pread64(int fd, void *into, size_t len, off_t at);
ssize_t __pread_chk(int fd, void *into, size_t len, off_t at, size_t room);
ssize_t __pread64_chk(int fd, void *into, size_t len, off_t at, size_t room);
int __close(int fd);
int __dup2(int from, int to);
int __fcntl(int fd, int command, ...);
FILE *_IO_popen(const char *command, const char *mode);
char *__strerror_r(int number, char *into, size_t room);
int __xpg_strerror_r(int number, char *into, size_t room);

#ifndef __GLIBC_PREREQ /* musl: there are no hooks, but the command line takes files of the shim */
#define __GLIBC_PREREQ(major, minor) 0
#endif
#if !__GLIBC_PREREQ(2, 34)
int close_range(unsigned first, unsigned last, int flags);
void closefrom(int first);
int execveat(int dir, const char *path, char *const argv[], char *const env[], int flags);
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

#endif
