/* log.h - where records go. */
#ifndef SG_LOG_H
#define SG_LOG_H

#include "shim/record.h"

/* Takes over the policy's target; a relative path is held against the working directory of now. */
void sg_log_open(const struct sg_policy_log *log);

/* Writes one record with one system call, without a descriptor that outlives it: a program may
 * close any. What does not reach its target goes to standard error. `scratch` holds
 * SG_RECORD_MAX bytes. */
void sg_log_write(const struct sg_record *record, char *scratch);

/* One line of our own on standard error, "safeguard: " before it and a newline behind. */
void sg_log_say(const char *text);

#endif
