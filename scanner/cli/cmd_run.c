/* cmd_run.c - becomes another program, with the guard in it or not at all.
 *
 * glibc goes on without a library that it cannot preload, so nothing is taken on trust:
 * 1. before: the program that the kernel would map is found (PATH, #! lines), must be dynamically
 *    linked, for our kind of processor and without more rights than ours, and its own loader,
 *    in the very environment, must list the library among what it maps.
 * 2. after: a watcher reads the memory map of the process and kills it when the library is not
 * there. What this cannot see: a program that is exchanged between 1 and its execution runs until
 * the watcher has looked (milliseconds). What the program itself executes later is the library's
 * task.
 */
#include "cli/cli.h"
#include "cli/confine.h"
#include "cli/door.h"
#include "cli/heap.h"
#include "cli/preload.h"
#include "cli/rules.h"
#include "cli/watcher.h"

#include "shim/supervise/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WHY_MAX (2 * PATH_MAX + 512)

static int refuse(const char *what, const char *why)
{
    fprintf(stderr, "safeguard: run: %s: %s; not run\n", what, why);
    return SG_EXIT_REFUSED;
}

/* Words that SAFEGUARD_LOG knows are no paths. */
static bool is_log_word(const char *log)
{
    return strcmp(log, "stderr") == 0 || strcmp(log, "syslog") == 0 || strcmp(log, "journald") == 0;
}

/* Sets an environment variable to `path` made absolute: the program may change its directory. */
static bool set_path(const char *name, const char *path)
{
    char here[PATH_MAX];

    if (*path == '/')
        return setenv(name, path, 1) == 0;
    if (!getcwd(here, sizeof(here)))
        return false;
    char *folder = sg_heap_join(here, "/");
    char *whole = sg_heap_join(folder, path);
    bool set = setenv(name, whole, 1) == 0;
    free(whole);
    free(folder);
    return set;
}

static bool set_environment(const struct sg_cmdline *options)
{
    const char *log = options->log ? options->log : getenv("SAFEGUARD_LOG");
    const char *policy = options->policy ? options->policy : getenv("SAFEGUARD_POLICY");

    if (options->mode && setenv("SAFEGUARD_MODE", options->mode, 1))
        return false;
    if (policy && *policy && !set_path("SAFEGUARD_POLICY", policy))
        return false;
    if (!log || !*log)
        return true;
    return is_log_word(log) ? setenv("SAFEGUARD_LOG", log, 1) == 0 : set_path("SAFEGUARD_LOG", log);
}

/* A log in a file must take a line, or the guard could tell nobody what it does. */
static bool log_is_writable(const struct sg_policy_log *log)
{
    if (log->target != SG_LOG_FILE)
        return true;
    /* As the guard opens it: a FIFO without a reader fails, and does not wait. */
    int fd =
        open(log->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
    return fd >= 0 && close(fd) == 0;
}

static void tell_ignored(const struct sg_policy *policy)
{
    static const struct {
        enum sg_policy_ignored flag;
        const char *what;
    } rows[] = {{SG_IGNORED_POLICY, "policy"}, {SG_IGNORED_MODE, "mode"}, {SG_IGNORED_LOG, "log"}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (policy->ignored & (unsigned)rows[i].flag)
            fprintf(stderr, "safeguard: run: %s is locked: the %s asked for is not taken\n",
                    policy->file ? policy->file : "the policy", rows[i].what);
    }
}

/* What the guard will go by, read as it will read it. SG_EXIT_OK when it will be awake. */
static int check_policy(struct sg_rules *rules)
{
    struct sg_policy_error error;
    char text[1024];
    int status = SG_EXIT_OK;

    if (!sg_rules_load(rules, NULL))
        return refuse("policy", "it is not valid");
    if (sg_policy_environment(&rules->policy, getenv, &error)) {
        sg_policy_error_text(&error, text, sizeof(text));
        status = refuse("policy", text);
    } else if (rules->policy.mode == SG_ALLOW) {
        status = refuse(rules->policy.file ? rules->policy.file : "SAFEGUARD_MODE",
                        "the mode is off: the guard would do nothing");
    } else if (!log_is_writable(&rules->policy.log)) {
        status = refuse(rules->policy.log.path, strerror(errno));
    } else {
        tell_ignored(&rules->policy);
    }
    return status;
}

struct command {
    const struct sg_policy *policy;
    const struct sg_program *program;
    const char *library; /* that must be mapped, or NULL */
    bool door;           /* it has a socket of sg_door_open() */
    char **args;
};

static int become(void *ctx)
{
    const struct command *command = ctx;
    struct sg_watcher watcher;
    char why[256];

    if (command->door && !sg_door_tell())
        return refuse("environment", strerror(errno));
    if (command->library && !sg_watcher_start(&watcher, command->library))
        return refuse("watcher", strerror(errno));
    if (!sg_confine(command->policy, why, sizeof(why))) {
        if (command->library)
            sg_watcher_cancel(&watcher);
        return refuse(command->args[0], why);
    }
    execv(command->program->path, command->args);
    int error = errno;
    if (command->library)
        sg_watcher_cancel(&watcher);
    fprintf(stderr, "safeguard: run: %s: %s\n", command->args[0], strerror(error));
    return SG_EXIT_NO_EXEC;
}

/* A program that cannot take the library in is vetted from outside all the same. */
static int supervise(struct command *command, const struct sg_policy *policy)
{
    struct sg_supervised_command supervised = {
        .policy = policy, .name = command->args[0], .become = become, .ctx = command};

    return sg_supervise(&supervised);
}

int sg_cmd_run(const struct sg_verb *verb, const struct sg_cmdline *options, char **args)
{
    struct sg_preload preload;
    struct sg_program program;
    struct sg_rules rules;
    char text[WHY_MAX];
    const char *why;

    if (!args[0]) {
        fprintf(stderr, "safeguard: run what? see: safeguard help %s\n", verb->name);
        return SG_EXIT_TROUBLE;
    }
    enum sg_exit found = sg_program_find(args[0], &program, &why);
    if (found != SG_EXIT_OK) {
        fprintf(stderr, "safeguard: run: %s: %s%s\n", args[0], why,
                found == SG_EXIT_REFUSED ? "; not run" : "");
        return found;
    }
    if (!sg_preload_find(&preload, text, sizeof(text)))
        return refuse("guard", text);
    if (!set_environment(options))
        return refuse("environment", strerror(errno));
    int status = check_policy(&rules);
    if (status != SG_EXIT_OK)
        return status;
    if (options->listen && !sg_door_open(options->listen, text, sizeof(text)))
        return refuse(options->listen, text);
    sg_preload_set(&preload);
    bool reached = sg_preload_reaches(&preload, &program, text, sizeof(text));
    struct command command = {.policy = &rules.policy,
                              .program = &program,
                              .library = reached ? preload.library : NULL,
                              .door = options->listen,
                              .args = args};
    if (options->supervise)
        return supervise(&command, &rules.policy);
    return reached ? become(&command) : refuse(args[0], text);
}
