/* doctor_probe.c - runs an interpreter under the guard and lets it try what must be refused.
 *
 * The attack is `posix.system(":")`: where it is not refused, a shell does nothing.
 */
#include "cli/doctor.h"
#include "cli/hear.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_MAX 128u
#define PATIENCE 30u /* seconds */

static const char attack[] = "cposix\nsystem\n(S':'\ntR.";

/* The third has names looked up by its own find_class, which the guard does not see. */
static const char program[] = "import io, os, pickle, sys\n"
                              "class Own(pickle.Unpickler):\n"
                              "    def find_class(self, module, name):\n"
                              "        return os.system\n"
                              "def refused(load):\n"
                              "    try:\n"
                              "        load()\n"
                              "    except PermissionError as error:\n"
                              "        return 'safeguard' in str(error)\n"
                              "    except Exception:\n"
                              "        pass\n"
                              "    return False\n"
                              "attack = b\"cposix\\nsystem\\n(S':'\\ntR.\"\n"
                              "print(sys.version.split()[0],\n"
                              "      refused(lambda: open(sys.argv[1], 'rb').read()),\n"
                              "      refused(lambda: pickle.loads(attack)),\n"
                              "      refused(lambda: Own(io.BytesIO(attack)).load()))\n";

struct trial {
    const char *path; /* of the interpreter */
    const char *file; /* with the attack */
};

static void be_interpreter(const void *ctx, int out)
{
    const struct trial *trial = ctx;
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

    dup2(nothing, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(nothing, STDERR_FILENO);
    alarm(PATIENCE);
    execl(trial->path, trial->path, "-IS", "-c", program, trial->file, (char *)NULL);
}

static bool write_attack(char *file)
{
    int fd = mkostemp(file, O_CLOEXEC);
    bool written = fd >= 0 && write(fd, attack, sizeof(attack) - 1) == sizeof(attack) - 1;

    return fd >= 0 && close(fd) == 0 && written;
}

static bool understand(const char *said, struct sg_layers *layers)
{
    char files[8], names[8], effects[8];

    if (sscanf(said, "%31s %7s %7s %7s", layers->version, files, names, effects) != 4)
        return false;
    layers->files = strcmp(files, "True") == 0;
    layers->names = strcmp(names, "True") == 0;
    layers->effects = strcmp(effects, "True") == 0;
    return true;
}

static void tell_end(int status, char *why, size_t cap)
{
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        snprintf(why, cap, "it did not answer within %u s", PATIENCE);
    else if (WIFSIGNALED(status))
        snprintf(why, cap, "it was ended by signal %d", WTERMSIG(status));
    else
        snprintf(why, cap, "it does not answer as Python 3 does (exit status %d)",
                 WEXITSTATUS(status));
}

bool sg_doctor_probe(const struct sg_preload *preload, const char *path, struct sg_layers *layers,
                     char *why, size_t cap)
{
    struct sg_program found;
    char said[ANSWER_MAX], file[] = "/tmp/safeguard-doctor-XXXXXX";
    const char *problem;

    if (sg_program_find(path, &found, &problem) != SG_EXIT_OK) {
        snprintf(why, cap, "%s", problem);
        return false;
    }
    if (!sg_preload_reaches(preload, &found, why, cap))
        return false;
    if (!write_attack(file)) {
        snprintf(why, cap, "%s: %s", file, strerror(errno));
        return false;
    }
    struct trial trial = {.path = found.path, .file = file};
    int status = 0;
    bool heard = sg_hear(be_interpreter, &trial, said, sizeof(said), &status);
    if (!heard)
        snprintf(why, cap, "%s", strerror(errno));
    unlink(file);
    if (!heard)
        return false;
    if (status == 0 && understand(said, layers))
        return true;
    tell_end(status, why, cap);
    return false;
}
