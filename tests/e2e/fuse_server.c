/* fuse_server.c - a file system that answers as none should: fuse_server FOLDER CLEAN EVIL
 * COMMAND...
 *
 * Mounts itself on FOLDER, runs the command, ends as it does; 44 where the system gives no FUSE. In
 * the folder is every file that is asked for: HOW.clean and HOW.evil hold what those two files
 * hold, and HOW says what is odd about them (enum how).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILES_MOST 64
#define NO_FUSE 44
#define BROKEN_AT 512

enum how {
    HOW_SHORT,  /* few bytes at a time */
    HOW_BROKEN, /* from its middle on it cannot be read */
    HOW_FLAKY,  /* every other read fails */
    HOW_TURNS,  /* the clean and the evil one in turn */
    HOW_GROWS,  /* the second half is there when its size has been asked for twice */
    HOW_YEARS,  /* changed at no time that nanoseconds hold */
    HOW_ZERO,   /* of no size, and yet it can be read */
    HOW_HUGE,   /* as large as can be told */
    HOW_PLAIN,
};
static const char *const hows[] = {"short", "broken", "flaky", "turns", "grows",
                                   "years", "zero",   "huge",  "plain"};

static struct bytes {
    char at[1 << 16];
    size_t len;
} clean, evil;

static struct node {
    char name[64];
    enum how how;
    const struct bytes *bytes;
    unsigned looks, reads;
} nodes[FILES_MOST]; /* ids from FUSE_ROOT_ID + 1 on */
static size_t node_count;
static int device;

static void load(const char *path, struct bytes *into)
{
    int fd = open(path, O_RDONLY);
    ssize_t got = read(fd, into->at, sizeof(into->at));

    into->len = got > 0 ? (size_t)got : 0;
    close(fd);
}

static void reply(uint64_t unique, int error, const void *body, size_t len)
{
    static char out[sizeof(struct fuse_out_header) + (1 << 17)];
    struct fuse_out_header head = {(uint32_t)(sizeof(head) + len), -error, unique};

    memcpy(out, &head, sizeof(head));
    if (len)
        memcpy(out + sizeof(head), body, len);
    if (write(device, out, head.len) < 0 && errno != ENOENT)
        perror("fuse_server: reply");
}

static uint64_t size_of(const struct node *node)
{
    if (node->how == HOW_ZERO)
        return 0;
    if (node->how == HOW_HUGE)
        return INT64_MAX;
    return node->how == HOW_GROWS && node->looks <= 2 ? clean.len : node->bytes->len;
}

static struct fuse_attr attr_of(uint64_t id)
{
    struct fuse_attr attr = {.ino = id, .nlink = 1, .blksize = 4096, .mode = S_IFDIR | 0755};
    struct node *node = &nodes[id - FUSE_ROOT_ID - 1];

    if (id == FUSE_ROOT_ID)
        return attr;
    node->looks++;
    attr.mode = S_IFREG | 0644;
    attr.size = size_of(node);
    attr.mtime = attr.ctime = 1000000000;
    if (node->how == HOW_YEARS) {
        attr.mtime = INT64_MAX;
        attr.ctime = (uint64_t)INT64_MIN;
    }
    return attr;
}

static uint64_t node_of(const char *name)
{
    size_t i = 0, how = 0;

    while (i < node_count && strcmp(nodes[i].name, name) != 0)
        i++;
    while (how < HOW_PLAIN && strncmp(name, hows[how], strlen(hows[how])) != 0)
        how++;
    if (i == node_count) {
        if (node_count == FILES_MOST || !strchr(name, '.'))
            return 0;
        node_count++;
        snprintf(nodes[i].name, sizeof(nodes[i].name), "%.60s", name);
        nodes[i].how = (enum how)how;
        nodes[i].bytes = strstr(name, ".clean") ? &clean : &evil;
    }
    return FUSE_ROOT_ID + 1 + i;
}

