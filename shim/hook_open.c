/* hook_open.c - a path becomes a descriptor: vetted after the real open, by what was opened. */
#include "shim/effects.h"
#include "shim/guard.h"
#include "shim/hooks.h"
#include "shim/raw.h"
#include "shim/yield.h"

/* The mode is only there when the flags say so; what else would be read is the caller's stack. */
#define MODE_AFTER(flags)                                                                          \
    __extension__({                                                                                \
        mode_t mode_ = 0;                                                                          \
        if ((flags)&O_CREAT || ((flags)&O_TMPFILE) == O_TMPFILE) {                                 \
            va_list rest_;                                                                         \
            va_start(rest_, flags);                                                                \
            mode_ = va_arg(rest_, mode_t);                                                         \
            va_end(rest_);                                                                         \
        }                                                                                          \
        mode_;                                                                                     \
    })

static bool may_open(int dir, const char *path, int flags)
{
    sg_yield_opening(dir, path, flags);
    return sg_effects_open(dir, path, flags);
}

SG_HOOK int open(const char *path, int flags, ...)
{
    mode_t mode = MODE_AFTER(flags);

    if (!may_open(AT_FDCWD, path, flags))
        return -1;
    return sg_guard_opened(SG_REAL(open)(path, flags, mode), flags, path);
}

SG_HOOK int open64(const char *path, int flags, ...)
{
    mode_t mode = MODE_AFTER(flags);

    if (!may_open(AT_FDCWD, path, flags))
        return -1;
    return sg_guard_opened(SG_REAL(open64)(path, flags, mode), flags, path);
}

SG_HOOK int __open(const char *path, int flags, ...)
{
    mode_t mode = MODE_AFTER(flags);

    if (!may_open(AT_FDCWD, path, flags))
        return -1;
    return sg_guard_opened(SG_REAL(__open)(path, flags, mode), flags, path);
}

SG_HOOK int __open64(const char *path, int flags, ...)
{
    mode_t mode = MODE_AFTER(flags);

    if (!may_open(AT_FDCWD, path, flags))
        return -1;
    return sg_guard_opened(SG_REAL(__open64)(path, flags, mode), flags, path);
}

SG_HOOK int __open_2(const char *path, int flags)
{
    if (!may_open(AT_FDCWD, path, flags))
        return -1;
    return sg_guard_opened(SG_REAL(__open_2)(path, flags), flags, path);
}

SG_HOOK int __open64_2(const char *path, int flags)
{
    if (!may_open(AT_FDCWD, path, flags))
        return -1;
    return sg_guard_opened(SG_REAL(__open64_2)(path, flags), flags, path);
}

SG_HOOK int openat(int dir, const char *path, int flags, ...)
{
    mode_t mode = MODE_AFTER(flags);

    if (!may_open(dir, path, flags))
        return -1;
    return sg_guard_opened(SG_REAL(openat)(dir, path, flags, mode), flags, path);
}

SG_HOOK int openat64(int dir, const char *path, int flags, ...)
{
    mode_t mode = MODE_AFTER(flags);

    if (!may_open(dir, path, flags))
        return -1;
    return sg_guard_opened(SG_REAL(openat64)(dir, path, flags, mode), flags, path);
}

SG_HOOK int __openat_2(int dir, const char *path, int flags)
{
    if (!may_open(dir, path, flags))
        return -1;
    return sg_guard_opened(SG_REAL(__openat_2)(dir, path, flags), flags, path);
}

SG_HOOK int __openat64_2(int dir, const char *path, int flags)
{
    if (!may_open(dir, path, flags))
        return -1;
    return sg_guard_opened(SG_REAL(__openat64_2)(dir, path, flags), flags, path);
}

SG_HOOK int creat(const char *path, mode_t mode)
{
    if (!may_open(AT_FDCWD, path, O_WRONLY))
        return -1;
    return sg_guard_opened(SG_REAL(creat)(path, mode), O_WRONLY, path);
}

SG_HOOK int creat64(const char *path, mode_t mode)
{
    if (!may_open(AT_FDCWD, path, O_WRONLY))
        return -1;
    return sg_guard_opened(SG_REAL(creat64)(path, mode), O_WRONLY, path);
}

SG_HOOK int open_by_handle_at(int mount, struct file_handle *handle, int flags)
{
    return sg_guard_opened(SG_REAL(open_by_handle_at)(mount, handle, flags), flags, NULL);
}
