/* test_faults_reads.c - scans of files that cannot be read, somewhere: they say so, or say all the
 * same. */
#include "corpus_cases.h"

enum fault { FAULT_NONE, FAULT_ONCE, FAULT_ON, FAULT_SHORT, FAULT_EMPTY };

/* A file whose reads are counted. */
struct faulty {
    const struct corpus_file *file;
    enum fault fault;
    size_t reads, at; /* which read has it, from 1 on */
};

static enum sg_status read_faulty(void *ctx, uint64_t offset, void *into, size_t len, size_t *got)
{
    struct faulty *faulty = ctx;
    bool now = ++faulty->reads == faulty->at;

    if ((now && faulty->fault == FAULT_ONCE) ||
        (faulty->fault == FAULT_ON && faulty->reads >= faulty->at))
        return SG_ERR_IO;
    if (now && faulty->fault == FAULT_SHORT)
        len /= 2;
    if (now && faulty->fault == FAULT_EMPTY)
        len = 0;
    memcpy(into, faulty->file->bytes + offset, len);
    *got = len;
    return SG_OK;
}

static size_t scan_faulty(const struct corpus *corpus, const struct corpus_file *file,
                          enum fault fault, size_t at, size_t *fooled)
{
    struct faulty faulty = {.file = file, .fault = fault, .at = at};
    struct sg_source source = {.read = read_faulty, .ctx = &faulty, .size = file->len};
    struct sg_report report;
    enum sg_status status = corpus_scan(corpus, &source, CORPUS_ARENA, &report);

    assert_true(status == SG_OK || status == SG_ERR_IO);
    if (corpus_is_fooled(file, status, &report)) {
        print_error("%s: fooled at read %zu by fault %d\n", file->name, at, fault);
        ++*fooled;
    }
    return faulty.reads;
}

static void fail_each_read(void **state, enum fault fault)
{
    const struct corpus *corpus = *state;
    size_t fooled = 0;

    for (size_t i = 0; i < corpus->count; i++) {
        const struct corpus_file *file = &corpus->files[i];
        size_t most = scan_faulty(corpus, file, FAULT_NONE, 0, &fooled);
        for (size_t at = 1; at <= most; at++)
            scan_faulty(corpus, file, fault, at, &fooled);
    }
    assert_int_equal(fooled, 0);
}

static void each_read_fails_in_turn(void **state)
{
    fail_each_read(state, FAULT_ONCE);
}

static void each_read_fails_and_all_after_it(void **state)
{
    fail_each_read(state, FAULT_ON);
}

/* The file was cut since its size was asked for. */
static void each_read_gives_half_in_turn(void **state)
{
    fail_each_read(state, FAULT_SHORT);
}

static void each_read_gives_nothing_in_turn(void **state)
{
    fail_each_read(state, FAULT_EMPTY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_read_fails_in_turn),
        cmocka_unit_test(each_read_fails_and_all_after_it),
        cmocka_unit_test(each_read_gives_half_in_turn),
        cmocka_unit_test(each_read_gives_nothing_in_turn),
    };

    return cmocka_run_group_tests(tests, corpus_setup, corpus_teardown);
}
