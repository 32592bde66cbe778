/* window.c - marks the loads of the C unpickler on the native stack.
 *
 * A count would go wrong where a thread's stacks are switched in the middle of a load, as
 * greenlets do: the other stack is not loading. A mark that lies below the stack pointer, or was
 * overwritten, is not on the stack that runs.
 */
#include "shim/window.h"

#include "shim/frames.h"

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

typedef struct sg_object *fastcall_fn(struct sg_object *self, struct sg_object *const *args,
                                      ssize_t count, struct sg_object *names);
typedef struct sg_object *noargs_fn(struct sg_object *self, struct sg_object *none);
typedef struct sg_object *method_fn(struct sg_object *self, struct sg_object *type,
                                    struct sg_object *const *args, ssize_t count,
                                    struct sg_object *names);

static fastcall_fn *real_load, *real_loads;
static noargs_fn *real_method_plain;
static method_fn *real_method;

static struct sg_object *watched_load(struct sg_object *self, struct sg_object *const *args,
                                      ssize_t count, struct sg_object *names)
{
    struct sg_window window;

    enter(&window);
    struct sg_object *result = real_load(self, args, count, names);
    leave(&window);
    return result;
}

static struct sg_object *watched_loads(struct sg_object *self, struct sg_object *const *args,
                                       ssize_t count, struct sg_object *names)
{
    struct sg_window window;

    enter(&window);
    struct sg_object *result = real_loads(self, args, count, names);
    leave(&window);
    return result;
}

static struct sg_object *watched_method_plain(struct sg_object *self, struct sg_object *none)
{
    struct sg_window window;

    enter(&window);
    struct sg_object *result = real_method_plain(self, none);
    leave(&window);
    return result;
}

static struct sg_object *watched_method(struct sg_object *self, struct sg_object *type,
                                        struct sg_object *const *args, ssize_t count,
                                        struct sg_object *names)
{
    struct sg_window window;

    enter(&window);
    struct sg_object *result = real_method(self, type, args, count, names);
    leave(&window);
    return result;
}

static const struct entry {
    const char *name;
    int flags;
    sg_plain_fn *watched;
    void *real; /* where the real one is kept */
} functions[] =
    {
        {"load", SG_PY_FASTCALL, (sg_plain_fn *)watched_load, &real_load},
        {"loads", SG_PY_FASTCALL, (sg_plain_fn *)watched_loads, &real_loads},
},
  methods[] = {
      {"load", SG_PY_NOARGS, (sg_plain_fn *)watched_method_plain, &real_method_plain},
      {"load", SG_PY_METHOD_FASTCALL, (sg_plain_fn *)watched_method, &real_method},
};

/* The table is held against what is known of it from elsewhere before it is changed. */
static void watch(struct sg_method *method, const struct entry *entry)
{
    if (strcmp(method->name, entry->name) != 0 || method->flags != entry->flags ||
        method->call == entry->watched)
        return;
    *(sg_plain_fn **)entry->real = method->call;
    atomic_thread_fence(memory_order_release);
    *(sg_plain_fn *volatile *)&method->call = entry->watched;
}

static void watch_function(struct sg_object *module, const struct entry *entry)
{
    struct sg_object *function = sg_py.PyObject_GetAttrString(module, entry->name);

    if (function && sg_py_is(function, sg_py.PyCFunction_Type)) {
        struct sg_method *method = (struct sg_method *)sg_py_field(function, SG_PY_FUNCTION_AT);
        if (method->call == sg_py.PyCFunction_GetFunction(function) &&
            method->flags == sg_py.PyCFunction_GetFlags(function))
            watch(method, entry);
    }
    sg_py.Py_DecRef(function);
}

static void watch_method(struct sg_object *type, const struct entry *entry)
{
    struct sg_object *descriptor = type ? sg_py.PyObject_GetAttrString(type, entry->name) : NULL;

    if (descriptor && sg_py_is(descriptor, sg_py.PyMethodDescr_Type))
        watch((struct sg_method *)sg_py_field(descriptor, SG_PY_DESCRIPTOR_AT), entry);
    sg_py.Py_DecRef(descriptor);
}

static void watch_module(struct sg_object *module)
{
    struct sg_object *unpickler = sg_py.PyObject_GetAttrString(module, "Unpickler");

    for (unsigned i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
        watch_function(module, &functions[i]);
    for (unsigned i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        watch_method(unpickler, &methods[i]);
    sg_py.Py_DecRef(unpickler);
    sg_py.PyErr_Clear();
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
    if (module)
        watch_module(module);
    sg_py.Py_DecRef(module);
    sg_py.PyErr_Clear();
    sg_frames_learn();
    busy = false;
}
