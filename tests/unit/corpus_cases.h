/* corpus_cases.h - the fuzz corpus, scanned undisturbed and then with faults. */
#ifndef SG_CORPUS_CASES_H
#define SG_CORPUS_CASES_H

#include "sgscan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <cmocka.h>

#define CORPUS_FILES 512u
#define CORPUS_ARENA ((size_t)64 << 20)
#define CORPUS_LONGEST ((size_t)64 << 10) /* bytes of an input */

struct corpus_file {
    char name[512];
    uint8_t *bytes; /* the block ends where they do */
    size_t len;
    enum sg_verdict verdict; /* undisturbed */
    enum sg_coverage coverage;
};

struct corpus {
    struct corpus_file files[CORPUS_FILES];
    size_t count;
    uint8_t *memory; /* CORPUS_ARENA bytes */
};

/* As sg_scan does; the report's strings are gone. */
static inline enum sg_status corpus_scan(const struct corpus *corpus,
                                         const struct sg_source *source, size_t memory,
                                         struct sg_report *report)
{
    struct sg_options options = {.limits = SG_LIMITS_DEFAULT};
    struct sg_arena arena = {.base = corpus->memory, .size = memory};

    options.limits.max_memory = memory;
    options.limits.max_inflate = (uint64_t)32 << 20;
    enum sg_status status = sg_scan(source, &options, &arena, report);
    assert_int_equal(madvise(corpus->memory, CORPUS_ARENA, MADV_DONTNEED), 0);
    return status;
}

/* Whether a scan with a fault says less than the undisturbed one, and does not say so itself. */
static inline bool corpus_is_fooled(const struct corpus_file *file, enum sg_status status,
                                    const struct sg_report *report)
{
    if (status != SG_OK || report->coverage == SG_PARTIAL)
        return false;
    if (report->verdict < file->verdict || file->coverage == SG_PARTIAL)
        return true;
    return report->coverage == SG_COMPLETE && file->coverage == SG_NONE;
}

static inline void corpus_read(struct corpus *corpus, const char *folder, const char *name)
{
    struct corpus_file *file = &corpus->files[corpus->count];
    char path[600];
    struct sg_report report;

    snprintf(file->name, sizeof(file->name), "%s/%s", folder, name);
    snprintf(path, sizeof(path), "tests/fuzz/corpus/%s", file->name);
    FILE *stream = fopen(path, "rb");
    assert_non_null(stream);
    uint8_t *bytes = malloc(CORPUS_LONGEST);
    assert_non_null(bytes);
    file->len = fread(bytes, 1, CORPUS_LONGEST, stream);
    assert_true(file->len < CORPUS_LONGEST);
    fclose(stream);
    file->bytes = realloc(bytes, file->len + !file->len);
    assert_non_null(file->bytes);
    struct sg_source source = sg_source_mem(file->bytes, file->len);
    assert_int_equal(corpus_scan(corpus, &source, CORPUS_ARENA, &report), SG_OK);
    file->verdict = report.verdict;
    file->coverage = report.coverage;
    corpus->count++;
}

static inline void corpus_read_folder(struct corpus *corpus, const char *folder)
{
    char path[256];
    struct dirent *entry;

    snprintf(path, sizeof(path), "tests/fuzz/corpus/%s", folder);
    DIR *dir = opendir(path);
    assert_non_null(dir); /* the tests run in the project's own folder */
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] == '.')
            continue;
        assert_true(corpus->count < CORPUS_FILES);
        corpus_read(corpus, folder, entry->d_name);
    }
    closedir(dir);
}

static inline int corpus_setup(void **state)
{
    static const char *const folders[] = {"fuzz_scan", "fuzz_machine", "fuzz_npy",
                                          "fuzz_tar",  "fuzz_wrapped", "fuzz_hdf5"};
    struct corpus *corpus = calloc(1, sizeof(*corpus));

    assert_non_null(corpus);
    corpus->memory = mmap(NULL, CORPUS_ARENA, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(corpus->memory != MAP_FAILED);
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
        corpus_read_folder(corpus, folders[i]);
    *state = corpus;
    return 0;
}

static inline int corpus_teardown(void **state)
{
    struct corpus *corpus = *state;

    for (size_t i = 0; i < corpus->count; i++)
        free(corpus->files[i].bytes);
    munmap(corpus->memory, CORPUS_ARENA);
    free(corpus);
    return 0;
}

#endif
