/* value.c - from the text of a value to a member of the policy. */
#include "policy/edits.h"
#include "policy/glob.h"
#include "policy/options.h"
#include "policy/site_model.h"

_Static_assert(sizeof(enum sg_action) == sizeof(unsigned) &&
                   sizeof(enum sg_verdict) == sizeof(unsigned) &&
                   sizeof(enum sg_snapshot) == sizeof(unsigned) &&
                   sizeof(enum sg_profile) == sizeof(unsigned),
               "choices are written as unsigned");

static enum sg_status refuse(struct sg_phrase *why, const char *text)
{
    sg_phrase_string(why, text);
    return SG_ERR_FORMAT;
}

static enum sg_status expected(const struct sg_option *option, struct sg_phrase *why)
{
    sg_phrase_string(why, "expected ");
    sg_option_expects(option, why);
    return SG_ERR_FORMAT;
}

/* What was perhaps meant, when it is near enough not to sound silly. */
static void suggest(const struct sg_option *option, struct sg_text value, struct sg_phrase *why)
{
    for (const struct sg_choice *c = option->choices; c->name; c++) {
        if (2 * sg_edits(value.at, c->name) >= strlen(c->name))
            continue;
        sg_phrase_string(why, "; did you mean ");
        sg_phrase_quote(why, sg_text_of(c->name));
        sg_phrase_string(why, "?");
        return;
    }
}

static enum sg_status set_choice(const struct sg_option *option, void *member, struct sg_text value,
                                 struct sg_phrase *why)
{
    for (const struct sg_choice *c = option->choices; c->name; c++) {
        if (!sg_text_is(value, c->name))
            continue;
        if (option->type == SG_OPTION_FLAG)
            *(bool *)member = c->value;
        else
            memcpy(member, &c->value, sizeof(c->value));
        return SG_OK;
    }
    enum sg_status status = expected(option, why);
    suggest(option, value, why);
    return status;
}

/* No strtod: a program's locale would decide about the decimal point. */
static enum sg_status set_share(const struct sg_option *option, void *member, struct sg_text value,
                                struct sg_phrase *why)
{
    uint32_t millionths = 0, unit = 1000000;
    size_t at = 1;

    if (value.len == 0 || (value.at[0] != '0' && value.at[0] != '1'))
        return expected(option, why);
    millionths = (uint32_t)(value.at[0] - '0') * unit;
    if (value.len == 2 || (value.len > 2 && value.at[at++] != '.'))
        return expected(option, why);
    for (; at < value.len; at++) {
        unit /= 10;
        if (value.at[at] < '0' || value.at[at] > '9' || unit == 0)
            return expected(option, why);
        millionths += (uint32_t)(value.at[at] - '0') * unit;
    }
    if (millionths > 1000000)
        return expected(option, why);
    *(double *)member = millionths / 1e6;
    return SG_OK;
}

/* A whole number with an optional unit, which is what the number is shifted by. */
static bool read_number(struct sg_text value, bool with_unit, uint64_t *out)
{
    static const struct sg_text units = {"KMGT", 4};
    uint64_t number = 0;
    unsigned shift = 0;

    if (with_unit && value.len > 1) {
        const char *unit = memchr(units.at, value.at[value.len - 1], units.len);
        if (unit) {
            shift = 10 * (unsigned)(unit - units.at + 1);
            value.len--;
        }
    }
    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] < '0' || value.at[i] > '9' || number > UINT64_MAX / 10 - 1)
            return false;
        number = number * 10 + (uint64_t)(value.at[i] - '0');
    }
    if (value.len == 0 || number > UINT64_MAX >> shift)
        return false;
    *out = number << shift;
    return true;
}

static enum sg_status set_number(const struct sg_option *option, void *member, struct sg_text value,
                                 struct sg_phrase *why)
{
    uint64_t number;

    if (!read_number(value, option->type == SG_OPTION_SIZE, &number) || number < option->least ||
        number > option->most)
        return expected(option, why);
    if (option->type == SG_OPTION_SIZE)
        *(uint64_t *)member = number;
    else
        *(uint32_t *)member = (uint32_t)number;
    return SG_OK;
}

static enum sg_status set_log(const struct sg_option *option, void *member, struct sg_text value,
                              struct sg_phrase *why)
{
    struct sg_policy_log *log = member;

    for (enum sg_log_target target = SG_LOG_STDERR; target < SG_LOG_FILE; target++) {
        if (sg_text_is(value, sg_log_target_name(target))) {
            *log = (struct sg_policy_log){.target = target};
            return SG_OK;
        }
    }
    if (value.len == 0 || value.at[0] != '/')
        return expected(option, why);
    if (value.len > SG_LOG_PATH_MAX)
        return refuse(why, "path longer than 4095 bytes");
    *log = (struct sg_policy_log){.target = SG_LOG_FILE, .path = value.at};
    return SG_OK;
}

