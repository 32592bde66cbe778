/* phrases.h - what a string reads like. */
#ifndef SG_JUDGE_PHRASES_H
#define SG_JUDGE_PHRASES_H

#include "ground/bytes.h"

/* How many bytes of a string are looked at. */
#define SG_PHRASE_MAX 512u

/* enum sg_argument_flag of a string, of which the first `len` bytes are at `at`; `whole` when that
 * is all of it. What attacks are written with says less in the midst of a long text. */
unsigned sg_phrase_flags(const char *at, size_t len, bool whole);

/* Whether lower-case text has something in it that attacks are written with. */
bool sg_phrase_attacks(const char *at, size_t len);

#endif
