/* blocked.c - safeguard.BlockedError, and the record of it. */
#include "shim/blocked.h"

#include "shim/frames.h"
#include "shim/log.h"
#include "shim/raw.h"
#include "shim/start.h"

#include <limits.h>

#define KEY "safeguard.BlockedError"

/* The first frame that is not pickle.py's, or the last; a new reference. */
static struct sg_object *behind_pickle(struct sg_object *frame)
{
    sg_py.Py_IncRef(frame);
    while (sg_frames_is(frame, "/pickle.py")) {
        struct sg_object *back = sg_frames_back(frame);
        if (!back)
            break;
        sg_py.Py_DecRef(frame);
        frame = back;
    }
    return frame;
}

static void name_place(struct sg_object *frame, char *into, size_t cap)
{
    struct sg_phrase phrase = sg_phrase_open(into, cap);

    into[0] = '\0';
    if (!frame) {
        sg_phrase_string(&phrase, "(unpickling)");
        return;
    }
    frame = behind_pickle(frame);
    sg_frames_file(frame, into, cap - 16);
    phrase.len = strlen(into);
    sg_phrase_string(&phrase, ":");
    int line = sg_py.PyFrame_GetLineNumber(frame);
    sg_phrase_number(&phrase, line > 0 ? (uint64_t)line : 0);
    sg_py.Py_DecRef(frame);
}

void sg_blocked_tell(const struct sg_deed *deed, struct sg_object *frame)
{
    struct tale {
        struct sg_report report;
        char place[PATH_MAX];
        char text[SG_RECORD_MAX];
    } *tale = sg_raw_map(sizeof(*tale));

    if (!tale) {
        sg_log_say(deed->detail);
        return;
    }
    name_place(frame, tale->place, sizeof(tale->place));
    tale->report = (struct sg_report){
        .verdict = SG_MALICIOUS,
        .score = deed->score,
        .format = "pickle",
        .reason_count = 1,
        .reasons =
            {{.rule = deed->rule, .detail = deed->detail, .member = "", .weight = deed->score}},
    };
    struct sg_record record = {.event = deed->event,
                               .exe = sg_start_exe(),
                               .path = tale->place,
                               .report = &tale->report,
                               .verdict = SG_MALICIOUS,
                               .action = deed->action};
    sg_log_write(&record, tale->text);
    sg_raw_unmap(tale, sizeof(*tale));
}

/* __reduce__: no module that pickle could import holds the class, so an exception that goes to
 * another process, as a pool's do, gets there as the PermissionError that it also is. */
static struct sg_object *reduce(struct sg_object *self, struct sg_object *none)
{
    struct sg_object *args = sg_py.PyObject_GetAttrString(self, "args");

    (void)none;
    if (!args)
        return NULL;
    struct sg_object *pair =
        sg_py.Py_BuildValue("(OO)", *(struct sg_object **)sg_py.PyExc_PermissionError, args);
    sg_py.Py_DecRef(args);
    return pair;
}

static struct sg_method reduce_method = {"__reduce__", (sg_plain_fn *)reduce, SG_PY_NOARGS, NULL};

static struct sg_object *make_error(struct sg_object *base)
{
    struct sg_object *error = sg_py.PyErr_NewException(KEY, base, NULL);
    struct sg_object *method = error ? sg_py.PyDescr_NewMethod(error, &reduce_method) : NULL;

    if (method && sg_py.PyObject_SetAttrString(error, reduce_method.name, method) < 0)
        sg_py.PyErr_Clear();
    sg_py.Py_DecRef(method);
    return error;
}

/* One for each interpreter, kept in a dict that no Python code can get at; borrowed. */
static struct sg_object *blocked_error(void)
{
    struct sg_state *interpreter = sg_py.PyInterpreterState_Get();
    struct sg_object *dict = sg_py.PyInterpreterState_GetDict(interpreter);
    struct sg_object *base = *(struct sg_object **)sg_py.PyExc_PermissionError;
    struct sg_object *error = dict ? sg_py.PyDict_GetItemString(dict, KEY) : NULL;

    if (error)
        return error;
    error = make_error(base);
    if (!error || !dict || sg_py.PyDict_SetItemString(dict, KEY, error) < 0) {
        sg_py.PyErr_Clear();
        sg_py.Py_DecRef(error);
        return base;
    }
    sg_py.Py_DecRef(error); /* the dict holds it */
    return error;
}

int sg_blocked_raise(const char *what, const char *detail)
{
    char text[1024];
    struct sg_phrase phrase = sg_phrase_open(text, sizeof(text));

    sg_phrase_string(&phrase, what);
    sg_phrase_string(&phrase, detail);
    struct sg_object *error = blocked_error();
    struct sg_object *value = sg_py.Py_BuildValue("(is)", EACCES, text);
    if (value) /* otherwise the exception that Py_BuildValue set stands */
        sg_py.PyErr_SetObject(error, value);
    sg_py.Py_DecRef(value);
    return -1;
}
