/* options.h - the keys of a policy: one row each drives reading, defaults, `policy show`, `policy
 * check` and the manual page. A new key is one row here and one member of struct sg_policy. */
#ifndef SG_OPTIONS_H
#define SG_OPTIONS_H

#include "policy/phrase.h"
#include "policy/policy.h"

#define SG_LOG_PATH_MAX 4095u /* bytes of the path of a log */

struct sg_choice {
    const char *name; /* NULL ends a list of choices */
    unsigned value;
};

enum sg_option_type {
    SG_OPTION_CHOICE,    /* an enum */
    SG_OPTION_FLAG,      /* bool: yes, no */
    SG_OPTION_SHARE,     /* double: 0..1, at most six decimals */
    SG_OPTION_COUNT,     /* uint32_t within bounds */
    SG_OPTION_SIZE,      /* uint64_t bytes within bounds: 4096, 16K, 256M, 16G, 1T */
    SG_OPTION_LOG,       /* struct sg_policy_log: stderr, syslog, journald, /a/file */
    SG_OPTION_MODEL,     /* struct sg_policy_model: built-in, /a/file */
    SG_OPTION_PROCESSES, /* struct sg_text: patterns between commas or spaces */
    /* struct sg_policy_list: repeated keys add up */
    SG_OPTION_GLOBALS, /* patterns of module.qualname */
    SG_OPTION_PATHS,   /* patterns of absolute paths */
    SG_OPTION_HASHES,  /* 64 hexadecimal digits */
};

struct sg_option {
    const char *section;
    const char *key;
    enum sg_option_type type;
    size_t offset;       /* in struct sg_policy */
    const char *initial; /* the default as text; for a list, which is empty, an example */
    const char *help;    /* lines of plain words, without a '\n' at the end */
    const struct sg_choice *choices; /* SG_OPTION_CHOICE and SG_OPTION_FLAG */
    uint64_t least, most;            /* SG_OPTION_COUNT and SG_OPTION_SIZE */
};

#define SG_OPTIONS 22u

extern const struct sg_option sg_options[SG_OPTIONS]; /* those of a section side by side */

static inline bool sg_option_is_list(const struct sg_option *option)
{
    return option->type >= SG_OPTION_GLOBALS;
}

/* The row of a key, or NULL. */
const struct sg_option *sg_option_find(const char *section, const char *key);

/* Rows that come nearest to what was written, by edit distance; never NULL. For a key, one of the
 * section that was meant is preferred. */
const struct sg_option *sg_option_near_section(const char *section);
const struct sg_option *sg_option_near(const char *section, const char *key);

/* Sets (or adds) a value. `value` is NUL-terminated and stays as long as the policy.
 * SG_ERR_FORMAT: a bad value, `why` says what is expected; SG_ERR_MEMORY: the arena is used up. */
SG_MUST_CHECK enum sg_status sg_option_set(const struct sg_option *option, struct sg_policy *policy,
                                           struct sg_text value, struct sg_phrase *why);

/* The values that a key takes, in plain words: "one of block, log, off". */
void sg_option_expects(const struct sg_option *option, struct sg_phrase *phrase);

/* Writes a value as the file has it; `item` counts the values of a list. */
void sg_option_print(const struct sg_option *option, const struct sg_policy *policy, size_t item,
                     struct sg_phrase *phrase);

/* The next word of a value that holds several; false when there is none. */
bool sg_option_next_word(struct sg_text *rest, struct sg_text *word);

/* Whether a path is absolute, without "//", ".", ".." or a '/' at its end. */
bool sg_path_is_settled(struct sg_text path);

/* How many values there are: 1 for a single value. */
size_t sg_option_values(const struct sg_option *option, const struct sg_policy *policy);

#endif
