/* known.c - pointers and packed archives, recognised by their first bytes. */
#include "scan/known.h"

#include <string.h>

#define POINTER "version https://git-lfs.github.com/spec/"
#define SEVEN_ZIP "7z\xbc\xaf\x27\x1c"

struct sg_known sg_known_format(const uint8_t *head, size_t len)
{
    if (len >= sizeof(POINTER) - 1 && !memcmp(head, POINTER, sizeof(POINTER) - 1))
        return (struct sg_known){SG_KNOWN_POINTER, "lfs-pointer"};
    if (len >= sizeof(SEVEN_ZIP) - 1 && !memcmp(head, SEVEN_ZIP, sizeof(SEVEN_ZIP) - 1))
        return (struct sg_known){SG_KNOWN_PACKED, "7z"};
    return (struct sg_known){SG_KNOWN_NOT, NULL};
}
