/* verdict.c - keeps the weightiest findings and makes the report of them. */
#include "judge/verdict.h"

#include <string.h>

/* What may come of a finding: streams come one after the other, so what is held for one before
 * will not be released. */
static double outlook(const struct sg_ledger *ledger, const struct sg_found *found)
{
    return found->held_for && found->held_for != ledger->holding ? SG_WORTH_TELLING : found->weight;
}

struct sg_found *sg_ledger_note(struct sg_ledger *ledger, const struct sg_found *what)
{
    struct sg_found *slot = NULL;

    if (!what->held_for)
        sg_ledger_weigh(ledger, what->weight);
    if (what->weight < SG_WORTH_TELLING)
        return NULL;
    if (what->held_for)
        ledger->holding = what->held_for;
    ledger->noted++;
    for (size_t i = 0; i < ledger->count; i++) {
        struct sg_found *found = &ledger->found[i];

        if (found->key == what->key && found->weight >= what->weight) {
            found->count += what->offset > found->last; /* not: read once more in another way */
            found->last = what->offset > found->last ? what->offset : found->last;
            return NULL;
        }
        if (!slot || outlook(ledger, found) < outlook(ledger, slot))
            slot = found;
    }
    if (ledger->count < SG_FOUND_MAX)
        slot = &ledger->found[ledger->count++];
    else if (outlook(ledger, slot) >= what->weight)
        return NULL;
    *slot = *what;
    slot->count = 1;
    slot->last = what->offset;
    slot->order = ledger->noted;
    slot->detail[0] = slot->member[0] = '\0';
    return slot;
}

static bool before(const struct sg_found *a, const struct sg_found *b)
{
    if (a->weight != b->weight)
        return a->weight > b->weight;
    if (a->class != b->class)
        return a->class < b->class;
    return a->order < b->order;
}

static void sort(struct sg_ledger *ledger)
{
    for (size_t i = 1; i < ledger->count; i++)
        for (size_t j = i; j > 0 && before(&ledger->found[j], &ledger->found[j - 1]); j--) {
            struct sg_found moved = ledger->found[j];

            ledger->found[j] = ledger->found[j - 1];
            ledger->found[j - 1] = moved;
        }
}

/* A name need not be told where its call is. */
static bool told_by_call(const struct sg_ledger *ledger, const struct sg_found *name)
{
    if (name->class != SG_FOUND_NAME)
        return false;
    for (size_t i = 0; i < ledger->count; i++)
        if (ledger->found[i].class == SG_FOUND_CALL && ledger->found[i].subject == name->subject &&
            ledger->found[i].weight >= name->weight)
            return true;
    return false;
}

static void append_count(struct sg_found *found)
{
    char digits[24];
    size_t at = sizeof(digits), used = strlen(found->detail);

    if (found->count < 2 ||
        (used > 0 && found->detail[used - 1] == ')' && strstr(found->detail, " times)")))
        return;
    for (uint64_t n = found->count; n > 0; n /= 10)
        digits[--at] = (char)('0' + n % 10);
    used = sg_detail_write(found->detail, SG_DETAIL_MAX, used, " (", 2);
    used = sg_detail_write(found->detail, SG_DETAIL_MAX, used, digits + at, sizeof(digits) - at);
    sg_detail_write(found->detail, SG_DETAIL_MAX, used, " times)", 7);
}

void sg_ledger_release(struct sg_ledger *ledger, uint64_t stream)
{
    for (size_t i = 0; i < ledger->count; i++) {
        struct sg_found *found = &ledger->found[i];

        if (found->held_for != stream)
            continue;
        found->held_for = 0;
        if (found->weight > ledger->score)
            ledger->score = found->weight;
    }
}

/* What is still held says little. */
static void settle(struct sg_ledger *ledger)
{
    for (size_t i = 0; i < ledger->count; i++) {
        struct sg_found *found = &ledger->found[i];

        if (found->held_for && found->weight > SG_WORTH_TELLING)
            found->weight = SG_WORTH_TELLING;
        if (found->weight > ledger->score)
            ledger->score = found->weight;
    }
}

void sg_ledger_report(struct sg_ledger *ledger, struct sg_report *report)
{
    settle(ledger);
    sort(ledger);
    report->score = ledger->score;
    report->verdict = report->score >= SG_AT_MALICIOUS    ? SG_MALICIOUS
                      : report->score >= SG_AT_SUSPICIOUS ? SG_SUSPICIOUS
                                                          : SG_BENIGN;
    report->reason_count = 0;
    for (size_t i = 0; i < ledger->count && report->reason_count < SG_REASONS_MAX; i++) {
        struct sg_found *found = &ledger->found[i];

        if (told_by_call(ledger, found))
            continue;
        append_count(found);
        report->reasons[report->reason_count++] = (struct sg_reason){.rule = found->rule,
                                                                     .detail = found->detail,
                                                                     .member = found->member,
                                                                     .offset = found->offset,
                                                                     .weight = found->weight};
    }
}

size_t sg_detail_write(char *into, size_t cap, size_t used, const char *at, size_t len)
{
    static const char hex[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        uint8_t c = (uint8_t)at[i];
        bool plain = c >= 0x20 && c < 0x7f;

        if (cap - used <= (plain ? 1u : 4u))
            break;
        if (plain) {
            into[used++] = (char)c;
            continue;
        }
        into[used++] = '\\';
        into[used++] = 'x';
        into[used++] = hex[c >> 4];
        into[used++] = hex[c & 15];
    }
    into[used] = '\0';
    return used;
}
