/* cmd_scan.c - scans files and directories with several threads. */
#include "cli/cli.h"
#include "cli/emit.h"
#include "cli/progress.h"
#include "cli/rules.h"
#include "cli/scanfile.h"
#include "cli/walk.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define JOBS_MAX 256u
#define REDRAW_NS 200000000L

/* What the threads share. All below `lock` is under it. */
struct crew {
    const struct sg_walk *walk;
    struct sg_scan_rules rules;
    const struct sg_emit *emit;
    struct sg_style style;
    atomic_size_t next; /* job */
    pthread_mutex_t lock;
    pthread_cond_t finished;
    struct sg_progress progress;
    struct sg_tally tally;
    struct sg_remember fresh;
    struct sg_baseline *accepting; /* what is found now is added to it; or NULL */
    const char *accept_why;
    uint64_t bytes_done;
    unsigned working; /* threads */
    bool printed;     /* something for a file */
    bool found;
    int write_error; /* errno */
};

static void count_result(struct crew *crew, const struct sg_scanned *scanned)
{
    struct sg_tally *tally = &crew->tally;
    const struct sg_report *report = &scanned->report;

    crew->found |= scanned->result.found;
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
    if (scanned->fresh && crew->rules.remember)
        sg_remember_keep(&crew->fresh, &scanned->identity, report);
}

