/* show.c - a policy written out as the INI file that it could have been read from. */
#include "policy/options.h"

/* Help and examples: each line behind a mark that makes it a comment. */
static void comment(struct sg_phrase *phrase, const char *text)
{
    while (*text) {
        const char *end = text + strcspn(text, "\n");
        sg_phrase_string(phrase, "; ");
        sg_phrase_add(phrase, (struct sg_text){text, (size_t)(end - text)});
        sg_phrase_string(phrase, "\n");
        text = *end ? end + 1 : end;
    }
}

static void show_option(const struct sg_option *option, const struct sg_policy *policy,
                        struct sg_phrase *phrase)
{
    size_t count = sg_option_values(option, policy);

    comment(phrase, option->help);
    for (size_t i = 0; i < count; i++) {
        sg_phrase_string(phrase, option->key);
        sg_phrase_string(phrase, " = ");
        sg_option_print(option, policy, i, phrase);
        sg_phrase_string(phrase, "\n");
    }
    if (count == 0) {
        sg_phrase_string(phrase, ";");
        sg_phrase_string(phrase, option->key);
        sg_phrase_string(phrase, " = ");
        sg_phrase_string(phrase, option->initial);
        sg_phrase_string(phrase, "\n");
    }
}

size_t sg_policy_show(const struct sg_policy *policy, char *into, size_t cap)
{
    struct sg_phrase phrase = sg_phrase_open(into, cap);
    const char *section = "";

    comment(&phrase,
            "A policy of safeguard, with every key. Comments begin with ; or # and stand on\n"
            "lines of their own. An unknown key or a bad value refuses the whole file.");
    for (const struct sg_option *o = sg_options; o < sg_options + SG_OPTIONS; o++) {
        sg_phrase_string(&phrase, "\n");
        if (strcmp(section, o->section) != 0) {
            sg_phrase_string(&phrase, "[");
            sg_phrase_string(&phrase, o->section);
            sg_phrase_string(&phrase, "]\n");
            section = o->section;
        }
        show_option(o, policy, &phrase);
    }
    return phrase.len;
}
