/* site_file.h - policy files and folders: whether they may be believed, and their bytes. */
#ifndef SG_SITE_FILE_H
#define SG_SITE_FILE_H

#include "policy/policy.h"

struct sg_site_folder {
    const char *files[SG_POLICY_FILES_MAX]; /* whole paths of its *.ini, in the order of names */
    size_t count;
};

/* The bytes of a regular file that not everybody may write to. SG_END, with the error filled in,
 * when nothing of that name is there. */
SG_MUST_CHECK enum sg_status sg_site_file_read(const char *path, struct sg_arena *arena,
                                               struct sg_text *text, struct sg_policy_error *error);

/* A folder that is not there is empty. */
SG_MUST_CHECK enum sg_status sg_site_folder_list(const char *path, struct sg_arena *arena,
                                                 struct sg_site_folder *folder,
                                                 struct sg_policy_error *error);

#endif
