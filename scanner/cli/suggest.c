/* suggest.c - the nearest word, when one is near. */
#include "cli/suggest.h"

#include "policy/edits.h"

#include <string.h>

struct sg_suggestion sg_suggest_begin(const char *typed)
{
    /* One edit for each three letters, at least one: more would suggest anything at all. */
    unsigned reach = (unsigned)strnlen(typed, 30) / 3;

    return (struct sg_suggestion){.typed = typed, .distance = (reach ? reach : 1) + 1};
}

void sg_suggest_offer(struct sg_suggestion *suggestion, const char *word)
{
    unsigned far = sg_edits(suggestion->typed, word);

    if (far < suggestion->distance) {
        suggestion->distance = far;
        suggestion->best = word;
    }
}
