/* window.h - whether an unpickler is at work on this thread: the load window.
 *
 * The C unpickler is known exactly: the entries load, loads and Unpickler.load of the method
 * tables of _pickle lead through us and leave a mark on the native stack. The one in Python is
 * known by its frame.
 */
#ifndef SG_WINDOW_H
#define SG_WINDOW_H

#include "shim/python_api.h"

enum sg_place {
    SG_PLACE_OUTSIDE,
    SG_PLACE_LOADING,
    SG_PLACE_IMPORTING, /* a load is running, and in it an import that the interpreter began */
};

/* On the native stack of the load that it marks. */
struct sg_window {
    uintptr_t seal; /* tells a mark from whatever else came to lie there */
    struct sg_window *outer;
    struct sg_object *caller; /* the frame that called load; NULL: there is none */
};

/* A load with the C unpickler is running on this thread, or the thread was started in one. Needs
 * no GIL. */
bool sg_window_open(void);

/* Where this thread is, by its Python frames (needs the GIL). `loader` gets the frame that called
 * load, borrowed for as long as this call of ours lasts, or NULL: not known. */
enum sg_place sg_window_place(struct sg_object **loader);

/* The frame that called the innermost load of the C unpickler, borrowed; NULL: none is running. */
struct sg_object *sg_window_caller(void);

/* The event "import": makes _pickle's entries lead through us as soon as there is a _pickle. */
void sg_window_import(struct sg_object *args);

/* The event "pickle.find_class", whoever resolves. */
void sg_window_named(void);

/* False: no unpickler in Python resolved a name on this thread since the last look at its frames
 * found none, so that frequent effects need not look. */
bool sg_window_python(void);

/* An event of any kind came: looks at the frames now and then, less and less often, so that what
 * sg_window_python() says does not stay true for long after the load. */
void sg_window_tick(void);

/* A thread started in a window is in it as long as it lives. */
void sg_window_inherit(void);

#endif
