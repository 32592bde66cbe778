/* guard.c - from a descriptor's state to an answer. */
#include "shim/guard.h"

#include "shim/log_send.h"
#include "shim/python.h"
#include "shim/raw.h"
#include "shim/still.h"
#include "shim/strict.h"
#include "shim/supervised.h"
#include "shim/vet.h"

#include "sgscan.h"

/* Vetting holds nothing and may be nested: a signal handler opens files while it runs. It calls no
 * hook itself; should a library it uses do so one day, this depth is taken for a loop and the
 * call is refused. */
#define NESTED_MOST 32

static __thread const char *frame; /* of the vetting that runs in this thread */
static __thread int nested;

/* A frame that is not below the one that was noted: that one was left by a longjmp. */
static bool enter(const char *here, const char **outer)
{
    *outer = frame;
    if (!frame || here >= frame)
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
static bool vet_loosely(struct sg_subject *subject, const struct sg_use *use,
                        enum sg_fd_state *state)
{
    enum sg_vetted vetted = sg_vet(subject, sg_start_policy());
    bool grows = (use->flags & O_ACCMODE) != O_RDONLY || subject->st.st_size == 0;

    *state = grows ? SG_FD_WRITABLE : SG_FD_FRESH;
    if (vetted == SG_VETTED_CARRIER)
        *state = SG_FD_WATCHED;
    return vetted != SG_VETTED_REFUSED;
}

static void bind(const struct sg_subject *subject, enum sg_fd_state state)
{
    struct sg_identity identity = sg_identity_of(&subject->st);

    if (state == SG_FD_UNVETTED)
        sg_fd_forget(subject->fd);
    else
        sg_fd_bind(subject->fd, state, &identity);
}

static bool is_strict(void)
{
    return sg_start_policy()->snapshot == SG_SNAPSHOT_STRICT;
}

static bool vet(struct sg_subject *subject, const struct sg_use *use)
{
    enum sg_fd_state state;
    const char *outer;

    if (!enter(__builtin_frame_address(0), &outer))
        return false;
    subject->exe = sg_start_exe();
    bool fine = is_strict() ? sg_strict_vet(subject, sg_start_policy(), use, &state)
                            : vet_loosely(subject, use, &state);
    leave(outer);
    if (fine)
        bind(subject, state);
    return fine;
}

/* Without a scan. True where the policy lets it through all the same. */
static bool refuse(struct sg_subject *subject, const char *rule, const char *detail)
{
    const char *outer;
    bool fine = false;

    if (enter(__builtin_frame_address(0), &outer)) {
        subject->exe = sg_start_exe();
        fine = sg_vet_failed(subject, sg_start_policy(), rule, detail) != SG_VETTED_REFUSED;
        leave(outer);
    }
    if (!fine)
        errno = EACCES;
    return fine;
}

/* A file system can fail to tell, and yet let itself be read. */
static bool refuse_unknown(struct sg_subject *subject)
{
    return refuse(subject, "unreadable", "the kernel does not tell what it is");
}

static bool refuse_change(struct sg_subject *subject)
{
    return refuse(subject, "changed", "the file changed while it was read");
}

static bool makes(int flags)
{
    return (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL) || (flags & O_TMPFILE) == O_TMPFILE;
}

int sg_guard_opened(int fd, int flags, const char *path)
{
    struct sg_subject subject = {.fd = fd, .path = path, .event = SG_EVENT_OPEN};
    struct sg_use use = {.flags = flags, .unseen = fd >= SG_FD_MAX, .made = makes(flags)};

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
    if (flags & O_PATH || flags & O_WRONLY)
        return fd;
    if (sg_raw_stat(fd, &subject.st) < 0) {
        if (refuse_unknown(&subject))
            return fd;
    } else if (!S_ISREG(subject.st.st_mode) || vet(&subject, &use)) {
        return fd;
    }
    (void)SG_RAW(SYS_close, fd);
    errno = EACCES;
    return -1;
}

/* It was vetted, and nothing speaks against it now. */
static bool stands(const struct sg_subject *subject, bool unseen)
{
    struct sg_identity identity = sg_identity_of(&subject->st);
    uint64_t word = sg_fd_word(subject->fd);

    if (SG_FD_STATE(word) == SG_FD_PRIVATE) /* the program may give it another mode, or times */
        return sg_fd_same_file(word, &identity);
    if (SG_FD_STATE(word) == SG_FD_HELD)
        return !unseen && sg_fd_same_file(word, &identity) && sg_still_held(subject->fd);
    if (!sg_fd_matches(word, &identity) || (unseen && is_strict()))
        return false;
    if (SG_FD_STATE(word) == SG_FD_FRESH)
        sg_fd_clear(subject->fd, word);
    return true;
}

static bool vet_again(int fd, enum sg_event event, const char *path, bool unseen)
{
    struct sg_subject subject = {.fd = fd, .path = path, .event = event};

    long told = sg_raw_stat(fd, &subject.st);
    if (told < 0) /* of what is no descriptor the real call will say that */
        return told == -EBADF || refuse_unknown(&subject);
    if (!S_ISREG(subject.st.st_mode)) {
        if (!S_ISDIR(subject.st.st_mode))
            sg_fd_exempt(fd);
        return true;
    }
    if (stands(&subject, unseen))
        return true;
    long flags = SG_RAW(SYS_fcntl, fd, F_GETFL);
    if (flags >= 0 && (flags & O_PATH || flags & O_WRONLY))
        return true;
    struct sg_identity identity = sg_identity_of(&subject.st);
    uint64_t word = sg_fd_word(fd);
    enum sg_fd_state state = SG_FD_STATE(word);
    struct sg_use use = {.flags = (int)flags,
                         .unseen = unseen || fd >= SG_FD_MAX,
                         .made = state == SG_FD_WATCHED && sg_fd_same_file(word, &identity)};
    subject.being_written = (state == SG_FD_WATCHED || state == SG_FD_WRITABLE) &&
                            event == SG_EVENT_READ && (flags & O_ACCMODE) == O_RDWR;
    if (vet(&subject, &use))
        return true;
    errno = EACCES;
    return false;
}

bool sg_guard_vet(int fd, enum sg_event event)
{
    return vet_again(fd, event, NULL, false);
}

bool sg_guard_unseen(int fd, enum sg_event event, const char *path)
{
    sg_note_drop();
    sg_fd_refresh(fd);
    enum sg_fd_state state = SG_FD_STATE(sg_fd_word(fd));
    return state == SG_FD_EXEMPT || !sg_awake() || vet_again(fd, event, path, true);
}

/* The program has the beginning of one version and would get the rest of another. Beyond its head
 * a file that is no carrier may go on as another. */
static bool is_torn(enum sg_fd_state state, off_t at)
{
    return state == SG_FD_HELD || (state == SG_FD_STILL && at > 0 && at < (off_t)SG_SNIFF_SIZE);
}

/* Nothing is left to a second reading: what was read may have been another's for a moment. */
static bool read_anew(struct sg_subject *subject, off_t at, ssize_t *got, int *left)
{
    int fd = subject->fd;
    struct sg_identity identity = sg_identity_of(&subject->st);
    enum sg_fd_state state = SG_FD_STATE(sg_fd_word(fd));
    off_t start = at >= 0 ? at : SG_RAW(SYS_lseek, fd, 0, SEEK_CUR) - *got;
    bool torn = sg_fd_same_file(sg_fd_word(fd), &identity) && is_torn(state, start);

    if (state == SG_FD_HELD)
        sg_still_release(fd);
    if (torn || (*left)-- <= 0) {
        if (!refuse_change(subject))
            *got = -1;
        return false;
    }
    if ((at >= 0 || SG_RAW(SYS_lseek, fd, start, SEEK_SET) == start) &&
        sg_guard_vet(fd, SG_EVENT_READ))
        return true;
    *got = -1;
    return false;
}

bool sg_guard_look_back(int fd, off_t at, ssize_t *got, int *left)
{
    struct sg_subject subject = {.fd = fd, .event = SG_EVENT_READ};

    if (sg_start_policy()->snapshot == SG_SNAPSHOT_OFF)
        return false;
    long told = sg_raw_stat(fd, &subject.st);
    if (told < 0) {
        if (told != -EBADF && !refuse_unknown(&subject))
            *got = -1;
        return false;
    }
    /* The number may be a pipe's by now, which cannot be read once more. */
    if (!S_ISREG(subject.st.st_mode) || stands(&subject, false))
        return false;
    if (is_strict() && (SG_RAW(SYS_fcntl, fd, F_GETFL) & O_ACCMODE) == O_RDONLY)
        return read_anew(&subject, at, got, left);
    if (!sg_guard_vet(fd, SG_EVENT_READ))
        *got = -1;
    return false;
}

bool sg_guard_look_back_at_move(int fd)
{
    struct sg_subject subject = {.fd = fd, .event = SG_EVENT_READ};

    if (!is_strict())
        return true;
    long told = sg_raw_stat(fd, &subject.st);
    if (told < 0)
        return told == -EBADF || refuse_unknown(&subject);
    return stands(&subject, false) || refuse_change(&subject);
}
