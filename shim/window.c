/* window.c - marks the loads of the C unpickler on the native stack.
 *
 * A count would go wrong where a thread's stacks are switched in the middle of a load, as
 * greenlets do: the other stack is not loading. A mark that lies below the stack pointer, or was
 * overwritten, is not on the stack that runs.
 */
#include "shim/window.h"

#include "shim/frames.h"
#include "shim/python.h"

#include <stdatomic.h>

#define SEAL 0x5afe60a4d0b1ec75u

static __thread struct sg_window *innermost;
static __thread bool inherited;
static __thread bool python_named;
static __thread unsigned ticks, next_look; /* since the last name */

static uintptr_t seal_of(const struct sg_window *window)
{
    return (uintptr_t)window ^ (uintptr_t)SEAL;
}

static struct sg_window *window_here(void)
{
    struct sg_window *window = innermost;

    if (!window || (char *)window < (char *)__builtin_frame_address(0) ||
        window->seal != seal_of(window))
        return NULL;
    return window;
}

bool sg_window_open(void)
{
    return inherited || window_here();
}

bool sg_window_python(void)
{
    return python_named;
}

void sg_window_inherit(void)
{
    inherited = true;
}

void sg_window_named(void)
{
    if (window_here())
        return;
    ticks = 0;
    next_look = 1;
    if (!python_named)
        sg_frames_learn(); /* where _pickle came before pickle.py was whole */
    python_named = true;
}

void sg_window_tick(void)
{
    struct sg_object *loader;

    if (++ticks < next_look)
        return;
    next_look *= 2;
    (void)sg_window_place(&loader);
}

struct sg_object *sg_window_caller(void)
{
    struct sg_window *window = window_here();

    return window ? window->caller : NULL;
}

enum sg_place sg_window_place(struct sg_object **loader)
{
    struct sg_window *window = window_here();
    struct sg_object *found;
    enum sg_place place =
        sg_frames_place(window ? window->caller : NULL, window || inherited, &found);

    if (place == SG_PLACE_OUTSIDE)
        python_named = false;
    sg_py.Py_DecRef(found); /* a frame that runs: its caller holds it */
    *loader = found;
    return place;
}

static inline void enter(struct sg_window *window)
{
    window->outer = innermost;
    window->caller = sg_py.PyEval_GetFrame();
    window->seal = seal_of(window);
    innermost = window;
}

static inline void leave(volatile struct sg_window *window)
{
    innermost = window->outer;
    window->seal = 0;
}

/* Five words are as many as any kind of PyCFunction takes, and on x86-64 and aarch64 each has a
 * register: a function that takes fewer does not look at the rest. So the flags, which differ
 * between versions, need not be known. */
typedef struct sg_object *entry_fn(void *, void *, void *, void *, void *);

static entry_fn *real_load, *real_loads, *real_method;

#define WATCHED(name)                                                                              \
    static struct sg_object *watched_##name(void *a, void *b, void *c, void *d, void *e)           \
    {                                                                                              \
        struct sg_window window;                                                                   \
                                                                                                   \
        enter(&window);                                                                            \
        struct sg_object *result = real_##name(a, b, c, d, e);                                     \
        leave(&window);                                                                            \
        return result;                                                                             \
    }
WATCHED(load)
WATCHED(loads)
WATCHED(method)

/* The PyMethodDef of a function, held against what CPython says of it; NULL: it is none. */
static struct sg_method *method_of(struct sg_object *function)
{
    sg_plain_fn *call = function ? sg_py.PyCFunction_GetFunction(function) : NULL;
    struct sg_method *method =
        call ? (struct sg_method *)sg_py_field(function, SG_PY_FUNCTION_AT) : NULL;

    if (!method || method->call != call || method->flags != sg_py.PyCFunction_GetFlags(function))
        return NULL;
    return method;
}

/* Leads of.name through us. False: it does not. */
static bool watch(struct sg_object *of, const char *name, entry_fn *watched, entry_fn **real)
{
    struct sg_object *function = of ? sg_py.PyObject_GetAttrString(of, name) : NULL;
    struct sg_method *method = method_of(function);
    bool known = method && strcmp(method->name, name) == 0;

    if (known && method->call != (sg_plain_fn *)watched) {
        *real = (entry_fn *)method->call;
        atomic_thread_fence(memory_order_release);
        *(sg_plain_fn *volatile *)&method->call = (sg_plain_fn *)watched;
        known = sg_py.PyCFunction_GetFunction(function) == (sg_plain_fn *)watched;
    }
    sg_py.Py_DecRef(function);
    sg_py.PyErr_Clear();
    return known;
}

/* A method is looked at as it hangs from an object: there it is a function like any other. */
static bool watch_module(struct sg_object *module)
{
    struct sg_object *type = sg_py.PyObject_GetAttrString(module, "Unpickler");
    struct sg_object *one = type ? sg_py.PyObject_CallMethod(type, "__new__", "O", type) : NULL;
    bool load = watch(module, "load", watched_load, &real_load);
    bool loads = watch(module, "loads", watched_loads, &real_loads);
    bool method = watch(one, "load", watched_method, &real_method);

    sg_py.Py_DecRef(one);
    sg_py.Py_DecRef(type);
    sg_py.PyErr_Clear();
    return load && loads && method;
}

/* The event comes before the import: it is done here first, and the one that was asked for then
 * finds the module there. The same event comes for it, which `busy` keeps from going round. */
void sg_window_import(struct sg_object *args)
{
    static __thread bool busy;
    struct sg_object *name = sg_py.PyTuple_GetItem(args, 0);
    const char *text = name && sg_py_is(name, sg_py.PyUnicode_Type)
                           ? sg_py.PyUnicode_AsUTF8AndSize(name, NULL)
                           : NULL;

    if (!text) {
        sg_py.PyErr_Clear();
        return;
    }
    if (text[0] != '_' || strcmp(text, "_pickle") != 0 || busy)
        return;
    busy = true;
    struct sg_object *module = sg_py.PyImport_ImportModule("_pickle");
    if (module && !watch_module(module))
        sg_python_lacks("effects of loads are not watched: _pickle is not built as it is known");
    sg_py.Py_DecRef(module);
    sg_py.PyErr_Clear();
    sg_frames_learn();
    busy = false;
}
