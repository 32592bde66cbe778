/* value_text.c - values as text: what a key takes, what it holds, and the words of one. */
#include "policy/options.h"

const char *sg_log_target_name(enum sg_log_target target)
{
    static const char *const names[] = {"stderr", "syslog", "journald", "file"};

    return names[target];
}

bool sg_option_next_word(struct sg_text *rest, struct sg_text *word)
{
    static const char between[] = ", \t";
    size_t len = 0;

    while (rest->len && memchr(between, *rest->at, sizeof(between) - 1)) {
        rest->at++;
        rest->len--;
    }
    while (len < rest->len && !memchr(between, rest->at[len], sizeof(between) - 1))
        len++;
    *word = (struct sg_text){rest->at, len};
    rest->at += len;
    rest->len -= len;
    return len > 0;
}

bool sg_path_is_settled(struct sg_text path)
{
    size_t at = 0;

    while (at < path.len && path.at[at] == '/') {
        size_t start = ++at;
        while (at < path.len && path.at[at] != '/')
            at++;
        struct sg_text part = {path.at + start, at - start};
        if (part.len == 0 || sg_text_is(part, ".") || sg_text_is(part, ".."))
            return false;
    }
    return at > 0;
}

static void print_size(uint64_t size, struct sg_phrase *phrase)
{
    static const char units[] = "KMGT";
    size_t unit = 0;

    while (size && size % 1024 == 0 && unit < sizeof(units) - 1) {
        size /= 1024;
        unit++;
    }
    sg_phrase_number(phrase, size);
    if (unit)
        sg_phrase_add(phrase, (struct sg_text){&units[unit - 1], 1});
}

/* At least two decimals, at most six, as sg_option_set() reads them. */
static void print_share(double share, struct sg_phrase *phrase)
{
    uint32_t millionths = (uint32_t)(share * 1e6 + 0.5);
    char decimals[6];
    size_t shown = sizeof(decimals);

    sg_phrase_number(phrase, millionths / 1000000);
    for (size_t i = sizeof(decimals); i-- > 0; millionths /= 10)
        decimals[i] = (char)('0' + millionths % 10);
    while (shown > 2 && decimals[shown - 1] == '0')
        shown--;
    sg_phrase_string(phrase, ".");
    sg_phrase_add(phrase, (struct sg_text){decimals, shown});
}

static void print_hex(struct sg_text bytes, struct sg_phrase *phrase)
{
    static const char hex[] = "0123456789abcdef";

    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t byte = (uint8_t)bytes.at[i];
        char pair[] = {hex[byte >> 4], hex[byte & 15]};
        sg_phrase_add(phrase, (struct sg_text){pair, sizeof(pair)});
    }
}

static void print_choice(const struct sg_option *option, const void *member,
                         struct sg_phrase *phrase)
{
    unsigned value;

    if (option->type == SG_OPTION_FLAG)
        value = *(const bool *)member;
    else
        memcpy(&value, member, sizeof(value));
    for (const struct sg_choice *c = option->choices; c->name; c++)
        if (c->value == value)
            sg_phrase_string(phrase, c->name);
}

static void print_log(const struct sg_policy_log *log, struct sg_phrase *phrase)
{
    sg_phrase_string(phrase, log->path ? log->path : sg_log_target_name(log->target));
}

static struct sg_text list_item(const struct sg_policy_list *list, size_t item)
{
    return list->items[item];
}

void sg_option_print(const struct sg_option *option, const struct sg_policy *policy, size_t item,
                     struct sg_phrase *phrase)
{
    const void *member = (const char *)policy + option->offset;
    const char *path;

    switch (option->type) {
    case SG_OPTION_CHOICE:
    case SG_OPTION_FLAG:
        print_choice(option, member, phrase);
        break;
    case SG_OPTION_SHARE:
        print_share(*(const double *)member, phrase);
        break;
    case SG_OPTION_COUNT:
        sg_phrase_number(phrase, *(const uint32_t *)member);
        break;
    case SG_OPTION_SIZE:
        print_size(*(const uint64_t *)member, phrase);
        break;
    case SG_OPTION_LOG:
        print_log(member, phrase);
        break;
    case SG_OPTION_MODEL:
        path = ((const struct sg_policy_model *)member)->path;
        sg_phrase_string(phrase, path ? path : option->initial);
        break;
    case SG_OPTION_PROCESSES:
        sg_phrase_add(phrase, *(const struct sg_text *)member);
        break;
    case SG_OPTION_GLOBALS:
    case SG_OPTION_PATHS:
        sg_phrase_add(phrase, list_item(member, item));
        break;
    case SG_OPTION_HASHES:
        print_hex(list_item(member, item), phrase);
        break;
    }
}

size_t sg_option_values(const struct sg_option *option, const struct sg_policy *policy)
{
    const void *member = (const char *)policy + option->offset;

    return sg_option_is_list(option) ? ((const struct sg_policy_list *)member)->count : 1;
}

static void expect_range(const struct sg_option *option, struct sg_phrase *phrase)
{
    bool size = option->type == SG_OPTION_SIZE;

    sg_phrase_string(phrase, size ? "a size such as 256M or 16G, from " : "a whole number from ");
    print_size(option->least, phrase);
    sg_phrase_string(phrase, " to ");
    print_size(option->most, phrase);
}

void sg_option_expects(const struct sg_option *option, struct sg_phrase *phrase)
{
    static const char *const words[] = {
        [SG_OPTION_CHOICE] = "one of ",
        [SG_OPTION_FLAG] = "one of ",
        [SG_OPTION_SHARE] = "a number from 0 to 1 with at most six decimals",
        [SG_OPTION_COUNT] = NULL,
        [SG_OPTION_SIZE] = NULL,
        [SG_OPTION_LOG] = "stderr, syslog, journald or an absolute path",
        [SG_OPTION_MODEL] = "built-in or the absolute path of a model file",
        [SG_OPTION_PROCESSES] = "patterns of file names with commas or spaces between them",
        [SG_OPTION_GLOBALS] = "a pattern of module.name",
        [SG_OPTION_PATHS] =
            "the pattern of an absolute path without '//', '.', '..' or a '/' at its end",
        [SG_OPTION_HASHES] = "64 hexadecimal digits",
    };

    if (!words[option->type]) {
        expect_range(option, phrase);
        return;
    }
    sg_phrase_string(phrase, words[option->type]);
    for (const struct sg_choice *c = option->choices; c && c->name; c++) {
        sg_phrase_string(phrase, c == option->choices ? "" : ", ");
        sg_phrase_string(phrase, c->name);
    }
}
