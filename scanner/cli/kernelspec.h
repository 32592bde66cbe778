/* kernelspec.h - Jupyter's descriptions of kernels: folders with a kernel.json.
 *
 * Where they lie and what is in them: jupyter.org, "Kernel specs" (jupyter_client) and "Common
 * directories and file locations".
 */
#ifndef SG_KERNELSPEC_H
#define SG_KERNELSPEC_H

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>

struct sg_kernelspec {
    char name[NAME_MAX + 1];
    char folder[PATH_MAX];
    json_t *json; /* an object with an argv of strings */
};

/* Calls `take` with each kernel that Jupyter would find, in its order of preference; a later one of
 * the same name is hidden by the earlier, and is not told. Ends when `take` says false. The spec is
 * valid during the call. */
void sg_kernelspec_each(bool (*take)(void *ctx, const struct sg_kernelspec *spec), void *ctx);

/* What the kernel's program is: "python" means the interpreter that the spec was installed beside,
 * as Jupyter has it. */
void sg_kernelspec_program(const struct sg_kernelspec *spec, char program[PATH_MAX]);

/* What a spec that safeguard wrote says of itself ("kernel", "policy", …), or NULL. */
const json_t *sg_kernelspec_ours(const struct sg_kernelspec *spec);

/* The folder of kernels to write to: below `prefix` where it is given, else the user's. False when
 * there is none. */
bool sg_kernelspec_home(const char *prefix, char folder[PATH_MAX]);

/* Writes `json` as the kernel NAME into `home`, with the pictures of `like`. False (errno). */
bool sg_kernelspec_write(const char *home, const char *name, const json_t *json,
                         const struct sg_kernelspec *like);

/* Removes a kernel's folder. False (errno). */
bool sg_kernelspec_remove(const struct sg_kernelspec *spec);

#endif
