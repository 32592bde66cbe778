/* status.h - what a fallible function of the scanner answers. */
#ifndef SG_STATUS_H
#define SG_STATUS_H

#define SG_MUST_CHECK __attribute__((warn_unused_result))

/* What users of the library see, in C and in C++. */
#ifdef __cplusplus
#define SG_API extern "C" __attribute__((visibility("default")))
#else
#define SG_API __attribute__((visibility("default")))
#endif

enum sg_status {
    SG_OK = 0,
    SG_END,        /* nothing more, or fewer bytes than asked for */
    SG_ERR_IO,     /* the source could not be read */
    SG_ERR_MEMORY, /* the caller's arena is used up */
    SG_ERR_LIMIT,  /* a limit of struct sg_limits was reached */
    SG_ERR_FORMAT, /* the bytes are not of this format, or damaged */
    SG_ERR_ARG,    /* the caller's arguments do not fit */
};

/* A few plain words for a status; never NULL. */
SG_API const char *sg_status_text(enum sg_status status);

#endif
