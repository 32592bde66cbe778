/* phrases.c - what a string reads like: command, source, address, path, encoded data. */
#include "judge/phrases.h"

#include "judge/argument_flags.h"
#include "judge/words.h"

#include <string.h>

#define W(text)                                                                                    \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }

/* What stands in commands and source text that attacks use, wherever it stands in a string. */
static const struct sg_text payloads[] = {
    W("/dev/tcp/"),
    W("os.system("),
    W("os.popen("),
    W("os.exec"),
    W("subprocess."),
    W("__import__("),
    W("exec("),
    W("eval("),
    W("/bin/sh"),
    W("/bin/bash"),
    W("bash -"),
    W("sh -c"),
    W("sh -i"),
    W("nc -"),
    W("curl "),
    W("wget "),
    W("powershell"),
    W("cmd.exe"),
    W("cmd /c"),
    W("| sh"),
    W("| bash"),
    W("|sh"),
    W("|bash"),
    W("socket.socket("),
    W("rm -rf"),
    W("rm -f"),
    W("pty.spawn"),
    W("base64 -d"),
    W("base64.b64decode("),
    W("chmod +x"),
    W("chmod 7"),
    W("import os"),
    W("import socket"),
    W("import subprocess"),
    W("import sys"),
    W("import pty"),
    W("from os import"),
    W("import urllib"),
    W("import requests"),
    W("urlopen("),
    W("/etc/passwd"),
    W("/etc/shadow"),
    W("/.ssh"),
    W("authorized_keys"),
    W(".bashrc"),
    W("crontab"),
    W("mkfifo"),
    W("xterm -"),
    W("bitsadmin"),
    W("certutil"),
    W("mshta"),
    W("rundll32"),
    W("invoke-expression"),
    W("downloadstring"),
    W("marshal.loads("),
    W("pickle.loads("),
    W("os.environ"),
    W("shutil.rmtree("),
    W("os.remove("),
    W("os.unlink("),
};

/* Programs that begin a command line. */
static const struct sg_text programs[] = {
    W("sh"),      W("bash"),      W("zsh"),     W("dash"),     W("ksh"),      W("cmd"),
    W("curl"),    W("wget"),      W("nc"),      W("ncat"),     W("netcat"),   W("touch"),
    W("rm"),      W("chmod"),     W("chown"),   W("python"),   W("python2"),  W("python3"),
    W("perl"),    W("ruby"),      W("node"),    W("php"),      W("echo"),     W("cat"),
    W("ls"),      W("ping"),      W("nohup"),   W("sudo"),     W("kill"),     W("mkdir"),
    W("cp"),      W("mv"),        W("env"),     W("export"),   W("uname"),    W("whoami"),
    W("id"),      W("calc"),      W("open"),    W("start"),    W("xdg-open"), W("dir"),
    W("type"),    W("net"),       W("reg"),     W("tar"),      W("gzip"),     W("ssh"),
    W("scp"),     W("base64"),    W("openssl"), W("apt"),      W("apt-get"),  W("yum"),
    W("pip"),     W("pip3"),      W("git"),     W("nslookup"), W("dig"),      W("ifconfig"),
    W("ip"),      W("ps"),        W("head"),    W("tail"),     W("grep"),     W("find"),
    W("sleep"),   W("printf"),    W("tee"),     W("dd"),       W("crontab"),  W("systemctl"),
    W("useradd"), W("iptables"),  W("telnet"),  W("socat"),    W("gcc"),      W("make"),
    W("lua"),     W("awk"),       W("sed"),     W("pwd"),      W("date"),     W("hostname"),
    W("notepad"), W("osascript"), W("say"),     W("true"),     W("false"),    W("shutdown"),
};

/* Single words that are commands and hardly anything else. */
static const struct sg_text lone_programs[] = {
    W("whoami"),
    W("calc"),
    W("calc.exe"),
    W("notepad"),
    W("notepad.exe"),
    W("ifconfig"),
    W("uname"),
    W("bash"),
    W("sh"),
    W("xcalc"),
    W("gnome-calculator"),
    W("powershell"),
    W("cmd"),
    W("cmd.exe"),
    W("netcat"),
    W("ncat"),
    W("ls"),
    W("reboot"),
    W("shutdown"),
    W("zsh"),
};

static const struct sg_text sources[] = {
    W("import "), W("lambda "),   W("lambda:"),  W("def "),    W("class "),   W("print("),
    W("open("),   W("for "),      W("with "),    W("return "), W("getattr("), W("compile("),
    W("raise "),  W("globals()"), W("locals()"), W("while "),  W("yield "),
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
    uint64_t bits[4];
};

static struct seen seen_in(const char *at, size_t len)
{
    struct seen seen = {{0}};

    for (size_t i = 0; i < len; i++)
        seen.bits[(uint8_t)at[i] >> 6] |= 1ULL << (at[i] & 63);
    return seen;
}

static bool saw(const struct seen *seen, char c)
{
    return seen->bits[(uint8_t)c >> 6] >> (c & 63) & 1;
}

static bool has(const struct seen *seen, struct sg_text text, const struct sg_text *list,
                size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct sg_text word = list[i];

        if (word.len <= text.len && saw(seen, word.at[0]) && saw(seen, word.at[word.len - 1]) &&
            memmem(text.at, text.len, word.at, word.len))
            return true;
    }
    return false;
}

static bool among(struct sg_text word, const struct sg_text *list, size_t count)
{
    for (size_t i = 0; word.len > 0 && i < count; i++)
        if (word.len == list[i].len && word.at[0] == list[i].at[0] &&
            memcmp(word.at, list[i].at, word.len) == 0)
            return true;
    return false;
}

static bool identifier(const char *at, size_t len)
{
    bool start = true;

    for (size_t i = 0; i < len; i++) {
        if (at[i] == '.' && !start)
            start = true;
        else if (is_word_char(at[i]) && !(start && at[i] <= '9'))
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
        return among(first, lone_programs, COUNT(lone_programs)) ||
               (begin > 0 && among(first, programs, COUNT(programs)));
    if (among(first, programs, COUNT(programs)))
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
    static const struct sg_text signs[] = {W("("), W("import "), W(":")};

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
    static const struct sg_text chains[] = {W(".__"), W("__.")};

    return (has(seen, text, chains, COUNT(chains)) ? SG_ARG_WALK : 0u) |
           (source_like(seen, text) ? SG_ARG_CODE : 0u) |
           (host_port(text.at, text.len) ? SG_ARG_HOST : 0u);
}

unsigned sg_phrase_flags(const char *at, size_t len, bool whole)
{
    static const struct sg_text schemes[] = {
        W("http://"), W("https://"), W("ftp://"), W("file://"),   W("tcp://"),
        W("smb://"),  W("ldap://"),  W("data:"),  W("gopher://"), W("ws://")};
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
    flags |= saw(&seen, '\n') ? SG_ARG_LINES : 0u;
    flags |= encoded(at, text.len) ? SG_ARG_ENCODED : 0u;
    flags |= path_like(text.at, text.len) ? SG_ARG_PATH : 0u;
    if (identifier(at, text.len))
        return flags | SG_ARG_WORD | word_flags(at, text.len);
    return flags | prose_flags(&seen, text);
}
