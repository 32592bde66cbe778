/* fake_loader.c - a program loader that promises to preload a library, and does not.
 *
 * With --list it prints that LIBRARY would be mapped. As the loader of a program (PT_INTERP) it
 * maps LIBC, whose name is that of a C library, and sleeps: the program never begins. Stands on raw
 * system calls, because a C library's own start would take the program's headers for its own.
 */
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

void begin(long *stack);

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n mov %rsp, %rdi\n and $-16, %rsp\n call begin\n");

static long call(long number, long a, long b, long c, long d, long e)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = 0;
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
__asm__(".globl _start\n_start:\n mov x0, sp\n bl begin\n");

static long call(long number, long a, long b, long c, long d, long e)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = 0;

    __asm__ volatile("svc 0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
}
#endif

void begin(long *stack)
{
    static const char answer[] = "\t" LIBRARY " (0x00007f0000000000)\n";
    struct timespec minute = {.tv_sec = 60};
    const char *first = stack[0] > 1 ? (const char *)stack[2] : "";

    if (first[0] == '-' && first[1] == '-' && first[2] == 'l') {
        call(SYS_write, 1, (long)answer, sizeof(answer) - 1, 0, 0);
    } else {
        long fd = call(SYS_openat, AT_FDCWD, (long)LIBC, O_RDONLY, 0, 0);
        call(SYS_mmap, 0, 4096, PROT_READ, MAP_PRIVATE, fd);
        call(SYS_nanosleep, (long)&minute, 0, 0, 0, 0);
    }
    call(SYS_exit_group, 0, 0, 0, 0, 0);
}
