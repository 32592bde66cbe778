/* program.h - the file that would be executed for a command, and by which loader. */
#ifndef SG_PROGRAM_H
#define SG_PROGRAM_H

#include "cli/cli.h"

#include <limits.h>
#include <stdint.h>

/* What the beginning of an ELF file says. */
struct sg_elf {
    uint8_t class; /* 32 or 64 bit, as in e_ident */
    uint8_t order;
    uint16_t machine;
    char loader[PATH_MAX]; /* its PT_INTERP; "" when it is not dynamically linked */
};

struct sg_program {
    char path[PATH_MAX];   /* of the command: what is given to execve() */
    char binary[PATH_MAX]; /* what the kernel maps for it: `path`, or the end of its #! lines */
    struct sg_elf elf;     /* of `binary` */
};

/* Finds `command` as execvp() would, then what the kernel would map. SG_EXIT_OK; or the exit
 * status to end with, and in `why` a few words. */
enum sg_exit sg_program_find(const char *command, struct sg_program *program, const char **why);

/* Whether the program would run with more rights than ours: the loader then drops LD_PRELOAD. */
bool sg_program_is_privileged(const struct sg_program *program);

/* NULL, or why `path` is no readable ELF file. */
const char *sg_elf_read(const char *path, struct sg_elf *elf);

#endif
