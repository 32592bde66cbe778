/* trackers.c - tells a resource tracker by its whole command line. */
#include "shim/trackers.h"

#include "shim/raw.h"
#include "shim/scratch.h"

#include <string.h>

static bool is_this_program(const char *program)
{
    struct stat ours = {0}, theirs = {0};

    return SG_RAW(SYS_newfstatat, AT_FDCWD, "/proc/self/exe", &ours, 0) == 0 &&
           SG_RAW(SYS_newfstatat, AT_FDCWD, program, &theirs, 0) == 0 &&
           ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

/* "from PACKAGE.resource_tracker import main;main(7)": the text with its numbers left out. */
static bool runs_tracker(const char *code)
{
    static const char *const codes[] = {
        "from multiprocessing.resource_tracker import main;main(",
        "from multiprocess.resource_tracker import main;main(",
        "from joblib.externals.loky.backend.resource_tracker import main; main(",
        "from loky.backend.resource_tracker import main; main(",
    };

    for (unsigned i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        size_t len = strlen(codes[i]);
        if (strncmp(code, codes[i], len) != 0)
            continue;
        const char *rest = code + len;
        rest += strspn(rest, "0123456789, FalseTru");
        return strcmp(rest, ")") == 0;
    }
    return false;
}

/* What multiprocessing hands on of its own command line stands before -c: nothing that names code,
 * reads it from standard input when the tracker is done (-i), or takes -c for its argument (-W). */
static bool is_plain_switch(const char *word)
{
    if (word[0] != '-' || word[1] == '\0')
        return false;
    if (word[1] == 'W')
        return word[2] != '\0';
    return word[1] == 'X' || word[1 + strspn(word + 1, "BEIOPRSbdqsuv")] == '\0';
}

/* Where a load may write it may have put a program of its own in that place. */
static bool is_torch_manager(const char *program)
{
    static const char manager[] = "/torch/bin/torch_shm_manager";
    size_t len = strlen(program), end = strlen(manager);

    return len > end && !strcmp(program + len - end, manager) && sg_scratch_lacks(program);
}

bool sg_trackers_is(const char *program, char *const argv[])
{
    if (!program || !argv || !argv[0])
        return false;
    if (is_torch_manager(program))
        return true;
    char *const *at = argv + 1;
    while (*at && is_plain_switch(*at))
        at += !strcmp(*at, "-X") && at[1] ? 2 : 1;
    return at[0] && !strcmp(at[0], "-c") && at[1] && !at[2] && runs_tracker(at[1]) &&
           is_this_program(program);
}
