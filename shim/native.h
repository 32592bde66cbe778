/* native.h - functions that libraries look up in shared objects of their own. */
#ifndef SG_NATIVE_H
#define SG_NATIVE_H

#include "shim/python_api.h"

/* Whether the arguments of the event "ctypes.dlsym" (library, name) are what a clean library asks
 * for while an object of its own is rebuilt, as xgboost and lightgbm do: Python code asks, not the
 * pickle itself, and the name is none that libc, the interpreter or whatever else the whole process
 * shares has. To open a library is another event. `loader`: the frame that called load. */
bool sg_native_own(struct sg_object *args, struct sg_object *loader);

#endif
