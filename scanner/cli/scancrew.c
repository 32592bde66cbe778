/* scancrew.c - shares files out among threads, and prints what becomes of them. */
#include "cli/scancrew.h"

#include "cli/cli.h"
#include "cli/heap.h"
#include "cli/stopping.h"
#include "cli/threads.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REDRAW_MS 200

/* What the threads share. All below `lock` is under it. */
struct crew {
    struct sg_orders orders;
    atomic_size_t next;  /* job */
    atomic_uint working; /* threads */
    pthread_t watcher;
    pthread_mutex_t lock;
    struct sg_tally tally;
    struct sg_remember fresh;
    uint64_t bytes_done;
    bool found;
    int write_error; /* errno */
};

static void count_result(struct crew *crew, const struct sg_scanned *scanned)
{
    struct sg_tally *tally = &crew->tally;
    const struct sg_report *report = &scanned->report;

    crew->found |= scanned->result.found;
    tally->jobs++;
    if (scanned->result.problem) {
        tally->unread++;
        return;
    }
    tally->files++;
    tally->bytes += report->size;
    tally->verdicts[report->verdict]++;
    tally->accepted += scanned->result.accepted != NULL;
    tally->partial += report->coverage == SG_PARTIAL && !scanned->result.accepted;
    tally->unanalysed += report->coverage == SG_NONE && !scanned->result.accepted;
    if (scanned->fresh && crew->orders.rules.remember)
        sg_remember_keep(&crew->fresh, &scanned->identity, report);
}

/* Before it is counted: what is accepted is no finding. */
static void accept_result(struct crew *crew, struct sg_scanned *scanned)
{
    const char *why = crew->orders.accept_why;

    if (!crew->orders.accepting || !scanned->hashed || scanned->result.accepted)
        return;
    sg_baseline_add(crew->orders.accepting, scanned->sha256, scanned->report.verdict, why);
    scanned->result.accepted = why;
    scanned->result.found = false;
}

static void print_problem(const struct sg_result *result, struct sg_outbuf *out)
{
    sg_out_text(out, "safeguard: ");
    sg_out_plain(out, result->path);
    sg_out_format(out, ": cannot be scanned: %s\n", result->problem);
    /* Standard error is the last resort: there is nowhere to tell that it failed. */
    (void)!sg_out_write(out, STDERR_FILENO);
    out->len = 0;
}

static void tell_result(struct crew *crew, const struct sg_result *result, struct sg_outbuf *out)
{
    if (result->problem) {
        sg_progress_clear(&crew->orders.progress);
        print_problem(result, out);
    }
    crew->orders.emit->file(out, &crew->orders.how, result);
    if (out->len) {
        sg_progress_clear(&crew->orders.progress);
        crew->orders.how.printed++;
        if (!crew->write_error && !sg_out_write(out, STDOUT_FILENO))
            crew->write_error = errno;
    }
    out->len = 0;
}

/* Every name of the file in turn, where the format tells names apart. */
static void tell_names(struct crew *crew, const struct sg_job *job, struct sg_scanned *scanned,
                       struct sg_outbuf *out)
{
    struct sg_result result = scanned->result;

    if (!crew->orders.emit->by_name) {
        result.also = job->also;
        result.also_count = job->also_count;
    }
    tell_result(crew, &result, out);
    for (size_t i = 0; crew->orders.emit->by_name && i < job->also_count; i++) {
        result.path = job->also[i];
        tell_result(crew, &result, out);
    }
}

static void finish_job(struct crew *crew, const struct sg_job *job, struct sg_scanned *scanned,
                       struct sg_outbuf *out)
{
    pthread_mutex_lock(&crew->lock);
    accept_result(crew, scanned);
    count_result(crew, scanned);
    tell_names(crew, job, scanned, out);
    crew->bytes_done += job->size;
    if (crew->write_error)
        atomic_store(&crew->next, crew->orders.walk->count);
    pthread_mutex_unlock(&crew->lock);
}

static void *work(void *ctx)
{
    struct crew *crew = ctx;
    const struct sg_walk *walk = crew->orders.walk;
    struct sg_arena arena = sg_scanfile_arena(crew->orders.rules.policy->limits.max_memory);
    struct sg_outbuf out = {0};
    struct sg_scanned scanned;
    size_t at;

    while (arena.base && (at = atomic_fetch_add(&crew->next, 1)) < walk->count) {
        sg_scanfile(&walk->jobs[at], &crew->orders.rules, &arena, &scanned);
        finish_job(crew, &walk->jobs[at], &scanned, &out);
        sg_scanfile_renew(&arena);
    }
    sg_scanfile_drop(&arena);
    sg_out_free(&out);
    if (atomic_fetch_sub(&crew->working, 1) == 1)
        sg_stopping_wake(crew->watcher);
    return NULL;
}

static void redraw(struct crew *crew)
{
    if (pthread_mutex_trylock(&crew->lock))
        return; /* somebody prints */
    sg_progress_draw(&crew->orders.progress, crew->tally.jobs, crew->bytes_done);
    pthread_mutex_unlock(&crew->lock);
}

