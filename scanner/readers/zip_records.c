/* zip_records.c - decodes the records of a zip; bounds are the caller's, as the header says. */
#include "readers/zip_records.h"

#define EXTRA_ZIP64 0x0001u
#define EXTRA_UNICODE_PATH 0x7075u

void sg_zip_read_end(const uint8_t *at, struct sg_zip_end *end)
{
    end->disks = sg_le16(at + 4) | sg_le16(at + 6);
    end->count = sg_le16(at + 10);
    end->size = sg_le32(at + 12);
    end->offset = sg_le32(at + 16);
    end->comment = sg_le16(at + 20);
}

void sg_zip_read_end64(const uint8_t *at, struct sg_zip_end *end)
{
    end->disks = sg_le32(at + 16) | sg_le32(at + 20);
    end->count = sg_le64(at + 32);
    end->size = sg_le64(at + 40);
    end->offset = sg_le64(at + 48);
    end->comment = 0;
}

/* From `flags` to `extra_len` both kinds of header have the same fields in the same order. */
static void read_shared(const uint8_t *at, struct sg_zip_header *header)
{
    header->flags = sg_le16(at);
    header->method = sg_le16(at + 2);
    header->crc = sg_le32(at + 8);
    header->packed = sg_le32(at + 12);
    header->size = sg_le32(at + 16);
    header->name_len = sg_le16(at + 20);
    header->extra_len = sg_le16(at + 22);
}

void sg_zip_read_central(const uint8_t *at, struct sg_zip_header *header)
{
    read_shared(at + 8, header);
    header->offset = sg_le32(at + 42);
}

void sg_zip_read_local(const uint8_t *at, struct sg_zip_header *header)
{
    read_shared(at + 6, header);
    header->offset = 0;
}

/* The values stand in this order, each only where the header asks for it (4.5.3). */
static bool read_zip64(const uint8_t *at, size_t len, struct sg_zip_header *header)
{
    uint64_t *const values[] = {&header->size, &header->packed, &header->offset};

    for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
        if (*values[i] != SG_ZIP_IN_ZIP64)
            continue;
        if (len < 8)
            return false;
        *values[i] = sg_le64(at);
        at += 8;
        len -= 8;
    }
    return true;
}

struct sg_zip_extra sg_zip_read_extra(const uint8_t *at, size_t len, bool each,
                                      struct sg_zip_header *header)
{
    struct sg_zip_extra extra = {0};

    while (len >= 4) {
        uint16_t id = sg_le16(at);
        size_t size = sg_le16(at + 2);
        if (size > len - 4) {
            extra.broken = true;
            break;
        }
        if (id == EXTRA_ZIP64 && (extra.zip64_fields++ == 0 || each)) {
            extra.broken |= !read_zip64(at + 4, size, header);
        } else if (id == EXTRA_UNICODE_PATH && size > 5 && at[4] == 1) {
            extra.unicode_name = (struct sg_text){(const char *)at + 9, size - 5};
        }
        at += 4 + size;
        len -= 4 + size;
    }
    return extra;
}

bool sg_zip_descriptor_fits(const uint8_t *at, size_t len, const struct sg_zip_header *header,
                            size_t *size)
{
    for (unsigned form = 0; form < 4; form++) {
        size_t head = form & 1 ? 0 : 4;
        size_t width = form & 2 ? 8 : 4;
        if (len < head + 4 + 2 * width || (head && sg_le32(at) != SG_ZIP_SIG_DESCRIPTOR) ||
            sg_le32(at + head) != header->crc)
            continue;
        const uint8_t *sizes = at + head + 4;
        uint64_t packed = width == 8 ? sg_le64(sizes) : sg_le32(sizes);
        uint64_t unpacked = width == 8 ? sg_le64(sizes + 8) : sg_le32(sizes + 4);
        uint64_t mask = width == 8 ? UINT64_MAX : UINT32_MAX;
        if (packed != (header->packed & mask) || unpacked != (header->size & mask))
            continue;
        *size = head + 4 + 2 * width;
        return true;
    }
    return false;
}

size_t sg_zip_find_last(const uint8_t *bytes, size_t len, uint32_t signature, size_t room)
{
    const uint8_t first = signature & 0xff;

    if (len < room)
        return SIZE_MAX;
    size_t left = len - room + 1;
    while (left > 0) {
        const uint8_t *hit = memrchr(bytes, first, left);
        if (!hit)
            break;
        left = (size_t)(hit - bytes);
        if (sg_le32(hit) == signature)
            return left;
    }
    return SIZE_MAX;
}
