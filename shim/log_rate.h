/* log_rate.h - how many records a process may write, and how many it has left out. */
#ifndef SG_LOG_RATE_H
#define SG_LOG_RATE_H

#include "shim/record.h"

/* Whether the record may be written: a hundred of the same event, path and rule at once and then
 * one a second; ten thousand of all kinds at once and then a thousand a second. One that may not
 * is counted. */
bool sg_log_rate_admit(const struct sg_record *record);

/* Counts records that were left out or did not reach their log. */
void sg_log_rate_miss(uint64_t count);

/* How many have been missed since this was last asked; who asks has to tell it. */
uint64_t sg_log_rate_missed(void);

#endif
