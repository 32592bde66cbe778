/* walk_proc.c - resolves what the kernel would resolve for the supervisor instead. */
#include "shim/supervise/walk_proc.h"

#include "shim/supervise/lookup.h"
#include "shim/supervise/target.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LINKS_MOST 40 /* as the kernel counts them */
#define PROC_ROOT_INO 1

struct walk {
    const struct sg_place *place;
    int at; /* the folder that is reached */
    int links;
    bool follow, magic;
    char rest[2 * PATH_MAX]; /* still to go */
};

static int fail(struct walk *walk, int error)
{
    if (walk->at >= 0)
        close(walk->at);
    walk->at = -1;
    return -error;
}

/* Goes on from `fd`, which it takes over. */
static int step_to(struct walk *walk, int fd)
{
    if (fd < 0)
        return fail(walk, errno);
    if (walk->at >= 0)
        close(walk->at);
    walk->at = fd;
    return 0;
}

static int step_to_root(struct walk *walk)
{
    int root = walk->place->root;

    return step_to(walk, root >= 0 ? fcntl(root, F_DUPFD_CLOEXEC, 0)
                                   : open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

static int step_up(struct walk *walk)
{
    struct stat here, root;

    if (walk->place->root >= 0 && fstat(walk->at, &here) == 0 &&
        fstat(walk->place->root, &root) == 0 && here.st_dev == root.st_dev &&
        here.st_ino == root.st_ino)
        return 0;
    return step_to(walk, openat(walk->at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

/* Whether `name` in /proc is this process or one of its threads. */
static bool is_our_number(const char *name)
{
    char path[64];

    if (name[strspn(name, "0123456789")] || strlen(name) > 10)
        return false;
    snprintf(path, sizeof(path), "/proc/self/task/%s", name);
    return access(path, F_OK) == 0;
}

static bool is_proc_root(int fd)
{
    struct stat found;

    return sg_lookup_is_proc(fd) && fstat(fd, &found) == 0 && found.st_ino == PROC_ROOT_INO;
}

/* Another /proc than ours counts processes in another way. */
static bool counts_as_ours(int proc)
{
    struct stat theirs, mine;

    return fstat(proc, &theirs) == 0 && stat("/proc", &mine) == 0 && theirs.st_dev == mine.st_dev;
}

/* What "self" and "thread-self" say to the thread; false where `name` is neither. */
static bool read_self(const struct walk *walk, const char *name, char *text, size_t cap, int *error)
{
    struct sg_target target;
    bool thread = strcmp(name, "thread-self") == 0;

    if ((!thread && strcmp(name, "self") != 0) || !is_proc_root(walk->at))
        return false;
    *error = counts_as_ours(walk->at) && sg_target_read(walk->place->tid, &target) ? 0 : EACCES;
    if (*error)
        return true;
    if (thread)
        snprintf(text, cap, "%d/task/%d", (int)target.pid, (int)walk->place->tid);
    else
        snprintf(text, cap, "%d", (int)target.pid);
    return true;
}

/* Puts a link's text before what is still to go. */
static int take_text(struct walk *walk, const char *text)
{
    char rest[sizeof(walk->rest)];

    memcpy(rest, walk->rest, sizeof(rest));
    if (!*text)
        return fail(walk, ENOENT);
    int len = snprintf(walk->rest, sizeof(walk->rest), "%s%s%s", text, *rest ? "/" : "", rest);
    if (len < 0 || (size_t)len >= sizeof(walk->rest))
        return fail(walk, ENAMETOOLONG);
    return *text == '/' ? step_to_root(walk) : 0;
}

/* fs.protected_symlinks: in a folder like /tmp only one's own links are followed, or its owner's. */
static bool is_protected(const struct walk *walk, const struct stat *link)
{
    struct stat folder;
    uid_t mine = (uid_t)syscall(SYS_setfsuid, -1);

    return fstat(walk->at, &folder) == 0 &&
           (folder.st_mode & (S_ISVTX | S_IWOTH)) == (S_ISVTX | S_IWOTH) && link->st_uid != mine &&
           link->st_uid != folder.st_uid;
}

/* A link of /proc that leads to a thing, whatever its text says. */
static bool is_magic(const struct walk *walk, const char *name)
{
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_MAGICLINKS};
    long fd = syscall(SYS_openat2, walk->at, name, &how, sizeof(how));
    bool magic = fd < 0 && errno == ELOOP;

    if (fd >= 0)
        close((int)fd);
    return magic;
}

static int follow_link(struct walk *walk, const char *name, int link, const struct stat *found)
{
    char text[PATH_MAX];
    int error = 0;

    if (++walk->links > LINKS_MOST)
        return fail(walk, ELOOP);
    if (read_self(walk, name, text, sizeof(text), &error))
        return error ? fail(walk, error) : take_text(walk, text);
    if (sg_lookup_is_proc(link) && is_magic(walk, name))
        return walk->magic ? step_to(walk, openat(walk->at, name, O_PATH | O_CLOEXEC))
                           : fail(walk, ELOOP);
    if (is_protected(walk, found))
        return fail(walk, EACCES);
    ssize_t len = readlinkat(link, "", text, sizeof(text) - 1);
    if (len < 0)
        return fail(walk, errno);
    text[len] = '\0';
    return take_text(walk, text);
}

/* One name of the path. `folder`: more is to come, or a slash behind it. */
static int step(struct walk *walk, const char *name, bool folder)
{
    struct stat found;

    if (strcmp(name, "..") == 0)
        return step_up(walk);
    if (is_our_number(name) && is_proc_root(walk->at))
        return fail(walk, EACCES);
    int next = openat(walk->at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (next < 0)
        return fail(walk, errno);
    if (fstat(next, &found) == 0 && S_ISLNK(found.st_mode) && (folder || walk->follow)) {
        int answer = follow_link(walk, name, next, &found);
        close(next);
        return answer;
    }
    if (folder && !S_ISDIR(found.st_mode)) {
        close(next);
        return fail(walk, ENOTDIR);
    }
    return step_to(walk, next);
}

/* Cuts the first name off. `folder`: something, if only a slash, follows it. */
static bool next_name(struct walk *walk, char name[NAME_MAX + 1], bool *folder, int *answer)
{
    char *begin = walk->rest + strspn(walk->rest, "/");
    size_t len = strcspn(begin, "/");

    *answer = 0;
    if (len == 0)
        return false;
    if (len > NAME_MAX) {
        *answer = fail(walk, ENAMETOOLONG);
        return false;
    }
    memcpy(name, begin, len);
    name[len] = '\0';
    *folder = begin[len] == '/';
    begin += len;
    begin += strspn(begin, "/");
    memmove(walk->rest, begin, strlen(begin) + 1);
    return true;
}

int sg_walk(const struct sg_place *place, const char *path, bool follow, bool magic)
{
    struct walk walk = {.place = place, .at = -1, .follow = follow, .magic = magic};
    char name[NAME_MAX + 1];
    bool folder = false;
    int answer;

    snprintf(walk.rest, sizeof(walk.rest), "%s", path);
    if (*path == '/')
        answer = step_to_root(&walk);
    else
        answer = step_to(&walk, fcntl(place->base, F_DUPFD_CLOEXEC, 0));
    while (answer == 0 && next_name(&walk, name, &folder, &answer))
        if (strcmp(name, ".") != 0)
            answer = step(&walk, name, folder);
    return answer < 0 ? answer : walk.at;
}

bool sg_walk_is_ours(int fd)
{
    char link[48], text[PATH_MAX], *save = NULL;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, text, sizeof(text) - 1);
    if (len < 0)
        return true;
    text[len] = '\0';
    for (char *name = strtok_r(text, "/", &save); name; name = strtok_r(NULL, "/", &save))
        if (is_our_number(name))
            return true;
    return false;
}
