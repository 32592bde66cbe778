/* test_policy.c - the text of a policy: every key with good and bad values, and what is refused. */
#include "policy/options.h"
#include "policy/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEXT_MAX (1u << 16)

/* Of ini_memory.c: inih must be linked with these, not with malloc. */
void *ini_malloc(size_t size);
void *ini_realloc(void *block, size_t size);
void ini_free(void *block);

static uint8_t memory[1 << 20] __attribute__((aligned(16)));
static struct sg_arena arena;
static struct sg_policy_error error;

static int fresh_arena(void **state)
{
    (void)state;
    arena = (struct sg_arena){.base = memory, .size = sizeof(memory)};
    return 0;
}

/* Parses from memory that ends where the text does. */
static enum sg_status parse_bytes(struct sg_policy *policy, const char *text, size_t len)
{
    char *exact = malloc(len ? len : 1);

    memcpy(exact, text, len);
    enum sg_status status =
        sg_policy_parse(policy, (struct sg_text){exact, len}, "test.ini", &error);
    free(exact);
    return status;
}

static enum sg_status parse(struct sg_policy *policy, const char *text)
{
    return parse_bytes(policy, text, strlen(text));
}

static const char *error_text(void)
{
    static char text[1024];

    sg_policy_error_text(&error, text, sizeof(text));
    return text;
}

static const char *show(const struct sg_policy *policy)
{
    static char text[TEXT_MAX];

    assert_in_range(sg_policy_show(policy, text, sizeof(text)), 1, sizeof(text) - 1);
    return text;
}

/* Refused, with that message, and the policy untouched. */
static void refuses(const char *text, size_t len, const char *message)
{
    struct sg_policy policy, before;
    size_t used;

    sg_policy_defaults(&policy, &arena);
    before = policy;
    used = arena.used;
    if (parse_bytes(&policy, text, len) != SG_ERR_FORMAT)
        fail_msg("accepted: %s", text);
    assert_string_equal(error_text(), message);
    assert_memory_equal(&policy, &before, sizeof(policy));
    assert_int_equal(arena.used, used);
}

#define SHA "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef"
#define SHA_LOW "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

#define MODES "expected one of block, log, off"
#define SHARE "expected a number from 0 to 1 with at most six decimals"
#define DEPTH "expected a whole number from 1 to 64"
#define INFLATE "expected a size such as 256M or 16G, from 1M to 1024T"
#define MEMORY "expected a size such as 256M or 16G, from 16M to 1T"
#define SETTLED "expected an absolute path without '//', '.', '..' or a '/' at its end"

/* `shown`: as the policy prints it back; NULL: as written. */
static const struct {
    const char *section, *key, *value, *shown;
} good[] = {
    {"guard", "mode", "block", NULL},
    {"guard", "mode", "log", NULL},
    {"guard", "mode", "off", NULL},
    {"guard", "block_at", "malicious", NULL},
    {"guard", "block_at", "suspicious", NULL},
    {"guard", "on_partial", "block", NULL},
    {"guard", "on_partial", "log", NULL},
    {"guard", "locked", "yes", NULL},
    {"guard", "locked", "no", NULL},
    {"guard", "log", "stderr", NULL},
    {"guard", "log", "syslog", NULL},
    {"guard", "log", "journald", NULL},
    {"guard", "log", "/var/log/safe guard.jsonl", NULL},
    {"guard", "log", "/var/log/mod\xe8les=1:2", NULL},
    {"guard", "processes", "python*", NULL},
    {"guard", "processes", "python*, uwsgi pypy[23]", NULL},
    {"allow", "global", "mypkg.models.*", NULL},
    {"allow", "global", "a=b:c", NULL},
    {"allow", "path", "/opt/models/vetted/**", NULL},
    {"allow", "path", "/a b/[!x]?;#.pt", NULL},
    {"allow", "path", "/\xff", NULL},
    {"allow", "sha256", SHA, SHA_LOW},
    {"deny", "global", "*", NULL},
    {"deny", "path", "/**/*.pkl", NULL},
    {"deny", "sha256", SHA_LOW, NULL},
    {"thresholds", "suspicious", "0", "0.00"},
    {"thresholds", "suspicious", "0.5", "0.50"},
    {"thresholds", "suspicious", "0.123456", NULL},
    {"thresholds", "suspicious", "0.900", "0.90"},
    {"thresholds", "malicious", "1", "1.00"},
    {"thresholds", "malicious", "1.000000", "1.00"},
    {"thresholds", "malicious", "0.999999", NULL},
    {"scan", "max_depth", "1", NULL},
    {"scan", "max_depth", "64", NULL},
    {"scan", "max_inflate", "1M", NULL},
    {"scan", "max_inflate", "1048577", NULL},
    {"scan", "max_inflate", "1536M", NULL},
    {"scan", "max_inflate", "1024T", NULL},
    {"scan", "max_memory", "1048576K", "1G"},
    {"scan", "max_memory", "16777216", "16M"},
    {"consistency", "snapshot", "off", NULL},
    {"consistency", "snapshot", "auto", NULL},
    {"consistency", "snapshot", "strict", NULL},
    {"python", "find_class", "off", NULL},
    {"python", "find_class", "log", NULL},
    {"python", "find_class", "block", NULL},
    {"python", "effects", "off", NULL},
    {"python", "effects", "log", NULL},
    {"python", "effects", "block", NULL},
    {"seccomp", "profile", "off", NULL},
    {"seccomp", "profile", "no-bypass", NULL},
    {"seccomp", "profile", "inference", NULL},
};

