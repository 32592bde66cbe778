/* log.c - records go to standard error, a file, syslog or the journal. */
#include "shim/log.h"

#include "shim/log_rate.h"
#include "shim/log_send.h"
#include "shim/raw.h"

#include <limits.h>
#include <string.h>
#include <sys/utsname.h>

#define SYSLOG_SOCKET "/dev/log"
#define SYSLOG_MOST 8192u /* bytes: what syslog daemons take */
#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define AUTHPRIV 10u

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

/* Of syslog: 4 is a warning, 5 worth notice. */
static unsigned severity(const struct sg_record *record)
{
    return record->action == SG_BLOCK ? 4 : 5;
}

static void add_host(struct sg_phrase *phrase)
{
    struct utsname name = {.nodename = ""};
    size_t len = 0;

    (void)SG_RAW(SYS_uname, &name);
    while (name.nodename[len] > ' ' && name.nodename[len] < 127)
        len++;
    sg_phrase_add(phrase, len ? (struct sg_text){name.nodename, len} : SG_TEXT("-"));
}

/* RFC 5424: <PRI>1 TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA MSG. */
static bool send_syslog(const struct sg_record *record, struct sg_phrase *phrase)
{
    phrase->cap = SYSLOG_MOST;
    sg_phrase_string(phrase, "<");
    sg_phrase_number(phrase, AUTHPRIV * 8 + severity(record));
    sg_phrase_string(phrase, ">1 ");
    sg_record_time(phrase);
    sg_phrase_string(phrase, " ");
    add_host(phrase);
    sg_phrase_string(phrase, " safeguard ");
    sg_phrase_number(phrase, record->pid ? record->pid : (uint64_t)SG_RAW(SYS_getpid));
    sg_phrase_string(phrase, " ");
    sg_phrase_string(phrase, sg_record_event(record));
    sg_phrase_string(phrase, " - ");
    sg_record_line(record, phrase);
    size_t len = phrase->len < phrase->cap ? phrase->len : phrase->cap - 1;
    return sg_send_socket(SYSLOG_SOCKET, phrase->into, len);
}

static void add_field(struct sg_phrase *phrase, const char *name, const char *value)
{
    sg_phrase_string(phrase, name);
    sg_phrase_string(phrase, value);
}

/* The journal's own protocol: NAME=VALUE lines. The values hold no newline: they are quoted. */
static bool send_journal(const struct sg_record *record, struct sg_phrase *phrase)
{
    sg_phrase_string(phrase, "MESSAGE=");
    sg_record_line(record, phrase);
    sg_phrase_string(phrase, "\nPRIORITY=");
    sg_phrase_number(phrase, severity(record));
    sg_phrase_string(phrase, "\nSYSLOG_FACILITY=");
    sg_phrase_number(phrase, AUTHPRIV);
    add_field(phrase, "\nSYSLOG_IDENTIFIER=", "safeguard");
    add_field(phrase, "\nSAFEGUARD_EVENT=", sg_record_event(record));
    add_field(phrase, "\nSAFEGUARD_ACTION=", record->action == SG_BLOCK ? "block" : "log");
    add_field(phrase, "\nSAFEGUARD_VERDICT=", sg_verdict_name(record->verdict));
    sg_phrase_string(phrase, "\nSAFEGUARD_RECORD=");
    sg_record_json(record, phrase);
    sg_phrase_string(phrase, "\n");
    return sg_send_socket(JOURNAL_SOCKET, phrase->into, phrase->len);
}

static bool send_stderr(const struct sg_record *record, struct sg_phrase *phrase)
{
    sg_record_line(record, phrase);
    sg_phrase_string(phrase, "\n");
    return sg_send_stderr(phrase->into, phrase->len);
}

static bool deliver(const struct sg_record *record, struct sg_phrase *phrase)
{
    switch (target) {
    case SG_LOG_FILE:
        sg_phrase_string(phrase, "\n");
        sg_record_json(record, phrase);
        sg_phrase_string(phrase, "\n");
        return sg_send_file(file, phrase->into, phrase->len);
    case SG_LOG_JOURNALD:
        return send_journal(record, phrase);
    case SG_LOG_SYSLOG:
        return send_syslog(record, phrase);
    case SG_LOG_STDERR:
        break;
    }
    return send_stderr(record, phrase);
}

/* What was left out is told in the log that lacks it. */
static bool deliver_with_count(const struct sg_record *record, char *scratch)
{
    struct sg_record whole = *record;
    struct sg_phrase phrase = sg_phrase_open(scratch, SG_RECORD_MAX);

    whole.left_out = sg_log_rate_missed();
    if (deliver(&whole, &phrase))
        return true;
    sg_log_rate_miss(whole.left_out + 1);
    return false;
}

void sg_log_write(const struct sg_record *record, char *scratch)
{
    if (!sg_log_rate_admit(record) || deliver_with_count(record, scratch) ||
        target == SG_LOG_STDERR)
        return;
    struct sg_phrase phrase = sg_phrase_open(scratch, SG_RECORD_MAX);
    (void)send_stderr(record, &phrase);
}

void sg_log_end(const char *exe, char *scratch)
{
    struct sg_report report = {
        .format = "none",
        .reason_count = 1,
        .reasons = {{.rule = "left-out", .detail = "the program has ended", .member = ""}},
    };
    struct sg_record record = {
        .event = SG_EVENT_START, .exe = exe, .path = exe, .report = &report, .action = SG_LOG};
    uint64_t missed = sg_log_rate_missed();

    sg_log_rate_miss(missed);
    if (missed)
        (void)deliver_with_count(&record, scratch);
}

void sg_log_say(const char *text)
{
    char line[1024];
    struct sg_phrase phrase = sg_phrase_open(line, sizeof(line) - 1);

    sg_phrase_string(&phrase, "safeguard: ");
    sg_phrase_string(&phrase, text);
    size_t len = phrase.len < phrase.cap ? phrase.len : phrase.cap - 1;
    memcpy(line + len, "\n", 2);
    (void)sg_send_stderr(line, len + 1);
}
