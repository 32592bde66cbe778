/* refusal.c - the wording of everything a policy is refused for. */
#include "policy/refusal.h"

struct sg_phrase sg_refusal_open(struct sg_policy_error *error, unsigned line)
{
    error->line = line;
    return sg_phrase_open(error->message, sizeof(error->message));
}

void sg_refusal_say(struct sg_policy_error *error, unsigned line, const char *message)
{
    struct sg_phrase phrase = sg_refusal_open(error, line);

    sg_phrase_string(&phrase, message);
}

static void add_quoted(struct sg_phrase *phrase, const char *before, const char *word)
{
    sg_phrase_string(phrase, before);
    sg_phrase_quote(phrase, sg_text_of(word));
}

static void add_section(struct sg_phrase *phrase, const char *section)
{
    sg_phrase_string(phrase, " in [");
    sg_phrase_string(phrase, section);
    sg_phrase_string(phrase, "]");
}

void sg_refusal_section(struct sg_policy_error *error, unsigned line, struct sg_text section)
{
    struct sg_phrase phrase = sg_refusal_open(error, line);
    char name[64];
    struct sg_phrase copy = sg_phrase_open(name, sizeof(name));

    sg_phrase_add(&copy, section);
    sg_phrase_string(&phrase, "unknown section ");
    sg_phrase_quote(&phrase, section);
    add_quoted(&phrase, "; did you mean ", sg_option_near_section(name)->section);
    sg_phrase_string(&phrase, "?");
}

void sg_refusal_key(struct sg_policy_error *error, unsigned line, const char *section,
                    const char *key)
{
    const struct sg_option *near = sg_option_near(section, key);
    struct sg_phrase phrase = sg_refusal_open(error, line);

    if (*section) {
        add_quoted(&phrase, "unknown key ", key);
        add_section(&phrase, section);
    } else {
        add_quoted(&phrase, "no [section] stands before the key ", key);
    }
    add_quoted(&phrase, "; did you mean ", near->key);
    if (strcmp(near->section, section) != 0)
        add_section(&phrase, near->section);
    sg_phrase_string(&phrase, "?");
}

void sg_refusal_twice(struct sg_policy_error *error, unsigned line, const struct sg_option *option,
                      unsigned first)
{
    struct sg_phrase phrase = sg_refusal_open(error, line);

    add_quoted(&phrase, "", option->key);
    add_section(&phrase, option->section);
    sg_phrase_string(&phrase, " is set twice, first on line ");
    sg_phrase_number(&phrase, first);
}

void sg_refusal_value(struct sg_policy_error *error, unsigned line, const struct sg_option *option,
                      struct sg_text value, const char *why)
{
    struct sg_phrase phrase = sg_refusal_open(error, line);

    sg_phrase_string(&phrase, "bad value ");
    sg_phrase_quote(&phrase, value);
    if (option) {
        add_quoted(&phrase, " for ", option->key);
        add_section(&phrase, option->section);
    }
    sg_phrase_string(&phrase, ": ");
    sg_phrase_string(&phrase, why);
}

size_t sg_policy_error_text(const struct sg_policy_error *error, char *into, size_t cap)
{
    struct sg_phrase phrase = sg_phrase_open(into, cap);

    sg_phrase_string(&phrase, error->file);
    if (error->line) {
        sg_phrase_string(&phrase, ":");
        sg_phrase_number(&phrase, error->line);
    }
    sg_phrase_string(&phrase, ": ");
    sg_phrase_string(&phrase, error->message);
    return phrase.len;
}
