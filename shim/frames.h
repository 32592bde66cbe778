/* frames.h - Python's frames, from the innermost outwards. All need the GIL. */
#ifndef SG_FRAMES_H
#define SG_FRAMES_H

#include "shim/window.h"

/* Notes the code objects of this interpreter's importlib and of pickle.py's load. Before they
 * were noted nothing is taken for an import. */
void sg_frames_learn(void);

/* Walks out to `boundary` (NULL: none), or to pickle.py's load. `inside`: the whole stack counts
 * as a load where neither is met. `loader` gets the frame that called load, a new reference, or
 * NULL. */
enum sg_place sg_frames_place(struct sg_object *boundary, bool inside, struct sg_object **loader);

/* The frame around `frame`, a new reference, or NULL. */
struct sg_object *sg_frames_back(struct sg_object *frame);

/* Whether the name of the file of the frame's code ends in `ending`. */
bool sg_frames_is(struct sg_object *frame, const char *ending);

/* Copies the name of the file of the frame's code; "" when it is not known. */
void sg_frames_file(struct sg_object *frame, char *into, size_t cap);

#endif
