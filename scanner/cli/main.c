/* main.c - the verbs of the command line. */
#include "cli/cli.h"
#include "cli/suggest.h"

#include <stdio.h>
#include <string.h>

const struct sg_verb sg_verbs[] = {
    {"scan", "[OPTION]... PATH...", "say what loading these files would do",
     "Exit status: 0 nothing at or above --fail-on; 1 something is; 2 nothing is, but something\n"
     "could not be read or fully analysed.\n"
     "--format jsonl writes one object a line as each file is done: path, verdict (benign,\n"
     "suspicious, malicious), score (0 to 1), coverage (complete, partial, none), format, size,\n"
     "micros, and reasons: a list of rule, detail, member, offset, weight, most telling first.\n"
     "Bytes of a path or member that are no UTF-8 are written as \\udc80 to \\udcff, as Python's\n"
     "os.fsdecode() has them: os.fsencode() of the parsed string gives the exact path back.\n"
     "What cannot be read has coverage partial and the rule 'unreadable'.\n"
     "A file that is met under several names is scanned once; sarif and a terminal show its names\n"
     "together, other formats one after the other. SIGINT, SIGTERM and SIGHUP end a scan early:\n"
     "what was found so far is printed, a document is whole, and --cache is kept.\n",
     sg_cmd_scan},
    {"explain", "[OPTION]... FILE[:MEMBER]", "say what would happen if a file were loaded",
     "First what speaks against the file, in plain words, and what the guard would do; then what "
     "a\n"
     "loader does, in order, with names and arguments: in every member and in every reading in "
     "which\n"
     "loaders differ. Nothing is loaded. --format dot is the graph of calls for Graphviz.\n"
     "Exit status: 0 explained; 2 the file could not be read or fully analysed.\n",
     sg_cmd_explain},
    {"run", "[OPTION]... -- COMMAND [ARGUMENT]...", "run a command under the guard",
     "The command replaces safeguard: same process, same signals, its own exit status.\n"
     "--supervise vets what every program of the tree opens, Python or not (the policy's\n"
     "'processes' has no say in it), and static ones too, from a process of its own: whatever way\n"
     "a file is opened, the program gets the very descriptor that was vetted. It refuses what\n"
     "[seccomp] no-bypass refuses, setuid programs run without their rights, and it takes Linux\n"
     "5.19. The command is then a child of safeguard, which stands for it in signals and status.\n"
     "--listen is for servers under [seccomp] inference, which lets nobody open a port: they take\n"
     "the socket as sd_listen_fds(3) says. ADDRESS is numeric: 0.0.0.0, or [::] for IPv6.\n"
     "Exit status of safeguard itself: 2 bad usage; 125 the guard could not be put in place, so\n"
     "the command was not run; 126 the command cannot be run; 127 it was not found.\n",
     sg_cmd_run},
    {"policy", "show [FILE] | show --seccomp [PROFILE] | check FILE",
     "print the policy in force, or check one",
     "Exit status: 0 the policy is valid; 2 it is not.\n"
     "show --format json prints each key with its value, its default and what it means.\n"
     "show --seccomp prints the system calls that a profile (no-bypass or inference; default: "
     "that\n"
     "of the policy in force) refuses; with --format json, a seccomp profile for container "
     "runtimes\n"
     "that refuses the same, but for what a runtime needs to start the container's program.\n",
     sg_cmd_policy},
    {"report", "[OPTION]... LOG...", "add up what logs of the guard hold",
     "A LOG is a file that SAFEGUARD_LOG or the policy named: JSON lines. Rotated ones may come "
     "along\n"
     "in any order. Lines that are no records are counted, and said on standard error.\n"
     "--format html writes one page that needs nothing else; prometheus writes metrics for\n"
     "node_exporter's textfile collector.\n"
     "Exit status: 0; 2 a log could not be read.\n",
     sg_cmd_report},
    {"features", "[OPTION]... PATH...", "print what the model sees of files: for its training",
     "One JSON object a line. The first tells the features: for call sites and for streams, each "
     "with\n"
     "name, kind and meaning. Then one for each file: path, verdict, score, sites (a list of "
     "member,\n"
     "offset, module, name, weight and rule by the rules, open: whether the model may say more, v: "
     "the\n"
     "features, g: slots of the name's letters and words, sum and learned: what the model says), "
     "and\n"
     "streams (member, v, and what the model says: like, unlike). Alike sites are told once.\n"
     "Exit status: 0; 2 something could not be read.\n",
     sg_cmd_features},
    {"jupyter", "install [OPTION]... | list | remove NAME", "guard kernels of Jupyter",
     "install describes a new kernel that is the one named by --kernel under safeguard run, with "
     "the\n"
     "policy, mode and log given here. In a notebook a refused load is an error in its cell, with "
     "the\n"
     "reason. list and remove are about such kernels only.\n"
     "Exit status: 0 done; 2 not.\n",
     sg_cmd_jupyter},
    {"doctor", "[OPTION]... [INTERPRETER]...", "say whether the guard works here",
     "Runs each interpreter under the guard (those of this machine, when none is named) and has it "
     "try\n"
     "what must be refused: a malicious file, a malicious name from memory, a program started by "
     "an\n"
     "unpickler. The attack is a shell that does nothing. With --pid it looks at one process.\n"
     "Exit status: 0 the policy blocks and everything is covered; 1 something is not; 2 bad usage, "
     "or\n"
     "the process cannot be looked at.\n",
     sg_cmd_doctor},
    {"version", "", "print the version", "", sg_cmd_version},
    {"help", "[VERB]", "explain a verb", "", sg_cmd_help},
    {0},
};

const struct sg_verb *sg_verb_find(const char *name)
{
    struct sg_suggestion near = sg_suggest_begin(name);

    for (const struct sg_verb *verb = sg_verbs; verb->name; verb++) {
        if (strcmp(verb->name, name) == 0)
            return verb;
        sg_suggest_offer(&near, verb->name);
    }
    if (near.best)
        fprintf(stderr, "safeguard: there is no '%s'; did you mean '%s'?\n", name, near.best);
    else
        fprintf(stderr, "safeguard: there is no '%s'; see: safeguard help\n", name);
    return NULL;
}

/* `safeguard --help` and `safeguard --version` are what people try first. */
static const char *verb_name(const char *typed)
{
    if (strcmp(typed, "--help") == 0 || strcmp(typed, "-h") == 0)
        return "help";
    if (strcmp(typed, "--version") == 0 || strcmp(typed, "-V") == 0)
        return "version";
    return typed;
}

int main(int argc, char **argv)
{
    struct sg_cmdline options;
    char **args;

    if (argc < 2) {
        fprintf(stderr, "safeguard: what should be done? see: safeguard help\n");
        return SG_EXIT_TROUBLE;
    }
    const struct sg_verb *verb = sg_verb_find(verb_name(argv[1]));
    if (!verb || !sg_cmdline_parse(verb->name, argc - 1, argv + 1, &options, &args))
        return SG_EXIT_TROUBLE;
    if (options.help) {
        sg_verb_help(verb);
        return SG_EXIT_OK;
    }
    return verb->run(verb, &options, args);
}
