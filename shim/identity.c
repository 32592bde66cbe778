/* identity.c - a keyed hash of a file's identity. */
#include "shim/identity.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/auxv.h>

#define ODD 0x9e3779b97f4a7c15u

static _Atomic uint64_t key[2];

/* Two lanes folded by a 64 x 64 -> 128 bit product. The key is what makes a collision more than
 * a computation: time stamps and sizes can be chosen by whoever writes the file. */
static uint64_t fold(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* The same in every thread; which of them writes it first does not matter. */
static void take_key(uint64_t taken[2])
{
    const void *random = (const void *)getauxval(AT_RANDOM);

    taken[0] = ODD;
    taken[1] = ~ODD;
    if (random)
        memcpy(taken, random, 2 * sizeof(taken[0]));
    taken[1] |= 1; /* never zero: that is the sign that there is a key */
    atomic_store_explicit(&key[0], taken[0], memory_order_relaxed);
    atomic_store_explicit(&key[1], taken[1], memory_order_release);
}

uint64_t sg_identity_hash(const struct sg_identity *identity)
{
    uint64_t k[2] = {0, atomic_load_explicit(&key[1], memory_order_acquire)};

    if (k[1])
        k[0] = atomic_load_explicit(&key[0], memory_order_relaxed);
    else
        take_key(k);
    uint64_t hash = fold(identity->dev ^ k[0], identity->ino ^ k[1]);
    uint64_t file = hash >> (64 - SG_IDENTITY_FILE) << (64 - SG_IDENTITY_FILE);
    hash = fold(hash ^ identity->size ^ k[0], (uint64_t)identity->mtime ^ k[1]);
    hash = fold(hash ^ ODD ^ k[1], (uint64_t)identity->ctime_ ^ k[0]);
    return file | hash >> SG_IDENTITY_FILE;
}
