/* proc_text.h - files of /proc/PID, taken apart. */
#ifndef SG_PROC_TEXT_H
#define SG_PROC_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SG_PROC_TEXT_MAX 16384u

/* Reads /proc/PID/WHAT whole, NUL-terminated; false where nothing could be read. */
bool sg_proc_read(pid_t pid, const char *what, char *into, size_t cap);

/* What follows `name` ("\nUid:") in a text of lines, or NULL. */
const char *sg_proc_field(const char *text, const char *name);
bool sg_proc_number(const char *text, const char *name, int base, uint64_t *into);

/* A number of /proc/PID/stat, counted as in proc(5): 4 is the parent. -1: not there. */
long sg_proc_stat(pid_t pid, unsigned field);

#endif