static void on_lookup(const struct fuse_in_header *head, const char *name)
{
    struct fuse_entry_out out = {.nodeid = node_of(name)};

    if (!out.nodeid) {
        reply(head->unique, ENOENT, NULL, 0);
        return;
    }
    out.attr = attr_of(out.nodeid);
    reply(head->unique, 0, &out, sizeof(out));
}

static void on_read(const struct fuse_in_header *head, const struct fuse_read_in *in)
{
    struct node *node = &nodes[head->nodeid - FUSE_ROOT_ID - 1];
    const struct bytes *bytes = node->bytes;
    size_t at = in->offset, len = in->size;

    if (at == 0 || node->how == HOW_FLAKY)
        node->reads++;
    if ((node->how == HOW_BROKEN && at + len > BROKEN_AT) ||
        (node->how == HOW_FLAKY && node->reads % 2 == 0)) {
        reply(head->unique, EIO, NULL, 0);
        return;
    }
    if (node->how == HOW_TURNS)
        bytes = node->reads % 2 ? &clean : &evil;
    if (node->how == HOW_SHORT && len > 7)
        len = 7;
    if (at > bytes->len)
        at = bytes->len;
    if (len > bytes->len - at)
        len = bytes->len - at;
    reply(head->unique, 0, bytes->at + at, len);
}

static void on_init(const struct fuse_in_header *head)
{
    struct fuse_init_out out = {
        .major = FUSE_KERNEL_VERSION, .minor = 31, .max_write = 1 << 16, .max_readahead = 0};

    reply(head->unique, 0, &out, sizeof(out));
}

static void on_getattr(const struct fuse_in_header *head)
{
    struct fuse_attr_out out = {.attr = attr_of(head->nodeid)};

    reply(head->unique, 0, &out, sizeof(out));
}

static void on_open(const struct fuse_in_header *head)
{
    struct fuse_open_out out = {.open_flags = FOPEN_DIRECT_IO};

    reply(head->unique, 0, &out, sizeof(out));
}

static void serve(const struct fuse_in_header *head, const void *body)
{
    switch (head->opcode) {
    case FUSE_INIT:
        on_init(head);
        break;
    case FUSE_LOOKUP:
        on_lookup(head, body);
        break;
    case FUSE_GETATTR:
        on_getattr(head);
        break;
    case FUSE_OPEN:
        on_open(head);
        break;
    case FUSE_READ:
        on_read(head, body);
        break;
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT:
        break;
    case FUSE_RELEASE:
    case FUSE_FLUSH:
    case FUSE_ACCESS:
        reply(head->unique, 0, NULL, 0);
        break;
    default:
        reply(head->unique, ENOSYS, NULL, 0);
    }
}

static void serve_until(int child)
{
    static _Alignas(8) char in[(1 << 17) + 4096];
    struct pollfd ready[] = {{.fd = device, .events = POLLIN}, {.fd = child, .events = POLLIN}};

    while (poll(ready, 2, -1) >= 0 && !(ready[1].revents & POLLIN)) {
        ssize_t got = read(device, in, sizeof(in));
        if (got >= (ssize_t)sizeof(struct fuse_in_header))
            serve((void *)in, in + sizeof(struct fuse_in_header));
        else if (errno != EINTR && errno != ENOENT && errno != EAGAIN)
            return;
    }
}

int main(int argc, char **argv)
{
    char options[128];
    int status = 0;

    if (argc < 5)
        return 2;
    load(argv[2], &clean);
    load(argv[3], &evil);
    device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=%u,group_id=%u", device,
             getuid(), getgid());
    if (device < 0 || mount("fuse_server", argv[1], "fuse", MS_NOSUID | MS_NODEV, options))
        return NO_FUSE;
    pid_t child = fork();
    if (child == 0) {
        execvp(argv[4], argv + 4);
        _exit(127);
    }
    serve_until((int)syscall(SYS_pidfd_open, child, 0));
    umount2(argv[1], MNT_DETACH);
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
