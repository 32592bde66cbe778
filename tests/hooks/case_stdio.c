/* case_stdio.c - streams. What libc reads for a stream passes by no hook. */
#include "hookcase.h"

FILE *_IO_fopen(const char *path, const char *mode);
FILE *_IO_fdopen(int fd, const char *mode);
int _IO_fclose(FILE *stream);

static ssize_t fill_stream(FILE *stream, struct trial *trial)
{
    if (!stream)
        return -1;
    size_t got = fread(trial->bytes, 1, sizeof(trial->bytes), stream);
    fclose(stream);
    return (ssize_t)got;
}

static ssize_t by_fopen(struct trial *trial)
{
    return fill_stream(fopen(trial->path, "rb"), trial);
}

static ssize_t by_fopen64(struct trial *trial)
{
    return fill_stream(fopen64(trial->path, "r+b"), trial);
}

static ssize_t by__IO_fopen(struct trial *trial)
{
    return fill_stream(_IO_fopen(trial->path, "a+b"), trial);
}

static ssize_t by_freopen(struct trial *trial)
{
    return fill_stream(freopen(trial->path, "rb", fopen(trial->plain, "r")), trial);
}

static ssize_t by_freopen64(struct trial *trial)
{
    return fill_stream(freopen64(trial->path, "rb", fopen(trial->plain, "r")), trial);
}

static bool writes(FILE *(*make)(int, const char *))
{
    int ends[2];
    char byte = 0;

    if (pipe(ends))
        return false;
    FILE *stream = make(ends[1], "w");
    bool written = stream && putc('x', stream) == 'x' && fclose(stream) == 0;
    written = written && syscall(SYS_read, ends[0], &byte, 1) == 1 && byte == 'x';
    raw_close(ends[0]);
    return written;
}

static ssize_t after_fdopen(struct trial *trial, FILE *(*make)(int, const char *))
{
    if (!writes(make))
        return errno = EPROTO, -1;
    int fd = raw_open(trial->path, O_RDONLY);
    FILE *stream = make(fd, "rb");

    if (!stream)
        raw_close(fd);
    return fill_stream(stream, trial);
}

static ssize_t by_fdopen(struct trial *trial)
{
    return after_fdopen(trial, fdopen);
}

static ssize_t by__IO_fdopen(struct trial *trial)
{
    return after_fdopen(trial, _IO_fdopen);
}

/* The number of a closed stream is nobody's: what comes next under it is looked at. */
static ssize_t after_close(struct trial *trial, FILE *stream, int (*end)(FILE *))
{
    char byte;
    int before = fileno(stream);

    if (read(before, &byte, 1) < 0)
        return errno = ECHILD, -1;
    (void)!read(before, &byte, 1);
    end(stream);
    int fd = raw_open(trial->path, O_RDONLY);
    return fd == before ? read_fill(fd, trial) : (errno = ECHILD, -1);
}

static ssize_t by_fclose(struct trial *trial)
{
    FILE *in_memory = fmemopen(trial->bytes, sizeof(trial->bytes), "r");

    fclose(in_memory); /* has no descriptor, and leaves errno alone */
    return after_close(trial, fopen(trial->plain, "r"), fclose);
}

static ssize_t by__IO_fclose(struct trial *trial)
{
    return after_close(trial, fopen(trial->plain, "r"), _IO_fclose);
}

static ssize_t by_pclose(struct trial *trial)
{
    int before = errno;
    ssize_t got = after_close(trial, popen("echo three", "r"), pclose);

    if (got >= 0)
        errno = before;
    return got;
}

#define ROW(symbol)                                                                                \
    {                                                                                              \
#symbol, by_##symbol, 0                                                                    \
    }
#define ROW_ALONE(symbol)                                                                          \
    {                                                                                              \
#symbol, by_##symbol, CASE_ALONE                                                           \
    }

const struct hookcase cases_stdio[] = {
    ROW(fopen),      ROW(fopen64),    ROW(_IO_fopen),    ROW(freopen),          ROW(freopen64),
    ROW(fdopen),     ROW(_IO_fdopen), ROW_ALONE(fclose), ROW_ALONE(_IO_fclose), ROW_ALONE(pclose),
    {NULL, NULL, 0},
};
