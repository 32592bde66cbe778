/* bench_floor.c - what this machine takes for what no guard can do without: bench_floor FILE PICKLE
 *
 * FILE has at least 1 MB and is in the page cache; PICKLE is of protocol 4, of plain values. Prints
 * one line of JSON: microseconds of processor time of the fastest batch, for one of each; gigabytes
 * a second; nanoseconds for one opcode.
 */
#include "readers/zip.h"
#include "tests/bench/stopwatch.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BATCHES 40
#define LARGE ((size_t)64 << 20)
#define PAGE 4096u
#define PAGES 512u

static int fd;
static uint8_t *from, *to; /* LARGE bytes each */
static uint8_t *pickle;
static size_t pickle_size;
static uint64_t result; /* of what would otherwise not be done */

static void fail(const char *what)
{
    perror(what);
    exit(2);
}

/* Microseconds of the fastest batch, for one of `times`. */
static double best_of(void work(void), int batches, double times)
{
    double best = 1e12;

    for (int i = 0; i < batches; i++) {
        double begun = now();
        work();
        double took = (now() - begun) * 1e6;
        best = took < best ? took : best;
    }
    return best / times;
}

#define MANY 1000

static void call(void)
{
    for (int i = 0; i < MANY; i++)
        result += (uint64_t)syscall(SYS_getppid);
}

static void stat_file(void)
{
    struct stat st;

    for (int i = 0; i < MANY; i++)
        result += (uint64_t)fstat(fd, &st);
}

static void read_at(size_t len)
{
    for (int i = 0; i < MANY; i++)
        if (pread(fd, to, len, (off_t)(i % 15) * (64 << 10)) < 0)
            fail("pread");
}

static void read_page(void)
{
    read_at(PAGE);
}

static void read_64k(void)
{
    read_at(64 << 10);
}

/* Each page is new to the process; the mapping itself is a small part of it. */
static void fault(void)
{
    uint8_t *at =
        mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (at == MAP_FAILED || madvise(at, PAGES * PAGE, MADV_NOHUGEPAGE))
        fail("mmap");
    for (size_t i = 0; i < PAGES; i++)
        ((volatile uint8_t *)at)[i * PAGE] = 1;
    munmap(at, PAGES * PAGE);
}

static void read_memory(void)
{
    const uint64_t *words = (const uint64_t *)from;
    uint64_t sums[8] = {0};

    for (size_t i = 0; i < LARGE / sizeof(*words); i += 8)
        for (size_t k = 0; k < 8; k++)
            sums[k] += words[i + k];
    for (size_t k = 0; k < 8; k++)
        result += sums[k];
}

static void copy_memory(void)
{
    memcpy(to, from, LARGE);
    result += to[result % LARGE];
}

static void search(void)
{
    for (size_t at = 0; at < LARGE; at += SG_ZIP_TAIL_MAX)
        result +=
            sg_zip_tail(from + at, LARGE - at < SG_ZIP_TAIL_MAX ? LARGE - at : SG_ZIP_TAIL_MAX);
}

#define WAY(to) (int)((const char *)&&to - (const char *)&&end)
#define GO() goto *(const void *)((const char *)&&end + ways[*at])
#define STEP(label, length)                                                                        \
    label:                                                                                         \
    at += (length);                                                                                \
    opcodes++;                                                                                     \
    GO();

/* From opcode to opcode, and nothing done for any. Jumps, whose ways a processor guesses, are
 * quicker than a table of lengths, for which it has to wait. 0: there is an opcode that is not
 * known here. */
static uint64_t walk(void)
{
    static const int ways[256] = {
        [0x80] = WAY(two), [0x95] = WAY(nine), [0x94] = WAY(one),  [0x8c] = WAY(text),
        [']'] = WAY(one),  ['('] = WAY(one),   ['}'] = WAY(one),   ['e'] = WAY(one),
        ['u'] = WAY(one),  ['K'] = WAY(two),   ['M'] = WAY(three), ['J'] = WAY(five),
        ['G'] = WAY(nine), ['h'] = WAY(two),   ['j'] = WAY(five),  ['.'] = WAY(one),
    };
    const uint8_t *at = pickle;
    uint64_t opcodes = 0;

    GO();
    STEP(one, 1)
    STEP(two, 2)
    STEP(three, 3)
    STEP(five, 5)
    STEP(nine, 9)
    STEP(text, 2u + at[1])
end:
    return at == pickle + pickle_size ? opcodes : 0;
}

static void walk_pickle(void)
{
    result += walk();
}

static void load(const char *path)
{
    FILE *in = fopen(path, "rb");

    if (!in || fseek(in, 0, SEEK_END))
        fail(path);
    pickle_size = (size_t)ftell(in);
    pickle = calloc(1, pickle_size + 16);
    rewind(in);
    if (!pickle || fread(pickle, 1, pickle_size, in) != pickle_size)
        fail(path);
    fclose(in);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fputs("usage: bench_floor FILE PICKLE\n", stderr);
        return 2;
    }
    fd = open(argv[1], O_RDONLY | O_CLOEXEC);
    from = malloc(LARGE);
    to = malloc(LARGE);
    if (fd < 0 || !from || !to)
        fail(argv[1]);
    srandom(1);
    for (size_t i = 0; i < LARGE; i += sizeof(uint32_t))
        memcpy(from + i, &(uint32_t){(uint32_t)random()}, sizeof(uint32_t));
    load(argv[2]);
    double opcodes = (double)walk();
    if (opcodes == 0)
        fail("bench_floor: an opcode that it does not know");
    printf("{\"syscall\": %.4f, \"fstat\": %.4f, ", best_of(call, BATCHES, MANY),
           best_of(stat_file, BATCHES, MANY));
    printf("\"pread_4k\": %.4f, \"pread_64k\": %.4f, ", best_of(read_page, BATCHES, MANY),
           best_of(read_64k, BATCHES, MANY));
    printf("\"fault\": %.4f, ", best_of(fault, BATCHES, PAGES));
    printf("\"read_gb\": %.2f, \"copy_gb\": %.2f, ",
           (double)LARGE / 1e3 / best_of(read_memory, 10, 1),
           (double)LARGE / 1e3 / best_of(copy_memory, 10, 1));
    printf("\"search_gb\": %.2f, ", (double)LARGE / 1e3 / best_of(search, 10, 1));
    printf("\"opcodes\": %.0f, \"walk_ns\": %.3f}\n", opcodes,
           best_of(walk_pickle, BATCHES, opcodes) * 1e3);
    return result == 1 ? 1 : 0;
}