static void good_values_are_taken_and_printed_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        struct sg_policy policy;
        char text[512], printed[512];
        const char *shown = good[i].shown ? good[i].shown : good[i].value;

        sg_policy_defaults(&policy, &arena);
        snprintf(text, sizeof(text), "[%s]\n%s = %s\n", good[i].section, good[i].key,
                 good[i].value);
        if (parse(&policy, text) != SG_OK)
            fail_msg("%s", error_text());
        struct sg_phrase phrase = sg_phrase_open(printed, sizeof(printed));
        sg_option_print(sg_option_find(good[i].section, good[i].key), &policy, 0, &phrase);
        assert_string_equal(printed, shown);
        snprintf(text, sizeof(text), "\n%s = %s\n", good[i].key, shown);
        assert_non_null(strstr(show(&policy), text));
    }
}

static const struct {
    const char *section, *key, *value, *why;
} bad[] = {
    {"guard", "mode", "blok", MODES "; did you mean 'block'?"},
    {"guard", "mode", "Block", MODES "; did you mean 'block'?"},
    {"guard", "mode", "enforce", MODES},
    {"guard", "mode", "", MODES},
    {"guard", "block_at", "benign", "expected one of malicious, suspicious"},
    {"guard", "block_at", "malicous",
     "expected one of malicious, suspicious; did you mean 'malicious'?"},
    {"guard", "on_partial", "off", "expected one of block, log"},
    {"guard", "locked", "true", "expected one of yes, no"},
    {"guard", "locked", "on", "expected one of yes, no"},
    {"guard", "locked", "yess", "expected one of yes, no; did you mean 'yes'?"},
    {"guard", "log", "", "expected stderr, syslog, journald or an absolute path"},
    {"guard", "log", "sylog", "expected stderr, syslog, journald or an absolute path"},
    {"guard", "log", "log.jsonl", "expected stderr, syslog, journald or an absolute path"},
    {"guard", "processes", "",
     "expected patterns of file names with commas or spaces between them"},
    {"guard", "processes", ",",
     "expected patterns of file names with commas or spaces between them"},
    {"guard", "processes", "/usr/bin/python3", "a pattern is of file names, without '/'"},
    {"guard", "processes", "py[", "'[' without its ']'"},
    {"allow", "global", "", "empty pattern"},
    {"allow", "global", "os.system os.popen", "a pattern of names holds no spaces"},
    {"allow", "global", "os[", "'[' without its ']'"},
    {"allow", "path", "", "empty pattern"},
    {"allow", "path", "models/**", SETTLED},
    {"allow", "path", "**/models", SETTLED},
    {"allow", "path", "/opt/models/", SETTLED},
    {"allow", "path", "/opt/../tmp/*", SETTLED},
    {"allow", "path", "/opt/./*", SETTLED},
    {"allow", "path", "/opt//*", SETTLED},
    {"allow", "path", "/", SETTLED},
    {"allow", "path", "/a[", "'[' without its ']'"},
    {"allow", "sha256", "", "expected 64 hexadecimal digits"},
    {"allow", "sha256", "0123", "expected 64 hexadecimal digits"},
    {"allow", "sha256", "g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
     "expected 64 hexadecimal digits"},
    {"deny", "global", "a b", "a pattern of names holds no spaces"},
    {"deny", "path", "tmp/*", SETTLED},
    {"deny", "sha256", "x", "expected 64 hexadecimal digits"},
    {"thresholds", "suspicious", "", SHARE},
    {"thresholds", "suspicious", "1.1", SHARE},
    {"thresholds", "suspicious", "1.000001", SHARE},
    {"thresholds", "suspicious", "2", SHARE},
    {"thresholds", "suspicious", "-0.5", SHARE},
    {"thresholds", "suspicious", "0,5", SHARE},
    {"thresholds", "suspicious", "0.", SHARE},
    {"thresholds", "suspicious", ".5", SHARE},
    {"thresholds", "suspicious", "00.5", SHARE},
    {"thresholds", "suspicious", "0.1234567", SHARE},
    {"thresholds", "malicious", "nan", SHARE},
    {"thresholds", "malicious", "1e0", SHARE},
    {"scan", "max_depth", "0", DEPTH},
    {"scan", "max_depth", "65", DEPTH},
    {"scan", "max_depth", "six", DEPTH},
    {"scan", "max_depth", "-1", DEPTH},
    {"scan", "max_depth", "1K", DEPTH},
    {"scan", "max_depth", "4294967297", DEPTH},
    {"scan", "max_inflate", "1023K", INFLATE},
    {"scan", "max_inflate", "1025T", INFLATE},
    {"scan", "max_inflate", "16 G", INFLATE},
    {"scan", "max_inflate", "16g", INFLATE},
    {"scan", "max_inflate", "G", INFLATE},
    {"scan", "max_inflate", "18446744073709551616", INFLATE},
    {"scan", "max_inflate", "17592186044417M", INFLATE},
    {"scan", "max_memory", "15M", MEMORY},
    {"scan", "max_memory", "2T", MEMORY},
    {"scan", "max_memory", "", MEMORY},
    {"consistency", "snapshot", "always", "expected one of off, auto, strict"},
    {"python", "find_class", "yes", MODES},
    {"python", "effects", "blocked", MODES "; did you mean 'block'?"},
    {"seccomp", "profile", "nobypass",
     "expected one of off, no-bypass, inference; did you mean 'no-bypass'?"},
};

