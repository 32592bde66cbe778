/* show_json.c - a policy and what its keys mean, for programs. */
#include "policy/options.h"

static void add(struct sg_phrase *phrase, const char *text)
{
    sg_phrase_string(phrase, text);
}

static void add_member(struct sg_phrase *phrase, const char *name, const char *text)
{
    add(phrase, ",\n     \"");
    add(phrase, name);
    add(phrase, "\": ");
    if (text)
        sg_phrase_json(phrase, text, SIZE_MAX);
    else
        add(phrase, "null");
}

static void add_value(struct sg_phrase *phrase, const struct sg_option *option,
                      const struct sg_policy *policy, size_t item)
{
    char text[SG_POLICY_LINE_MAX + 1];
    struct sg_phrase value = sg_phrase_open(text, sizeof(text));

    sg_option_print(option, policy, item, &value);
    sg_phrase_json(phrase, text, SIZE_MAX);
}

static void add_values(struct sg_phrase *phrase, const struct sg_option *option,
                       const struct sg_policy *policy)
{
    size_t count = sg_option_values(option, policy);

    add(phrase, ",\n     \"value\": ");
    if (!sg_option_is_list(option)) {
        add_value(phrase, option, policy, 0);
        return;
    }
    add(phrase, "[");
    for (size_t i = 0; i < count; i++) {
        add(phrase, i ? ", " : "");
        add_value(phrase, option, policy, i);
    }
    add(phrase, "]");
}

static void add_option(struct sg_phrase *phrase, const struct sg_option *option,
                       const struct sg_policy *policy)
{
    char text[512];
    struct sg_phrase expects = sg_phrase_open(text, sizeof(text));
    bool list = sg_option_is_list(option);

    sg_option_expects(option, &expects);
    add(phrase, "    {\"section\": ");
    sg_phrase_json(phrase, option->section, SIZE_MAX);
    add_member(phrase, "key", option->key);
    add_values(phrase, option, policy);
    add_member(phrase, "default", list ? NULL : option->initial);
    add_member(phrase, "example", list ? option->initial : NULL);
    add_member(phrase, "expects", text);
    add_member(phrase, "help", option->help);
    add(phrase, "}");
}

size_t sg_policy_show_json(const struct sg_policy *policy, char *into, size_t cap)
{
    struct sg_phrase phrase = sg_phrase_open(into, cap);

    add(&phrase, "{\"file\": ");
    if (policy->file)
        sg_phrase_json(&phrase, policy->file, SIZE_MAX);
    else
        add(&phrase, "null");
    add(&phrase, ",\n  \"keys\": [\n");
    for (const struct sg_option *o = sg_options; o < sg_options + SG_OPTIONS; o++) {
        add(&phrase, o > sg_options ? ",\n" : "");
        add_option(&phrase, o, policy);
    }
    add(&phrase, "\n  ]\n}\n");
    return phrase.len;
}
