/* mapped.c - reads /proc/PID/maps. */
#include "cli/mapped.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool is_libc(const char *path)
{
    const char *name = strrchr(path, '/');

    return name && (strncmp(name, "/libc.so.", 9) == 0 || strncmp(name, "/libc-2.", 8) == 0);
}

/* A line of maps ends with the path, which begins at its first slash. */
static enum sg_mapped look_at(FILE *maps, const char *library)
{
    char line[PATH_MAX + 128];
    enum sg_mapped seen = SG_MAPPED_GONE; /* of a process that has ended the map is empty */

    while (fgets(line, sizeof(line), maps)) {
        char *path = strchr(line, '/');
        if (seen == SG_MAPPED_GONE)
            seen = SG_MAPPED_EARLY;
        if (!path)
            continue;
        path[strcspn(path, "\n")] = '\0';
        if (strcmp(path, library) == 0)
            return SG_MAPPED_GUARDED;
        if (is_libc(path))
            seen = SG_MAPPED_UNGUARDED;
    }
    return seen;
}

enum sg_mapped sg_mapped_look(pid_t pid, const char *library)
{
    char name[64];

    snprintf(name, sizeof(name), "/proc/%d/maps", (int)pid);
    FILE *maps = fopen(name, "re");
    if (!maps)
        return errno == ENOENT || errno == ESRCH ? SG_MAPPED_GONE : SG_MAPPED_EARLY;
    enum sg_mapped seen = look_at(maps, library);
    fclose(maps);
    return seen;
}
