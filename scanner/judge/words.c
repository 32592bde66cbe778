/* words.c - what the words that names are made of say. */
#include "judge/words.h"

#include <string.h>

/* Bytes of a word in the lists, filled up with zeros: they need no pointers and are
 * compared whole. */
#define WORD_SIZE 24u

/* Attributes by which one walks from any object to everything. */
static const char walks[][WORD_SIZE] = {
    "__globals__",       "__builtins__",  "__subclasses__", "__base__",    "__bases__",
    "__mro__",           "mro",           "__code__",       "__closure__", "__getattribute__",
    "__loader__",        "__import__",    "__self__",       "__func__",    "__wrapped__",
    "__reduce__",        "__reduce_ex__", "__setattr__",    "__delattr__", "__subclasshook__",
    "__init_subclass__", "gi_frame",      "cr_frame",       "f_globals",   "f_builtins",
    "f_locals",          "f_back",        "f_code",         "tb_frame",    "func_globals",
    "func_code",         "co_code",       "__kwdefaults__", "_getframe",   "__build_class__",
    "gi_code",           "__del__",
};

/* Words for which a function is named when it runs, fetches or wipes something. */
static const char runs[][WORD_SIZE] = {
    "system",
    "popen",
    "popen2",
    "popen3",
    "popen4",
    "startfile",
    "exec",
    "execfile",
    "execute",
    "execl",
    "execle",
    "execlp",
    "execlpe",
    "execv",
    "execve",
    "execvp",
    "execvpe",
    "eval",
    "literal_eval_unsafe",
    "evaluate",
    "spawn",
    "spawnl",
    "spawnle",
    "spawnlp",
    "spawnv",
    "spawnve",
    "spawnvp",
    "posix_spawn",
    "posix_spawnp",
    "fork",
    "forkpty",
    "shell",
    "sh",
    "cmd",
    "command",
    "subprocess",
    "check_call",
    "check_output",
    "getoutput",
    "getstatusoutput",
    "run",
    "runcode",
    "runsource",
    "runstring",
    "runctx",
    "runfile",
    "runeval",
    "runcall",
    "run_code",
    "run_path",
    "run_module",
    "run_command",
    "run_cmd",
    "run_pip",
    "run_script",
    "run_shell",
    "run_file",
    "compile_file",
    "exec_module",
    "load_module",
    "exec_command",
    "execute_command",
    "exec_cmd",
    "urlopen",
    "urlretrieve",
    "download",
    "from_pretrained",
    "rmtree",
    "unlink",
    "interact",
    "debug_script",
    "exec_code",
    "runscript",
    "safe_eval",
    "unsafe_load",
    "unsafe_load_all",
    "load_library",
    "load_dynamic",
    "dlopen",
    "create_subprocess",
    "Popen",
    "CDLL",
    "PyDLL",
    "WinDLL",
    "OleDLL",
    "InteractiveConsole",
    "InteractiveInterpreter",
    "invoke",
};

/* Parts of libraries that tests, builders and users of a terminal call. */
static const char asides[][WORD_SIZE] = {
    "test",     "tests",    "testing", "_testing", "conftest",   "_test_utils",  "distutils",
    "command",  "cli",      "scripts", "tools",    "benchmarks", "__main__",     "setup",
    "commands", "examples", "bench",   "_cli",     "launch",     "_build_utils",
};

/* Words of functions that libraries rebuild their objects with. */
static const char rebuilds[][WORD_SIZE] = {
    "rebuild", "reconstruct", "reconstructor", "unpickle", "unpickler", "ctor",      "newobj",
    "newObj",  "new",         "restore",       "unreduce", "setstate",  "fromstate", "unserialize",
};

static bool listed(struct sg_text word, const char (*list)[WORD_SIZE], size_t count)
{
    char key[WORD_SIZE] = {0};
    uint64_t first, other;

    if (word.len == 0 || word.len > WORD_SIZE || word.at[word.len - 1] == '\0')
        return false;
    memcpy(key, word.at, word.len);
    memcpy(&first, key, sizeof(first));
    for (size_t i = 0; i < count; i++) {
        memcpy(&other, list[i], sizeof(other));
        if (other == first && memcmp(list[i], key, WORD_SIZE) == 0)
            return true;
    }
    return false;
}

#define LISTED(word, list) listed(word, list, sizeof(list) / sizeof((list)[0]))

bool sg_word_walks(struct sg_text word)
{
    return LISTED(word, walks);
}

bool sg_word_aside(struct sg_text word)
{
    return LISTED(word, asides);
}

bool sg_word_runs(struct sg_text word)
{
    while (word.len > 0 && word.at[0] == '_') {
        word.at++;
        word.len--;
    }
    return LISTED(word, runs);
}

bool sg_word_dunder(struct sg_text word)
{
    static const char made[][WORD_SIZE] = {"__new__", "__newobj__", "__newobj_ex__", "__init__"};

    return word.len > 4 && word.at[0] == '_' && word.at[1] == '_' && word.at[word.len - 1] == '_' &&
           word.at[word.len - 2] == '_' && !LISTED(word, made);
}

bool sg_word_package(struct sg_text word)
{
    static const char packages[][WORD_SIZE] = {
        "asyncio",    "bsddb",         "collections",     "compiler", "compression",
        "concurrent", "ctypes",        "curses",          "dbm",      "distutils",
        "email",      "encodings",     "ensurepip",       "hotshot",  "html",
        "http",       "idlelib",       "importlib",       "json",     "lib2to3",
        "logging",    "msilib",        "multiprocessing", "os",       "pathlib",
        "profiling",  "pydoc_data",    "pyexpat",         "re",       "sqlite3",
        "string",     "sys",           "sysconfig",       "test",     "tkinter",
        "tomllib",    "turtledemo",    "unittest",        "urllib",   "venv",
        "wsgiref",    "xml",           "xmlrpc",          "zipfile",  "zoneinfo",
        "_pyrepl",    "annotationlib",
    };

    return LISTED(word, packages);
}

bool sg_word_class(struct sg_text word)
{
    size_t i = 0;

    while (i < word.len && word.at[i] == '_')
        i++;
    return i < word.len && word.at[i] >= 'A' && word.at[i] <= 'Z';
}

/* Whether one of the words that underscores part is a rebuilding one. */
bool sg_word_rebuilds(struct sg_text word)
{
    size_t from = 0;

    for (size_t i = 0; i <= word.len; i++) {
        if (i < word.len && word.at[i] != '_')
            continue;
        if (LISTED(((struct sg_text){word.at + from, i - from}), rebuilds))
            return true;
        from = i + 1;
    }
    return false;
}

bool sg_words_walk(struct sg_text chain)
{
    size_t from = 0;

    for (size_t i = 0; i <= chain.len; i++) {
        if (i < chain.len && chain.at[i] != '.')
            continue;
        if (sg_word_walks((struct sg_text){chain.at + from, i - from}))
            return true;
        from = i + 1;
    }
    return false;
}
