/* known.h - files that stand for others, or hold them where the scanner does not look. */
#ifndef SG_KNOWN_H
#define SG_KNOWN_H

#include <stddef.h>
#include <stdint.h>

enum sg_known_kind {
    SG_KNOWN_NOT,     /* not one of these; anything */
    SG_KNOWN_POINTER, /* stands for a file that is not here */
    SG_KNOWN_PACKED,  /* an archive that is not opened here */
};

struct sg_known {
    enum sg_known_kind kind;
    const char *name; /* "lfs-pointer", "7z"; NULL for SG_KNOWN_NOT */
};

/* What a file that begins with `head` is. Wants SG_SNIFF_SIZE bytes, decides on what there is. */
struct sg_known sg_known_format(const uint8_t *head, size_t len);

#endif