static void bad_values_are_refused_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        char text[512], message[512];
        snprintf(text, sizeof(text), "\n[%s]\n; why\n%s = %s\n", bad[i].section, bad[i].key,
                 bad[i].value);
        const char *dots = strlen(bad[i].value) > 60 ? "..." : "";
        snprintf(message, sizeof(message), "test.ini:4: bad value '%.60s%s' for '%s' in [%s]: %s",
                 bad[i].value, dots, bad[i].key, bad[i].section, bad[i].why);
        refuses(text, strlen(text), message);
    }
}

static void every_key_has_good_and_bad_values(void **state)
{
    (void)state;
    for (const struct sg_option *o = sg_options; o < sg_options + SG_OPTIONS; o++) {
        size_t goods = 0, bads = 0;
        for (size_t i = 0; i < COUNT(good); i++)
            goods += !strcmp(good[i].section, o->section) && !strcmp(good[i].key, o->key);
        for (size_t i = 0; i < COUNT(bad); i++)
            bads += !strcmp(bad[i].section, o->section) && !strcmp(bad[i].key, o->key);
        if (!goods || !bads)
            fail_msg("[%s] %s has %zu good and %zu bad values here", o->section, o->key, goods,
                     bads);
    }
}

/* A value of 8 KiB: too long for a line; one of 4 KiB: too long for whatever it is meant for. */
static void over_long_values_are_refused_for_every_key(void **state)
{
    static char text[16384], message[600];

    (void)state;
    for (const struct sg_option *o = sg_options; o < sg_options + SG_OPTIONS; o++) {
        int head = snprintf(text, sizeof(text), "[%s]\n%s = /", o->section, o->key);
        memset(text + head, 'a', 8192);
        refuses(text, (size_t)head + 8192, "test.ini:2: line longer than 8192 bytes");

        struct sg_policy policy;
        sg_policy_defaults(&policy, &arena);
        if (o->type == SG_OPTION_PROCESSES)
            text[head - 1] = 'a';
        assert_int_equal(parse_bytes(&policy, text, (size_t)head + 4096), SG_ERR_FORMAT);
        snprintf(message, sizeof(message),
                 "bad value '%.1s%.59s...' for '%s' in [%s]: ", text + head - 1, text + head,
                 o->key, o->section);
        assert_memory_equal(error.message, message, strlen(message));
    }
}