/* Before it is counted: what is accepted is no finding. */
static void accept_result(struct crew *crew, struct sg_scanned *scanned)
{
    if (!crew->accepting || !scanned->hashed || scanned->result.accepted)
        return;
    sg_baseline_add(crew->accepting, scanned->sha256, scanned->report.verdict, crew->accept_why);
    scanned->result.accepted = crew->accept_why;
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

/* Prints one name of what was scanned. */
static void tell_result(struct crew *crew, const struct sg_scanned *scanned, struct sg_outbuf *out)
{
    count_result(crew, scanned);
    if (scanned->result.problem) {
        sg_progress_clear(&crew->progress);
        print_problem(&scanned->result, out);
    }
    crew->emit->file(out, &scanned->result, crew->style, !crew->printed);
    if (out->len) {
        sg_progress_clear(&crew->progress);
        crew->printed = true;
        if (!crew->write_error && !sg_out_write(out, STDOUT_FILENO))
            crew->write_error = errno;
    }
    out->len = 0;
}

static void finish_job(struct crew *crew, const struct sg_job *job, struct sg_scanned *scanned,
                       struct sg_outbuf *out)
{
    pthread_mutex_lock(&crew->lock);
    accept_result(crew, scanned);
    tell_result(crew, scanned, out);
    for (size_t i = 0; i < job->also_count; i++) {
        scanned->result.path = job->also[i];
        tell_result(crew, scanned, out);
    }
    crew->bytes_done += job->size;
    if (crew->write_error)
        atomic_store(&crew->next, crew->walk->count);
    pthread_mutex_unlock(&crew->lock);
}

static void *work(void *ctx)
{
    struct crew *crew = ctx;
    struct sg_arena arena = sg_scanfile_arena(crew->rules.policy->limits.max_memory);
    struct sg_outbuf out = {0};
    struct sg_scanned scanned;
    size_t at;

    while (arena.base && (at = atomic_fetch_add(&crew->next, 1)) < crew->walk->count) {
        sg_scanfile(&crew->walk->jobs[at], &crew->rules, &arena, &scanned);
        finish_job(crew, &crew->walk->jobs[at], &scanned, &out);
        sg_scanfile_renew(&arena);
    }
    sg_scanfile_drop(&arena);
    sg_out_free(&out);
    pthread_mutex_lock(&crew->lock);
    crew->working--;
    pthread_cond_signal(&crew->finished);
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

static void watch(struct crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    while (crew->working) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += REDRAW_NS;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        if (pthread_cond_timedwait(&crew->finished, &crew->lock, &until) == ETIMEDOUT)
            sg_progress_draw(&crew->progress, crew->tally.files + crew->tally.unread,
                             crew->bytes_done);
    }
    sg_progress_clear(&crew->progress);
    pthread_mutex_unlock(&crew->lock);
}

/* False after a message when not even one thread had what it needs. */
static bool scan_all(struct crew *crew, unsigned wanted)
{
    pthread_t threads[JOBS_MAX];
    unsigned started = 0;

    pthread_mutex_lock(&crew->lock);
    while (started < wanted && pthread_create(&threads[started], NULL, work, crew) == 0)
        started++;
    crew->working = started;
    pthread_mutex_unlock(&crew->lock);
    watch(crew);
    for (unsigned i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    if (atomic_load(&crew->next) >= crew->walk->count)
        return true;
    fprintf(stderr, "safeguard: scan: no memory for a thread (max_memory is %llu bytes)\n",
            (unsigned long long)crew->rules.policy->limits.max_memory);
    return false;
}

static unsigned thread_count(unsigned asked, size_t jobs)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned count = asked ? asked : processors > 0 ? (unsigned)processors : 1;

    if (count > JOBS_MAX)
        count = JOBS_MAX;
    return count < jobs ? count : jobs ? (unsigned)jobs : 1;
}

static struct sg_style style_for(const struct sg_cmdline *options)
{
    const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");
    bool colour =
        isatty(STDOUT_FILENO) == 1 && term && strcmp(term, "dumb") != 0 && !(no_color && *no_color);

    return (struct sg_style){.colour = colour, .verbose = options->verbose};
}

/* What is printed before and after the files. */
static void put_frame(struct crew *crew, bool end)
{
    struct sg_outbuf out = {0};

    if (end)
        crew->emit->end(&out, &crew->tally, crew->style);
    else
        crew->emit->begin(&out);
    if (!crew->write_error && !sg_out_write(&out, STDOUT_FILENO))
        crew->write_error = errno;
    sg_out_free(&out);
}

static int status_of(const struct crew *crew)
{
    const struct sg_tally *tally = &crew->tally;

    if (crew->write_error) {
        fprintf(stderr, "safeguard: scan: cannot write the results: %s\n",
                strerror(crew->write_error));
        return SG_EXIT_TROUBLE;
    }
    if (crew->found)
        return SG_EXIT_FOUND;
    return tally->unread || tally->partial || tally->unanalysed ? SG_EXIT_TROUBLE : SG_EXIT_OK;
}

static int scan_walk(struct crew *crew, struct sg_walk *walk, unsigned jobs)
{
    unsigned threads = thread_count(jobs, walk->count);
    uint64_t bytes = 0;

    /* One thread goes in the order of the command line, as people expect. */
    if (threads > 1)
        sg_walk_sort(walk);
    for (size_t i = 0; i < walk->count; i++)
        bytes += walk->jobs[i].size;
    crew->walk = walk;
    crew->tally.left_out = walk->left_out;
    crew->progress = sg_progress_begin(walk->count, bytes);
    put_frame(crew, false);
    if (!scan_all(crew, threads))
        return SG_EXIT_TROUBLE;
    crew->tally.seconds = sg_progress_now() - crew->progress.begun;
    put_frame(crew, true);
    return status_of(crew);
}

/* With the files that a scan keeps, and that it goes by. */
static int scan_with(struct sg_walk *walk, const struct sg_policy *policy,
                     const struct sg_cmdline *options)
{
    struct sg_remember remember = {0};
    struct sg_baseline baseline = {0};
    struct crew crew = {.rules = {.policy = policy,
                                  .remember = options->cache ? &remember : NULL,
                                  .baseline = options->baseline ? &baseline : NULL},
                        .accepting = options->accept ? &baseline : NULL,
                        .accept_why = options->accept,
                        .emit = sg_emit_of(options->format),
                        .style = style_for(options),
                        .lock = PTHREAD_MUTEX_INITIALIZER,
                        .finished = PTHREAD_COND_INITIALIZER};
    int status = SG_EXIT_TROUBLE;

    if ((!options->cache || sg_remember_open(&remember, options->cache, policy)) &&
        (!options->baseline ||
         sg_baseline_open(&baseline, options->baseline, options->accept != NULL))) {
        status = scan_walk(&crew, walk, options->jobs);
        if ((options->cache && !sg_remember_save(&remember, &crew.fresh)) ||
            (options->accept && !sg_baseline_save(&baseline)))
            status = SG_EXIT_TROUBLE;
    }
    sg_remember_free(&crew.fresh);
    sg_remember_free(&remember);
    sg_baseline_free(&baseline);
    return status;
}

/* NULL, or what is wrong with the options taken together. */
static const char *check_options(const struct sg_cmdline *options, struct sg_walk *walk)
{
    if (options->accept && !options->baseline)
        return "--accept needs --baseline, the file to write to";
    if (options->accept && strpbrk(options->accept, "\r\n"))
        return "--accept takes one line";
    if (options->since && !sg_walk_since(walk, options->since))
        return "--changed-since takes a date, as 2026-11-23 or 2026-11-23T17:30, or a file";
    return NULL;
}

int sg_cmd_scan(const struct sg_verb *verb, const struct sg_cmdline *options, char **args)
{
    struct sg_walk walk = {.recursive = options->recursive,
                           .excludes = options->excludes,
                           .exclude_count = options->exclude_count};
    struct sg_rules rules;
    const char *problem = check_options(options, &walk);

    if (problem) {
        fprintf(stderr, "safeguard: scan: %s\n", problem);
        return SG_EXIT_TROUBLE;
    }
    if (!args[0]) {
        fprintf(stderr, "safeguard: scan what? see: safeguard help %s\n", verb->name);
        return SG_EXIT_TROUBLE;
    }
    if (!sg_rules_load(&rules, options->policy))
        return SG_EXIT_TROUBLE;
    /* The exit status is a decision as the guard makes it, at the level asked for. */
    rules.policy.mode = SG_BLOCK;
    rules.policy.block_at = options->fail_on;
    rules.policy.on_partial = SG_LOG;
    walk.apart = rules.policy.allow_paths.count || rules.policy.deny_paths.count;
    for (; *args; args++)
        sg_walk_add(&walk, *args);
    int status = scan_with(&walk, &rules.policy, options);
    sg_walk_free(&walk);
    sg_rules_free(&rules);
    return status;
}
