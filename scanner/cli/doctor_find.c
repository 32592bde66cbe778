/* doctor_find.c - the interpreters of a machine. */
#include "cli/doctor.h"

#include "cli/heap.h"

#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct search {
    void (*take)(void *ctx, const char *path);
    void *ctx;
    char **seen;
    size_t count;
};

/* "python", "python3", "python3.12", "python3.13t". */
static bool is_python_name(const char *path)
{
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;

    if (strncmp(name, "python", 6) != 0)
        return false;
    for (name += 6; isdigit((unsigned char)*name) || *name == '.'; name++)
        ;
    return *name == '\0' || strcmp(name, "t") == 0;
}

static bool is_program(const char *path)
{
    struct sg_elf elf;
    struct stat info;

    return stat(path, &info) == 0 && S_ISREG(info.st_mode) && access(path, X_OK) == 0 &&
           sg_elf_read(path, &elf) == NULL;
}

static void offer(struct search *search, const char *path)
{
    char *real = is_python_name(path) ? realpath(path, NULL) : NULL;

    if (!real || !is_python_name(real) || !is_program(real)) {
        free(real); /* a script of pyenv's, or a link to what is none */
        return;
    }
    for (size_t i = 0; i < search->count; i++) {
        if (strcmp(search->seen[i], real) == 0) {
            free(real);
            return;
        }
    }
    search->seen = sg_heap_grow(search->seen, (search->count + 1) * sizeof(*search->seen));
    search->seen[search->count++] = real;
    search->take(search->ctx, real);
}

static void offer_matches(struct search *search, const char *pattern)
{
    glob_t found;

    if (glob(pattern, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++)
            offer(search, found.gl_pathv[i]);
    }
    globfree(&found);
}

static void offer_folder(struct search *search, const char *folder, size_t len)
{
    char pattern[PATH_MAX];

    if (len > 0 &&
        snprintf(pattern, sizeof(pattern), "%.*s/python*", (int)len, folder) < (int)sizeof(pattern))
        offer_matches(search, pattern);
}

/* Patterns below the folder that an environment variable names. */
static const struct {
    const char *variable, *below;
} places[] = {
    {"VIRTUAL_ENV", "/bin/python*"},
    {"CONDA_PREFIX", "/bin/python*"},
    {"PYENV_ROOT", "/versions/*/bin/python*"},
    {"HOME", "/.pyenv/versions/*/bin/python*"},
    {"HOME", "/.local/share/uv/python/*/bin/python*"},
    {"HOME", "/*conda*/bin/python*"},
    {"HOME", "/*conda*/envs/*/bin/python*"},
    {"HOME", "/miniforge*/bin/python*"},
    {"HOME", "/miniforge*/envs/*/bin/python*"},
};

void sg_doctor_find(void (*take)(void *ctx, const char *path), void *ctx)
{
    struct search search = {.take = take, .ctx = ctx};
    const char *path = getenv("PATH");
    char pattern[PATH_MAX];

    while (path && *path) {
        size_t len = strcspn(path, ":");
        offer_folder(&search, path, len);
        path += path[len] ? len + 1 : len;
    }
    offer_folder(&search, "/usr/bin", strlen("/usr/bin"));
    offer_folder(&search, "/usr/local/bin", strlen("/usr/local/bin"));
    offer_matches(&search, "/opt/*conda*/bin/python*");
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        const char *folder = getenv(places[i].variable);
        if (folder && *folder &&
            snprintf(pattern, sizeof(pattern), "%s%s", folder, places[i].below) <
                (int)sizeof(pattern))
            offer_matches(&search, pattern);
    }
    for (size_t i = 0; i < search.count; i++)
        free(search.seen[i]);
    free(search.seen);
}
