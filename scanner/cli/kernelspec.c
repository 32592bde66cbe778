/* kernelspec.c - finds, writes and removes Jupyter's kernels. */
#include "cli/kernelspec.h"

#include "cli/heap.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct search {
    bool (*take)(void *ctx, const struct sg_kernelspec *spec);
    void *ctx;
    char **seen; /* names */
    size_t count;
    bool ended;
};

static bool has_argv(const json_t *json)
{
    const json_t *argv = json_object_get(json, "argv"), *word;
    size_t i;

    json_array_foreach(argv, i, word)
    {
        if (!json_is_string(word))
            return false;
    }
    return json_array_size(argv) > 0;
}

static bool is_new(struct search *search, const char *name)
{
    for (size_t i = 0; i < search->count; i++)
        if (strcmp(search->seen[i], name) == 0)
            return false;
    search->seen = sg_heap_grow(search->seen, (search->count + 1) * sizeof(*search->seen));
    search->seen[search->count++] = sg_heap_join(name, "");
    return true;
}

static void look_at(struct search *search, const char *kernels, const char *name)
{
    struct sg_kernelspec spec;
    char file[PATH_MAX];

    if (*name == '.' || strlen(name) > NAME_MAX ||
        snprintf(spec.folder, sizeof(spec.folder), "%s/%s", kernels, name) >=
            (int)sizeof(spec.folder) ||
        snprintf(file, sizeof(file), "%s/kernel.json", spec.folder) >= (int)sizeof(file))
        return;
    spec.json = json_load_file(file, 0, NULL);
    snprintf(spec.name, sizeof(spec.name), "%s", name);
    if (spec.json && has_argv(spec.json) && is_new(search, name))
        search->ended = !search->take(search->ctx, &spec);
    json_decref(spec.json);
}

