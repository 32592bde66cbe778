/* strict.c - which means holds a file still.
 *
 *                      read through hooks          streams and mappings
 *     no carrier       proof, copy, lease          copy, lease
 *     carrier <= SMALL copy, lease                 copy, lease
 *     carrier          lease, copy                 copy, lease
 *
 * from left to right, then refusal. A stream or a mapping sees what a writer does once the kernel
 * has ended a lease, and nobody can look: so a copy comes first. A proof ends with the first new
 * stamp, which links and renames leave too: a file that is no carrier is then looked at again.
 */
#include "shim/strict.h"

#include "shim/cache.h"
#include "shim/probe.h"
#include "shim/raw.h"
#include "shim/snapshot.h"
#include "shim/still.h"

#define SMALL (512u << 10) /* copied in a tenth of a millisecond */

#define UNHELD "unheld"

struct attempt {
    struct sg_subject *subject;
    const struct sg_policy *policy;
    const struct sg_use *use;
    enum sg_filesystem fs;
    enum sg_fd_state state; /* the answer */
};

/* Since subject->st was taken. */
static bool unchanged(const struct sg_subject *subject)
{
    struct stat now = {0};

    if (sg_raw_stat(subject->fd, &now) < 0)
        return false;
    struct sg_identity before = sg_identity_of(&subject->st), after = sg_identity_of(&now);
    return sg_identity_same(&before, &after);
}

static bool refuse(struct attempt *attempt, const char *detail)
{
    attempt->state = SG_FD_WATCHED; /* where the policy lets it through all the same */
    return sg_vet_failed(attempt->subject, attempt->policy, UNHELD, detail) != SG_VETTED_REFUSED;
}

static bool is_large(const struct sg_subject *subject)
{
    return subject->st.st_size > SMALL;
}

static bool prefers_lease(const struct attempt *attempt)
{
    return !attempt->use->unseen && is_large(attempt->subject);
}

/* The copy in the place of what was copied; the subject's stamps are then the copy's. */
static bool put(struct attempt *attempt, int copy, const struct stat *st)
{
    if (!sg_snapshot_put(copy, attempt->subject->fd))
        return false;
    attempt->subject->st = *st;
    attempt->state = SG_FD_PRIVATE;
    return true;
}

static bool put_vetted_copy(struct attempt *attempt)
{
    struct sg_subject *subject = attempt->subject;
    struct stat st = {0};
    int copy = sg_snapshot_take(subject->fd, &subject->st, attempt->policy->limits.max_memory);

    if (copy < 0)
        return false;
    if (unchanged(subject) && sg_raw_stat(copy, &st) == 0)
        return put(attempt, copy, &st);
    (void)SG_RAW(SYS_close, copy);
    return false;
}

static bool hold_vetted(struct attempt *attempt)
{
    if (!sg_still_hold(attempt->subject->fd, attempt->fs))
        return false;
    attempt->state = SG_FD_HELD;
    if (unchanged(attempt->subject))
        return true;
    sg_still_release(attempt->subject->fd);
    return false;
}

/* What was vetted is proved to be there still: now it is kept so. */
static bool keep_vetted(struct attempt *attempt)
{
    if (prefers_lease(attempt))
        return hold_vetted(attempt) || put_vetted_copy(attempt);
    return put_vetted_copy(attempt) || hold_vetted(attempt);
}

enum outcome { OUTCOME_REFUSED, OUTCOME_FINE, OUTCOME_IMPOSSIBLE };

static enum outcome vet_copy(struct attempt *attempt)
{
    struct sg_subject *subject = attempt->subject, copied = *subject;
    int copy = sg_snapshot_take(subject->fd, &subject->st, attempt->policy->limits.max_memory);

    if (copy < 0)
        return OUTCOME_IMPOSSIBLE;
    copied.fd = copy;
    copied.copied = true;
    copied.original = subject->fd;
    copied.unkept = true;
    bool known = sg_raw_stat(copy, &copied.st) == 0;
    if (known && sg_vet(&copied, attempt->policy) != SG_VETTED_REFUSED)
        return put(attempt, copy, &copied.st) ? OUTCOME_FINE : OUTCOME_IMPOSSIBLE;
    (void)SG_RAW(SYS_close, copy);
    return known ? OUTCOME_REFUSED : OUTCOME_IMPOSSIBLE;
}

static enum outcome vet_held(struct attempt *attempt)
{
    struct sg_subject *subject = attempt->subject;