/* Until all is done, or a signal comes, which is the answer: then nobody takes another file, nor
 * prints anything any more. */
static int watch(struct crew *crew, const sigset_t *signals)
{
    while (atomic_load(&crew->working)) {
        int signal = sg_stopping_wait(signals, REDRAW_MS);
        if (signal == 0) {
            redraw(crew);
            continue;
        }
        atomic_store(&crew->next, crew->orders.walk->count);
        /* Whoever prints may be waiting for a reader that never comes. */
        while (pthread_mutex_trylock(&crew->lock)) {
            int again = sg_stopping_wait(signals, REDRAW_MS / 10);
            if (again)
                sg_stopping_die(again);
        }
        return signal;
    }
    return 0;
}

/* The signal that ended it, or 0. `done`: whether all files were seen to. */
static int scan_all(struct crew *crew, unsigned wanted, bool *done)
{
    pthread_t threads[SG_THREADS_MAX];
    unsigned started = 0;
    sigset_t before, signals = sg_stopping_begin(&before);

    crew->watcher = pthread_self();
    atomic_store(&crew->working, wanted);
    while (started < wanted && pthread_create(&threads[started], NULL, work, crew) == 0)
        started++;
    atomic_fetch_sub(&crew->working, wanted - started);
    int signal = watch(crew, &signals);
    for (unsigned i = 0; !signal && i < started; i++)
        pthread_join(threads[i], NULL);
    sg_stopping_end(&before);
    *done = signal || atomic_load(&crew->next) >= crew->orders.walk->count;
    return signal;
}

/* What is printed before and after the files. */
static void put_frame(struct crew *crew, bool end)
{
    struct sg_outbuf out = {0};

    if (end)
        crew->orders.emit->end(&out, &crew->orders.how, &crew->tally);
    else
        crew->orders.emit->begin(&out, &crew->orders.how);
    if (!crew->write_error && !sg_out_write(&out, STDOUT_FILENO))
        crew->write_error = errno;
    sg_out_free(&out);
}

static int status_of(const struct crew *crew)
{
    const struct sg_tally *tally = &crew->tally;

    if (crew->found)
        return SG_EXIT_FOUND;
    return tally->unread || tally->partial || tally->unanalysed ? SG_EXIT_TROUBLE : SG_EXIT_OK;
}

/* With the lock held, should a signal have ended the scan. */
static void conclude(struct crew *crew, struct sg_outcome *outcome)
{
    struct sg_tally *tally = &crew->tally;

    sg_progress_clear(&crew->orders.progress);
    tally->seconds = sg_progress_now() - crew->orders.progress.begun;
    outcome->status = status_of(crew);
    tally->stopped = outcome->signal ? sg_stopping_name(outcome->signal) : NULL;
    tally->status = outcome->signal ? outcome->signal : outcome->status;
    put_frame(crew, true);
    if (crew->write_error) {
        fprintf(stderr, "safeguard: scan: cannot write the results: %s\n",
                strerror(crew->write_error));
        outcome->status = SG_EXIT_TROUBLE;
    }
}

static struct crew *crew_begin(const struct sg_orders *orders)
{
    /* Outlives this call when a signal ends the scan. */
    struct crew *crew = memset(sg_heap_grow(NULL, sizeof(*crew)), 0, sizeof(*crew));
    uint64_t bytes = 0;

    crew->orders = *orders;
    pthread_mutex_init(&crew->lock, NULL);
    for (size_t i = 0; i < orders->walk->count; i++)
        bytes += orders->walk->jobs[i].size;
    crew->tally.left_out = orders->walk->left_out;
    crew->tally.all = orders->walk->count;
    sg_progress_start(&crew->orders.progress, orders->walk->count, bytes);
    clock_gettime(CLOCK_REALTIME, &crew->orders.how.begun);
    return crew;
}

void sg_crew_scan(const struct sg_orders *orders, struct sg_outcome *outcome)
{
    uint64_t memory = orders->rules.policy->limits.max_memory;
    unsigned threads = sg_threads_for(orders->jobs, orders->walk->count, memory);
    struct crew *crew = crew_begin(orders);
    bool done;

    *outcome = (struct sg_outcome){.status = SG_EXIT_TROUBLE};
    /* One thread goes in the order of the command line, as people expect. */
    if (threads > 1)
        sg_walk_sort(orders->walk);
    put_frame(crew, false);
    outcome->signal = scan_all(crew, threads, &done);
    if (done)
        conclude(crew, outcome);
    else
        fprintf(stderr, "safeguard: scan: no memory for a thread (max_memory is %llu bytes)\n",
                (unsigned long long)memory);
    outcome->fresh = crew->fresh;
    if (outcome->signal)
        return;
    sg_out_free(&crew->orders.how.notes);
    pthread_mutex_destroy(&crew->lock);
    free(crew);
}
