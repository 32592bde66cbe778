/* request.h - one system call of a supervised thread, and the answers to it. */
#ifndef SG_REQUEST_H
#define SG_REQUEST_H

#include <limits.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct sg_request {
    int listener;
    struct seccomp_notif call;
    struct open_how how; /* of an open, whatever its kind */
    int dir;
    char path[PATH_MAX];
};

/* Waits for the next one. 0, or a negative errno: -EINTR and -ENOENT are no trouble. */
int sg_request_wait(int listener, struct sg_request *request);

/* Fills in how, dir and path, from registers and memory. 0, or the negative errno that the call
 * is to be answered with. */
int sg_request_read_open(struct sg_request *request);

/* Whether the thread still waits: what was read before of its number was then its own. */
bool sg_request_is_valid(const struct sg_request *request);

/* Answers; each a negative errno where the thread is gone, or sg_request_give() could not. */
int sg_request_fail(const struct sg_request *request, int error); /* error: negative */
int sg_request_return(const struct sg_request *request, long value);
int sg_request_let_go_on(const struct sg_request *request);

/* The call answers a new descriptor of the thread for our `fd`, which is closed. */
int sg_request_give(const struct sg_request *request, int fd);

/* Into the thread's memory. Bytes that were copied, or a negative errno. */
long sg_request_write(const struct sg_request *request, uint64_t to, const void *from, size_t len);

#endif
