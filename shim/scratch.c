/* scratch.c - is a path in a temporary or cache folder? */
#include "shim/scratch.h"

#include "shim/fdlink.h"
#include "shim/raw.h"

#include "policy/phrase.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>

#define ROOTS_MOST 16
#define ROOT_MAX 512

static char roots[ROOTS_MOST][ROOT_MAX];
static unsigned root_count;

struct names {
    char at[ROOTS_MOST][ROOT_MAX];
};

/* Where they lead, at the first question: a process's start must cost nothing. Whole, and constant
 * from then on: a load could turn a folder of its own into a link to another. */
static _Atomic(struct names *) resolved;

static size_t resolve(int dir, const char *path, int flags, char *into, size_t cap)
{
    long fd = SG_RAW(SYS_openat, dir, path, O_PATH | O_CLOEXEC | flags, 0);

    if (fd < 0)
        return 0;
    size_t len = sg_fdlink_read((int)fd, into, cap);
    (void)SG_RAW(SYS_close, fd);
    return len;
}

static void add_root(const char *folder, const char *below)
{
    char path[ROOT_MAX];
    struct sg_phrase phrase = sg_phrase_open(path, sizeof(path));

    if (!folder || folder[0] != '/' || root_count == ROOTS_MOST)
        return;
    sg_phrase_string(&phrase, folder);
    sg_phrase_string(&phrase, below);
    if (phrase.len < sizeof(path))
        memcpy(roots[root_count++], path, phrase.len + 1);
}

/* A folder that is not there yet keeps the name it has; an empty one holds nothing. */
static void resolve_root(const char *root, char *into)
{
    if (!resolve(AT_FDCWD, root, O_DIRECTORY, into, ROOT_MAX))
        memcpy(into, root, strlen(root) + 1);
    if (!strcmp(into, "/"))
        into[0] = '\0';
}

/* NULL: there is no memory. */
static const struct names *resolve_roots(void)
{
    struct names *known = atomic_load_explicit(&resolved, memory_order_acquire);
    struct names *found = known ? NULL : sg_raw_map(sizeof(*found));

    if (!found)
        return known;
    for (unsigned i = 0; i < root_count; i++)
        resolve_root(roots[i], found->at[i]);
    if (atomic_compare_exchange_strong(&resolved, &known, found))
        return found;
    sg_raw_unmap(found, sizeof(*found)); /* another thread was quicker */
    return known;
}

void sg_scratch_start(void)
{
    static const char *const folders[] = {"/tmp", "/var/tmp", "/dev/shm"};
    static const char *const variables[] = {"TMPDIR",
                                            "TEMP",
                                            "TMP",
                                            "XDG_CACHE_HOME",
                                            "JOBLIB_TEMP_FOLDER",
                                            "MPLCONFIGDIR",
                                            "NUMBA_CACHE_DIR",
                                            "TORCHINDUCTOR_CACHE_DIR"};

    for (unsigned i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
        add_root(folders[i], "");
    for (unsigned i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
        add_root(secure_getenv(variables[i]), "");
    add_root(secure_getenv("HOME"), "/.cache");
}

static bool in_roots(const char *path)
{
    const struct names *names = resolve_roots();

    if (path[0] != '/' || !strcmp(path, "/dev/null"))
        return true; /* "pipe:[…]" and its like */
    for (unsigned i = 0; names && i < root_count; i++) {
        size_t len = strlen(names->at[i]);
        if (len && !strncmp(path, names->at[i], len) && (path[len] == '/' || path[len] == '\0'))
            return true;
    }
    return false;
}

bool sg_scratch_lacks(const char *path)
{
    char name[PATH_MAX];

    return resolve(AT_FDCWD, path, 0, name, sizeof(name)) && !in_roots(name);
}

bool sg_scratch_holds(int dir, const char *path, bool follow)
{
    char name[PATH_MAX], parent[PATH_MAX];
    size_t len = strlen(path);

    if (len == 0 || len >= sizeof(parent))
        return false;
    if (resolve(dir, path, follow ? 0 : O_NOFOLLOW, name, sizeof(name)))
        return in_roots(name);
    if (resolve(dir, path, O_NOFOLLOW, name, sizeof(name)))
        return false; /* a link to what is not there yet */
    memcpy(parent, path, len + 1);
    while (len > 1 && parent[len - 1] == '/')
        len--;
    while (len > 0 && parent[len - 1] != '/')
        len--;
    parent[len] = '\0';
    return resolve(dir, len ? parent : ".", O_DIRECTORY, name, sizeof(name)) && in_roots(name);
}
