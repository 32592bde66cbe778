/* bench_vet.c - what one vetting of a file costs a process that has vetted before:
 *     bench_vet ROUNDS FILE
 *
 * Prints one line of JSON: microseconds of processor time of the fastest round and of the first,
 * page faults of a round (the middle one of all) and of the first. Nothing is remembered between
 * rounds.
 */
#include "policy/policy.h"
#include "shim/vet.h"
#include "tests/bench/stopwatch.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define ROUNDS_MOST 1000

struct cost {
    double micros;
    long faults;
};

static void fail(const char *what)
{
    perror(what);
    exit(2);
}

static long faults(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

static struct cost vet_once(int fd, const struct sg_policy *policy)
{
    struct sg_subject subject = {
        .fd = fd, .event = SG_EVENT_OPEN, .exe = "bench_vet", .unkept = true};
    long before = faults();

    if (fstat(fd, &subject.st))
        fail("fstat");
    double begun = now();
    if (sg_vet(&subject, policy) == SG_VETTED_REFUSED)
        fail("bench_vet: refused");
    return (struct cost){(now() - begun) * 1e6, faults() - before};
}

static int by_faults(const void *a, const void *b)
{
    const struct cost *one = a, *other = b;

    return (one->faults > other->faults) - (one->faults < other->faults);
}

int main(int argc, char **argv)
{
    static struct cost costs[ROUNDS_MOST];
    int rounds = argc == 3 ? atoi(argv[1]) : 0, fd;
    struct sg_arena arena = {.size = SG_POLICY_ARENA};
    struct sg_policy policy;
    double best = 1e12;

    if (rounds < 1 || rounds > ROUNDS_MOST) {
        fputs("usage: bench_vet ROUNDS FILE\n", stderr);
        return 2;
    }
    arena.base = mmap(NULL, arena.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    fd = open(argv[2], O_RDONLY | O_CLOEXEC);
    if (arena.base == MAP_FAILED || fd < 0)
        fail(argv[2]);
    sg_policy_defaults(&policy, &arena);
    for (int i = 0; i < rounds; i++) {
        costs[i] = vet_once(fd, &policy);
        best = costs[i].micros < best ? costs[i].micros : best;
    }
    struct cost first = costs[0];
    qsort(costs, (size_t)rounds, sizeof(costs[0]), by_faults);
    printf("{\"micros\": %.2f, \"first\": %.2f, \"faults\": %ld, \"first_faults\": %ld}\n", best,
           first.micros, costs[rounds / 2].faults, first.faults);
    return 0;
}