/* `data`: a folder of Jupyter's data. */
static void look_into(struct search *search, const char *data, const char *below)
{
    char kernels[PATH_MAX];
    struct dirent **entries;

    if (!data || *data != '/' ||
        snprintf(kernels, sizeof(kernels), "%s%s/kernels", data, below) >= (int)sizeof(kernels))
        return;
    int count = scandir(kernels, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        if (!search->ended)
            look_at(search, kernels, entries[i]->d_name);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

/* Each folder of a list with colons; `below` is what stands behind a folder of programs. */
static void look_into_all(struct search *search, const char *list, const char *below)
{
    char folder[PATH_MAX];

    while (list && *list) {
        size_t len = strcspn(list, ":");
        if (len > 0 && len < sizeof(folder)) {
            memcpy(folder, list, len);
            folder[len] = '\0';
            look_into(search, folder, below);
        }
        list += list[len] ? len + 1 : len;
    }
}

void sg_kernelspec_each(bool (*take)(void *ctx, const struct sg_kernelspec *spec), void *ctx)
{
    struct search search = {.take = take, .ctx = ctx};
    char home[PATH_MAX];

    look_into_all(&search, getenv("JUPYTER_PATH"), "");
    if (sg_kernelspec_home(NULL, home)) {
        *strrchr(home, '/') = '\0';
        look_into(&search, home, "");
    }
    look_into(&search, getenv("VIRTUAL_ENV"), "/share/jupyter");
    look_into(&search, getenv("CONDA_PREFIX"), "/share/jupyter");
    look_into_all(&search, getenv("PATH"), "/../share/jupyter");
    look_into(&search, "/usr/local/share/jupyter", "");
    look_into(&search, "/usr/share/jupyter", "");
    for (size_t i = 0; i < search.count; i++)
        free(search.seen[i]);
    free(search.seen);
}

void sg_kernelspec_program(const struct sg_kernelspec *spec, char program[PATH_MAX])
{
    const char *word = json_string_value(json_array_get(json_object_get(spec->json, "argv"), 0));
    char beside[PATH_MAX + NAME_MAX];

    snprintf(program, PATH_MAX, "%s", word);
    if (strcmp(word, "python") != 0 && strcmp(word, "python3") != 0)
        return;
    /* PREFIX/share/jupyter/kernels/NAME */
    snprintf(beside, sizeof(beside), "%s/../../../../bin", spec->folder);
    char *folder = realpath(beside, NULL);
    if (folder && snprintf(beside, sizeof(beside), "%s/%s", folder, word) < PATH_MAX &&
        access(beside, X_OK) == 0)
        snprintf(program, PATH_MAX, "%.*s", PATH_MAX - 1, beside);
    free(folder);
}

const json_t *sg_kernelspec_ours(const struct sg_kernelspec *spec)
{
    const json_t *said = json_object_get(json_object_get(spec->json, "metadata"), "safeguard");

    return json_is_object(said) ? said : NULL;
}

bool sg_kernelspec_home(const char *prefix, char folder[PATH_MAX])
{
    const char *data = getenv("JUPYTER_DATA_DIR"), *home = getenv("HOME");
    int len;

    if (prefix)
        len = snprintf(folder, PATH_MAX, "%s/share/jupyter/kernels", prefix);
    else if (data && *data == '/')
        len = snprintf(folder, PATH_MAX, "%s/kernels", data);
    else if (home && *home == '/')
        len = snprintf(folder, PATH_MAX, "%s/.local/share/jupyter/kernels", home);
    else
        return false;
    return len < PATH_MAX;
}

static bool make_folders(char *path)
{
    for (char *at = path + 1; (at = strchr(at, '/')); at++) {
        *at = '\0';
        bool made = mkdir(path, 0755) == 0 || errno == EEXIST;
        *at = '/';
        if (!made)
            return false;
    }
    return mkdir(path, 0755) == 0 || errno == EEXIST;
}

/* False (errno) when a file cannot be written; one that cannot be read is left out. */
static bool copy(const char *from, const char *to)
{
    FILE *source = fopen(from, "re"), *target = source ? fopen(to, "we") : NULL;
    char block[8192];
    size_t len;
    bool good = !source || target;

    while (target && good && (len = fread(block, 1, sizeof(block), source)) > 0)
        good = fwrite(block, 1, len, target) == len;
    if (source)
        fclose(source);
    return (!target || fclose(target) == 0) && good;
}

static bool copy_pictures(const char *from, const char *to)
{
    DIR *folder = opendir(from);
    struct dirent *entry;
    char source[PATH_MAX + NAME_MAX + 2], target[PATH_MAX + NAME_MAX + 2];
    bool good = true;

    while (folder && good && (entry = readdir(folder))) {
        if (strncmp(entry->d_name, "logo-", 5) != 0)
            continue;
        snprintf(source, sizeof(source), "%s/%s", from, entry->d_name);
        snprintf(target, sizeof(target), "%s/%s", to, entry->d_name);
        good = copy(source, target);
    }
    if (folder)
        closedir(folder);
    return good;
}

bool sg_kernelspec_write(const char *home, const char *name, const json_t *json,
                         const struct sg_kernelspec *like)
{
    char folder[PATH_MAX], file[PATH_MAX + 16];

    if (snprintf(folder, sizeof(folder), "%s/%s", home, name) >= (int)sizeof(folder)) {
        errno = ENAMETOOLONG;
        return false;
    }
    if (!make_folders(folder))
        return false;
    snprintf(file, sizeof(file), "%s/kernel.json", folder);
    return json_dump_file(json, file, JSON_INDENT(1)) == 0 && copy_pictures(like->folder, folder);
}

bool sg_kernelspec_remove(const struct sg_kernelspec *spec)
{
    DIR *folder = opendir(spec->folder);
    struct dirent *entry;
    char file[PATH_MAX + NAME_MAX + 2];

    while (folder && (entry = readdir(folder))) {
        snprintf(file, sizeof(file), "%s/%s", spec->folder, entry->d_name);
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            (void)unlink(file);
    }
    if (folder)
        closedir(folder);
    return rmdir(spec->folder) == 0;
}
