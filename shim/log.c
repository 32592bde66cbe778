/* log.c - records go to standard error, a file, syslog or the journal. */
#include "shim/log.h"

#include "shim/raw.h"

#include <limits.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#define KERNEL_SIGSET 8        /* bytes of a signal set, as the kernel counts */
#define SYSLOG_PRIORITY "<84>" /* authpriv.warning */

static enum sg_log_target target = SG_LOG_STDERR;
static char file[PATH_MAX];

void sg_log_open(const struct sg_policy_log *log)
{
    struct sg_phrase path = sg_phrase_open(file, sizeof(file));

    target = log->target;
    if (target != SG_LOG_FILE)
        return;
    if (log->path[0] != '/' && SG_RAW(SYS_getcwd, file, sizeof(file)) > 0) {
        path.len = strlen(file);
        sg_phrase_string(&path, "/");
    }
    sg_phrase_string(&path, log->path);
    if (path.len >= sizeof(file)) {
        sg_log_say("the log's path is too long: records go to standard error");
        target = SG_LOG_STDERR;
    }
}

/* A write into a pipe that nobody reads would kill the program: its SIGPIPE is held back, and
 * taken away unless one was waiting before. */
static bool write_quietly(int fd, const char *text, size_t len)
{
    uint64_t pipe = 1ull << (SIGPIPE - 1), before = 0, waiting = 0;
    struct timespec at_once = {0, 0};

    (void)SG_RAW(SYS_rt_sigprocmask, SIG_BLOCK, &pipe, &before, KERNEL_SIGSET);
    (void)SG_RAW(SYS_rt_sigpending, &waiting, KERNEL_SIGSET);
    long done = SG_RAW(SYS_write, fd, text, len);
    if (done == -EPIPE && !(waiting & pipe))
        (void)SG_RAW(SYS_rt_sigtimedwait, &pipe, NULL, &at_once, KERNEL_SIGSET);
    (void)SG_RAW(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, KERNEL_SIGSET);
    return done == (long)len;
}

static bool write_file(const char *text, size_t len)
{
    long fd = SG_RAW(SYS_openat, AT_FDCWD, file,
                     O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);

    if (fd < 0)
        return false;
    bool done = write_quietly((int)fd, text, len);
    (void)SG_RAW(SYS_close, fd);
    return done;
}

static bool send_to(const char *socket_path, const char *text, size_t len)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    long fd = SG_RAW(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return false;
    memcpy(to.sun_path, socket_path, strlen(socket_path) + 1);
    long sent = SG_RAW(SYS_sendto, fd, text, len, MSG_NOSIGNAL, &to, sizeof(to));
    (void)SG_RAW(SYS_close, fd);
    return sent == (long)len;
}

/* The journal's own protocol: NAME=VALUE lines. The values hold no newline: they are quoted. */
static bool send_journal(const struct sg_record *record, struct sg_phrase *phrase)
{
    sg_phrase_string(phrase, "PRIORITY=4\nSYSLOG_IDENTIFIER=safeguard\nMESSAGE=");
    sg_record_line(record, phrase);
    sg_phrase_string(phrase, "\nSAFEGUARD_RECORD=");
    sg_record_json(record, phrase);
    sg_phrase_string(phrase, "\n");
    return send_to("/run/systemd/journal/socket", phrase->into, phrase->len);
}

static bool send_syslog(const struct sg_record *record, struct sg_phrase *phrase)
{
    sg_phrase_string(phrase, SYSLOG_PRIORITY "safeguard[");
    sg_phrase_number(phrase, (uint64_t)SG_RAW(SYS_getpid));
    sg_phrase_string(phrase, "]: ");
    sg_record_line(record, phrase);
    return send_to("/dev/log", phrase->into, phrase->len);
}

static bool deliver(const struct sg_record *record, struct sg_phrase *phrase)
{
    switch (target) {
    case SG_LOG_FILE:
        sg_record_json(record, phrase);
        sg_phrase_string(phrase, "\n");
        return write_file(phrase->into, phrase->len);
    case SG_LOG_JOURNALD:
        return send_journal(record, phrase);
    case SG_LOG_SYSLOG:
        return send_syslog(record, phrase);
    case SG_LOG_STDERR:
        break;
    }
    return false;
}

void sg_log_write(const struct sg_record *record, char *scratch)
{
    struct sg_phrase phrase = sg_phrase_open(scratch, SG_RECORD_MAX);

    if (deliver(record, &phrase))
        return;
    phrase = sg_phrase_open(scratch, SG_RECORD_MAX);
    sg_record_line(record, &phrase);
    sg_phrase_string(&phrase, "\n");
    (void)write_quietly(STDERR_FILENO, phrase.into, phrase.len);
}

void sg_log_say(const char *text)
{
    char line[1024];
    struct sg_phrase phrase = sg_phrase_open(line, sizeof(line) - 1);

    sg_phrase_string(&phrase, "safeguard: ");
    sg_phrase_string(&phrase, text);
    size_t len = phrase.len < phrase.cap ? phrase.len : phrase.cap - 1;
    memcpy(line + len, "\n", 2);
    (void)write_quietly(STDERR_FILENO, line, len + 1);
}
