/* bench_machine.c - times the machine over a file: bench_machine ROUNDS [judge] FILE
 *
 * Prints one line of JSON: bytes, opcodes, and the seconds of the fastest round. With "judge" the
 * facts go to a judge, as in a scan; else they are only told.
 */
#include "judge/judge.h"
#include "machine/machine.h"
#include "tests/bench/stopwatch.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define ARENA_SIZE ((size_t)256 << 20)
#define MACHINE_MEMORY ((size_t)128 << 20)
#define WINDOW_SIZE ((size_t)128 << 10)

struct totals {
    uint64_t opcodes;
    uint64_t bytes;
};

static void fail(const char *what)
{
    perror(what);
    exit(2);
}

static enum sg_status read_file(void *ctx, uint64_t offset, void *into, size_t len, size_t *got)
{
    const int *fd = ctx;
    ssize_t n = pread(*fd, into, len, (off_t)offset);

    if (n < 0)
        return SG_ERR_IO;
    *got = (size_t)n;
    return SG_OK;
}

static void tell_global(void *ctx, const struct sg_machine *m, const struct sg_global *global)
{
    uint64_t *told = ctx;

    (void)m;
    (void)global;
    ++*told;
}

static void tell_call(void *ctx, const struct sg_machine *m, const struct sg_call *call)
{
    uint64_t *told = ctx;

    (void)m;
    (void)call;
    ++*told;
}

static struct totals scan(const struct sg_source *source, struct sg_arena *arena, bool judged)
{
    static uint8_t window[WINDOW_SIZE];
    uint64_t told = 0;
    struct sg_machine_options options = {.max_memory = MACHINE_MEMORY};
    struct sg_events events = {.ctx = &told, .global = tell_global, .call = tell_call};
    struct totals totals = {0};
    struct sg_outcome outcome;
    struct sg_machine *machine;
    struct sg_judge *judge;
    struct sg_report report = {0};
    struct sg_stream stream;

    if (judged) {
        if (sg_judge_open(&judge, arena) != SG_OK)
            fail("sg_judge_open");
        events = sg_judge_events(judge);
    }
    if (sg_machine_open(&machine, arena, &options, &events) != SG_OK)
        fail("sg_machine_open");
    sg_stream_open(&stream, source, window, sizeof(window));
    do {
        sg_machine_run(machine, &stream, &outcome);
        totals.opcodes += outcome.opcodes;
        totals.bytes = outcome.end;
    } while (outcome.stop == SG_STOP_STOP && outcome.end < source->size);
    if (outcome.stop != SG_STOP_STOP)
        fprintf(stderr, "bench_machine: stopped early at %" PRIu64 "\n", outcome.end);
    if (judged)
        sg_judge_report(judge, &report);
    return totals;
}

int main(int argc, char **argv)
{
    bool judged = argc == 4 && strcmp(argv[2], "judge") == 0;
    int fd, rounds = argc >= 3 ? atoi(argv[1]) : 0;
    struct sg_arena arena = {.size = ARENA_SIZE};
    struct totals totals = {0};
    double best = 1e9;
    struct stat st;

    if (rounds < 1 || argc != 3 + judged) {
        fputs("usage: bench_machine ROUNDS [judge] FILE\n", stderr);
        return 2;
    }
    if ((fd = open(argv[argc - 1], O_RDONLY | O_CLOEXEC)) < 0 || fstat(fd, &st))
        fail(argv[argc - 1]);
    arena.base = mmap(NULL, arena.size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (arena.base == MAP_FAILED)
        fail("mmap");
    struct sg_source source = {.read = read_file, .ctx = &fd, .size = (uint64_t)st.st_size};
    for (int i = 0; i < rounds; i++) {
        double begin = now();
        arena.used = 0;
        totals = scan(&source, &arena, judged);
        double took = now() - begin;
        best = took < best ? took : best;
    }
    printf("{\"bytes\": %" PRIu64 ", \"opcodes\": %" PRIu64 ", \"seconds\": %.9f}\n", totals.bytes,
           totals.opcodes, best);
    return 0;
}
