/* opening.c - looks at what a path names before it is opened, and into what was opened. */
#include "shim/supervise/opening.h"

#include "shim/supervise/lookup.h"
#include "shim/supervise/rights.h"
#include "shim/supervise/target.h"
#include "shim/supervise/terminal.h"
#include "shim/supervise/vetting.h"
#include "shim/supervise/waiting.h"

#include "shim/log.h"
#include "shim/note.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define DECLINED_TOLD 20u
#define CALLERS_TERMINAL makedev(5, 0) /* /dev/tty */

struct opening {
    const struct sg_request *request;
    const struct sg_policy *policy;
    struct sg_place place;
    bool by_hand; /* the path was looked up */
};

/* The mask that a new file's mode goes through is the whole process's. */
static pthread_mutex_t mask_lock = PTHREAD_MUTEX_INITIALIZER;

static bool is_tmpfile(const struct open_how *how)
{
    return (how->flags & O_TMPFILE) == O_TMPFILE;
}

/* Who it was, for a record: /proc is asked only where there is one. */
static void introduce(struct sg_subject *subject)
{
    static __thread char exe[PATH_MAX];
    char path[64];
    struct sg_target target;

    snprintf(path, sizeof(path), "/proc/%u/exe", subject->tid);
    ssize_t len = readlink(path, exe, sizeof(exe) - 1);
    exe[len > 0 ? len : 0] = '\0';
    subject->exe = exe;
    subject->pid =
        sg_target_read((pid_t)subject->tid, &target) ? (uint32_t)target.pid : subject->tid;
}

/* Not for what the file is, but for what cannot be done in the name of this process. */
static int decline(const struct sg_request *request, const char *why)
{
    static _Atomic unsigned told;
    struct sg_phrase note = sg_note_begin();
    char text[256];

    sg_phrase_string(&note, why);
    sg_note_end(&note);
    if (told++ < DECLINED_TOLD) {
        snprintf(text, sizeof(text), "supervisor: an open of process %u is refused: %s",
                 request->call.pid, why);
        sg_log_say(text);
    }
    return -EACCES;
}

/* Vets it where it can be read and holds bytes at rest. Closes what is refused. */
static int vet(const struct opening *opening, int fd)
{
    const struct sg_request *request = opening->request;
    struct sg_subject subject = {
        .fd = fd,
        .path = request->path,
        .event = SG_EVENT_OPEN,
        .tid = request->call.pid,
        .introduce = introduce,
    };

    if (fd < 0 || request->how.flags & O_WRONLY /* 3 reads no more than 1 does */)
        return fd;
    if (fstat(fd, &subject.st) == 0 &&
        (!S_ISREG(subject.st.st_mode) ||
         sg_vetting(&subject, opening->policy, (int)request->how.flags)))
        return fd;
    close(fd);
    return -EACCES;
}

/* With the mask changed nobody waits, for the other end of a FIFO or for a lease: what would have
 * to be waited for is there, and -ELOOP says so. */
static int create(const struct opening *opening, const struct sg_place *place, const char *path,
                  bool by_hand)
{
    const struct sg_request *request = opening->request;
    struct open_how how = request->how;
    struct sg_target target;

    if (!sg_target_read((pid_t)request->call.pid, &target) || !sg_request_is_valid(request))
        return -EINTR;
    how.flags |= O_NONBLOCK;
    pthread_mutex_lock(&mask_lock);
    mode_t before = umask(target.umask);
    int fd = sg_lookup_create(place, path, &how, by_hand);
    umask(before);
    pthread_mutex_unlock(&mask_lock);
    if (request->how.flags & O_NONBLOCK)
        return fd;
    if (fd >= 0)
        (void)fcntl(fd, F_SETFL, (int)request->how.flags);
    return fd == -EAGAIN ? -ELOOP : fd;
}

static int create_nameless(const struct opening *opening, int folder)
{
    struct sg_place place = {.root = -1, .base = folder};

    return create(opening, &place, ".", false);
}

static int open_found(const struct opening *opening, int at, const struct stat *found)
{
    const struct sg_request *request = opening->request;
    int flags = (int)request->how.flags;

    if (flags & O_CREAT && flags & O_EXCL)
        return -EEXIST;
    if (S_ISLNK(found->st_mode))
        return flags & O_DIRECTORY ? -ENOTDIR : -ELOOP;
    if (S_ISDIR(found->st_mode))
        return is_tmpfile(&request->how) ? create_nameless(opening, at)
               : flags & O_CREAT         ? -EISDIR
                                         : sg_reopen(at, flags);
    if (flags & O_DIRECTORY)
        return -ENOTDIR;
    if (S_ISREG(found->st_mode)) {
        /* In folders like /tmp O_CREAT makes a difference; by hand no link at the
         * end is followed. */
        int fd = flags & O_CREAT && !sg_lookup_is_proc(at)
                     ? create(opening, &opening->place, request->path, opening->by_hand)
                     : -ELOOP;
        return fd == -ELOOP ? sg_reopen(at, flags) : fd;
    }
    if (S_ISCHR(found->st_mode) && found->st_rdev == CALLERS_TERMINAL)
        return sg_terminal_open(&opening->place, flags);
    return sg_waiting_reopen(request, at, flags);
}

static int open_at(struct opening *opening)
{
    const struct sg_request *request = opening->request;
    const struct open_how *how = &request->how;
    bool follow =
        !(how->flags & O_NOFOLLOW) && (how->flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
    struct stat found;

    int at = sg_lookup(&opening->place, request->path, follow, how->resolve, &opening->by_hand);
    if (at == -ENOENT && how->flags & O_CREAT)
        return create(opening, &opening->place, request->path, opening->by_hand);
    if (at < 0)
        return at;
    int fd = fstat(at, &found) ? -errno : open_found(opening, at, &found);
    close(at);
    return fd;
}

int sg_opening_unread(const struct sg_request *request, int error)
{
    return error == -EPERM ? decline(request, "its memory cannot be read from outside") : error;
}

int sg_opening(const struct sg_request *request, const struct sg_policy *policy)
{
    struct opening opening = {.request = request, .policy = policy};
    pid_t tid = (pid_t)request->call.pid;
    bool relative = *request->path != '/' || request->how.resolve & RESOLVE_IN_ROOT;
    const char *why = NULL;

    int fd = sg_place_open(&opening.place, tid, request->dir, relative);
    if (fd == -EACCES || fd == -EPERM)
        why = "what its path is relative to cannot be seen from outside";
    else if (fd == 0 && (fd = sg_rights_enter(tid)) < 0)
        why = "its rights are others than the supervisor's can be";
    if (!sg_request_is_valid(request)) /* whose rights and folders these are nobody knows */
        fd = -EINTR;
    else if (why)
        fd = decline(request, why);
    else if (fd == 0)
        fd = open_at(&opening);
    sg_rights_leave();
    fd = vet(&opening, fd);
    sg_place_close(&opening.place);
    return fd;
}
