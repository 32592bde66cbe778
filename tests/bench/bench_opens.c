/* bench_opens.c - what one open and close of a file costs: bench_opens FOLDER PATH TIMES ROUNDS
 *
 * Goes to FOLDER first. Prints the microseconds of the best round.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec * 1e6 + (double)at.tv_nsec / 1e3;
}

static double time_round(const char *path, long times)
{
    double begun = now();

    for (long i = 0; i < times; i++) {
        int fd = open(path, O_RDONLY);
        if (fd >= 0)
            close(fd);
    }
    return (now() - begun) / (double)times;
}

int main(int argc, char **argv)
{
    double best = 1e12;

    if (argc != 5 || chdir(argv[1]))
        return 2;
    for (long round = strtol(argv[4], NULL, 10); round > 0; round--) {
        double took = time_round(argv[2], strtol(argv[3], NULL, 10));
        best = took < best ? took : best;
    }
    printf("%.3f\n", best);
    return 0;
}
