/* fuzz_lists.c - any bytes as the files that a scan keeps: a baseline, and what was clean.
 *
 * Each input is read as either. Checked besides what the sanitizers see: what was read is found,
 * and reads back the same after it was written.
 */
#include "tests/fuzz/fuzzkit.h"

#include "cli/baseline.h"
#include "cli/remember.h"

#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct lines {
    int fd;
    char path[64];
};

/* Messages about bad lines are of no interest here. */
int LLVMFuzzerInitialize(int *argc __attribute__((unused)), char ***argv __attribute__((unused)))
{
    FILE *nowhere = fopen("/dev/null", "we");

    CHECK(nowhere);
    stderr = nowhere;
    return 0;
}

static struct lines make_file(const char *head, const uint8_t *data, size_t size)
{
    struct lines file = {.fd = memfd_create("lines", MFD_CLOEXEC)};

    CHECK(file.fd >= 0 && fchmod(file.fd, 0600) == 0);
    CHECK(write(file.fd, head, strlen(head)) == (ssize_t)strlen(head));
    CHECK(write(file.fd, data, size) == (ssize_t)size);
    snprintf(file.path, sizeof(file.path), "/proc/self/fd/%d", file.fd);
    return file;
}

static void check_baseline(const uint8_t *data, size_t size)
{
    static const uint8_t zeros[SG_SHA256_SIZE];
    struct lines file = make_file("", data, size);
    struct sg_baseline baseline, again;

    if (sg_baseline_open(&baseline, file.path, false)) {
        size_t count = baseline.count;
        bool known = sg_baseline_find(&baseline, zeros, SG_SUSPICIOUS);
        sg_baseline_add(&baseline, zeros, SG_SUSPICIOUS, "seen");
        CHECK(sg_baseline_save(&baseline));
        CHECK(sg_baseline_open(&again, file.path, false));
        CHECK(again.count == count + 1);
        const char *reason = sg_baseline_find(&again, zeros, SG_SUSPICIOUS);
        CHECK(known || (reason && *reason));
        sg_baseline_free(&again);
    }
    sg_baseline_free(&baseline);
    close(file.fd);
}

static void check_found(const struct sg_remember *remember, const struct stat *file)
{
    struct sg_report report;

    if (!sg_remember_find(remember, file, &report))
        return;
    CHECK(report.verdict == SG_BENIGN && report.coverage == SG_COMPLETE);
    CHECK(report.score >= 0 && report.score <= 1 && report.format && report.format[0]);
}

/* What its first lines are about. */
static void check_lines(const struct sg_remember *remember, const uint8_t *data, size_t size)
{
    char *text = strndup((const char *)data, size), *rest, *line;
    uint64_t device, inode, bytes;
    int64_t modified, changed;

    CHECK(text);
    for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        if (sscanf(line, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNd64 " %" SCNd64, &device,
                   &inode, &bytes, &modified, &changed) != 5)
            continue;
        struct stat file = {.st_dev = device,
                            .st_ino = inode,
                            .st_size = (off_t)bytes,
                            .st_mtim = {modified / 1000000000, modified % 1000000000},
                            .st_ctim = {changed / 1000000000, changed % 1000000000}};
        check_found(remember, &file);
    }
    free(text);
}

static void check_remembered(const struct sg_policy *policy, const uint8_t *data, size_t size)
{
    struct sg_remember empty, remember;
    char head[64];

    CHECK(sg_remember_open(&empty, "/nonexistent/none", policy));
    snprintf(head, sizeof(head), "safeguard-clean-1 %" PRIx64 "\n", empty.rules);
    sg_remember_free(&empty);
    struct lines file = make_file(head, data, size);
    if (sg_remember_open(&remember, file.path, policy))
        check_lines(&remember, data, size);
    CHECK(remember.count <= size / 10);
    sg_remember_free(&remember);
    close(file.fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t memory[1 << 16];
    struct sg_arena arena = {.base = memory, .size = sizeof(memory)};
    struct sg_policy policy;

    sg_policy_defaults(&policy, &arena);
    check_baseline(data, size);
    check_remembered(&policy, data, size);
    return 0;
}
