/* still.c - read leases. */
#include "shim/still.h"

#include "shim/raw.h"

#include <signal.h>

#define SEALED (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW)
#define TICK_NS 1000000
#define TICKS_MOST 20

/* SIGIO, the default, would end the process when somebody asks for the lease in this moment. A
 * lease that the program took by itself is left alone. */
static long take(int fd)
{
    if (SG_RAW(SYS_fcntl, fd, F_GETLEASE) != F_UNLCK)
        return -EBUSY;
    (void)SG_RAW(SYS_fcntl, fd, F_SETSIG, SIGURG);
    long result = SG_RAW(SYS_fcntl, fd, F_SETLEASE, F_RDLCK);
    if (result < 0)
        (void)SG_RAW(SYS_fcntl, fd, F_SETSIG, 0);
    return result;
}

/* Also resets the owner and the signal. */
void sg_still_release(int fd)
{
    (void)SG_RAW(SYS_fcntl, fd, F_SETLEASE, F_UNLCK);
}

/* Whether a change from now on cannot get the stamp that the file has: the kernel takes stamps
 * from this clock. A file system that keeps whole seconds only shows in its stamps. */
static bool is_cold(const struct stat *st)
{
    struct timespec now = {0, 0};

    (void)SG_RAW(SYS_clock_gettime, CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec != st->st_ctim.tv_sec)
        return now.tv_sec > st->st_ctim.tv_sec;
    return st->st_ctim.tv_nsec != 0 && now.tv_nsec > st->st_ctim.tv_nsec;
}

/* The clock goes on at the next tick, some milliseconds away. */
static bool grows_cold(const struct stat *st)
{
    struct timespec tick = {0, TICK_NS};

    for (int i = 0; i < TICKS_MOST; i++) {
        if (is_cold(st))
            return true;
        (void)SG_RAW(SYS_nanosleep, &tick, NULL);
    }
    return is_cold(st);
}

static bool prove_by_lease(int fd, struct stat *st, bool patient)
{
    if (take(fd) < 0)
        return false;
    bool known = sg_raw_stat(fd, st) == 0;
    bool cold = known && (patient ? grows_cold(st) : is_cold(st));
    sg_still_release(fd);
    return cold;
}

bool sg_still_prove(int fd, enum sg_filesystem fs, struct stat *st, bool patient)
{
    return fs == SG_FS_STAMPED ? prove_by_lease(fd, st, patient) : sg_still_forever(fd, fs);
}

bool sg_still_forever(int fd, enum sg_filesystem fs)
{
    long seals = fs == SG_FS_LEASED ? SG_RAW(SYS_fcntl, fd, F_GET_SEALS) : -1;

    return fs == SG_FS_FIXED || (seals >= 0 && (seals & SEALED) == SEALED);
}

bool sg_still_written(int fd)
{
    long taken = take(fd);

    if (taken == 0)
        sg_still_release(fd);
    return taken == -EAGAIN;
}

bool sg_still_held(int fd)
{
    return SG_RAW(SYS_fcntl, fd, F_GETLEASE) == F_RDLCK;
}

bool sg_still_hold(int fd, enum sg_filesystem fs)
{
    if (fs < SG_FS_LEASED)
        return false;
    if (sg_still_held(fd))
        return true;
    if (take(fd) < 0)
        return false;
    (void)SG_RAW(SYS_fcntl, fd, F_SETOWN, 0); /* nobody is told: we look */
    (void)SG_RAW(SYS_fcntl, fd, F_SETSIG, 0);
    return true;
}
