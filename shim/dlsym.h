/* dlsym.h - dlsym as every glibc has it: included where it is called.
 *
 * It moved from libdl into libc in glibc 2.34, with a new version. The old one is kept there for
 * good; bound to it, the library loads on older systems as well (it then comes from the libdl.so.2
 * that we also name as needed). dlopen, which python.c calls, moved along.
 */
#ifndef SG_DLSYM_H
#define SG_DLSYM_H

#include <dlfcn.h>

#if defined(__x86_64__)
#define SG_DL_VERSION "GLIBC_2.2.5"
#elif defined(__aarch64__)
#define SG_DL_VERSION "GLIBC_2.17"
#endif

__asm__(".symver dlsym, dlsym@" SG_DL_VERSION);

#endif
