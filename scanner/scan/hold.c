/* hold.c - decoded content read by offset, through memory that holds what was decoded last. */
#include "scan/forward.h"

#define ROOM_MAX (64u << 20)
#define ROOM_LEAST (64u << 10)

struct hold {
    struct sg_forward *f;
    uint8_t *bytes;
    size_t room;
    uint64_t low; /* offset of the first byte that is held */
    size_t len;
};

/* Takes in what follows what is held; false at the end. */
static bool advance(struct hold *hold)
{
    size_t half = hold->room / 2;

    if (hold->len == hold->room) {
        memmove(hold->bytes, hold->bytes + half, hold->room - half);
        hold->low += half;
        hold->len -= half;
    }
    size_t want = hold->room - hold->len < half ? hold->room - hold->len : half;
    size_t got = sg_forward_read(hold->f, hold->low + hold->len, hold->bytes + hold->len, want);
    hold->len += got;
    return got > 0;
}

static enum sg_status read_held(void *ctx, uint64_t offset, void *into, size_t len, size_t *got)
{
    struct hold *hold = ctx;
    uint8_t *to = into;

    *got = 0;
    /* Who goes back may go back further. */
    if (offset < hold->low) {
        hold->low = offset > hold->room / 4 ? offset - hold->room / 4 : 0;
        hold->len = 0;
    }
    while (*got < len) {
        uint64_t inside = offset + *got - hold->low;
        if (inside >= hold->len) {
            if (!advance(hold))
                break;
            continue;
        }
        size_t step =
            hold->len - (size_t)inside < len - *got ? hold->len - (size_t)inside : len - *got;
        memcpy(to + *got, hold->bytes + inside, step);
        *got += step;
    }
    return SG_OK;
}

static struct hold *hold_open(struct sg_forward *f)
{
    struct sg_arena *work = &f->c->work;
    struct hold *hold = sg_arena_zero(work, sizeof(*hold));
    size_t room = (work->size - work->used) / 2 & ~(size_t)15;

    if (!hold || room < ROOM_LEAST)
        return NULL;
    hold->room = room < ROOM_MAX ? room : ROOM_MAX;
    hold->bytes = sg_arena_take(work, hold->room);
    hold->f = f;
    return hold->bytes ? hold : NULL;
}

bool sg_forward_source(struct sg_forward *f, bool sized, struct sg_source *out)
{
    struct hold *hold = hold_open(f);

    if (!hold)
        return false;
    while (hold->len < hold->room)
        if (!advance(hold)) {
            /* All of it: the rest of the room is free. */
            f->c->work.used -= (hold->room - hold->len) & ~(size_t)15;
            *out = sg_source_mem(hold->bytes, hold->len);
            return true;
        }
    while (sized && advance(hold))
        continue;
    *out = (struct sg_source){
        .read = read_held, .ctx = hold, .size = sized ? hold->low + hold->len : SG_FORWARD_ENDLESS};
    return true;
}
