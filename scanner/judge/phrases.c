/* phrases.c - what a string reads like: command, source, address, path, encoded data. */
#include "judge/phrases.h"

#include "judge/argument_flags.h"
#include "judge/words.h"

#include <string.h>

/* What stands in commands and source text that attacks use, wherever it stands in a string. */
static const char *const payloads[] = {
    "/dev/tcp/",
    "os.system(",
    "os.popen(",
    "os.exec",
    "subprocess.",
    "__import__(",
    "exec(",
    "eval(",
    "/bin/sh",
    "/bin/bash",
    "bash -",
    "sh -c",
    "sh -i",
    "nc -",
    "curl ",
    "wget ",
    "powershell",
    "cmd.exe",
    "cmd /c",
    "| sh",
    "| bash",
    "|sh",
    "|bash",
    "socket.socket(",
    "rm -rf",
    "rm -f",
    "pty.spawn",
    "base64 -d",
    "base64.b64decode(",
    "chmod +x",
    "chmod 7",
    "import os",
    "import socket",
    "import subprocess",
    "import sys",
    "import pty",
    "from os import",
    "import urllib",
    "import requests",
    "urlopen(",
    "/etc/passwd",
    "/etc/shadow",
    "/.ssh",
    "authorized_keys",
    ".bashrc",
    "crontab",
    "mkfifo",
    "xterm -",
    "bitsadmin",
    "certutil",
    "mshta",
    "rundll32",
    "invoke-expression",
    "downloadstring",
    "marshal.loads(",
    "pickle.loads(",
    "os.environ",
    "shutil.rmtree(",
    "os.remove(",
    "os.unlink(",
};

/* Programs that begin a command line. */
static const char *const programs[] = {
    "sh",       "bash",     "zsh",     "dash",     "ksh",     "cmd",       "curl",    "wget",
    "nc",       "ncat",     "netcat",  "touch",    "rm",      "chmod",     "chown",   "python",
    "python2",  "python3",  "perl",    "ruby",     "node",    "php",       "echo",    "cat",
    "ls",       "ping",     "nohup",   "sudo",     "kill",    "mkdir",     "cp",      "mv",
    "env",      "export",   "uname",   "whoami",   "id",      "calc",      "open",    "start",
    "xdg-open", "dir",      "type",    "net",      "reg",     "tar",       "gzip",    "ssh",
    "scp",      "base64",   "openssl", "apt",      "apt-get", "yum",       "pip",     "pip3",
    "git",      "nslookup", "dig",     "ifconfig", "ip",      "ps",        "head",    "tail",
    "grep",     "find",     "sleep",   "printf",   "tee",     "dd",        "crontab", "systemctl",
    "useradd",  "iptables", "telnet",  "socat",    "gcc",     "make",      "lua",     "awk",
    "sed",      "pwd",      "date",    "hostname", "notepad", "osascript", "say",     "true",
    "false",    "shutdown",
};

/* Single words that are commands and hardly anything else. */
static const char *const lone_programs[] = {
    "whoami", "calc", "calc.exe", "notepad",          "notepad.exe", "ifconfig", "uname",
    "bash",   "sh",   "xcalc",    "gnome-calculator", "powershell",  "cmd",      "cmd.exe",
    "netcat", "ncat", "ls",       "reboot",           "shutdown",    "zsh",
};

static const char *const sources[] = {
    "import ", "lambda ",   "lambda:",  "def ",    "class ",   "print(",
    "open(",   "for ",      "with ",    "return ", "getattr(", "compile(",
    "raise ",  "globals()", "locals()", "while ",  "yield ",
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static bool is_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool contains(const char *at, size_t len, const char *word)
{
    return memmem(at, len, word, strlen(word)) != NULL;
}

/* Which bytes occur at all: most strings are names, most patterns have a character that names lack,
 * and need not be looked for. */
struct seen {
    bool byte[256];
};

static struct seen seen_in(const char *at, size_t len)
{
    struct seen seen = {{false}};

    for (size_t i = 0; i < len; i++)
        seen.byte[(uint8_t)at[i]] = true;
    return seen;
}

static bool has(const struct seen *seen, struct sg_text text, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t n = strlen(list[i]);

        if (n <= text.len && seen->byte[(uint8_t)list[i][0]] &&
            seen->byte[(uint8_t)list[i][n - 1]] && memmem(text.at, text.len, list[i], n))
            return true;
    }
    return false;
}

bool sg_phrase_is(struct sg_text word, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (word.len > 0 && list[i][0] == word.at[0] && sg_text_is(word, list[i]))
            return true;
    return false;
}

static bool identifier(const char *at, size_t len)
{
    bool start = true;

    for (size_t i = 0; i < len; i++) {
        if (at[i] == '.' && !start)
            start = true;
        else if (is_word_char(at[i]) && !(start && at[i] >= '0' && at[i] <= '9'))
            start = false;
        else
            return false;
    }
    return !start;
}

/* The program a command line would start: the first word without its folder. */
static bool command_line(const char *at, size_t len)
{
    size_t begin = 0, end;
    struct sg_text first;

    while (begin < len && (at[begin] == ' ' || at[begin] == '\t' || at[begin] == '\n'))
        begin++;
    for (end = begin; end < len && !strchr(" \t\n;|&<>", at[end]); end++)
        if (at[end] == '/' || at[end] == '\\')
            begin = end + 1;
    first = (struct sg_text){at + begin, end - begin};
    if (end == len)
        return sg_phrase_is(first, lone_programs, COUNT(lone_programs)) ||
               (begin > 0 && sg_phrase_is(first, programs, COUNT(programs)));
    if (sg_phrase_is(first, programs, COUNT(programs)))
        return true;
    return contains(at, len, "; ") && contains(at, len, " -") && contains(at, len, "/");
}

