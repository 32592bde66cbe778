/* carry.h - the guard goes along when a program is started, whatever environment that gets.
 *
 * Runs in vfork children and signal handlers: memory is the caller's stack, state is constant
 * after start.
 */
#ifndef SG_CARRY_H
#define SG_CARRY_H

#include "shim/libc.h"

#include <stddef.h>

/* Notes, once, what to carry: our place in LD_PRELOAD, and what SAFEGUARD_* say. */
void sg_carry_start(void);

/* Bytes that sg_carry_fill() needs; 0 when the environment lacks nothing. */
size_t sg_carry_room(char *const env[]);

/* The environment with what it lacked, in `room` of `size` bytes; `env` itself when that is 0. What
 * another thread adds meanwhile, and does not fit, is left out. */
char *const *sg_carry_fill(char *const env[], void *room, size_t size);

/* An environment (which may be NULL: empty) as it is to be handed on; on the caller's stack. */
#define SG_CARRIED(env)                                                                            \
    __extension__({                                                                                \
        char *const *env_ = (env);                                                                 \
        size_t size_ = sg_carry_room(env_);                                                        \
        sg_carry_fill(env_, __builtin_alloca(size_ + 1), size_);                                   \
    })

/* The same for a shell command that gets this process's own environment. */
size_t sg_carry_command_room(const char *command);
const char *sg_carry_command_fill(const char *command, char *room, size_t size);

#define SG_CARRIED_COMMAND(command)                                                                \
    __extension__({                                                                                \
        size_t size_ = sg_carry_command_room(command);                                             \
        sg_carry_command_fill((command), __builtin_alloca(size_ + 1), size_);                      \
    })

#endif
