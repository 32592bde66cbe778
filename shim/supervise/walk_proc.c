/* walk_proc.c - resolves what the kernel would resolve for the supervisor instead. */
#include "shim/supervise/walk_proc.h"

#include "shim/fdlink.h"
#include "shim/supervise/lookup.h"
#include "shim/supervise/target.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LINKS_MOST 40 /* as the kernel counts them */
#define PROC_ROOT_INO 1
#define NUMBER_MAX 10 /* digits of a process */

struct walk {
    const struct sg_place *place;
    int at; /* the folder that is reached */
    int links;
    bool follow, magic;
    char *end;               /* where the last name goes, that is not looked up then; or NULL */
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

/* Whether `name` in a folder is this process or one of its threads. Asked there: the /proc of
 * another namespace of processes has other numbers for them. */
static bool is_our_number(int folder, const char *above, size_t above_len, const char *name,
                          size_t len)
{
    char path[PATH_MAX + 64];

    if (len == 0 || len > NUMBER_MAX || strspn(name, "0123456789") < len)
        return false;
    snprintf(path, sizeof(path), "%.*sself/task/%.*s", (int)above_len, above, (int)len, name);
    return faccessat(folder, path, F_OK, 0) == 0;
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

/* What "self" and "thread-self" say to the thread: 1; 0 where `name` is neither. */
static int read_self(const struct walk *walk, const char *name, char *text, size_t cap)
{
    struct sg_target target;
    bool thread = strcmp(name, "thread-self") == 0;

    if ((!thread && strcmp(name, "self") != 0) || !is_proc_root(walk->at))
        return 0;
    if (!counts_as_ours(walk->at) || !sg_target_read(walk->place->tid, &target))
        return -EACCES;
    if (thread)
        snprintf(text, cap, "%d/task/%d", (int)target.pid, (int)walk->place->tid);
    else
        snprintf(text, cap, "%d", (int)target.pid);
    return 1;
}

/* Puts a link's text before what is still to go, which is nothing or begins with a slash. */
static int take_text(struct walk *walk, const char *text)
{
    char rest[sizeof(walk->rest)];

    memcpy(rest, walk->rest, sizeof(rest));
    if ((size_t)snprintf(walk->rest, sizeof(walk->rest), "%s%s", text, rest) >= sizeof(walk->rest))
        return fail(walk, ENAMETOOLONG);
    return *text == '/' ? step_to_root(walk) : 0;
}

/* fs.protected_symlinks: in a folder like /tmp only one's own links are followed,
 * or its owner's. */
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
    int folder = *walk->rest ? O_DIRECTORY : 0;
    char text[PATH_MAX];

    if (++walk->links > LINKS_MOST)
        return fail(walk, ELOOP);
    int self = read_self(walk, name, text, sizeof(text));
    if (self)
        return self < 0 ? fail(walk, -self) : take_text(walk, text);
    if (sg_lookup_is_proc(link) && is_magic(walk, name))
        return walk->magic ? step_to(walk, openat(walk->at, name, O_PATH | O_CLOEXEC | folder))
                           : fail(walk, ELOOP);
    if (is_protected(walk, found))
        return fail(walk, EACCES);
    ssize_t len = readlinkat(link, "", text, sizeof(text) - 1);
    if (len < 0)
        return fail(walk, errno);
    text[len] = '\0';
    return take_text(walk, text);
}

static bool is_followed_link(const struct walk *walk, int fd, const struct stat *found)
{
    return fd >= 0 && S_ISLNK(found->st_mode) && (*walk->rest || walk->follow);
}

/* One name of the path; what follows it, if only a slash, is `rest`. */
static int step(struct walk *walk, const char *name)
{
    struct stat found = {0};
    bool last = !walk->rest[strspn(walk->rest, "/")];

    if (strcmp(name, "..") == 0)
        return step_up(walk);
    if (is_our_number(walk->at, "", 0, name, strlen(name)))
        return fail(walk, EACCES);
    if (walk->end && last && *walk->rest)
        return fail(walk, EISDIR);
    int next = openat(walk->at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (next >= 0)
        (void)fstat(next, &found);
    if (is_followed_link(walk, next, &found)) {
        int answer = follow_link(walk, name, next, &found);
        close(next);
        return answer;
    }
    if (walk->end && last) {
        memcpy(walk->end, name, strlen(name) + 1);
        return next < 0 ? 0 : close(next);
    }
    if (next >= 0 && *walk->rest && !S_ISDIR(found.st_mode)) {
        close(next);
        return fail(walk, ENOTDIR);
    }
    return step_to(walk, next);
}

/* Cuts the first name off. */
static bool next_name(struct walk *walk, char name[NAME_MAX + 1], int *answer)
{
    const char *begin = walk->rest + strspn(walk->rest, "/");
    size_t len = strcspn(begin, "/");

    if (len > NAME_MAX)
        *answer = fail(walk, ENAMETOOLONG);
    if (len == 0 || len > NAME_MAX)
        return false;
    memcpy(name, begin, len);
    name[len] = '\0';
    memmove(walk->rest, begin + len, strlen(begin + len) + 1);
    return true;
}

static int go(struct walk *walk, const char *path)
{
    char name[NAME_MAX + 1];
    int answer;

    snprintf(walk->rest, sizeof(walk->rest), "%s", path);
    if (*path == '/')
        answer = step_to_root(walk);
    else
        answer = step_to(walk, fcntl(walk->place->base, F_DUPFD_CLOEXEC, 0));
    while (answer == 0 && next_name(walk, name, &answer))
        if (strcmp(name, ".") != 0)
            answer = step(walk, name);
    return answer < 0 ? answer : walk->at;
}

int sg_walk(const struct sg_place *place, const char *path, bool follow, bool magic)
{
    struct walk walk = {.place = place, .at = -1, .follow = follow, .magic = magic};

    return go(&walk, path);
}

int sg_walk_to_end(const struct sg_place *place, const char *path, bool follow,
                   char end[NAME_MAX + 1])
{
    struct walk walk = {.place = place, .at = -1, .follow = follow, .magic = true, .end = end};

    *end = '\0';
    return go(&walk, path);
}

bool sg_walk_is_ours(int fd)
{
    char text[PATH_MAX];

    if (!sg_fdlink_read(fd, text, sizeof(text)))
        return true;
    for (const char *slash = text; (slash = strchr(slash, '/')); slash++) {
        const char *name = slash + 1;
        size_t name_len = strcspn(name, "/");
        if (is_our_number(AT_FDCWD, text, (size_t)(name - text), name, name_len) ||
            is_our_number(AT_FDCWD, "/proc/", 6, name, name_len))
            return true;
    }
    return false;
}
