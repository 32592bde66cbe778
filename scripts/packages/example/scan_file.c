/* scan_file.c - says what loading a file would do: the scanner as a library.
 *
 *     cc scan_file.c $(pkg-config --cflags --libs sgscan) -o scan_file
 *
 * Exit status 0: not malicious; 1: malicious; 2: not scanned, or not to its end.
 */
#include <fcntl.h>
#include <sgscan.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int tell(const char *path, const struct sg_report *report)
{
    printf("%s: %s %.3f, %s, coverage %s\n", path, sg_verdict_name(report->verdict), report->score,
           report->format, sg_coverage_name(report->coverage));
    for (uint32_t i = 0; i < report->reason_count; i++)
        printf("    %s\n", report->reasons[i].detail);
    if (report->verdict == SG_MALICIOUS)
        return 1;
    return report->coverage == SG_COMPLETE ? 0 : 2;
}

static int scan(const char *path, int fd, uint64_t size)
{
    struct sg_file file = {.fd = fd};
    struct sg_source source = sg_source_file(&file, size);
    struct sg_options options = {.limits = SG_LIMITS_DEFAULT};
    struct sg_arena arena = {.size = (size_t)options.limits.max_memory};
    struct sg_report report;

    arena.base = (uint8_t *)calloc(1, arena.size); /* only what the scan uses gets touched */
    enum sg_status status =
        arena.base ? sg_scan(&source, &options, &arena, &report) : SG_ERR_MEMORY;
    int result = 2;
    if (status == SG_OK)
        result = tell(path, &report); /* its strings lie in the arena */
    else
        fprintf(stderr, "scan_file: %s: %s\n", path, sg_status_text(status));
    free(arena.base);
    return result;
}

int main(int argc, char **argv)
{
    int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    struct stat st;

    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        fprintf(stderr, "scan_file: takes one file that can be read\n");
        return 2;
    }
    int result = scan(argv[1], fd, (uint64_t)st.st_size);
    close(fd);
    return result;
}
