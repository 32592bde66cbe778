/* tree.h - all that descends from this process. */
#ifndef SG_TREE_H
#define SG_TREE_H

#include <stdbool.h>

/* From now on orphans among the descendants become children of this process. */
bool sg_tree_adopt(void);

/* Kills the children and waits for them, until none is left and none was left behind. */
void sg_tree_kill(void);

#endif