static void a_single_value_is_set_once(void **state)
{
    char text[512], message[256];

    (void)state;
    for (const struct sg_option *o = sg_options; o < sg_options + SG_OPTIONS; o++) {
        struct sg_policy policy;
        snprintf(text, sizeof(text), "[%s]\n%s = %s\n\n%s = %s\n", o->section, o->key, o->initial,
                 o->key, o->initial);
        if (!sg_option_is_list(o)) {
            snprintf(message, sizeof(message),
                     "test.ini:4: '%s' in [%s] is set twice, first on line 2", o->key, o->section);
            refuses(text, strlen(text), message);
            continue;
        }
        sg_policy_defaults(&policy, &arena);
        assert_int_equal(parse(&policy, text), SG_OK);
        assert_int_equal(sg_option_values(o, &policy), 2);
    }
}

static void what_is_unknown_is_refused_with_the_nearest_name(void **state)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"[guard]\n\n\n\n\n\nblock_att = malicious\n",
         "test.ini:7: unknown key 'block_att' in [guard]; did you mean 'block_at'?"},
        {"[guard]\nMode = log\n",
         "test.ini:2: unknown key 'Mode' in [guard]; did you mean 'mode'?"},
        {"[scan]\nmode = log\n",
         "test.ini:2: unknown key 'mode' in [scan]; did you mean 'mode' in [guard]?"},
        {"[guard]\nfind_clas = log\n",
         "test.ini:2: unknown key 'find_clas' in [guard]; did you mean 'find_class' in [python]?"},
        {"[deny]\npaths = /x\n", "test.ini:2: unknown key 'paths' in [deny]; did you mean 'path'?"},
        {"mode = log\n",
         "test.ini:1: no [section] stands before the key 'mode'; did you mean 'mode' in [guard]?"},
        {"[guard]\n\xc3\xa9\x27 = log\n",
         "test.ini:2: unknown key '\\xc3\\xa9'' in [guard]; did you mean 'log'?"},
        {"[guard]\nmode = log\n[gaurd]\n",
         "test.ini:3: unknown section 'gaurd'; did you mean 'guard'?"},
        {"[Guard]\n", "test.ini:1: unknown section 'Guard'; did you mean 'guard'?"},
        {"[ guard ]\n", "test.ini:1: unknown section ' guard '; did you mean 'guard'?"},
        {"[threshold]\n", "test.ini:1: unknown section 'threshold'; did you mean 'thresholds'?"},
        {"[guardaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]\n",
         "test.ini:1: unknown section "
         "'guardaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...'; did you mean "
         "'guard'?"},
        {"[]\n", "test.ini:1: unknown section ''; did you mean 'deny'?"},
        {"[guard\nmode = log\n", "test.ini:1: '[' without its ']'"},
        {"[guard] ; main\n", "test.ini:1: text behind ']'; comments stand on lines of their own"},
        {"[guard]\nmode\n", "test.ini:2: neither a [section], nor 'key = value', nor a comment"},
        {"[guard]\nmode\nlocked = maybe\n",
         "test.ini:2: neither a [section], nor 'key = value', nor a comment"},
        {"[guard]\nlocked = maybe\nmode\n",
         "test.ini:2: bad value 'maybe' for 'locked' in [guard]: expected one of yes, no"},
        {"[guard]\nmode\n[nonsense]\n",
         "test.ini:2: neither a [section], nor 'key = value', nor a comment"},
        {"[guard]\nmode = log ; for now\n", "test.ini:2: bad value 'log ; for now' for 'mode' in "
                                            "[guard]: comments stand on lines of their own"},
        {"[deny]\npath = /tmp/** # all\n", "test.ini:2: bad value '/tmp/** # all' for 'path' in "
                                           "[deny]: comments stand on lines of their own"},
        {"[guard]\nmode = log\x1b[2J\n", "test.ini:2: control character '\\x1b'"},
        {"[guard]\nmode = log\rlocked = no\n", "test.ini:2: control character '\\x0d'"},
        {"[guard]\n; a comment\x07\n", "test.ini:2: control character '\\x07'"},
        {"[thresholds]\nsuspicious = 0.95\n",
         "test.ini:2: 'malicious' in [thresholds] is below 'suspicious'"},
        {"[thresholds]\nmalicious = 0.2\nsuspicious = 0.3\n\n",
         "test.ini:3: 'malicious' in [thresholds] is below 'suspicious'"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        refuses(rows[i].text, strlen(rows[i].text), rows[i].message);
}

