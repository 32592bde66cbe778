/* progress.c - files, bytes, rate, and the time that remains. */
#include "cli/progress.h"

#include "cli/emit.h"

#include <inttypes.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define QUIET_SECONDS 1.0
#define LIST_SECONDS 0.2
#define LONG_SECONDS 15.0
#define FILE_WORK 100000.0
#define CLEAR "\r\033[K"

double sg_progress_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct sg_progress sg_progress_begin(void)
{
    double now = sg_progress_now();

    return (struct sg_progress){
        .wanted = isatty(STDERR_FILENO) == 1, .begun = now, .listed = now + QUIET_SECONDS};
}

void sg_progress_start(struct sg_progress *progress, uint64_t files, uint64_t bytes)
{
    sg_progress_clear(progress);
    progress->begun = sg_progress_now();
    progress->files = files;
    progress->bytes = bytes;
}

/* A line that a terminal breaks is not taken away whole. */
static void draw(struct sg_progress *progress, struct sg_outbuf *line)
{
    struct winsize size;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 && line->len >= size.ws_col)
        line->len = size.ws_col - 1u;
    progress->drawn = true;
    /* A line of progress that cannot be written is no loss. */
    if (write(STDERR_FILENO, CLEAR, sizeof(CLEAR) - 1) < 0 || !sg_out_write(line, STDERR_FILENO))
        progress->wanted = false;
}

void sg_progress_list(struct sg_progress *progress, uint64_t files)
{
    struct sg_outbuf line = {0};
    double now = progress->wanted ? sg_progress_now() : 0;

    if (!progress->wanted || now < progress->listed)
        return;
    progress->listed = now + LIST_SECONDS;
    sg_out_format(&line, "%" PRIu64 " files found", files);
    draw(progress, &line);
    sg_out_free(&line);
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

/* Opening a small file costs about as much as so many bytes of a large one. */
static double work_of(uint64_t files, uint64_t bytes)
{
    return (double)files * FILE_WORK + (double)bytes;
}

void sg_progress_draw(struct sg_progress *progress, uint64_t files_done, uint64_t bytes_done)
{
    struct sg_outbuf line = {0};
    double passed = sg_progress_now() - progress->begun;
    double all = work_of(progress->files, progress->bytes), done = work_of(files_done, bytes_done);

    if (!progress->wanted || passed < QUIET_SECONDS)
        return;
    sg_out_format(&line, "%" PRIu64 "/%" PRIu64 " files, ", files_done, progress->files);
    sg_emit_size(&line, (double)bytes_done);
    sg_out_text(&line, " of ");
    sg_emit_size(&line, (double)progress->bytes);
    sg_out_text(&line, ", ");
    sg_emit_size(&line, (double)bytes_done / passed);
    sg_out_text(&line, "/s");
    /* Of less nothing can be told. */
    if (done >= all / 100 || (files_done && passed >= LONG_SECONDS))
        put_remaining(&line, passed * (all - done) / done);
    draw(progress, &line);
    sg_out_free(&line);
}

void sg_progress_clear(struct sg_progress *progress)
{
    if (progress->drawn && write(STDERR_FILENO, CLEAR, sizeof(CLEAR) - 1) < 0)
        progress->wanted = false;
    progress->drawn = false;
}
