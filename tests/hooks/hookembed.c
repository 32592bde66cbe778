/* hookembed.c - a program that is no Python and loads one as a plug-in: hookembed
 * LIBPYTHON SCRIPT */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    void *library = argc == 3 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;

    if (!library)
        return 2;
    void (*initialize)(int) = (void (*)(int))dlsym(library, "Py_InitializeEx");
    int (*run)(const char *, void *) =
        (int (*)(const char *, void *))dlsym(library, "PyRun_SimpleStringFlags");
    if (!initialize || !run)
        return 2;
    initialize(0);
    return run(argv[2], NULL) == 0 ? 0 : 1;
}
