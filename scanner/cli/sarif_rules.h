/* sarif_rules.h - what each rule of a report means, for people who have only its name. */
#ifndef SG_SARIF_RULES_H
#define SG_SARIF_RULES_H

enum sg_gravity {
    SG_GRAVE,  /* what is found runs, or does harm by itself */
    SG_OPEN,   /* what is found may do so: nobody can vouch for it */
    SG_ODD,    /* how it is written is unusual */
    SG_UNREAD, /* something was not read */
};

struct sg_rule {
    const char *id; /* as struct sg_reason has it */
    enum sg_gravity gravity;
    const char *title;   /* a few words */
    const char *meaning; /* a sentence or two */
};

/* All rules; the last one has no id. */
extern const struct sg_rule sg_rules_known[];

#endif
