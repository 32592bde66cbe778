/* refusals.c - a short list; the oldest one makes room. */
#include "shim/supervise/refusals.h"

#include "shim/note.h"
#include "shim/supervised.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#define KEPT 64u

static struct refusal {
    pid_t tid; /* 0: free */
    size_t len;
    char text[SG_SUPERVISED_WHY_MAX];
} refusals[KEPT];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned next;
static _Atomic unsigned kept;

static struct refusal *find(pid_t tid)
{
    for (unsigned i = 0; i < KEPT; i++)
        if (refusals[i].tid == tid)
            return &refusals[i];
    return NULL;
}

static void clear(struct refusal *refusal)
{
    if (refusal->tid)
        kept--;
    refusal->tid = 0;
}

void sg_refusals_keep(pid_t tid)
{
    const char *note = sg_note_append("");
    size_t len = note ? strlen(note) : 0;

    if (len < sizeof(SG_NOTE_BEGIN))
        return;
    len -= sizeof(SG_NOTE_BEGIN); /* and the bracket at its end */
    pthread_mutex_lock(&lock);
    struct refusal *refusal = &refusals[next++ % KEPT];
    clear(refusal);
    refusal->tid = tid;
    refusal->len = len < sizeof(refusal->text) ? len : sizeof(refusal->text);
    memcpy(refusal->text, note + sizeof(SG_NOTE_BEGIN) - 1, refusal->len);
    kept++;
    pthread_mutex_unlock(&lock);
    sg_note_drop();
}

void sg_refusals_drop(pid_t tid)
{
    if (!kept)
        return;
    pthread_mutex_lock(&lock);
    struct refusal *refusal = find(tid);
    if (refusal)
        clear(refusal);
    pthread_mutex_unlock(&lock);
}

void sg_refusals_answer(const struct sg_request *request)
{
    const uint64_t *args = (const uint64_t *)request->call.data.args;
    struct refusal found = {0};

    pthread_mutex_lock(&lock);
    struct refusal *refusal = find((pid_t)request->call.pid);
    if (refusal) {
        found = *refusal;
        clear(refusal);
    }
    pthread_mutex_unlock(&lock);
    size_t len = found.len < args[2] ? found.len : (size_t)args[2];
    long put = 0;
    if (len)
        put = sg_request_is_valid(request) ? sg_request_write(request, args[1], found.text, len)
                                           : -ESRCH;
    if (put < 0)
        (void)sg_request_fail(request, (int)put);
    else
        (void)sg_request_return(request, put);
}
