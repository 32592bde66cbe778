/* refusal.h - the wording of everything a policy is refused for. */
#ifndef SG_REFUSAL_H
#define SG_REFUSAL_H

#include "policy/options.h"

/* Begins a message about a line (0: about no line in particular) of error->file. */
struct sg_phrase sg_refusal_open(struct sg_policy_error *error, unsigned line);

/* The whole message is one string. */
void sg_refusal_say(struct sg_policy_error *error, unsigned line, const char *message);

void sg_refusal_section(struct sg_policy_error *error, unsigned line, struct sg_text section);
void sg_refusal_key(struct sg_policy_error *error, unsigned line, const char *section,
                    const char *key);
void sg_refusal_twice(struct sg_policy_error *error, unsigned line, const struct sg_option *option,
                      unsigned first);

/* `why` goes behind the colon. The option is NULL where error->file says what the value is of. */
void sg_refusal_value(struct sg_policy_error *error, unsigned line, const struct sg_option *option,
                      struct sg_text value, const char *why);

#endif
