/* file_source.c - an open file as a source. */
#include "sgscan.h"

#include <errno.h>
#include <unistd.h>

static enum sg_status read_file(void *ctx, uint64_t offset, void *into, size_t len, size_t *got)
{
    struct sg_file *file = ctx;
    size_t done = 0;

    while (done < len) {
        ssize_t step = pread(file->fd, (char *)into + done, len - done, (off_t)(offset + done));
        if (step < 0 && errno == EINTR)
            continue;
        if (step < 0) {
            file->error = errno;
            return SG_ERR_IO;
        }
        if (step == 0)
            break;
        done += (size_t)step;
    }
    *got = done;
    return SG_OK;
}

struct sg_source sg_source_file(struct sg_file *file, uint64_t size)
{
    return (struct sg_source){.read = read_file, .ctx = file, .size = size};
}
