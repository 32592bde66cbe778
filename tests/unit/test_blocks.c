/* test_blocks.c - reads through blocks give what the file holds, at every place and length. */
#include "shim/blocks.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define SIZE (SG_BLOCKS * SG_BLOCK_SIZE + 777) /* one block shares its place with the first */

static uint8_t bytes[SIZE];
static struct sg_blocks blocks;

/* A nameless file of the first `size` of `bytes`, which are without order. */
static int file_of(size_t size)
{
    char name[] = "/tmp/blocksXXXXXX";
    int fd = mkstemp(name);

    assert_true(fd >= 0);
    unlink(name);
    srandom(1);
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (uint8_t)random();
    assert_int_equal(write(fd, bytes, size), size);
    return fd;
}

static void expect_same(const struct sg_source *source, size_t at, size_t len, size_t size)
{
    static uint8_t into[SG_BLOCK_SIZE * 3];
    size_t wanted = at > size ? 0 : len < size - at ? len : size - at, got = SIZE;

    assert_int_equal(source->read(source->ctx, at, into, len, &got), SG_OK);
    assert_int_equal(got, wanted);
    assert_memory_equal(into, bytes + (at > size ? 0 : at), got);
}

static void reads_in_any_order_give_the_file(void **state)
{
    int fd = file_of(SIZE);
    struct sg_source source = sg_blocks_source(&blocks, fd, SIZE);

    (void)state;
    for (int i = 0; i < 200000; i++)
        expect_same(&source, (size_t)random() % (SIZE + 10), (size_t)random() % 4300, SIZE);
    close(fd);
}

static void reads_across_the_edge_of_a_block_and_of_the_file(void **state)
{
    size_t size = 2 * SG_BLOCK_SIZE + 1;
    int fd = file_of(size);
    struct sg_source source = sg_blocks_source(&blocks, fd, size);

    (void)state;
    for (size_t at = SG_BLOCK_SIZE - 3; at < SG_BLOCK_SIZE + 3; at++)
        for (size_t len = 0; len < 8; len++)
            expect_same(&source, at, len, size);
    for (size_t at = size - 3; at < size + 3; at++)
        for (size_t len = 0; len < SG_BLOCK_SIZE; len += 511)
            expect_same(&source, at, len, size);
    close(fd);
}

static void another_scan_reads_anew(void **state)
{
    int fd = file_of(SG_BLOCK_SIZE);
    struct sg_source source = sg_blocks_source(&blocks, fd, SG_BLOCK_SIZE);

    (void)state;
    expect_same(&source, 0, 10, SG_BLOCK_SIZE);
    bytes[0] ^= 1;
    assert_int_equal(pwrite(fd, bytes, 1, 0), 1);
    source = sg_blocks_source(&blocks, fd, SG_BLOCK_SIZE);
    expect_same(&source, 0, 10, SG_BLOCK_SIZE);
    close(fd);
}

static void what_cannot_be_read_is_an_error(void **state)
{
    int fd = open("/tmp", O_RDONLY | O_DIRECTORY);
    struct sg_source source = sg_blocks_source(&blocks, fd, 100);
    uint8_t into[10];
    size_t got;

    (void)state;
    assert_int_equal(source.read(source.ctx, 0, into, sizeof(into), &got), SG_ERR_IO);
    assert_int_equal(source.read(source.ctx, 0, into, sizeof(into), &got), SG_ERR_IO);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_in_any_order_give_the_file),
        cmocka_unit_test(reads_across_the_edge_of_a_block_and_of_the_file),
        cmocka_unit_test(another_scan_reads_anew),
        cmocka_unit_test(what_cannot_be_read_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
