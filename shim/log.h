/* log.h - where records go. */
#ifndef SG_LOG_H
#define SG_LOG_H

#include "shim/record.h"

/* Takes over the policy's target; a relative path is held against the working directory of now. */
void sg_log_open(const struct sg_policy_log *log);

/* Writes one record with one system call, and does not wait. What does not reach its target goes to
 * standard error, as a line. What cannot be written, and what is too much (log_rate.h), is counted,
 * and the next record of this process tells the count. `scratch` holds SG_RECORD_MAX bytes. */
void sg_log_write(const struct sg_record *record, char *scratch);

/* Tells the count of what was left out, where there is one: the process ends. */
void sg_log_end(const char *exe, char *scratch);

/* One line of our own on standard error, "safeguard: " before it and a newline behind. */
void sg_log_say(const char *text);

#endif