static void a_nul_byte_is_refused(void **state)
{
    static const char text[] = "[guard]\nmode = log\n\0[guard]\n";

    (void)state;
    refuses(text, sizeof(text) - 1, "test.ini:3: control character '\\x00'");
}

static void forms_that_editors_write_are_taken(void **state)
{
    static const char *const texts[] = {
        "[guard]\nmode = log\n",
        "[guard]\nmode=log",
        "[guard]\r\nmode = log\r\n",
        "\xef\xbb\xbf[guard]\nmode = log\n",
        "\n  [guard]  \n\t mode\t=\tlog \n",
        "; c\n# c\n[guard]\n  ; c\nmode: log\n",
        "[scan]\n[guard]\n[scan]\nmax_depth = 3\n[guard]\nmode = log\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct sg_policy policy;
        sg_policy_defaults(&policy, &arena);
        if (parse(&policy, texts[i]) != SG_OK)
            fail_msg("%s", error_text());
        assert_int_equal(policy.mode, SG_LOG);
    }
}

static void a_line_may_be_8192_bytes_long(void **state)
{
    static char text[3 + 8192 + sizeof("\r\n[guard]\nmode = log\n")];
    struct sg_policy policy;

    (void)state;
    memset(text, ';', 8192);
    strcpy(text + 8192, "\r\n[guard]\nmode = log\n");
    sg_policy_defaults(&policy, &arena);
    assert_int_equal(parse(&policy, text), SG_OK);
    assert_int_equal(policy.mode, SG_LOG);
    memmove(text + 1, text, strlen(text) + 1);
    refuses(text, strlen(text), "test.ini:1: line longer than 8192 bytes");
}

static void the_defaults_are_those_of_the_design(void **state)
{
    struct sg_policy policy;
    struct sg_limits limits = SG_LIMITS_DEFAULT;

    (void)state;
    sg_policy_defaults(&policy, &arena);
    assert_int_equal(policy.mode, SG_BLOCK);
    assert_int_equal(policy.block_at, SG_MALICIOUS);
    assert_int_equal(policy.on_partial, SG_BLOCK);
    assert_false(policy.locked);
    assert_int_equal(policy.log.target, SG_LOG_STDERR);
    assert_null(policy.log.path);
    assert_true(sg_text_is(policy.processes, "python*"));
    assert_int_equal(policy.allow_globals.count + policy.allow_paths.count, 0);
    assert_int_equal(policy.allow_sha256.count + policy.deny_globals.count, 0);
    assert_true(policy.suspicious == SG_POLICY_SUSPICIOUS);
    assert_true(policy.malicious == SG_POLICY_MALICIOUS);
    assert_memory_equal(&policy.limits, &limits, sizeof(limits));
    assert_int_equal(policy.snapshot, SG_SNAPSHOT_AUTO);
    assert_int_equal(policy.find_class, SG_BLOCK);
    assert_int_equal(policy.effects, SG_BLOCK);
    assert_int_equal(policy.seccomp, SG_PROFILE_OFF);
    assert_null(policy.file);
    assert_int_equal(arena.used, 0);
}

static void lists_add_up_over_files_and_values_are_replaced(void **state)
{
    struct sg_policy policy;

    (void)state;
    sg_policy_defaults(&policy, &arena);
    assert_int_equal(parse(&policy, "[guard]\nmode = log\nlocked = yes\n[allow]\nglobal = a.*\n"
                                    "global = b.*\nsha256 = " SHA "\n"),
                     SG_OK);
    assert_int_equal(parse(&policy, "[guard]\nmode = off\n[allow]\nglobal = c.*\n"), SG_OK);
    assert_int_equal(parse(&policy, "[allow]\nglobal = d.*\nglobal = e.*\nfoo = 1\n"),
                     SG_ERR_FORMAT);
    assert_int_equal(parse(&policy, "[allow]\nglobal = f.*\n"), SG_OK);
    assert_int_equal(policy.mode, SG_ALLOW);
    assert_true(policy.locked);
    assert_int_equal(policy.allow_globals.count, 4);
    for (size_t i = 0; i < 4; i++) {
        const char *expected[] = {"a.*", "b.*", "c.*", "f.*"};
        assert_string_equal(policy.allow_globals.items[i].at, expected[i]);
    }
    assert_int_equal(policy.allow_sha256.count, 1);
    assert_memory_equal(policy.allow_sha256.items[0].at, "\x01\x23\x45\x67\x89\xab\xcd\xef", 8);
}

