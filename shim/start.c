/* start.c - decides once, before main or at the first hooked call, whether to guard. */
#include "shim/start.h"

#include "shim/carry.h"
#include "shim/fdtable.h"
#include "shim/hooks.h"
#include "shim/log.h"
#include "shim/python.h"
#include "shim/raw.h"
#include "shim/seccomp.h"

#include <limits.h>
#include <stdlib.h>

#define EXIT_CONFIG 78 /* sysexits.h */
#define ARENA_LEAST (256u << 10)
#define SPARE_SIZE (64u << 10) /* a multiple of every page size */

/* The largest page there can be. The loader has more to do where a segment is aligned to more than
 * one. */
#if defined(__x86_64__)
#define PAGE_MOST 4096
#else
#define PAGE_MOST 65536
#endif

_Atomic int sg_phase;

static struct sg_policy policy;
static struct sg_arena arena;
static char exe[PATH_MAX];

/* Resolved by the loader when an interpreter is among the objects it starts with; every libpython
 * and every interpreter that can load extension modules exports it. */
extern void Py_Initialize(void) __attribute__((weak));

const struct sg_policy *sg_start_policy(void)
{
    return &policy;
}

const char *sg_start_exe(void)
{
    return exe;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* Where there is no memory to be had a policy of the usual size is read all the same: without it
 * nobody knows whether this program is to be guarded. */
static uint8_t spare[SPARE_SIZE] __attribute__((aligned(PAGE_MOST)));

static void map_arena(void)
{
    for (size_t size = SG_POLICY_ARENA; size >= ARENA_LEAST; size /= 2) {
        void *base = sg_raw_map(size);
        if (base) {
            arena = (struct sg_arena){.base = base, .size = size};
            return;
        }
    }
    memset(spare, 0, sizeof(spare));
    arena = (struct sg_arena){.base = spare, .size = sizeof(spare)};
}

static void unmap_arena(void)
{
    if (arena.base != spare)
        sg_raw_unmap(arena.base, arena.size);
}

static void record_refusal(const struct sg_policy_error *error)
{
    char *scratch = sg_raw_map(SG_RECORD_MAX);
    struct sg_report report = {
        .coverage = SG_NONE,
        .format = "none",
        .reason_count = 1,
        .reasons = {{.rule = "start-refused",
                     .detail = error->message,
                     .member = "",
                     .offset = error->line}},
    };
    struct sg_record record = {
        .event = SG_EVENT_START,
        .exe = exe,
        .path = error->file ? error->file : "",
        .report = &report,
        .action = SG_BLOCK,
    };

    if (scratch)
        sg_log_write(&record, scratch);
}

/* An unguarded interpreter is what the policy's author did not want: there is none. */
static void refuse(const struct sg_policy_error *error)
{
    char text[768];
    struct sg_phrase phrase = sg_phrase_open(text, sizeof(text));

    phrase.len = sg_policy_error_text(error, text, sizeof(text));
    if (phrase.len >= sizeof(text))
        phrase.len = sizeof(text) - 1;
    sg_phrase_string(&phrase, " (refusing to start ");
    sg_phrase_string(&phrase, base_name(exe));
    sg_phrase_string(&phrase, " unguarded)");
    sg_log_say(text);
    if (policy.log.target != SG_LOG_STDERR) {
        sg_log_open(&policy.log);
        record_refusal(error);
    }
    (void)SG_RAW(SYS_exit_group, EXIT_CONFIG);
    __builtin_unreachable();
}

/* Where only the policy that the environment chose is at fault, the environment may also ask for
 * less than blocking; a fault in the site's own policy leaves no such way. */
static bool may_go_on(const struct sg_policy_error *error)
{
    static const char folder[] = "/etc/safeguard/";
    struct sg_policy_error ignored;
    bool sites = error->file && !strncmp(error->file, folder, strlen(folder));

    return sg_policy_environment(&policy, secure_getenv, &ignored) == SG_OK &&
           policy.mode != SG_BLOCK && !sites;
}

static enum sg_phase settle(bool failed, const struct sg_policy_error *error)
{
    char text[640];

    if (failed) {
        if (!may_go_on(error))
            refuse(error);
        sg_policy_error_text(error, text, sizeof(text));
        sg_log_say(text);
    }
    if (policy.mode == SG_ALLOW)
        return SG_PHASE_OFF;
    sg_log_open(&policy.log);
    sg_fd_start();
    (void)SG_RAW(SYS_mprotect, arena.base, arena.size, PROT_READ);
    return SG_PHASE_AWAKE;
}

/* `known`: an interpreter is in this process, whatever the executable's name. */
static enum sg_phase choose(bool known)
{
    struct sg_policy_error error;

    map_arena();
    sg_policy_defaults(&policy, &arena);
    bool failed = sg_policy_load(&policy, SG_POLICY_SITE, secure_getenv("SAFEGUARD_POLICY"),
                                 &error) != SG_OK ||
                  sg_policy_environment(&policy, secure_getenv, &error) != SG_OK;
    if (known || sg_policy_process_match(&policy, base_name(exe)))
        return settle(failed, &error);
    unmap_arena();
    return SG_PHASE_ASLEEP;
}

static bool start_from(int phase, bool known)
{
    int before = errno;
    bool first = atomic_compare_exchange_strong_explicit(
        &sg_phase, &phase, SG_PHASE_STARTING, memory_order_acq_rel, memory_order_acquire);

    if (first)
        atomic_store_explicit(&sg_phase, choose(known), memory_order_release);
    errno = before;
    return first;
}

/* Apart from the start, which an allocator's own first open may bring about: this takes memory.
 * A profile refuses, so it is in force only where the mode is to refuse. */
static void harden(void)
{
    struct sg_policy_error error = {.file = policy.file};
    struct sg_phrase why = sg_phrase_open(error.message, sizeof(error.message));
    int before = errno;

    if (atomic_load_explicit(&sg_phase, memory_order_acquire) != SG_PHASE_AWAKE ||
        policy.mode != SG_BLOCK || policy.seccomp == SG_PROFILE_OFF)
        return;
    sg_phrase_string(&why, "[seccomp] profile = ");
    sg_phrase_string(&why, sg_profile_name(policy.seccomp));
    sg_phrase_string(&why, " cannot be put in force: ");
    if (!sg_seccomp_apply(policy.seccomp, &why))
        refuse(&error);
    errno = before;
}

void sg_start(void)
{
    long len = SG_RAW(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", exe, sizeof(exe) - 1);

    exe[len > 0 ? len : 0] = '\0';
    (void)start_from(SG_PHASE_NEW, Py_Initialize != NULL);
}

void sg_start_peek(const char *path)
{
    if (atomic_load_explicit(&sg_phase, memory_order_relaxed) != SG_PHASE_ASLEEP ||
        !sg_python_reads(path))
        return;
    if (sg_python_library() && start_from(SG_PHASE_ASLEEP, true))
        harden();
    sg_python_peek(path);
}

__attribute__((destructor)) static void destructor(void)
{
    char *scratch = sg_awake() ? sg_raw_map(SG_RECORD_MAX) : NULL;

    if (!scratch)
        return;
    sg_log_end(exe, scratch);
    sg_raw_unmap(scratch, SG_RECORD_MAX);
}

__attribute__((constructor)) static void constructor(void)
{
    sg_real_find_all();
    sg_carry_start();
    if (atomic_load_explicit(&sg_phase, memory_order_acquire) == SG_PHASE_NEW)
        sg_start();
    harden();
    sg_python_start();
}
