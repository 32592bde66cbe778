/* python_api.h - the part of CPython's C interface that is used, found at run time.
 *
 * No Python header is included and no name of Python is needed to load the library. What is not
 * a documented function is a layout that did not change from 3.8 to 3.14 (builds with a GIL): the
 * offsets below. Everything here wants the GIL unless it says otherwise.
 */
#ifndef SG_PYTHON_API_H
#define SG_PYTHON_API_H

#include "shim/libc.h"

#include <string.h>
#include <sys/types.h>

struct sg_object; /* PyObject, and all that begins with one */
struct sg_state;  /* PyThreadState, PyInterpreterState */

typedef int sg_audit_fn(const char *event, struct sg_object *args, void *data);
typedef void sg_plain_fn(void); /* any PyCFunction; flags tell which */

/* PyMemAllocatorEx */
struct sg_allocator {
    void *ctx;
    void *(*malloc)(void *ctx, size_t size);
    void *(*calloc)(void *ctx, size_t count, size_t size);
    void *(*realloc)(void *ctx, void *at, size_t size);
    void (*free)(void *ctx, void *at);
};
#define SG_PY_DOMAIN_RAW 0

/* PyMethodDef */
struct sg_method {
    const char *name;
    sg_plain_fn *call;
    int flags;
    const char *doc;
};
#define SG_PY_NOARGS 0x4 /* METH_NOARGS */

#define SG_PY_TYPE_AT 8      /* PyObject.ob_type */
#define SG_PY_FUNCTION_AT 16 /* PyCFunctionObject.m_ml */
#define SG_PY38_BACK_AT 24   /* PyFrameObject.f_back, before PyFrame_GetBack */
#define SG_PY38_CODE_AT 32   /* PyFrameObject.f_code, before PyFrame_GetCode */

/* Those that every version since 3.8 has … */
#define SG_PY_NEEDED(ROW)                                                                          \
    ROW(const char *, Py_GetVersion, (void))                                                       \
    ROW(int, Py_IsInitialized, (void))                                                             \
    ROW(int, PySys_AddAuditHook, (sg_audit_fn * hook, void *data))                                 \
    ROW(void, PyMem_GetAllocator, (int domain, struct sg_allocator *into))                         \
    ROW(void, PyMem_SetAllocator, (int domain, struct sg_allocator *from))                         \
    ROW(void, Py_IncRef, (struct sg_object * object))                                              \
    ROW(void, Py_DecRef, (struct sg_object * object))                                              \
    ROW(struct sg_object *, PyObject_GetAttrString, (struct sg_object * of, const char *name))     \
    ROW(struct sg_object *, PyObject_CallMethod,                                                   \
        (struct sg_object * of, const char *name, const char *format, ...))                        \
    ROW(int, PyObject_IsTrue, (struct sg_object * object))                                         \
    ROW(struct sg_object *, PyTuple_GetItem, (struct sg_object * tuple, ssize_t at))               \
    ROW(ssize_t, PyTuple_Size, (struct sg_object * tuple))                                         \
    ROW(struct sg_object *, PyList_GetItem, (struct sg_object * list, ssize_t at))                 \
    ROW(ssize_t, PyList_Size, (struct sg_object * list))                                           \
    ROW(struct sg_object *, PyDict_GetItemString, (struct sg_object * dict, const char *key))      \
    ROW(int, PyDict_SetItemString,                                                                 \
        (struct sg_object * dict, const char *key, struct sg_object *value))                       \
    ROW(long, PyLong_AsLong, (struct sg_object * number))                                          \
    ROW(const char *, PyUnicode_AsUTF8AndSize, (struct sg_object * text, ssize_t * len))           \
    ROW(struct sg_object *, PyUnicode_EncodeFSDefault, (struct sg_object * text))                  \
    ROW(int, PyBytes_AsStringAndSize, (struct sg_object * bytes, char **at, ssize_t *len))         \
    ROW(struct sg_object *, Py_CompileString, (const char *text, const char *file, int start))     \
    ROW(struct sg_object *, PyImport_ImportModule, (const char *name))                             \
    ROW(struct sg_object *, PyImport_GetModuleDict, (void))                                        \
    ROW(struct sg_object *, PyEval_GetFrame, (void))                                               \
    ROW(int, PyFrame_GetLineNumber, (struct sg_object * frame))                                    \
    ROW(int64_t, PyInterpreterState_GetID, (struct sg_state * interpreter))                        \
    ROW(struct sg_object *, PyInterpreterState_GetDict, (struct sg_state * interpreter))           \
    ROW(struct sg_state *, PyGILState_GetThisThreadState, (void))                                  \
    ROW(sg_plain_fn *, PyCFunction_GetFunction, (struct sg_object * function))                     \
    ROW(int, PyCFunction_GetFlags, (struct sg_object * function))                                  \
    ROW(struct sg_object *, PyErr_NewException,                                                    \
        (const char *name, struct sg_object *base, struct sg_object *dict))                        \
    ROW(struct sg_object *, PyDescr_NewMethod,                                                     \
        (struct sg_object * type, struct sg_method * method))                                      \
    ROW(int, PyObject_SetAttrString,                                                               \
        (struct sg_object * of, const char *name, struct sg_object *value))                        \
    ROW(void, PyErr_SetObject, (struct sg_object * type, struct sg_object * value))                \
    ROW(void, PyErr_Clear, (void))                                                                 \
    ROW(struct sg_object *, Py_BuildValue, (const char *format, ...))

/* … those that came, went or were renamed … */
#define SG_PY_WANTED(ROW)                                                                          \
    ROW(struct sg_object *, PyFrame_GetBack, (struct sg_object * frame))                           \
    ROW(struct sg_object *, PyFrame_GetCode, (struct sg_object * frame))                           \
    ROW(struct sg_state *, PyInterpreterState_Get, (void))                                         \
    ROW(struct sg_state *, _PyInterpreterState_Get, (void))                                        \
    ROW(struct sg_state *, PyThreadState_GetUnchecked, (void))                                     \
    ROW(struct sg_state *, _PyThreadState_UncheckedGet, (void))

/* … and objects. */
#define SG_PY_OBJECTS(ROW)                                                                         \
    ROW(PyExc_PermissionError)                                                                     \
    ROW(PyTuple_Type)                                                                              \
    ROW(PyList_Type)                                                                               \
    ROW(PyLong_Type)                                                                               \
    ROW(PyBytes_Type)                                                                              \
    ROW(PyCode_Type)                                                                               \
    ROW(PyUnicode_Type)

struct sg_python {
/* NOLINTNEXTLINE(bugprone-macro-parentheses): a declarator */
#define SG_PY_FUNCTION(type, name, args) type(*name) args;
    SG_PY_NEEDED(SG_PY_FUNCTION)
    SG_PY_WANTED(SG_PY_FUNCTION)
#undef SG_PY_FUNCTION
/* NOLINTNEXTLINE(bugprone-macro-parentheses): a declarator */
#define SG_PY_OBJECT(name) struct sg_object *name;
    SG_PY_OBJECTS(SG_PY_OBJECT)
#undef SG_PY_OBJECT
    int minor; /* of 3.minor */
};

/* Filled before the audit hook is added, constant from then on. */
extern struct sg_python sg_py;

static inline struct sg_object *sg_py_field(const struct sg_object *of, size_t at)
{
    return *(struct sg_object *const *)((const char *)of + at);
}

/* Whether it is of exactly this type: then nothing that a program defined can run. */
static inline bool sg_py_is(const struct sg_object *object, const struct sg_object *type)
{
    return sg_py_field(object, SG_PY_TYPE_AT) == type;
}

#endif
