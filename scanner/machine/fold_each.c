/* fold_each.c - functions that call what they are given with items of what follows: as often as
 * items are known, and once more with an item that is not where there may be others. */
#include "machine/fold.h"

#define ITERABLES_MAX 8u
#define ROUND_WORK 256u /* for sg_work(): what a call costs, however few bytes its item has */

/* What an iterable gives, as far as it is known. */
struct iterable {
    sg_value value;
    size_t count;
    bool whole;
};

static struct iterable iterable_of(const struct sg_machine *m, sg_value v)
{
    struct iterable it = {.value = v};
    enum sg_kind kind = sg_value_kind(m, v);

    if (sg_kind_is_container(kind) && !sg_value_escaped(m, v))
        it.count = sg_value_count(m, v, &it.whole);
    if (kind == SG_V_SET) /* in an order of its own, without duplicates */
        it.whole = false;
    return it;
}

static sg_value item_at(const struct sg_machine *m, const struct iterable *it, size_t index)
{
    return index < it->count ? sg_value_item(m, it->value, index) : SG_UNKNOWN_VALUE;
}

static sg_value apply(struct sg_machine *m, sg_value callee, sg_value args)
{
    return sg_call_make(m, SG_CALL_FOLDED, callee, args, SG_NONE_VALUE);
}

static bool callable(const struct sg_machine *m, const struct sg_call *call, sg_value *callee)
{
    enum sg_kind kind;

    *callee = sg_fold_argument(m, call, 0);
    kind = sg_value_kind(m, *callee);
    return *callee != SG_ABSENT && sg_fold_argument(m, call, 1) != SG_ABSENT &&
           (kind >= SG_V_GLOBAL || kind == SG_V_FORGOTTEN);
}

/* map(f, a, b, …), filter(f, a): f(a[0], b[0], …) and so on until the shortest ends. */
sg_value sg_fold_map(struct sg_machine *m, const struct sg_call *call)
{
    sg_value callee, items[ITERABLES_MAX];
    struct iterable its[ITERABLES_MAX];
    size_t rounds = SIZE_MAX, known = 0;
    bool all;

    if (!callable(m, call, &callee))
        return SG_ABSENT;
    size_t count = sg_fold_items(m, call, 1, items, ITERABLES_MAX, &all);
    for (size_t k = 0; k < count; k++) {
        its[k] = iterable_of(m, items[k]);
        known = its[k].count > known ? its[k].count : known;
        if (its[k].whole && its[k].count < rounds)
            rounds = its[k].count;
    }
    if (rounds == SIZE_MAX)
        rounds = known + 1;
    for (size_t i = 0; i < rounds && sg_work(m, ROUND_WORK * (count + 1)); i++) {
        for (size_t k = 0; k < count; k++)
            items[k] = item_at(m, &its[k], i);
        (void)apply(m, callee, sg_value_tuple_begun(m, items, count, all));
    }
    return SG_ABSENT;
}

/* starmap(f, a): f(*a[0]) and so on. */
sg_value sg_fold_starmap(struct sg_machine *m, const struct sg_call *call)
{
    sg_value callee;

    if (!callable(m, call, &callee))
        return SG_ABSENT;
    struct iterable it = iterable_of(m, sg_fold_argument(m, call, 1));
    size_t rounds = it.whole ? it.count : it.count + 1;
    for (size_t i = 0; i < rounds && sg_work(m, ROUND_WORK); i++)
        (void)apply(m, callee, item_at(m, &it, i));
    return SG_ABSENT;
}

/* reduce(f, a, first): f(f(first, a[0]), a[1]) and so on. */
sg_value sg_fold_reduce(struct sg_machine *m, const struct sg_call *call)
{
    sg_value callee, pair[2] = {sg_fold_argument(m, call, 2)};
    size_t i = 0;

    if (!callable(m, call, &callee) || sg_fold_keywords(m, call))
        return SG_ABSENT;
    struct iterable it = iterable_of(m, sg_fold_argument(m, call, 1));
    size_t rounds = it.whole ? it.count : it.count + 1;
    if (pair[0] == SG_ABSENT && rounds)
        pair[0] = item_at(m, &it, i++);
    if (!it.whole && i == rounds)
        rounds++;
    for (; i < rounds; i++) {
        if (!sg_work(m, ROUND_WORK))
            return SG_ABSENT;
        pair[1] = item_at(m, &it, i);
        pair[0] = apply(m, callee, sg_value_tuple(m, pair, 2));
    }
    return it.whole && sg_value_kind(m, pair[0]) != SG_V_UNKNOWN ? pair[0] : SG_ABSENT;
}
