/* supervised.c - a supervisor's reasons, for strerror(). */
#include "shim/supervised.h"

#include "shim/note.h"
#include "shim/raw.h"

#include <stdatomic.h>

static atomic_bool alone; /* there is no supervisor, and there will be none */

void sg_supervised_ask(void)
{
    char text[SG_SUPERVISED_WHY_MAX];

    if (errno != EACCES || atomic_load_explicit(&alone, memory_order_relaxed))
        return;
    long len = SG_RAW(SYS_prctl, SG_SUPERVISED_WHY, text, sizeof(text), 0, 0);
    if (len == -EINVAL)
        atomic_store_explicit(&alone, true, memory_order_relaxed);
    if (len <= 0 || len > (long)sizeof(text))
        return;
    struct sg_phrase note = sg_note_begin();
    sg_phrase_add(&note, (struct sg_text){text, (size_t)len});
    sg_note_end(&note);
}