static enum sg_status set_model(const struct sg_option *option, struct sg_policy *policy,
                                struct sg_text value, struct sg_phrase *why)
{
    struct sg_policy_model next = {.path = value.at};
    enum sg_status status;

    if (sg_text_is(value, option->initial)) {
        policy->model.path = NULL;
        return SG_OK;
    }
    if (!sg_path_is_settled(value))
        return expected(option, why);
    status = sg_site_model_read(value.at, policy->arena, &next.tables, why);
    if (status == SG_OK)
        policy->model = next;
    return status;
}

static enum sg_status set_processes(const struct sg_option *option, void *member,
                                    struct sg_text value, struct sg_phrase *why)
{
    struct sg_text rest = value, word;
    size_t count = 0;

    for (; sg_option_next_word(&rest, &word); count++) {
        const char *fault = sg_glob_fault(word);
        if (fault)
            return refuse(why, fault);
        if (memchr(word.at, '/', word.len))
            return refuse(why, "a pattern is of file names, without '/'");
    }
    if (count == 0)
        return expected(option, why);
    *(struct sg_text *)member = value;
    return SG_OK;
}

/* Doubles the list's room whenever its count is a power of two. What a copy of the list sees is
 * never changed, so that a refused file leaves nothing behind. */
static enum sg_status add_item(struct sg_policy *policy, struct sg_policy_list *list,
                               struct sg_text item)
{
    size_t count = list->count;

    if ((count & (count - 1)) == 0) {
        size_t size = count * sizeof(item);
        void *grown = sg_arena_grow(policy->arena, list->items, size, 2 * size + sizeof(item));
        if (!grown)
            return SG_ERR_MEMORY;
        list->items = grown;
    }
    list->items[list->count++] = item;
    return SG_OK;
}

static enum sg_status set_global(struct sg_policy *policy, struct sg_policy_list *list,
                                 struct sg_text value, struct sg_phrase *why)
{
    const char *fault = sg_glob_fault(value);

    if (fault)
        return refuse(why, fault);
    if (memchr(value.at, ' ', value.len) || memchr(value.at, '\t', value.len))
        return refuse(why, "a pattern of names holds no spaces");
    return add_item(policy, list, value);
}

static enum sg_status set_path(struct sg_policy *policy, struct sg_policy_list *list,
                               struct sg_text value, struct sg_phrase *why)
{
    const char *fault = sg_glob_fault(value);

    if (fault)
        return refuse(why, fault);
    if (!sg_path_is_settled(value))
        return refuse(why, "expected an absolute path without '//', '.', '..' or a '/' at its end");
    return add_item(policy, list, value);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum sg_status set_sha256(const struct sg_option *option, struct sg_policy *policy,
                                 struct sg_policy_list *list, struct sg_text value,
                                 struct sg_phrase *why)
{
    char hash[32];

    if (value.len != 2 * sizeof(hash))
        return expected(option, why);
    for (size_t i = 0; i < sizeof(hash); i++) {
        int high = hex_digit(value.at[2 * i]), low = hex_digit(value.at[2 * i + 1]);
        if (high < 0 || low < 0)
            return expected(option, why);
        hash[i] = (char)(high << 4 | low);
    }
    char *kept = sg_arena_copy(policy->arena, hash, sizeof(hash));
    return kept ? add_item(policy, list, (struct sg_text){kept, sizeof(hash)}) : SG_ERR_MEMORY;
}

enum sg_status sg_option_set(const struct sg_option *option, struct sg_policy *policy,
                             struct sg_text value, struct sg_phrase *why)
{
    void *member = (char *)policy + option->offset;

    switch (option->type) {
    case SG_OPTION_CHOICE:
    case SG_OPTION_FLAG:
        return set_choice(option, member, value, why);
    case SG_OPTION_SHARE:
        return set_share(option, member, value, why);
    case SG_OPTION_COUNT:
    case SG_OPTION_SIZE:
        return set_number(option, member, value, why);
    case SG_OPTION_LOG:
        return set_log(option, member, value, why);
    case SG_OPTION_MODEL:
        return set_model(option, policy, value, why);
    case SG_OPTION_PROCESSES:
        return set_processes(option, member, value, why);
    case SG_OPTION_GLOBALS:
        return set_global(policy, member, value, why);
    case SG_OPTION_PATHS:
        return set_path(policy, member, value, why);
    case SG_OPTION_HASHES:
        break;
    }
    return set_sha256(option, policy, member, value, why);
}
