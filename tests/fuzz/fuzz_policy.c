/* fuzz_policy.c - any text as a policy.
 *
 * Checked besides what the sanitizers see: a text that is refused changes nothing and is told with
 * its line; the policy of one that is taken is shown as a file that reads back as the same policy,
 * and as JSON; no decision goes beyond its mode.
 */
#include "tests/fuzz/fuzzkit.h"

#include "policy/policy.h"

#include <jansson.h>
#include <string.h>

struct shown {
    char *text;
    size_t len;
};

static struct shown show(size_t form(const struct sg_policy *, char *, size_t),
                         const struct sg_policy *policy)
{
    struct shown shown = {.len = form(policy, NULL, 0)};

    shown.text = malloc(shown.len + 1);
    CHECK(shown.text);
    CHECK(form(policy, shown.text, shown.len + 1) == shown.len && strlen(shown.text) == shown.len);
    return shown;
}

static struct sg_arena fresh_arena(unsigned which)
{
    static uint8_t *bases[2];

    bases[which] = bases[which] ? bases[which] : sg_fuzzkit_map(SG_POLICY_ARENA);
    return (struct sg_arena){.base = bases[which], .size = SG_POLICY_ARENA};
}

static void check_refusal(const struct sg_policy *policy, const struct sg_policy *before,
                          const struct sg_policy_error *error, size_t size)
{
    char text[1024];
    size_t len = sg_policy_error_text(error, text, sizeof(text));

    CHECK(memcmp(policy, before, sizeof(*policy)) == 0);
    CHECK(error->message[0] && error->line <= size + 1 && len < sizeof(text));
    for (const char *at = text; *at; at++)
        CHECK((unsigned char)*at >= ' ' && *at != 0x7f);
}

static void check_shown(const struct sg_policy *policy)
{
    struct shown shown = show(sg_policy_show, policy), json = show(sg_policy_show_json, policy);
    struct sg_arena arena = fresh_arena(1);
    struct sg_policy again;
    struct sg_policy_error error;

    sg_policy_defaults(&again, &arena);
    CHECK(sg_policy_parse(&again, (struct sg_text){shown.text, shown.len}, "shown", &error) ==
          SG_OK);
    struct shown other = show(sg_policy_show, &again);
    CHECK(shown.len == other.len && memcmp(shown.text, other.text, other.len) == 0);
    if (!strstr(json.text,
                "\\udc")) { /* a byte that is no UTF-8, which jansson takes for no JSON */
        json_t *parsed = json_loadb(json.text, json.len, 0, NULL);
        CHECK(json_is_array(json_object_get(parsed, "keys")));
        json_decref(parsed);
    }
    free(shown.text);
    free(json.text);
    free(other.text);
}

static void check_names(const struct sg_policy *policy)
{
    static const char *const names[] = {"posix.system", "torch._utils._rebuild_tensor_v2", "a.b.c"};
    static const char *const programs[] = {"python3", "python", "", "a b"};
    struct sg_opinion opinion = sg_policy_opinion(policy);

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        struct sg_text name = sg_text_of(names[i]);
        enum sg_said said = opinion.of ? opinion.of(opinion.ctx, name) : SG_SAID_NOTHING;
        CHECK(said <= SG_SAID_DENIED);
        CHECK(said == SG_SAID_NOTHING || policy->allow_globals.count || policy->deny_globals.count);
    }
    for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++)
        (void)sg_policy_process_match(policy, programs[i]);
}

static void check_decisions(const struct sg_policy *policy)
{
    static const char *const paths[] = {NULL, "/srv/models/a.pt", "/tmp/x", "relative", "/a/../b"};
    static const uint8_t hash[SG_SHA256_SIZE];
    const struct sg_report reports[] = {
        {.verdict = SG_BENIGN, .format = "pickle"},
        {.verdict = SG_BENIGN, .format = "none"},
        {.verdict = SG_SUSPICIOUS, .format = "zip", .score = 0.6},
        {.verdict = SG_MALICIOUS, .coverage = SG_PARTIAL, .format = "pickle", .score = 1},
    };

    for (size_t i = 0; i < 4 * sizeof(paths) / sizeof(*paths); i++) {
        const struct sg_report *report = &reports[i % 4];
        const char *path = paths[i / 4];
        enum sg_action action = sg_policy_decide(report, path, hash, policy);

        CHECK(action <= policy->mode);
        CHECK(action == sg_policy_decide(report, path, hash, policy));
        CHECK(sg_policy_verdict(report, policy) <= SG_MALICIOUS);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sg_arena arena = fresh_arena(0);
    struct sg_policy policy, before;
    struct sg_policy_error error;
    uint8_t *text = sg_fuzzkit_copy(data, size);

    memset(&policy, 0, sizeof(policy)); /* the padding is compared, too */
    sg_policy_defaults(&policy, &arena);
    memcpy(&before, &policy, sizeof(policy));
    struct sg_text given = {(const char *)text, size};
    if (sg_policy_parse(&policy, given, "policy.ini", &error)) {
        check_refusal(&policy, &before, &error, size);
    } else {
        check_shown(&policy);
        check_names(&policy);
        check_decisions(&policy);
    }
    free(text);
    return 0;
}
