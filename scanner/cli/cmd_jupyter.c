/* cmd_jupyter.c - kernels of Jupyter that run under the guard.
 *
 * A guarded kernel is a copy of another one's description whose program is `safeguard run`, with
 * what the other one runs behind it: the same interpreter, the same packages.
 */
#include "cli/cli.h"
#include "cli/heap.h"
#include "cli/kernelspec.h"
#include "cli/rules.h"
#include "cli/suggest.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_KERNEL "python3"

struct wanted {
    const char *name;
    bool found;
    int (*act)(const struct sg_kernelspec *spec, const struct sg_cmdline *options);
    const struct sg_cmdline *options;
    int status;
};

static bool take_wanted(void *ctx, const struct sg_kernelspec *spec)
{
    struct wanted *wanted = ctx;

    if (strcmp(spec->name, wanted->name) != 0)
        return true;
    wanted->found = true;
    wanted->status = wanted->act(spec, wanted->options);
    return false;
}

static int with_kernel(const char *name, const struct sg_cmdline *options,
                       int (*act)(const struct sg_kernelspec *, const struct sg_cmdline *))
{
    struct wanted wanted = {.name = name, .act = act, .options = options};

    sg_kernelspec_each(take_wanted, &wanted);
    if (wanted.found)
        return wanted.status;
    fprintf(stderr, "safeguard: jupyter: there is no kernel '%s'; see: jupyter kernelspec list\n",
            name);
    return SG_EXIT_TROUBLE;
}

static void add_option(json_t *argv, const char *option, const char *value)
{
    if (!value)
        return;
    json_array_append_new(argv, json_string(option));
    json_array_append_new(argv, json_string(value));
}

/* safeguard run [options] -- what the kernel runs. */
static json_t *guarded_argv(const struct sg_kernelspec *spec, const struct sg_cmdline *options,
                            const char *self, const char *policy)
{
    json_t *argv = json_array(), *words = json_object_get(spec->json, "argv");
    char program[PATH_MAX];

    sg_kernelspec_program(spec, program);
    json_array_append_new(argv, json_string(self));
    json_array_append_new(argv, json_string("run"));
    add_option(argv, "--policy", policy);
    add_option(argv, "--mode", options->mode);
    add_option(argv, "--log", options->log);
    json_array_append_new(argv, json_string("--"));
    json_array_append_new(argv, json_string(program));
    for (size_t i = 1; i < json_array_size(words); i++)
        json_array_append(argv, json_array_get(words, i));
    return argv;
}

static json_t *guarded_spec(const struct sg_kernelspec *spec, const struct sg_cmdline *options,
                            const char *self, const char *policy)
{
    json_t *json = json_deep_copy(spec->json), *metadata = json_object_get(json, "metadata");
    json_t *said = json_pack("{s:s, s:s*}", "kernel", spec->name, "policy", policy);
    const char *title = json_string_value(json_object_get(json, "display_name"));
    char *shown = sg_heap_join(title ? title : spec->name, ", guarded");

    json_object_set_new(json, "display_name", json_string(shown));
    free(shown);
    json_object_set_new(json, "argv", guarded_argv(spec, options, self, policy));
    if (!json_is_object(metadata)) {
        metadata = json_object();
        json_object_set_new(json, "metadata", metadata);
    }
    json_object_set_new(metadata, "safeguard", said);
    return json;
}

static int complain(const char *what, const char *problem)
{
    fprintf(stderr, "safeguard: jupyter: %s: %s\n", what, problem);
    return SG_EXIT_TROUBLE;
}

/* As Jupyter has it: letters, digits, '-', '_' and '.'. */
static bool is_name(const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)name[i]) && !strchr("-_.", name[i]))
            return false;
    return len > 0 && len < NAME_MAX && *name != '.';
}

/* The policy is read as the kernel will read it: a kernel that cannot start says nothing in a
 * notebook. */
static bool check_policy(const char *policy)
{
    struct sg_rules rules;

    if (!sg_rules_load(&rules, policy))
        return false;
    sg_rules_free(&rules);
    return true;
}

