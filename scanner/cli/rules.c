/* rules.c - loads policies, and says what is wrong with them. */
#include "cli/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

static bool begin(struct sg_rules *rules)
{
    void *base = mmap(NULL, SG_POLICY_ARENA, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (base == MAP_FAILED) {
        fprintf(stderr, "safeguard: out of memory\n");
        return false;
    }
    rules->arena = (struct sg_arena){.base = base, .size = SG_POLICY_ARENA};
    sg_policy_defaults(&rules->policy, &rules->arena);
    return true;
}

static bool end(struct sg_rules *rules, enum sg_status status, const struct sg_policy_error *error)
{
    char text[1024];

    if (status == SG_OK)
        return true;
    sg_policy_error_text(error, text, sizeof(text));
    fprintf(stderr, "safeguard: %s\n", text);
    sg_rules_free(rules);
    return false;
}

bool sg_rules_load(struct sg_rules *rules, const char *file)
{
    struct sg_policy_error error;

    if (!begin(rules))
        return false;
    if (!file)
        file = getenv("SAFEGUARD_POLICY");
    return end(rules, sg_policy_load(&rules->policy, SG_POLICY_SITE, file, &error), &error);
}

bool sg_rules_check(struct sg_rules *rules, const char *file)
{
    struct sg_policy_error error;

    return begin(rules) && end(rules, sg_policy_read(&rules->policy, file, &error), &error);
}

void sg_rules_free(struct sg_rules *rules)
{
    munmap(rules->arena.base, rules->arena.size);
    rules->arena = (struct sg_arena){0};
}
