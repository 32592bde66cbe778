/* replay.c - runs a fuzz target over files, without a fuzzer: replay FILE... */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SECONDS_PER_INPUT 60u /* an input that hangs ends the run */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input ends where its block ends, so that the sanitizer sees every byte read past it. */
static int replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data;
    long size;

    if (!file || fseek(file, 0, SEEK_END) || (size = ftell(file)) < 0 || fseek(file, 0, SEEK_SET)) {
        perror(path);
        return 1;
    }
    data = malloc((size_t)size + !size);
    if (!data || fread(data, 1, (size_t)size, file) != (size_t)size) {
        perror(path);
        return 1;
    }
    fclose(file);
    alarm(SECONDS_PER_INPUT);
    LLVMFuzzerTestOneInput(data, (size_t)size);
    free(data);
    return 0;
}

int main(int argc, char **argv)
{
    int failed = argc < 2;

    for (int i = 1; i < argc; i++)
        failed |= replay(argv[i]);
    printf("%d inputs\n", argc - 1);
    return failed;
}
