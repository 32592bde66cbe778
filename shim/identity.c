/* identity.c - a keyed hash of a file's identity. */
#include "shim/identity.h"

#include <string.h>
#include <sys/auxv.h>

/* Two lanes folded by a 64 x 64 -> 128 bit product. The key is what makes a collision more than
 * a computation: time stamps and sizes can be chosen by whoever writes the file. */
static uint64_t fold(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t sg_identity_hash(const struct sg_identity *identity)
{
    static const uint64_t odd = 0x9e3779b97f4a7c15u;
    const void *random = (const void *)getauxval(AT_RANDOM);
    uint64_t key[2] = {odd, ~odd};

    if (random)
        memcpy(key, random, sizeof(key));
    uint64_t hash = fold(identity->dev ^ key[0], identity->ino ^ key[1]);
    hash = fold(hash ^ identity->size ^ key[0], (uint64_t)identity->mtime ^ key[1]);
    return fold(hash ^ odd ^ key[1], (uint64_t)identity->ctime_ ^ key[0]);
}
