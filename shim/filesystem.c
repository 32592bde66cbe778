/* filesystem.c - file systems by their magic numbers. */
#include "shim/filesystem.h"

#include "shim/raw.h"

#include <linux/magic.h>
#include <sys/vfs.h>

#ifndef CONFIGFS_MAGIC
#define CONFIGFS_MAGIC 0x62656570
#endif
#ifndef EROFS_SUPER_MAGIC_V1
#define EROFS_SUPER_MAGIC_V1 0xE0F5E1E2
#endif

/* Only what tests/e2e/test_snapshot.py has seen to behave is called leased or stamped. */
static const struct {
    uint32_t magic;
    enum sg_filesystem is;
} rows[] = {
    {PROC_SUPER_MAGIC, SG_FS_KERNELS},   {SYSFS_MAGIC, SG_FS_KERNELS},
    {DEBUGFS_MAGIC, SG_FS_KERNELS},      {TRACEFS_MAGIC, SG_FS_KERNELS},
    {SECURITYFS_MAGIC, SG_FS_KERNELS},   {CONFIGFS_MAGIC, SG_FS_KERNELS},
    {CGROUP_SUPER_MAGIC, SG_FS_KERNELS}, {CGROUP2_SUPER_MAGIC, SG_FS_KERNELS},
    {BPF_FS_MAGIC, SG_FS_KERNELS},       {EFIVARFS_MAGIC, SG_FS_KERNELS},
    {PSTOREFS_MAGIC, SG_FS_KERNELS},     {SELINUX_MAGIC, SG_FS_KERNELS},
    {NSFS_MAGIC, SG_FS_KERNELS},         {SQUASHFS_MAGIC, SG_FS_FIXED},
    {ISOFS_SUPER_MAGIC, SG_FS_FIXED},    {EROFS_SUPER_MAGIC_V1, SG_FS_FIXED},
    {CRAMFS_MAGIC, SG_FS_FIXED},         {TMPFS_MAGIC, SG_FS_LEASED},
    {EXT4_SUPER_MAGIC, SG_FS_STAMPED},   {XFS_SUPER_MAGIC, SG_FS_STAMPED},
    {BTRFS_SUPER_MAGIC, SG_FS_STAMPED},
};

static uint32_t magic_of(int fd)
{
    struct statfs fs = {0};

    return SG_RAW(SYS_fstatfs, fd, &fs) < 0 ? 0 : (uint32_t)fs.f_type;
}

enum sg_filesystem sg_filesystem_of(int fd)
{
    uint32_t magic = magic_of(fd);

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].magic == magic)
            return rows[i].is;
    return SG_FS_UNKNOWN;
}

bool sg_filesystem_clones(int fd)
{
    uint32_t magic = magic_of(fd);

    return magic == XFS_SUPER_MAGIC || magic == BTRFS_SUPER_MAGIC;
}
