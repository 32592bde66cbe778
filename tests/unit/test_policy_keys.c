/* test_policy_keys.c - every key with good, bad, over-long and repeated values. */
#include "policy_fixture.h"

#define MODES "expected one of block, log, off"
#define SHARE "expected a number from 0 to 1 with at most six decimals"
#define DEPTH "expected a whole number from 1 to 64"
#define INFLATE "expected a size such as 256M or 16G, from 1M to 1024T"
#define MEMORY "expected a size such as 256M or 16G, from 16M to 1T"
#define MODEL "expected built-in or the absolute path of a model file"
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
    {"scan", "model", "built-in", NULL},
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
    {"allow", "sha256", "0/23456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
     "expected 64 hexadecimal digits"},
    {"allow", "sha256", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde@",
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
    {"thresholds", "suspicious", "0.5/", SHARE},
    {"thresholds", "suspicious", "0.5x", SHARE},
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
    {"scan", "model", "", MODEL},
    {"scan", "model", "models/site.sgm", MODEL},
    {"scan", "model", "/models//site.sgm", MODEL},
    {"scan", "model", "/nowhere/site.sgm", "'/nowhere/site.sgm': cannot be read: no such file"},
    {"scan", "max_memory", "15M", MEMORY},
    {"scan", "max_memory", "2T", MEMORY},
    {"scan", "max_memory", "", MEMORY},
    {"scan", "max_memory", "18446744073726328832", MEMORY}, /* 2^64 + 16 M */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(good_values_are_taken_and_printed_back, fresh_arena),
        cmocka_unit_test_setup(bad_values_are_refused_by_name, fresh_arena),
        cmocka_unit_test_setup(every_key_has_good_and_bad_values, fresh_arena),
        cmocka_unit_test_setup(over_long_values_are_refused_for_every_key, fresh_arena),
        cmocka_unit_test_setup(a_single_value_is_set_once, fresh_arena),
        cmocka_unit_test_setup(keys_of_a_section_stand_side_by_side, fresh_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
