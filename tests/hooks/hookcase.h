/* hookcase.h - one case per hooked symbol: how to get at a file's bytes by way of it. */
#ifndef SG_HOOKCASE_H
#define SG_HOOKCASE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define TRIAL_BYTES 65536

/* A trial gets at all bytes of `path` and says how many there were, or -1 with errno. */
struct trial {
    const char *path;  /* the file that is wanted */
    const char *plain; /* a text file that no loader takes for a model */
    char bytes[TRIAL_BYTES];
};

typedef ssize_t trial_fn(struct trial *trial);

enum {
    CASE_ALONE = 1,     /* changes the whole process: not in threads */
    CASE_ELSEWHERE = 2, /* another process does it: its strerror() tells nothing here */
    CASE_WAY = 8,       /* not named after a symbol: a way round one */
    CASE_LATE = 4,      /* takes us out of the environment, which must have been read before */
};

struct hookcase {
    const char *symbol; /* NULL ends a table */
    trial_fn *get;
    int flags;
};

extern const struct hookcase cases_open[], cases_stdio[], cases_read[], cases_fd[], cases_exec[],
    cases_load[], cases_strerror[], cases_ways[];

/* What passes by every hook. */
int raw_open(const char *path, int flags);
void raw_close(int fd);
ssize_t raw_fill(int fd, struct trial *trial); /* reads to the end, then closes */

/* read(2) through the hook to the end, then closes; -1 stays -1 with its errno. */
ssize_t read_fill(int fd, struct trial *trial);

/* A descriptor that the guard has seen read and found harmless. */
int cleared_fd(const struct trial *trial);

/* A cleared file is written over by somebody else, then `seek` goes back to its beginning from
 * `whence`, and it is read once more. */
ssize_t after_seek(struct trial *trial, off_t (*seek)(int, off_t, int), int whence);

/* A file of its own for each trial that wants one. */
void scratch_name(const struct trial *trial, char *into, size_t cap);

#endif
