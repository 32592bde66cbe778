/* frames.c - is an import or an unpickler written in Python among the frames? */
#include "shim/frames.h"

#include <stdatomic.h>

/* The code objects that are looked for, of one interpreter. A name alone would prove nothing: a
 * pickle can make a code object of any name in any file. What runs below _load_unlocked below
 * _find_and_load_unlocked below _find_and_load is a module being loaded; the other functions of
 * importlib call what they are handed. */
struct landmarks {
    int64_t interpreter;
    struct sg_object *load;          /* pickle._Unpickler.load */
    struct sg_object *load_unlocked; /* the others of importlib._bootstrap */
    struct sg_object *find_unlocked;
    struct sg_object *find;
};

#define KNOWN_MOST 32

static struct landmarks known[KNOWN_MOST];
static unsigned known_count;
static atomic_flag known_taken = ATOMIC_FLAG_INIT; /* interpreters may have a GIL each */

static void lock(void)
{
    while (atomic_flag_test_and_set_explicit(&known_taken, memory_order_acquire))
        ;
}

static void unlock(void)
{
    atomic_flag_clear_explicit(&known_taken, memory_order_release);
}

/* The code of module.outer.inner, or of module.inner; a new reference that is never given back:
 * the address must not become another code object's. */
static struct sg_object *code_of(const char *module, const char *outer, const char *inner)
{
    struct sg_object *at = sg_py.PyDict_GetItemString(sg_py.PyImport_GetModuleDict(), module);
    const char *const steps[] = {outer, inner, "__code__"};

    if (at)
        sg_py.Py_IncRef(at);
    for (unsigned i = 0; at && i < 3; i++) {
        struct sg_object *next = at;
        if (!steps[i])
            continue;
        at = sg_py.PyObject_GetAttrString(next, steps[i]);
        sg_py.Py_DecRef(next);
    }
    if (!at)
        sg_py.PyErr_Clear();
    return at;
}

static struct landmarks *find_known(int64_t interpreter)
{
    for (unsigned i = 0; i < known_count; i++)
        if (known[i].interpreter == interpreter)
            return &known[i];
    return NULL;
}

static struct landmarks *take_room(int64_t interpreter)
{
    struct landmarks *room = find_known(interpreter);

    if (!room)
        room =
            &known[known_count < KNOWN_MOST ? known_count++ : (unsigned)interpreter % KNOWN_MOST];
    return room;
}

static int64_t here(void)
{
    return sg_py.PyInterpreterState_GetID(sg_py.PyInterpreterState_Get());
}

static struct landmarks look_around(void)
{
    return (struct landmarks){
        .interpreter = here(),
        .load = code_of("pickle", "_Unpickler", "load"),
        .load_unlocked = code_of("_frozen_importlib", NULL, "_load_unlocked"),
        .find_unlocked = code_of("_frozen_importlib", NULL, "_find_and_load_unlocked"),
        .find = code_of("_frozen_importlib", NULL, "_find_and_load"),
    };
}

void sg_frames_learn(void)
{
    static __thread bool busy; /* fetching __code__ is an audit event, which may lead here */

    if (busy)
        return;
    busy = true;
    struct landmarks found = look_around();
    busy = false;
    lock();
    struct landmarks *room = take_room(found.interpreter);
    if (room->interpreter != found.interpreter || !room->find)
        *room = found;
    else if (!room->load) /* the first to be noted stay: they cannot have been tampered with */
        room->load = found.load;
    unlock();
}

static struct landmarks landmarks_here(void)
{
    struct landmarks none = {0};

    lock();
    struct landmarks *found = find_known(here());
    if (found)
        none = *found;
    unlock();
    return none;
}

struct sg_object *sg_frames_back(struct sg_object *frame)
{
    if (sg_py.PyFrame_GetBack)
        return sg_py.PyFrame_GetBack(frame);
    struct sg_object *back = sg_py_field(frame, SG_PY38_BACK_AT);
    sg_py.Py_IncRef(back); /* which takes NULL */
    return back;
}

/* A new reference. */
static struct sg_object *frame_code(struct sg_object *frame)
{
    if (sg_py.PyFrame_GetCode)
        return sg_py.PyFrame_GetCode(frame);
    struct sg_object *code = sg_py_field(frame, SG_PY38_CODE_AT);
    sg_py.Py_IncRef(code);
    return code;
}

/* For comparing only. */
static struct sg_object *code_address(struct sg_object *frame)
{
    struct sg_object *code = frame_code(frame);

    sg_py.Py_DecRef(code);
    return code;
}

/* How much of the chain of an import was seen: 3 is all of it. */
static unsigned advance(unsigned stage, const struct landmarks *marks, struct sg_object *code)
{
    if (stage == 3)
        return 3;
    if (stage == 2 && code == marks->find)
        return 3;
    if (stage == 1 && code == marks->find_unlocked)
        return 2;
    return code == marks->load_unlocked;
}

enum sg_place sg_frames_place(struct sg_object *boundary, bool inside, struct sg_object **loader)
{
    struct landmarks marks = landmarks_here();
    struct sg_object *frame = sg_py.PyEval_GetFrame();
    unsigned stage = 0;

    if (!marks.load) {
        sg_frames_learn();
        marks = landmarks_here();
    }
    *loader = NULL;
    sg_py.Py_IncRef(frame);
    while (frame && frame != boundary) {
        struct sg_object *code = code_address(frame), *back = sg_frames_back(frame);
        sg_py.Py_DecRef(frame);
        frame = back;
        if (marks.load && code == marks.load) {
            inside = true;
            break;
        }
        stage = advance(stage, &marks, code);
    }
    if (!frame && !inside)
        return SG_PLACE_OUTSIDE;
    *loader = frame;
    return stage == 3 ? SG_PLACE_IMPORTING : SG_PLACE_LOADING;
}

/* Text of an attribute of the frame's code: a str, which keeps its UTF-8 as long as it lives. */
static struct sg_object *code_attribute(struct sg_object *frame, const char *name,
                                        const char **text)
{
    struct sg_object *code = frame_code(frame);
    struct sg_object *value = sg_py.PyObject_GetAttrString(code, name);

    sg_py.Py_DecRef(code);
    *text = value ? sg_py.PyUnicode_AsUTF8AndSize(value, NULL) : NULL;
    if (!*text)
        sg_py.PyErr_Clear();
    return value;
}

bool sg_frames_is(struct sg_object *frame, const char *ending)
{
    const char *file;
    struct sg_object *name = code_attribute(frame, "co_filename", &file);
    size_t len = file ? strlen(file) : 0, end = strlen(ending);
    bool is = file && len >= end && !memcmp(file + len - end, ending, end);

    sg_py.Py_DecRef(name);
    return is;
}

void sg_frames_file(struct sg_object *frame, char *into, size_t cap)
{
    const char *file;
    struct sg_object *value = code_attribute(frame, "co_filename", &file);
    size_t len = file ? strnlen(file, cap - 1) : 0;

    if (len)
        memcpy(into, file, len);
    into[len] = '\0';
    sg_py.Py_DecRef(value);
}
