/* zip_methods.h - members of a zip that are neither stored nor deflated. Included by scan/ only. */
#ifndef SG_ZIP_METHODS_H
#define SG_ZIP_METHODS_H

#include "readers/zip.h"
#include "scan/composer.h"

/* Whether members of this method are read: stored, deflated, bzip2, LZMA, zstd, xz (APPNOTE 4.4.5).
 * zipfile reads the first four, since CPython 3.14 also zstd; miniz the first two. */
bool sg_zip_method_read(uint16_t method);

/* Opens a member, whatever its method; see sg_zip_content(). */
SG_MUST_CHECK enum sg_status sg_zip_method_open(struct sg_composer *c, const struct sg_zip *zip,
                                                const struct sg_zip_member *member,
                                                struct sg_stream *out);

#endif
