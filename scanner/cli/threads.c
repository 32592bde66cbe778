/* threads.c - asks the machine what it has. */
#include "cli/threads.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static unsigned processors(void)
{
    cpu_set_t set;
    long online = sysconf(_SC_NPROCESSORS_ONLN);

    if (sched_getaffinity(0, sizeof(set), &set) == 0)
        return (unsigned)CPU_COUNT(&set);
    return online > 0 ? (unsigned)online : 1;
}

/* In a container the file is the container's own; "max" is no number. */
static uint64_t machine_memory(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    uint64_t all = pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : UINT64_MAX, most;
    FILE *file = fopen("/sys/fs/cgroup/memory.max", "re");
    char line[32], *end;

    if (!file)
        return all;
    if (fgets(line, sizeof(line), file) && (most = strtoull(line, &end, 10)) < all && end != line)
        all = most;
    fclose(file);
    return all;
}

static unsigned machine_threads(uint64_t memory)
{
    unsigned count = processors();
    uint64_t room = memory ? machine_memory() / 2 / memory : count;

    return room < count ? (unsigned)room : count;
}

unsigned sg_threads_for(unsigned asked, size_t jobs, uint64_t memory)
{
    unsigned count = asked ? asked : machine_threads(memory);

    if (count > SG_THREADS_MAX)
        count = SG_THREADS_MAX;
    if (count > jobs)
        count = (unsigned)jobs;
    return count ? count : 1;
}
