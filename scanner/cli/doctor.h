/* doctor.h - which interpreters are here, and which layers of the guard work in one. */
#ifndef SG_DOCTOR_H
#define SG_DOCTOR_H

#include "cli/preload.h"

/* Calls `take` with the real path of each CPython that is found on PATH, in /usr/bin and where
 * pyenv, uv, conda and virtual environments put them; each once. */
void sg_doctor_find(void (*take)(void *ctx, const char *path), void *ctx);

/* What a harmless attack met in an interpreter under the guard. */
struct sg_layers {
    char version[32]; /* of Python */
    bool files;       /* a malicious file was refused */
    bool names;       /* a name that an unpickler resolved from memory was refused */
    bool effects;     /* a program that an unpickler would have started was refused */
};

/* Runs the interpreter at `path` under the guard, in block mode, and tries each layer. False with
 * the reason in `why` when it could not be run there. */
bool sg_doctor_probe(const struct sg_preload *preload, const char *path, struct sg_layers *layers,
                     char *why, size_t cap);

#endif
