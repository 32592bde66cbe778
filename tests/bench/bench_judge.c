/* bench_judge.c - times scans of many pickles, and what judgement costs of it: bench_judge ROUNDS
 * FILE...
 *
 * Prints one line of JSON: the seconds of the fastest round for whole scans, for the machine alone
 * and for the machine with a judge. The files are read into memory before.
 */
#include "judge/judge.h"
#include "sgscan.h"
#include "tests/bench/stopwatch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ARENA_SIZE ((size_t)64 << 20)

struct file {
    uint8_t *at;
    size_t len;
};

enum kind { SCAN, MACHINE, JUDGED, KINDS };

static void fail(const char *what)
{
    perror(what);
    exit(2);
}

static struct file load(const char *path)
{
    FILE *in = fopen(path, "rb");
    struct file file = {0};

    if (!in || fseek(in, 0, SEEK_END))
        fail(path);
    file.len = (size_t)ftell(in);
    file.at = malloc(file.len + 1);
    rewind(in);
    if (!file.at || fread(file.at, 1, file.len, in) != file.len)
        fail(path);
    fclose(in);
    return file;
}

static void run(const struct file *file, struct sg_arena *arena, bool judged)
{
    struct sg_source source = sg_source_mem(file->at, file->len);
    struct sg_machine_options options = {.max_memory = ARENA_SIZE / 2};
    struct sg_events events = {0};
    struct sg_report report = {0};
    struct sg_judge *judge = NULL;
    struct sg_machine *machine;
    struct sg_outcome outcome;
    struct sg_stream stream;

    if (judged) {
        if (sg_judge_open(&judge, arena) != SG_OK)
            fail("sg_judge_open");
        events = sg_judge_events(judge);
        sg_judge_stream(judge, file->at, file->len < SG_JUDGE_HEAD ? file->len : SG_JUDGE_HEAD);
    }
    if (sg_machine_open(&machine, arena, &options, &events) != SG_OK)
        fail("sg_machine_open");
    sg_stream_open(&stream, &source, NULL, 0);
    do {
        sg_machine_run(machine, &stream, &outcome);
    } while (outcome.stop == SG_STOP_STOP && outcome.end < source.size);
    if (judge)
        sg_judge_report(judge, &report);
}

static void scan(const struct file *file, struct sg_arena *arena)
{
    struct sg_source source = sg_source_mem(file->at, file->len);
    struct sg_options options = {.limits = SG_LIMITS_DEFAULT};
    struct sg_report report;

    options.limits.max_memory = arena->size;
    if (sg_scan(&source, &options, arena, &report) != SG_OK)
        fail("sg_scan");
}

static double timed(const struct file *file, struct sg_arena *arena, enum kind kind, int rounds)
{
    double best = 1e9;

    for (int i = 0; i < rounds; i++) {
        double begin = now();

        if (kind == SCAN)
            scan(file, arena);
        else
            run(file, arena, kind == JUDGED);
        double took = now() - begin;
        best = took < best ? took : best;
        arena->used = 0;
    }
    return best;
}

int main(int argc, char **argv)
{
    int rounds = argc > 2 ? atoi(argv[1]) : 0;
    struct sg_arena arena = {.size = ARENA_SIZE};
    double seconds[KINDS] = {0};

    if (rounds < 1) {
        fputs("usage: bench_judge ROUNDS FILE...\n", stderr);
        return 2;
    }
    arena.base = mmap(NULL, arena.size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (arena.base == MAP_FAILED)
        fail("mmap");
    for (int i = 2; i < argc; i++) {
        struct file file = load(argv[i]);

        for (enum kind kind = SCAN; kind < KINDS; kind++)
            seconds[kind] += timed(&file, &arena, kind, rounds);
        free(file.at);
    }
    printf("{\"scan\": %.9f, \"machine\": %.9f, \"judged\": %.9f}\n", seconds[SCAN],
           seconds[MACHINE], seconds[JUDGED]);
    return 0;
}
