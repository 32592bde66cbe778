/* openfile.c - opens regular files, and nothing else, for pread. */
#include "cli/openfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

const char *sg_openfile_kind(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return "is a directory (-r goes into it)";
    case S_IFIFO:
        return "not a regular file (FIFO)";
    case S_IFSOCK:
        return "not a regular file (socket)";
    case S_IFCHR:
    case S_IFBLK:
        return "not a regular file (device)";
    default:
        return "not a regular file";
    }
}

/* Files the kernel makes up (/proc/self/maps) say that they are empty, and are not. */
static bool size_is_wrong(const struct sg_openfile *file)
{
    char byte;

    return file->before.st_size == 0 && pread(file->file.fd, &byte, 1, 0) > 0;
}

static const char *check_open(struct sg_openfile *file)
{
    if (fstat(file->file.fd, &file->before))
        return strerror(errno);
    if (!S_ISREG(file->before.st_mode))
        return sg_openfile_kind(file->before.st_mode);
    if (size_is_wrong(file))
        return "its size cannot be known (a file of the kernel)";
    return NULL;
}

const char *sg_openfile_open(struct sg_openfile *file, const char *path)
{
    struct stat stat_before;

    *file = (struct sg_openfile){.file.fd = -1};
    /* Looked at first, because opening alone already does something to some devices. */
    if (stat(path, &stat_before))
        return strerror(errno);
    if (!S_ISREG(stat_before.st_mode))
        return sg_openfile_kind(stat_before.st_mode);
    file->file.fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (file->file.fd < 0)
        return strerror(errno);
    const char *problem = check_open(file);
    if (problem) {
        sg_openfile_close(file);
        return problem;
    }
    file->source = sg_source_file(&file->file, (uint64_t)file->before.st_size);
    return NULL;
}

bool sg_openfile_changed(const struct sg_openfile *file)
{
    struct stat now;

    return fstat(file->file.fd, &now) || now.st_size != file->before.st_size ||
           now.st_mtim.tv_sec != file->before.st_mtim.tv_sec ||
           now.st_mtim.tv_nsec != file->before.st_mtim.tv_nsec ||
           now.st_ctim.tv_sec != file->before.st_ctim.tv_sec ||
           now.st_ctim.tv_nsec != file->before.st_ctim.tv_nsec;
}

void sg_openfile_close(struct sg_openfile *file)
{
    if (file->file.fd >= 0)
        close(file->file.fd);
    file->file.fd = -1;
}
