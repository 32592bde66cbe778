/* python.c - finds CPython in this process and adds the audit hook. */
#include "shim/python.h"

#include "shim/audit.h"
#include "shim/dlsym.h"
#include "shim/log.h"
#include "shim/python_api.h"
#include "shim/raw.h"
#include "shim/start.h"

#include <link.h>
#include <stdatomic.h>

__asm__(".symver dlopen, dlopen@" SG_DL_VERSION);
__asm__(".symver dlclose, dlclose@" SG_DL_VERSION);

struct sg_python sg_py;

enum { NOT_FOUND, ADDING, ADDED, UNFIT };
static _Atomic int state = NOT_FOUND;

/* The list node of our hook. CPython takes it from its raw allocator, which may be another one by
 * the time the list is freed: with PYTHONMALLOC=debug that ended in "Fatal: bad ID". */
static _Alignas(16) char node[64];
static struct sg_allocator below;

static void *node_malloc(void *ctx, size_t size)
{
    (void)ctx;
    return size <= sizeof(node) ? node : NULL;
}

static void *node_calloc(void *ctx, size_t count, size_t size)
{
    (void)ctx;
    (void)count;
    (void)size;
    return NULL;
}

static void *node_realloc(void *ctx, void *at, size_t size)
{
    (void)ctx;
    return at == node && size <= sizeof(node) ? at : NULL;
}

static void node_free(void *ctx, void *at)
{
    (void)ctx;
    (void)at;
}

static void *below_malloc(void *ctx, size_t size)
{
    (void)ctx;
    return below.malloc(below.ctx, size);
}

static void *below_calloc(void *ctx, size_t count, size_t size)
{
    (void)ctx;
    return below.calloc(below.ctx, count, size);
}

static void *below_realloc(void *ctx, void *at, size_t size)
{
    (void)ctx;
    return below.realloc(below.ctx, at, size);
}

static bool add_hook(void);

/* When the node goes, the list is empty: what was there before stands again, and the hook is added
 * once more, for a program that starts the interpreter once more. */
static void below_free(void *ctx, void *at)
{
    (void)ctx;
    if (at != node) {
        below.free(below.ctx, at);
        return;
    }
    sg_py.PyMem_SetAllocator(SG_PY_DOMAIN_RAW, &below);
    (void)add_hook();
}

/* The list of hooks is about to be freed: the node must not reach a real allocator. */
void sg_python_hooks_cleared(void)
{
    struct sg_allocator above = {NULL, below_malloc, below_calloc, below_realloc, below_free};
    struct sg_allocator now;

    sg_py.PyMem_GetAllocator(SG_PY_DOMAIN_RAW, &now);
    if (now.free == below_free)
        return;
    below = now;
    sg_py.PyMem_SetAllocator(SG_PY_DOMAIN_RAW, &above);
}

static bool add_hook(void)
{
    struct sg_allocator ours = {NULL, node_malloc, node_calloc, node_realloc, node_free};
    struct sg_allocator before;

    sg_py.PyMem_GetAllocator(SG_PY_DOMAIN_RAW, &before);
    sg_py.PyMem_SetAllocator(SG_PY_DOMAIN_RAW, &ours);
    int failed = sg_py.PySys_AddAuditHook(sg_audit, NULL);
    sg_py.PyMem_SetAllocator(SG_PY_DOMAIN_RAW, &before);
    return !failed;
}

/* `handle`: where to look; NULL is the global scope. False: something that we cannot do without
 * is missing. */
