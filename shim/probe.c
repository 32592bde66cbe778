/* probe.c - reads a file's head, and its tail where the scanner asks for it. */
#include "shim/probe.h"

#include "shim/filesystem.h"
#include "shim/raw.h"

#include "sgscan.h"

#include <stdatomic.h>

/* Tails go where they fit: too long for a stack, too short-lived for a mapping of their own. A
 * buffer whose user was forked away or killed stays taken; with none left, a mapping it is. */
#define BUFFERS 4u

static struct {
    atomic_flag taken;
    uint8_t bytes[SG_SNIFF_TAIL_MAX];
} buffers[BUFFERS] = {{.taken = ATOMIC_FLAG_INIT}};

/* Of a file that is all in memory. */
static bool known_by_blocks(const uint8_t *bytes, size_t len)
{
    for (size_t at = SG_SNIFF_SIZE; at < len; at *= 2)
        if (sg_sniff_block(bytes + at, len - at))
            return true;
    return false;
}

static enum sg_probed probe_blocks(int fd, uint64_t size)
{
    uint8_t bytes[SG_SNIFF_BLOCK];

    for (uint64_t at = SG_SNIFF_SIZE; at < size && at <= INT64_MAX / 2; at *= 2) {
        long got = sg_raw_pread_all(fd, bytes, sizeof(bytes), at);
        if (got < 0)
            return SG_PROBED_FAILED;
        if (sg_sniff_block(bytes, (size_t)got))
            return SG_PROBED_CARRIER;
    }
    return SG_PROBED_PLAIN;
}

static enum sg_probed look_at_tail(int fd, uint64_t size, uint8_t *into, size_t len)
{
    long got = sg_raw_pread_all(fd, into, len, size - len);

    if (got < 0)
        return SG_PROBED_FAILED;
    if (sg_sniff_tail(into, (size_t)got))
        return SG_PROBED_CARRIER;
    if ((uint64_t)got < size)
        return probe_blocks(fd, size);
    return known_by_blocks(into, (size_t)got) ? SG_PROBED_CARRIER : SG_PROBED_PLAIN;
}

static enum sg_probed probe_tail(int fd, uint64_t size, size_t len)
{
    enum sg_probed probed;

    if (len > size)
        len = (size_t)size;
    if (len > SG_SNIFF_TAIL_MAX)
        len = SG_SNIFF_TAIL_MAX;
    for (unsigned i = 0; i < BUFFERS; i++) {
        if (atomic_flag_test_and_set_explicit(&buffers[i].taken, memory_order_acquire))
            continue;
        probed = look_at_tail(fd, size, buffers[i].bytes, len);
        atomic_flag_clear_explicit(&buffers[i].taken, memory_order_release);
        return probed;
    }
    uint8_t *mapped = sg_raw_map(len);
    if (!mapped)
        return SG_PROBED_FAILED;
    probed = look_at_tail(fd, size, mapped, len);
    sg_raw_unmap(mapped, len);
    return probed;
}

/* Whoever empties a log does no harm, and the kernel's own files say any size. */
static bool is_shorter_now(int fd, const struct sg_identity *identity)
{
    struct stat st = {0};

    return sg_filesystem_of(fd) == SG_FS_KERNELS ||
           (sg_raw_stat(fd, &st) == 0 && (uint64_t)st.st_size < identity->size);
}

/* What it says of its size is believed of file systems that are known. */
static enum sg_probed probe_without_size(int fd)
{
    char first;

    if (sg_filesystem_of(fd) != SG_FS_UNKNOWN || SG_RAW(SYS_pread64, fd, &first, 1, 0) == 0)
        return SG_PROBED_PLAIN;
    return SG_PROBED_UNSIZED;
}

enum sg_probed sg_probe(int fd, const struct sg_identity *identity)
{
    uint8_t head[SG_SNIFF_SIZE];
    size_t len = identity->size < sizeof(head) ? (size_t)identity->size : sizeof(head), tail = 0;

    if (identity->size == 0)
        return probe_without_size(fd);
    long got = sg_raw_pread_all(fd, head, len, 0);
    if (got < 0) /* some of the kernel's own files refuse to be read at an offset */
        return sg_filesystem_of(fd) == SG_FS_KERNELS ? SG_PROBED_PLAIN : SG_PROBED_FAILED;
    if ((size_t)got < len && !is_shorter_now(fd, identity))
        return SG_PROBED_FAILED;
    if (sg_sniff(head, (size_t)got, identity->size, &tail))
        return SG_PROBED_CARRIER;
    if (tail == 0)
        return SG_PROBED_PLAIN;
    if (identity->size == (uint64_t)got) /* the tail is in it */
        return sg_sniff_tail(head, (size_t)got) ? SG_PROBED_CARRIER : SG_PROBED_PLAIN;
    return probe_tail(fd, identity->size, tail);
}