/* A kernel of that name that is somebody else's is not written over. */
static bool is_taken(const char *home, const char *name)
{
    struct sg_kernelspec there = {0};
    char file[PATH_MAX + 16];

    snprintf(file, sizeof(file), "%s/%s/kernel.json", home, name);
    there.json = json_load_file(file, 0, NULL);
    bool taken = there.json ? !sg_kernelspec_ours(&there) : access(file, F_OK) == 0;
    json_decref(there.json);
    return taken;
}

static int install(const struct sg_kernelspec *spec, const struct sg_cmdline *options)
{
    char self[PATH_MAX], home[PATH_MAX], found[PATH_MAX], fallback[NAME_MAX + 16];
    const char *name = options->name ? options->name : fallback;
    const char *policy = options->policy ? realpath(options->policy, found) : NULL;
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

    snprintf(fallback, sizeof(fallback), "safeguard-%s", spec->name);
    if (sg_kernelspec_ours(spec))
        return complain(spec->name, "is guarded already");
    if (!is_name(name))
        return complain(name, "is no name for a kernel: letters, digits, '-', '_' and '.'");
    if (options->policy && !policy)
        return complain(options->policy, strerror(errno));
    if (!check_policy(policy))
        return SG_EXIT_TROUBLE;
    if (len < 0 || !sg_kernelspec_home(options->prefix, home))
        return complain("kernels", "there is no folder for them: HOME is not set");
    self[len] = '\0';
    if (is_taken(home, name))
        return complain(name, "there is such a kernel, and it is not safeguard's");
    json_t *json = guarded_spec(spec, options, self, policy);
    bool written = sg_kernelspec_write(home, name, json, spec);
    int problem = errno;
    json_decref(json);
    if (!written)
        return complain(home, strerror(problem));
    printf("safeguard: kernel %s in %s/%s\n", name, home, name);
    return SG_EXIT_OK;
}

static int remove_one(const struct sg_kernelspec *spec, const struct sg_cmdline *options)
{
    (void)options;
    if (!sg_kernelspec_ours(spec))
        return complain(spec->name, "is none of safeguard's kernels: left as it is");
    if (!sg_kernelspec_remove(spec))
        return complain(spec->folder, strerror(errno));
    printf("safeguard: kernel %s removed\n", spec->name);
    return SG_EXIT_OK;
}

static bool list_one(void *ctx, const struct sg_kernelspec *spec)
{
    const json_t *said = sg_kernelspec_ours(spec);
    const char *self, *policy;

    (void)ctx;
    if (!said)
        return true;
    self = json_string_value(json_array_get(json_object_get(spec->json, "argv"), 0));
    policy = json_string_value(json_object_get(said, "policy"));
    printf("%-24s guards %-16s policy %s, in %s%s\n", spec->name,
           json_string_value(json_object_get(said, "kernel")), policy ? policy : "of the site",
           spec->folder, access(self, X_OK) ? " (broken: its safeguard is gone)" : "");
    return true;
}

int sg_cmd_jupyter(const struct sg_verb *verb, const struct sg_cmdline *options, char **args)
{
    const char *what = args[0] ? args[0] : "";

    if (strcmp(what, "list") == 0 && !args[1]) {
        sg_kernelspec_each(list_one, NULL);
        return SG_EXIT_OK;
    }
    if (strcmp(what, "install") == 0 && !args[1])
        return with_kernel(options->kernel ? options->kernel : DEFAULT_KERNEL, options, install);
    if (strcmp(what, "remove") == 0 && args[1] && !args[2])
        return with_kernel(args[1], options, remove_one);
    struct sg_suggestion near = sg_suggest_begin(what);
    sg_suggest_offer(&near, "install");
    sg_suggest_offer(&near, "list");
    sg_suggest_offer(&near, "remove");
    if (near.best && near.distance > 0)
        fprintf(stderr, "safeguard: jupyter: there is no '%s'; did you mean '%s'?\n", what,
                near.best);
    else
        fprintf(stderr, "safeguard: jupyter takes: %s\n", verb->synopsis);
    return SG_EXIT_TROUBLE;
}
