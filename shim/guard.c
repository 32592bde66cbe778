/* guard.c - from a descriptor's state to an answer. */
#include "shim/guard.h"

#include "shim/log_send.h"
#include "shim/python.h"
#include "shim/raw.h"
#include "shim/supervised.h"
#include "shim/vet.h"

/* Vetting holds nothing and may be nested: a signal handler opens files while it runs. It calls no
 * hook itself; should a library it uses do so one day, this depth is taken for a loop and the
 * call is refused. */
#define NESTED_MOST 32

static __thread const char *frame; /* of the vetting that runs in this thread */
static __thread int nested;

/* A frame further out than the one that was noted: it was left by a longjmp. */
static bool enter(const char *here, const char **outer)
{
    *outer = frame;
    if (!frame || here > frame)
        nested = 0;
    if (nested >= NESTED_MOST)
        return false;
    frame = here;
    nested++;
    return true;
}

static void leave(const char *outer)
{
    frame = outer;
    nested--;
}

/* O_RDWR: what is read may be what was written through the same descriptor. An empty file may be
 * filled. Both, as carriers, are looked at again at every use. */
static void bind(const struct sg_subject *subject, int flags, enum sg_vetted vetted)
{
    struct sg_identity identity = sg_identity_of(&subject->st);
    bool watch =
        vetted == SG_VETTED_CARRIER || (flags & O_ACCMODE) != O_RDONLY || identity.size == 0;

    sg_fd_bind(subject->fd, watch ? SG_FD_WATCHED : SG_FD_FRESH, &identity);
}

static bool vet(struct sg_subject *subject, int flags)
{
    const char *outer;

    if (!enter(__builtin_frame_address(0), &outer))
        return false;
    subject->exe = sg_start_exe();
    enum sg_vetted vetted = sg_vet(subject, sg_start_policy());
    leave(outer);
    if (vetted != SG_VETTED_REFUSED)
        bind(subject, flags, vetted);
    return vetted != SG_VETTED_REFUSED;
}

int sg_guard_opened(int fd, int flags, const char *path)
{
    struct sg_subject subject = {.fd = fd, .path = path, .event = SG_EVENT_OPEN};

    sg_note_drop();
    if (fd < 0) {
        sg_supervised_ask();
        return fd;
    }
    if (fd == STDERR_FILENO)
        sg_send_stderr_is(true);
    if (!sg_awake()) {
        sg_start_peek(path);
        return fd;
    }
    sg_python_peek(path);
    sg_fd_forget(fd);
    if (flags & O_PATH || (flags & O_ACCMODE) == O_WRONLY ||
        SG_RAW(SYS_fstat, fd, &subject.st) < 0 || !S_ISREG(subject.st.st_mode) ||
        vet(&subject, flags))
        return fd;
    (void)SG_RAW(SYS_close, fd);
    errno = EACCES;
    return -1;
}

bool sg_guard_vet(int fd, enum sg_event event, const char *path)
{
    struct sg_subject subject = {.fd = fd, .path = path, .event = event};
    uint64_t word = sg_fd_word(fd);

    if (SG_RAW(SYS_fstat, fd, &subject.st) < 0)
        return true; /* the real call will say what is wrong */
    if (!S_ISREG(subject.st.st_mode)) {
        if (!S_ISDIR(subject.st.st_mode))
            sg_fd_exempt(fd);
        return true;
    }
    struct sg_identity identity = sg_identity_of(&subject.st);
    if (sg_fd_matches(word, &identity)) {
        if (SG_FD_STATE(word) == SG_FD_FRESH)
            sg_fd_clear(fd, word);
        return true;
    }
    long flags = SG_RAW(SYS_fcntl, fd, F_GETFL);
    if (flags < 0 || flags & O_PATH || (flags & O_ACCMODE) == O_WRONLY)
        return true;
    subject.being_written = SG_FD_STATE(word) == SG_FD_WATCHED && event == SG_EVENT_READ &&
                            (flags & O_ACCMODE) == O_RDWR;
    if (vet(&subject, (int)flags))
        return true;
    errno = EACCES;
    return false;
}
