/* raw.h - system calls that pass by no libc name: no hook, no errno, no cancellation point.
 *
 * Every result is the kernel's: negative is an errno, SG_RAW_FAILED() tells for addresses too.
 */
#ifndef SG_RAW_H
#define SG_RAW_H

#include "shim/libc.h"

#include <sys/syscall.h>
#include <time.h>

#if defined(__x86_64__)
/* NOLINTNEXTLINE(readability-function-size): as many as the kernel takes */
static inline long sg_raw6(long number, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
static inline long sg_raw6(long number, long a, long b, long c, long d, long e, long f)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;

    __asm__ volatile("svc 0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory", "cc");
    return x0;
}
#endif

/* SG_RAW(number, up to six arguments of any scalar type) */
#define SG_RAW(...) SG_RAW_PADDED(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)
#define SG_RAW_PADDED(number, a, b, c, d, e, f, ...)                                               \
    sg_raw6((number), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

#define SG_RAW_FAILED(result) ((unsigned long)(result) > -4096UL)

/* What the kernel answered, the way libc's callers want it. */
static inline long sg_raw_to_libc(long result)
{
    if (!SG_RAW_FAILED(result))
        return result;
    errno = (int)-result;
    return -1;
}

/* Reads at `at` until `len` bytes are there or the file ends; a negative errno. */
static inline long sg_raw_pread_all(int fd, void *into, size_t len, uint64_t at)
{
    size_t done = 0;

    while (done < len) {
        long got = SG_RAW(SYS_pread64, fd, (char *)into + done, len - done, at + done);
        if (got == -EINTR)
            continue;
        if (got < 0)
            return got;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (long)done;
}

/* As fstat; a file system in a process (FUSE) may be interrupted here too. A negative errno. */
static inline long sg_raw_stat(int fd, struct stat *into)
{
    long told;

    do
        told = SG_RAW(SYS_fstat, fd, into);
    while (told == -EINTR);
    return told;
}

/* A private zeroed mapping; NULL when there is none to be had. Of a large one little is touched: to
 * have a huge page zeroed for that takes a tenth of a millisecond. */
static inline void *sg_raw_map(size_t size)
{
    long at = SG_RAW(SYS_mmap, 0, size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (SG_RAW_FAILED(at))
        return NULL;
    if (size > 1u << 20)
        (void)SG_RAW(SYS_madvise, at, size, MADV_NOHUGEPAGE);
    return (void *)at;
}

static inline void sg_raw_unmap(void *at, size_t size)
{
    (void)SG_RAW(SYS_munmap, at, size);
}

/* Nanoseconds of `clock`. */
static inline int64_t sg_raw_clock(int clock)
{
    struct timespec now = {0, 0};

    (void)SG_RAW(SYS_clock_gettime, clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

#endif
