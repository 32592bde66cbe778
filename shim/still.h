/* still.h - whether an open file can be relied on not to change.
 *
 * The kernel grants a read lease only when nobody has the file open for writing and nobody has a
 * writable mapping of it. Where besides every later change leaves a new time stamp before its
 * bytes can be seen (SG_FS_STAMPED), a lease that is given back at once is proof enough: as long
 * as the stamps stay, so does the content. Elsewhere, and where links and renames (which change
 * stamps too) are no reason to refuse, a lease is held: whoever opens the file for writing waits,
 * until we look, close, or fs.lease-break-time (45 s) is over.
 *
 * A lease that is asked back is told by a signal whose default would end the process. None is
 * ever sent but, in the moment of taking it, SIGURG, which is ignored where no program handles it.
 */
#ifndef SG_STILL_H
#define SG_STILL_H

#include "shim/filesystem.h"

/* Whether it is as its stamps say, and will be as long as they stay; brings `st` up to date. `fd`
 * is open for reading only. A file that was changed in this tick of the clock cannot be told from
 * one that will be: `patient` waits for the next, some milliseconds. */
bool sg_still_prove(int fd, enum sg_filesystem fs, struct stat *st, bool patient);

/* Whether nobody can ever change it. */
bool sg_still_forever(int fd, enum sg_filesystem fs);

/* Whether somebody has it open, or mapped, for writing, as far as can be told. */
bool sg_still_written(int fd);

/* Takes a lease that stays with the open file, its duplicates and mappings. */
bool sg_still_hold(int fd, enum sg_filesystem fs);

/* Whether such a lease is still held: nothing was written up to now. */
bool sg_still_held(int fd);

/* Gives it back. */
void sg_still_release(int fd);

#endif