static void an_arena_that_is_too_small_is_told(void **state)
{
    struct sg_policy policy;
    size_t refused = 0;

    (void)state;
    for (size_t size = 0; size < 2048; size += 16) {
        arena = (struct sg_arena){.base = memory, .size = size};
        sg_policy_defaults(&policy, &arena);
        enum sg_status status =
            parse(&policy, "[allow]\nglobal = a\nglobal = b\nsha256 = " SHA "\npath = /c\n");
        if (status == SG_OK)
            continue;
        assert_int_equal(status, SG_ERR_MEMORY);
        assert_string_equal(error.message, "too many entries");
        assert_int_equal(policy.allow_globals.count, 0);
        assert_int_equal(arena.used, 0);
        refused++;
    }
    assert_in_range(refused, 5, 100);
}

static char *variables[2];

static char *get(const char *name)
{
    return variables[!strcmp(name, "SAFEGUARD_LOG")];
}

static void the_environment_overrides_but_does_not_weaken_a_lock(void **state)
{
    static const struct {
        const char *policy;
        char *mode, *log;
        enum sg_action mode_after;
        const char *log_after;
        unsigned ignored;
    } rows[] = {
        {"", NULL, NULL, SG_BLOCK, "stderr", 0},
        {"", "", "", SG_BLOCK, "stderr", 0},
        {"", "log", NULL, SG_LOG, "stderr", 0},
        {"", "off", "/tmp/a b", SG_ALLOW, "/tmp/a b", 0},
        {"", "block", "guard.jsonl", SG_BLOCK, "guard.jsonl", 0},
        {"mode = log", "block", "journald", SG_BLOCK, "journald", 0},
        {"locked = yes", "log", NULL, SG_BLOCK, "stderr", SG_IGNORED_MODE},
        {"locked = yes", "off", "/dev/null", SG_BLOCK, "stderr", SG_IGNORED_MODE | SG_IGNORED_LOG},
        {"locked = yes", "block", NULL, SG_BLOCK, "stderr", 0},
        {"locked = yes\nmode = log", "block", NULL, SG_BLOCK, "stderr", 0},
        {"locked = yes\nmode = log", "off", NULL, SG_LOG, "stderr", SG_IGNORED_MODE},
        {"locked = yes\nmode = off\nlog = /l", "log", "syslog", SG_LOG, "/l", SG_IGNORED_LOG},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sg_policy policy;
        char text[256], log[64];
        snprintf(text, sizeof(text), "[guard]\n%s\n", rows[i].policy);
        sg_policy_defaults(&policy, &arena);
        assert_int_equal(parse(&policy, text), SG_OK);
        variables[0] = rows[i].mode;
        variables[1] = rows[i].log;
        assert_int_equal(sg_policy_environment(&policy, get, &error), SG_OK);
        assert_int_equal(policy.mode, rows[i].mode_after);
        struct sg_phrase phrase = sg_phrase_open(log, sizeof(log));
        sg_option_print(sg_option_find("guard", "log"), &policy, 0, &phrase);
        assert_string_equal(log, rows[i].log_after);
        assert_int_equal(policy.ignored, rows[i].ignored);
    }
}

static void bad_variables_are_refused(void **state)
{
    static char long_path[5000];
    static const struct {
        char *mode, *log;
        const char *message;
    } rows[] = {
        {"blok", NULL, "SAFEGUARD_MODE: bad value 'blok': " MODES "; did you mean 'block'?"},
        {"LOG", "/x", "SAFEGUARD_MODE: bad value 'LOG': " MODES},
        {"off", "sylog",
         "SAFEGUARD_LOG: bad value 'sylog': expected stderr, syslog, journald or a path; write "
         "'./' before a file's name"},
        {"off", "/a\nb", "SAFEGUARD_LOG: bad value '/a\\x0ab': path with a control character"},
        {NULL, long_path,
         "SAFEGUARD_LOG: bad value '////////////////////////////////////////////////////////////"
         "...': path longer than 4095 bytes"},
    };

    (void)state;
    memset(long_path, '/', sizeof(long_path) - 1);
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (unsigned locked = 0; locked < 2; locked++) {
            struct sg_policy policy, before;
            sg_policy_defaults(&policy, &arena);
            policy.locked = locked;
            before = policy;
            variables[0] = rows[i].mode;
            variables[1] = rows[i].log;
            assert_int_equal(sg_policy_environment(&policy, get, &error), SG_ERR_ARG);
            assert_string_equal(error_text(), rows[i].message);
            assert_memory_equal(&policy, &before, sizeof(policy));
        }
    }
}

