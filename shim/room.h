/* room.h - memory for one vetting, in one mapping of which the beginning is kept for the next.
 *
 * What lies in it is whatever was left there. Threads, signal handlers and children may take rooms
 * at any time: one is kept for whoever comes first, the others are mapped and unmapped. A room
 * whose taker was killed, or left by a longjmp, is lost.
 */
#ifndef SG_ROOM_H
#define SG_ROOM_H

#include <stddef.h>

#define SG_ROOM_KEPT ((size_t)4 << 20) /* bytes, between one vetting and the next */

/* Maps `size` bytes; NULL when there is no memory. */
void *sg_room_take(size_t size);

/* `size` as it was taken. */
void sg_room_give(void *room, size_t size);

#endif
