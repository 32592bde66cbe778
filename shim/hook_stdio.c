/* hook_stdio.c - streams: libc opens and reads them by itself, so they are vetted as they are
 * handed out. */
#include "shim/effects.h"
#include "shim/guard.h"
#include "shim/hooks.h"
#include "shim/supervised.h"
#include "shim/yield.h"

static bool reads(const char *mode)
{
    return mode[0] == 'r' || strchr(mode, '+');
}

/* Before an fopen. */
static bool may_write(const char *path, const char *mode)
{
    if (mode[0] == 'r' && !strchr(mode, '+'))
        return true;
    sg_yield_opening(AT_FDCWD, path, O_RDWR);
    return sg_effects_write(AT_FDCWD, path);
}

/* After an fopen that answered `stream`: the same, or NULL with errno EACCES, then it is closed. */
static FILE *vet_stream(FILE *stream, const char *path, const char *mode)
{
    int fd = stream ? fileno(stream) : -1;

    sg_note_drop();
    if (fd < 0) {
        sg_supervised_ask();
        return stream;
    }
    if (!sg_awake()) {
        sg_start_peek(path);
        return stream;
    }
    sg_fd_forget(fd);
    if (!reads(mode) || sg_guard_unseen(fd, SG_EVENT_OPEN, path))
        return stream;
    SG_REAL(fclose)(stream);
    errno = EACCES;
    return NULL;
}

/* A stream in memory has no descriptor, which fileno() takes for an error. */
static void forget_stream(FILE *stream)
{
    int before = errno;

    sg_fd_forget(fileno(stream));
    errno = before;
}

SG_HOOK FILE *fopen(const char *path, const char *mode)
{
    if (!may_write(path, mode))
        return NULL;
    return vet_stream(SG_REAL(fopen)(path, mode), path, mode);
}

SG_HOOK FILE *fopen64(const char *path, const char *mode)
{
    if (!may_write(path, mode))
        return NULL;
    return vet_stream(SG_REAL(fopen64)(path, mode), path, mode);
}

SG_HOOK FILE *_IO_fopen(const char *path, const char *mode)
{
    if (!may_write(path, mode))
        return NULL;
    return vet_stream(SG_REAL(_IO_fopen)(path, mode), path, mode);
}

SG_HOOK FILE *freopen(const char *path, const char *mode, FILE *stream)
{
    if (!may_write(path, mode))
        return NULL;
    forget_stream(stream);
    return vet_stream(SG_REAL(freopen)(path, mode, stream), path, mode);
}

SG_HOOK FILE *freopen64(const char *path, const char *mode, FILE *stream)
{
    if (!may_write(path, mode))
        return NULL;
    forget_stream(stream);
    return vet_stream(SG_REAL(freopen64)(path, mode, stream), path, mode);
}

SG_HOOK FILE *fdopen(int fd, const char *mode)
{
    if (reads(mode) && !sg_guard_unseen(fd, SG_EVENT_READ, NULL))
        return NULL;
    return SG_REAL(fdopen)(fd, mode);
}

SG_HOOK FILE *_IO_fdopen(int fd, const char *mode)
{
    if (reads(mode) && !sg_guard_unseen(fd, SG_EVENT_READ, NULL))
        return NULL;
    return SG_REAL(_IO_fdopen)(fd, mode);
}

SG_HOOK int fclose(FILE *stream)
{
    forget_stream(stream);
    return SG_REAL(fclose)(stream);
}

SG_HOOK int _IO_fclose(FILE *stream)
{
    forget_stream(stream);
    return SG_REAL(_IO_fclose)(stream);
}

SG_HOOK int pclose(FILE *stream)
{
    forget_stream(stream);
    return SG_REAL(pclose)(stream);
}
