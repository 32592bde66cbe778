/* progress.c - files, bytes, rate, and time that remains. */
#include "cli/progress.h"

#include "cli/emit.h"

#include <inttypes.h>
#include <time.h>
#include <unistd.h>

#define QUIET_SECONDS 1.0

double sg_progress_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct sg_progress sg_progress_begin(uint64_t files, uint64_t bytes)
{
    return (struct sg_progress){.wanted = isatty(STDERR_FILENO) == 1,
                                .begun = sg_progress_now(),
                                .files = files,
                                .bytes = bytes};
}

static void put_remaining(struct sg_outbuf *out, double seconds)
{
    if (seconds >= 5400)
        sg_out_format(out, ", %.1f h left", seconds / 3600);
    else if (seconds >= 90)
        sg_out_format(out, ", %.0f min left", seconds / 60);
    else
        sg_out_format(out, ", %.0f s left", seconds);
}

/* What remains is told by files as well as by bytes (many small files, few large ones): the
 * slower of the two is the honest one. */
static double remaining(const struct sg_progress *progress, double passed, uint64_t files,
                        uint64_t bytes)
{
    double by_files = files ? passed * (double)(progress->files - files) / (double)files : 0;
    double by_bytes = bytes ? passed * (double)(progress->bytes - bytes) / (double)bytes : 0;

    return by_files > by_bytes ? by_files : by_bytes;
}

void sg_progress_draw(struct sg_progress *progress, uint64_t files_done, uint64_t bytes_done)
{
    struct sg_outbuf line = {0};
    double passed = sg_progress_now() - progress->begun;

    if (!progress->wanted || passed < QUIET_SECONDS)
        return;
    sg_out_format(&line, "\r\033[K%" PRIu64 "/%" PRIu64 " files, ", files_done, progress->files);
    sg_emit_size(&line, (double)bytes_done);
    sg_out_text(&line, " of ");
    sg_emit_size(&line, (double)progress->bytes);
    sg_out_text(&line, ", ");
    sg_emit_size(&line, (double)bytes_done / passed);
    sg_out_text(&line, "/s");
    if (files_done)
        put_remaining(&line, remaining(progress, passed, files_done, bytes_done));
    progress->drawn = true;
    /* A line of progress that cannot be written is no loss. */
    (void)!sg_out_write(&line, STDERR_FILENO);
    sg_out_free(&line);
}

void sg_progress_clear(struct sg_progress *progress)
{
    static const char clear[] = "\r\033[K";

    if (progress->drawn && write(STDERR_FILENO, clear, sizeof(clear) - 1) < 0)
        progress->wanted = false;
    progress->drawn = false;
}
