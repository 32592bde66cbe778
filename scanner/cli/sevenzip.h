/* sevenzip.h - 7z archives, which the library does not open: unpacked member by member. */
#ifndef SG_SEVENZIP_H
#define SG_SEVENZIP_H

#include "ground/arena.h"
#include "ground/report.h"
#include "ground/source.h"
#include "sgscan.h"

/* Scans the members of the 7z archive `source` and makes `report`, which says that it was not
 * opened, the worst of theirs and of what it says beside that. A member must fit into
 * options->limits.max_memory, all of them into max_inflate; what does not is told. Strings are
 * taken from `arena`; nothing is written to disk. */
void sg_sevenzip_scan(const struct sg_source *source, const struct sg_options *options,
                      struct sg_arena *arena, struct sg_report *report);

#endif