static bool find_api(void *handle)
{
    bool whole = true;

#define FIND(type, name, args) *(void **)&sg_py.name = dlsym(handle, #name);
#define FIND_NEEDED(type, name, args) FIND(type, name, args) whole = whole && sg_py.name;
#define FIND_OBJECT(name)                                                                          \
    sg_py.name = dlsym(handle, #name);                                                             \
    whole = whole && sg_py.name;
    SG_PY_NEEDED(FIND_NEEDED)
    SG_PY_WANTED(FIND)
    SG_PY_OBJECTS(FIND_OBJECT)
#undef FIND
#undef FIND_NEEDED
#undef FIND_OBJECT
    if (!sg_py.PyThreadState_GetUnchecked)
        sg_py.PyThreadState_GetUnchecked = sg_py._PyThreadState_UncheckedGet;
    if (!sg_py.PyInterpreterState_Get)
        sg_py.PyInterpreterState_Get = sg_py._PyInterpreterState_Get;
    return whole && sg_py.PyThreadState_GetUnchecked && sg_py.PyInterpreterState_Get;
}

/* "3.11.2 (main, …". Without a GIL objects are laid out otherwise. */
static bool fits(const char *version)
{
    int minor = 0;

    if (strncmp(version, "3.", 2) != 0 || strstr(version, "free-threading"))
        return false;
    for (const char *at = version + 2; *at >= '0' && *at <= '9'; at++)
        minor = minor * 10 + (*at - '0');
    sg_py.minor = minor;
    return minor >= 8 && (minor > 8 || !sg_py.PyFrame_GetBack);
}

void sg_python_lacks(const char *detail)
{
    if (sg_start_policy()->log.target == SG_LOG_STDERR) {
        sg_log_say(detail);
        return;
    }
    char *scratch = sg_raw_map(SG_RECORD_MAX);
    struct sg_report report = {
        .coverage = SG_NONE,
        .format = "none",
        .reason_count = 1,
        .reasons = {{.rule = "python-layer-absent", .detail = detail, .member = ""}},
    };
    struct sg_record record = {.event = SG_EVENT_START,
                               .exe = sg_start_exe(),
                               .path = "",
                               .report = &report,
                               .action = SG_LOG};

    if (!scratch)
        return;
    sg_log_write(&record, scratch);
    sg_raw_unmap(scratch, SG_RECORD_MAX);
}

/* Files only: on standard error every start of an old interpreter would leave a line. */
static void tell_absence(const char *detail)
{
    if (sg_start_policy()->log.target != SG_LOG_STDERR)
        sg_python_lacks(detail);
}

static void adopt(void *handle)
{
    int expected = NOT_FOUND;

    if (!atomic_compare_exchange_strong(&state, &expected, ADDING))
        return;
    if (!find_api(handle) || !fits(sg_py.Py_GetVersion())) {
        atomic_store(&state, UNFIT);
        tell_absence("names and effects are not watched: not a CPython that can be watched");
        return;
    }
    sg_audit_start(sg_start_policy());
    if (add_hook()) {
        atomic_store(&state, ADDED);
        return;
    }
    atomic_store(&state, UNFIT);
    tell_absence("names and effects are not watched: the interpreter refused the hook");
}

static bool wanted(void)
{
    const struct sg_policy *policy = sg_start_policy();

    return atomic_load_explicit(&sg_phase, memory_order_acquire) == SG_PHASE_AWAKE &&
           (policy->find_class != SG_ALLOW || policy->effects != SG_ALLOW);
}

void sg_python_start(void)
{
    if (!wanted() || atomic_load(&state) != NOT_FOUND)
        return;
    if (dlsym(RTLD_DEFAULT, "PySys_AddAuditHook"))
        adopt(RTLD_DEFAULT);
    else if (dlsym(RTLD_DEFAULT, "Py_Initialize"))
        tell_absence("names and effects are not watched: CPython before 3.8 has no audit hooks");
}

static int find_library(struct dl_phdr_info *info, size_t size, void *found)
{
    const char *slash = strrchr(info->dlpi_name, '/');

    (void)size;
    if (strncmp(slash ? slash + 1 : info->dlpi_name, "libpython", strlen("libpython")) != 0)
        return 0;
    *(const char **)found = info->dlpi_name;
    return 1;
}

const char *sg_python_library(void)
{
    const char *library = NULL;

    dl_iterate_phdr(find_library, &library);
    return library;
}

bool sg_python_reads(const char *path)
{
    size_t len = path ? strlen(path) : 0;

    return len >= 4 && (!strcmp(path + len - 3, ".py") || !strcmp(path + len - 4, ".pyc"));
}

/* A library that was loaded for its loader alone is in no scope that dlsym searches by default. */
void sg_python_peek(const char *path)
{
    if (atomic_load_explicit(&state, memory_order_relaxed) != NOT_FOUND || !sg_python_reads(path) ||
        !wanted())
        return;
    const char *library = sg_python_library();
    void *handle = library ? dlopen(library, RTLD_LAZY | RTLD_NOLOAD) : NULL;
    if (handle && dlsym(handle, "PySys_AddAuditHook"))
        adopt(handle);
    else if (handle)
        (void)dlclose(handle);
}

bool sg_python_here(void)
{
    return atomic_load_explicit(&state, memory_order_acquire) == ADDED;
}
