/* failing_calls.h - does something again and again, another of its system calls failing each time.
 *
 * Each time in a thread of its own, which ends under the filter that lets calls fail: the shim's
 * own go past libc. What is done must neither allocate nor assert.
 */
#ifndef SG_FAILING_CALLS_H
#define SG_FAILING_CALLS_H

#include "tests/e2e/injector.c"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct fault {
    enum kind kind;
    int error;
};

/* What a system can answer, and what makes code go another way. */
static const struct fault all_faults[] = {
    {KIND_ERRNO, EINTR},       {KIND_ERRNO, EIO}, {KIND_ERRNO, EINVAL}, {KIND_EVER_AFTER, EIO},
    {KIND_EVER_AFTER, ENOMEM}, {KIND_HALF, 0},    {KIND_NOTHING, 0},
};
#define FAULTS (sizeof(all_faults) / sizeof(all_faults[0]))

struct attempt {
    void (*act)(void *context);
    void *context;
    int at; /* which call fails, from 1 on */
    struct fault fault;
    bool filtered;
    int calls; /* answered: so many there were */
};

static void *attempt_in_thread(void *argument)
{
    struct attempt *attempt = argument;

    attempt->filtered = begin(attempt->at, attempt->fault.kind, attempt->fault.error) == 0;
    if (attempt->filtered)
        attempt->act(attempt->context);
    attempt->calls = end();
    return NULL;
}

/* Once. False: there was no such call, all went well. */
static bool attempt_once(struct attempt *attempt)
{
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, attempt_in_thread, attempt), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    if (!attempt->filtered)
        skip(); /* this system gives no seccomp filter */
    return attempt->calls >= attempt->at;
}

/* Each call and each fault in turn; `prepare` comes before, `check` after each. */
static inline void attempt_all(void (*act)(void *context), void *context,
                               void (*prepare)(void *context),
                               void (*check)(void *context, bool failed))
{
    for (size_t i = 0; i < FAULTS; i++) {
        struct attempt attempt = {.act = act, .context = context, .fault = all_faults[i]};
        bool more = true;
        while (more) {
            attempt.at++;
            prepare(context);
            more = attempt_once(&attempt);
            check(context, more);
        }
    }
}

#endif