    if (!sg_still_hold(subject->fd, attempt->fs))
        return OUTCOME_IMPOSSIBLE;
    subject->unkept = true;
    bool known = sg_raw_stat(subject->fd, &subject->st) == 0;
    bool fine = known && sg_vet(subject, attempt->policy) != SG_VETTED_REFUSED;
    if (fine && sg_still_held(subject->fd)) {
        attempt->state = SG_FD_HELD;
        return OUTCOME_FINE;
    }
    sg_still_release(subject->fd);
    return fine || !known ? OUTCOME_IMPOSSIBLE : OUTCOME_REFUSED;
}

/* Nothing is known of it: it is held first, then vetted. */
static bool vet_unproved(struct attempt *attempt)
{
    bool lease_first = prefers_lease(attempt);
    enum outcome outcome = lease_first ? vet_held(attempt) : vet_copy(attempt);

    if (outcome == OUTCOME_IMPOSSIBLE)
        outcome = lease_first ? vet_copy(attempt) : vet_held(attempt);
    if (outcome != OUTCOME_IMPOSSIBLE)
        return outcome == OUTCOME_FINE;
    return refuse(attempt,
                  "it can change while it is read: there is no lease to be had, and a copy "
                  "would be beyond max_memory");
}

/* The stamps of the proof are those that the verdict is bound to, or there is no proof. */
static bool vet_proved(struct attempt *attempt)
{
    struct sg_subject *subject = attempt->subject;
    struct sg_identity proved = sg_identity_of(&subject->st);

    subject->as = &proved; /* should it change now, no file will be as that again */
    enum sg_vetted vetted = sg_vet(subject, attempt->policy);
    struct sg_identity vetted_as = sg_identity_of(&subject->st);
    subject->as = NULL;

    if (vetted == SG_VETTED_REFUSED)
        return false;
    bool same = sg_identity_same(&proved, &vetted_as);
    if (same && sg_still_forever(subject->fd, attempt->fs)) {
        attempt->state = SG_FD_PRIVATE;
        return true;
    }
    if (same && vetted == SG_VETTED_PLAIN && !attempt->use->unseen) {
        attempt->state = SG_FD_STILL;
        return true;
    }
    return (same && keep_vetted(attempt)) || vet_unproved(attempt);
}

/* The program writes to it, so it can neither be copied nor leased. */
static bool vet_writable(struct attempt *attempt)
{
    struct sg_subject *subject = attempt->subject;

    subject->unkept = true;
    enum sg_vetted vetted = sg_vet(subject, attempt->policy);
    if (vetted == SG_VETTED_REFUSED)
        return false;
    bool carrier = vetted == SG_VETTED_CARRIER && !subject->inert;
    attempt->state = SG_FD_STILL;
    if (attempt->use->made)
        attempt->state = SG_FD_WATCHED;
    else if (carrier && (attempt->use->unseen || subject->event != SG_EVENT_OPEN))
        return refuse(attempt, "it can change while it is read: it is open for writing");
    else if (carrier)
        attempt->state = SG_FD_UNVETTED; /* to be written to, perhaps: reads ask again */
    return true;
}

static bool is_empty(const struct sg_subject *subject)
{
    struct sg_identity identity = sg_identity_of(&subject->st);

    return subject->st.st_size == 0 && sg_probe(subject->fd, &identity) != SG_PROBED_UNSIZED;
}

/* A verdict that is remembered was proved when it was given. */
static bool is_known_plain(const struct attempt *attempt)
{
    struct sg_identity identity = sg_identity_of(&attempt->subject->st);

    return !attempt->use->unseen && attempt->fs == SG_FS_STAMPED &&
           sg_cache_find(&identity) == SG_KEPT_PLAIN;
}

bool sg_strict_vet(struct sg_subject *subject, const struct sg_policy *policy,
                   const struct sg_use *use, enum sg_fd_state *state)
{
    struct attempt attempt = {subject, policy, use, sg_filesystem_of(subject->fd), SG_FD_WATCHED};
    bool fine;

    if ((use->flags & O_ACCMODE) == O_RDWR)
        fine = vet_writable(&attempt);
    else if (attempt.fs == SG_FS_KERNELS || is_empty(subject))
        fine = true; /* nothing to copy yet; once there is, every use looks */
    else if (is_known_plain(&attempt)) {
        attempt.state = SG_FD_STILL;
        fine = true;
    } else if (sg_still_prove(subject->fd, attempt.fs, &subject->st, is_large(subject)))
        fine = vet_proved(&attempt);
    else
        fine = vet_unproved(&attempt);
    *state = attempt.state;
    return fine;
}
