/* native.c - who asks for a native function, and whose it is. */
#include "shim/native.h"

#include "shim/dlsym.h"
#include "shim/frames.h"

static bool is_shared(struct sg_object *name)
{
    ssize_t len;
    const char *text =
        sg_py_is(name, sg_py.PyUnicode_Type) ? sg_py.PyUnicode_AsUTF8AndSize(name, &len) : NULL;

    if (!text)
        sg_py.PyErr_Clear();
    return !text || dlsym(RTLD_DEFAULT, text);
}

/* Behind ctypes' own functions stands who reached for the attribute. */
static bool is_asked_by_code(struct sg_object *loader)
{
    struct sg_object *frame = sg_py.PyEval_GetFrame();

    sg_py.Py_IncRef(frame);
    while (frame && sg_frames_is(frame, "/ctypes/__init__.py")) {
        struct sg_object *back = sg_frames_back(frame);
        sg_py.Py_DecRef(frame);
        frame = back;
    }
    bool code = frame && frame != loader && !sg_frames_is(frame, "/pickle.py");
    sg_py.Py_DecRef(frame);
    return code;
}

bool sg_native_own(struct sg_object *args, struct sg_object *loader)
{
    struct sg_object *name = sg_py.PyTuple_Size(args) > 1 ? sg_py.PyTuple_GetItem(args, 1) : NULL;

    return name && !is_shared(name) && is_asked_by_code(loader);
}