static size_t read_shipped(const char *name, char *into)
{
    FILE *file = fopen(name, "rb");

    if (!file)
        fail_msg("%s: run me in the folder of the sources", name);
    size_t len = fread(into, 1, TEXT_MAX - 1, file);
    fclose(file);
    into[len] = '\0';
    return len;
}

static const char *const shipped[] = {"policy/default.ini", "policy/strict.ini",
                                      "policy/jupyter.ini", "policy/inference.ini"};

static void shipped_files_are_good_and_shown_as_themselves(void **state)
{
    static char text[TEXT_MAX], first[TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < COUNT(shipped); i++) {
        struct sg_policy policy;
        size_t len = read_shipped(shipped[i], text);

        sg_policy_defaults(&policy, &arena);
        if (parse_bytes(&policy, text, len) != SG_OK)
            fail_msg("%s: %s", shipped[i], error_text());
        strcpy(first, show(&policy));
        sg_policy_defaults(&policy, &arena);
        assert_int_equal(parse(&policy, first), SG_OK);
        assert_string_equal(show(&policy), first);
    }
}

static void default_ini_is_what_is_built_in(void **state)
{
    static char text[TEXT_MAX];
    struct sg_policy policy;

    (void)state;
    read_shipped("policy/default.ini", text);
    sg_policy_defaults(&policy, &arena);
    assert_string_equal(text, show(&policy));
}

static void strict_and_inference_are_locked_and_strict(void **state)
{
    static char text[TEXT_MAX];

    (void)state;
    for (size_t i = 1; i < COUNT(shipped); i += 2) {
        struct sg_policy policy;
        size_t len = read_shipped(shipped[i], text);
        sg_policy_defaults(&policy, &arena);
        assert_int_equal(parse_bytes(&policy, text, len), SG_OK);
        assert_true(policy.locked);
        assert_int_equal(policy.mode, SG_BLOCK);
        assert_int_equal(policy.block_at, SG_SUSPICIOUS);
        assert_int_equal(policy.snapshot, SG_SNAPSHOT_STRICT);
        assert_int_equal(policy.seccomp, i == 1 ? SG_PROFILE_NO_BYPASS : SG_PROFILE_INFERENCE);
        assert_int_equal(policy.allow_paths.count, 0);
    }
}

/* A file that is cut anywhere is taken or refused with a line; it is never an accident. */
static void every_truncation_is_taken_or_refused(void **state)
{
    static char text[TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < COUNT(shipped); i++) {
        size_t len = read_shipped(shipped[i], text);
        for (size_t cut = 0; cut < len; cut++) {
            struct sg_policy policy;
            sg_policy_defaults(&policy, &arena);
            enum sg_status status = parse_bytes(&policy, text, cut);
            if (status == SG_OK)
                continue;
            assert_int_equal(status, SG_ERR_FORMAT);
            assert_in_range(error.line, 1, 500);
            assert_true(strlen(error.message) > 10);
        }
    }
}

static void a_policy_with_lists_is_shown_in_full(void **state)
{
    static const char text[] = "[guard]\nlog = /l\nprocesses = a, b*\n"
                               "[allow]\nglobal = a.*\nglobal = b\npath = /p/**\npath = /q r\n"
                               "sha256 = " SHA "\n[deny]\nglobal = c\npath = /t/*\nsha256 = " SHA
                               "\n[thresholds]\nmalicious = 0.987654\n[scan]\nmax_memory = 20000K";
    static char first[TEXT_MAX];
    struct sg_policy policy;

    (void)state;
    sg_policy_defaults(&policy, &arena);
    assert_int_equal(parse(&policy, text), SG_OK);
    strcpy(first, show(&policy));
    assert_non_null(strstr(first, "\nglobal = a.*\nglobal = b\n"));
    assert_non_null(strstr(first, "\npath = /p/**\npath = /q r\n"));
    assert_non_null(strstr(first, "\nmax_memory = 20000K\n"));
    assert_null(strstr(first, "\n;"
                              "global"));
    struct sg_policy again;
    sg_policy_defaults(&again, &arena);
    assert_int_equal(parse(&again, first), SG_OK);
    assert_string_equal(show(&again), first);
    assert_true(again.malicious == policy.malicious);
    assert_int_equal(again.limits.max_memory, 20000 << 10);
}

