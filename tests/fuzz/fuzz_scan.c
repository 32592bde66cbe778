/* fuzz_scan.c - any bytes through the whole scanner.
 *
 * Checked besides what the sanitizers see: the report is well-formed and admits what was not read;
 * the same bytes once more get the same report, and the same verdict through a source that is not
 * in memory; what sg_sniff() refuses is no carrier; the work is linear in the input.
 */
#include "tests/fuzz/fuzzkit.h"
#include "tests/fuzz/mutate.h"
#include "tests/unit/opcode_count.h"

/* What a scan may do for each byte of input, and to begin with. Every reading of every reader goes
 * over the bytes again, at each depth, and zips and numbers are searched. */
#define READ_PER_BYTE 4096u
#define READ_ONCE ((uint64_t)64 << 20)
#define STEPS_PER_BYTE 4096u
#define STEPS_ONCE ((uint64_t)1 << 20)

static bool sniffed(const uint8_t *data, size_t size)
{
    size_t tail = 0;

    if (sg_sniff(data, size < SG_SNIFF_SIZE ? size : SG_SNIFF_SIZE, size, &tail))
        return true;
    CHECK(tail <= SG_SNIFF_TAIL_MAX && tail <= size);
    for (size_t at = SG_SNIFF_SIZE; at < size; at *= 2)
        if (sg_sniff_block(data + at, size - at))
            return true;
    return tail > 0 && sg_sniff_tail(data + size - tail, tail);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t steps = 0;
    const struct sg_onlooker counter = counting_into(&steps);
    struct sg_input input = {.data = data, .size = size};
    struct sg_source whole = sg_source_mem(data, size);
    struct sg_source read = sg_input_source(&input);
    struct sg_summary first, second;

    if (!sg_fuzzkit_scan(&whole, NULL, &first))
        return 0;
    if (!sniffed(data, size))
        CHECK(first.verdict == SG_BENIGN && first.coverage == SG_COMPLETE);
    CHECK(sg_fuzzkit_scan(&whole, &counter, &second));
    CHECK(first.print == second.print && first.coverage == second.coverage);
    CHECK(steps <= STEPS_ONCE + STEPS_PER_BYTE * size);
    if (sg_fuzzkit_scan(&read, NULL, &second))
        CHECK(first.verdict == second.verdict && first.coverage == second.coverage);
    CHECK(input.served <= READ_ONCE + READ_PER_BYTE * size);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t cap, unsigned seed)
{
    return sg_mutate_carrier(data, size, cap, seed);
}