static bool host_port(const char *at, size_t len)
{
    size_t dots = 0, digits = 0, i = 0;

    while (i < len && (is_word_char(at[i]) || at[i] == '.' || at[i] == '-')) {
        dots += at[i] == '.';
        digits += at[i] >= '0' && at[i] <= '9';
        i++;
    }
    if (i == len)
        return dots == 3 && digits + dots == len;
    if (at[i] != ':' || i == 0 || len - i < 3 || len - i > 6)
        return false;
    for (i++; i < len; i++)
        if (at[i] < '0' || at[i] > '9')
            return false;
    return true;
}

static bool path_like(const char *at, size_t len)
{
    static const char *const endings[] = {".py",  ".sh",  ".exe", ".dll", ".so",  ".pth",  ".bat",
                                          ".ps1", ".pkl", ".txt", ".cfg", ".ini", ".json", ".log"};

    if (contains(at, len, "\n") || contains(at, len, "://"))
        return false;
    if (len > 2 && (at[0] == '/' || at[0] == '~') && !contains(at, len, " "))
        return true;
    if ((len > 2 && at[1] == ':' && at[2] == '\\') ||
        sg_text_starts((struct sg_text){at, len}, SG_TEXT("../")))
        return true;
    for (size_t i = 0; i < COUNT(endings); i++) {
        size_t n = strlen(endings[i]);

        if (len > n && memcmp(at + len - n, endings[i], n) == 0)
            return true;
    }
    return false;
}

static bool encoded(const char *at, size_t len)
{
    size_t upper = 0, digits = 0;

    if (len < 24)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (!is_word_char(at[i]) && !strchr("+/=-\n", at[i]))
            return false;
        upper += at[i] >= 'A' && at[i] <= 'Z';
        digits += at[i] >= '0' && at[i] <= '9';
    }
    return digits > 0 && (upper * 6 > len || digits * 4 > len);
}

static bool source_like(const struct seen *seen, struct sg_text text)
{
    static const char *const signs[] = {"(", "import ", ":"};

    return has(seen, text, sources, COUNT(sources)) && has(seen, text, signs, COUNT(signs));
}

static bool pickle_like(const char *at, size_t len)
{
    if (len > 2 && (uint8_t)at[0] == 0x80 && (uint8_t)at[1] <= 5)
        return true;
    return len > 8 && (at[0] == 'c' || at[0] == '(') && at[len - 1] == '.' &&
           contains(at, len, "\n");
}

static unsigned word_flags(const char *at, size_t len)
{
    struct sg_text word = {at, len}, last = word;
    const char *dot = memrchr(at, '.', len);

    if (dot)
        last = (struct sg_text){dot + 1, (size_t)(at + len - dot - 1)};
    return (sg_words_walk(word) ? SG_ARG_WALK : 0u) | (sg_word_runs(last) ? SG_ARG_RUNS : 0u);
}

bool sg_phrase_attacks(const char *at, size_t len)
{
    struct seen seen = seen_in(at, len);

    return has(&seen, (struct sg_text){at, len}, payloads, COUNT(payloads));
}

static unsigned prose_flags(const struct seen *seen, struct sg_text text)
{
    static const char *const chains[] = {".__", "__."};

    return (has(seen, text, chains, COUNT(chains)) ? SG_ARG_WALK : 0u) |
           (source_like(seen, text) ? SG_ARG_CODE : 0u) |
           (host_port(text.at, text.len) ? SG_ARG_HOST : 0u);
}

unsigned sg_phrase_flags(const char *at, size_t len, bool whole)
{
    static const char *const schemes[] = {"http://", "https://", "ftp://", "file://",   "tcp://",
                                          "smb://",  "ldap://",  "data:",  "gopher://", "ws://"};
    char small[SG_PHRASE_MAX];
    struct sg_text text = {small, len < SG_PHRASE_MAX ? len : SG_PHRASE_MAX};
    struct seen seen;
    unsigned flags = 0;

    if (len == 0)
        return 0;
    for (size_t i = 0; i < text.len; i++)
        small[i] = (char)(at[i] >= 'A' && at[i] <= 'Z' ? at[i] + 32 : at[i] ? at[i] : ' ');
    seen = seen_in(text.at, text.len);
    flags |= pickle_like(at, text.len) ? SG_ARG_PICKLE : 0u;
    flags |= has(&seen, text, schemes, COUNT(schemes)) ? SG_ARG_URL : 0u;
    if (has(&seen, text, payloads, COUNT(payloads)))
        flags |= whole ? SG_ARG_PAYLOAD : SG_ARG_CODE;
    flags |= command_line(text.at, text.len) ? SG_ARG_SHELL : 0u;
    flags |= seen.byte['\n'] ? SG_ARG_LINES : 0u;
    flags |= encoded(at, text.len) ? SG_ARG_ENCODED : 0u;
    flags |= path_like(text.at, text.len) ? SG_ARG_PATH : 0u;
    if (identifier(at, text.len))
        return flags | SG_ARG_WORD | word_flags(at, text.len);
    return flags | prose_flags(&seen, text);
}