static void show_cuts_at_the_buffer_and_tells_the_length(void **state)
{
    struct sg_policy policy;
    char small[33];

    (void)state;
    sg_policy_defaults(&policy, &arena);
    size_t len = sg_policy_show(&policy, NULL, 0);
    memset(small, 'x', sizeof(small));
    assert_int_equal(sg_policy_show(&policy, small, sizeof(small) - 1), len);
    assert_int_equal(strlen(small), sizeof(small) - 2);
    assert_int_equal(small[sizeof(small) - 1], 'x');
    assert_int_equal(strlen(show(&policy)), len);
}

static void keys_of_a_section_stand_side_by_side(void **state)
{
    (void)state;
    for (size_t i = 0; i < SG_OPTIONS; i++) {
        assert_ptr_equal(sg_option_find(sg_options[i].section, sg_options[i].key), &sg_options[i]);
        for (size_t j = i + 2; j < SG_OPTIONS; j++)
            if (!strcmp(sg_options[i].section, sg_options[j].section))
                assert_string_equal(sg_options[j - 1].section, sg_options[j].section);
    }
}

static void inih_gets_memory_for_the_longest_line_and_no_more(void **state)
{
    char *block = ini_malloc(200);

    (void)state;
    assert_non_null(block);
    assert_ptr_equal(ini_realloc(block, 2 * SG_POLICY_LINE_MAX), block);
    block[2 * SG_POLICY_LINE_MAX - 1] = 1;
    assert_null(ini_realloc(block, 1 << 20));
    ini_free(block);
    assert_null(ini_malloc(1 << 20));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(good_values_are_taken_and_printed_back, fresh_arena),
        cmocka_unit_test_setup(bad_values_are_refused_by_name, fresh_arena),
        cmocka_unit_test_setup(every_key_has_good_and_bad_values, fresh_arena),
        cmocka_unit_test_setup(over_long_values_are_refused_for_every_key, fresh_arena),
        cmocka_unit_test_setup(a_single_value_is_set_once, fresh_arena),
        cmocka_unit_test_setup(what_is_unknown_is_refused_with_the_nearest_name, fresh_arena),
        cmocka_unit_test_setup(a_nul_byte_is_refused, fresh_arena),
        cmocka_unit_test_setup(forms_that_editors_write_are_taken, fresh_arena),
        cmocka_unit_test_setup(a_line_may_be_8192_bytes_long, fresh_arena),
        cmocka_unit_test_setup(the_defaults_are_those_of_the_design, fresh_arena),
        cmocka_unit_test_setup(lists_add_up_over_files_and_values_are_replaced, fresh_arena),
        cmocka_unit_test_setup(an_arena_that_is_too_small_is_told, fresh_arena),
        cmocka_unit_test_setup(the_environment_overrides_but_does_not_weaken_a_lock, fresh_arena),
        cmocka_unit_test_setup(bad_variables_are_refused, fresh_arena),
        cmocka_unit_test_setup(shipped_files_are_good_and_shown_as_themselves, fresh_arena),
        cmocka_unit_test_setup(default_ini_is_what_is_built_in, fresh_arena),
        cmocka_unit_test_setup(strict_and_inference_are_locked_and_strict, fresh_arena),
        cmocka_unit_test_setup(every_truncation_is_taken_or_refused, fresh_arena),
        cmocka_unit_test_setup(a_policy_with_lists_is_shown_in_full, fresh_arena),
        cmocka_unit_test_setup(show_cuts_at_the_buffer_and_tells_the_length, fresh_arena),
        cmocka_unit_test_setup(keys_of_a_section_stand_side_by_side, fresh_arena),
        cmocka_unit_test_setup(inih_gets_memory_for_the_longest_line_and_no_more, fresh_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
