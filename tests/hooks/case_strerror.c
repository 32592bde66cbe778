/* case_strerror.c - the text of a refusal tells why, to the thread that was refused. */
#include "hookcase.h"

#include <locale.h>

char *__strerror_r(int number, char *into, size_t room);
int __xpg_strerror_r(int number, char *into, size_t room);

typedef const char *text_fn(int number, char *into, size_t room);

/* EPROTO: the text is not what it should be. */
static ssize_t after_open(struct trial *trial, text_fn *text)
{
    char before[256], into[2048];
    int fd = open(trial->path, O_RDONLY), why = errno;
    const char *told = text(EACCES, into, sizeof(into));
    bool noted = strstr(told, " [safeguard: ") && strncmp(told, "Permission denied", 17) == 0;

    if (noted != (fd < 0) || strstr(text(ENOENT, before, sizeof(before)), "safeguard"))
        return errno = EPROTO, -1;
    errno = why;
    if (fd >= 0)
        return raw_fill(fd, trial);
    /* What was refused is no longer the last thing that this thread did. */
    raw_close(open(trial->plain, O_RDONLY));
    if (strstr(text(EACCES, into, sizeof(into)), "safeguard"))
        return errno = EPROTO, -1;
    (void)open(trial->path, O_RDONLY);
    return -1;
}

static const char *plain(int number, char *into, size_t room)
{
    (void)into, (void)room;
    return strerror(number);
}

static const char *localised(int number, char *into, size_t room)
{
    (void)into, (void)room;
    return strerror_l(number, newlocale(LC_ALL_MASK, "C", NULL));
}

static const char *gnu(int number, char *into, size_t room)
{
    return strerror_r(number, into, room);
}

static const char *gnu_internal(int number, char *into, size_t room)
{
    return __strerror_r(number, into, room);
}

/* A buffer that is too short is filled and said to be. */
static const char *xpg(int number, char *into, size_t room)
{
    char little[12];
    int status = __xpg_strerror_r(number, little, sizeof(little));

    if (status != ERANGE || strlen(little) != sizeof(little) - 1 ||
        __xpg_strerror_r(number, into, room) != 0)
        return "safeguard: wrong for both";
    /* Long enough for libc's message, not for what comes behind it. */
    char middle[30];
    bool cut = __xpg_strerror_r(number, middle, sizeof(middle)) == ERANGE;
    if (cut != (strlen(into) >= sizeof(middle)) || strncmp(middle, into, sizeof(middle) - 1) != 0)
        return "safeguard: wrong for both";
    return into;
}

#define TELLS(symbol, text)                                                                        \
    static ssize_t by_##symbol(struct trial *trial)                                                \
    {                                                                                              \
        return after_open(trial, text);                                                            \
    }

TELLS(strerror, plain)
TELLS(strerror_l, localised)
TELLS(strerror_r, gnu)
TELLS(__strerror_r, gnu_internal)
TELLS(__xpg_strerror_r, xpg)

#define ROW(symbol)                                                                                \
    {                                                                                              \
#symbol, by_##symbol, 0                                                                    \
    }

const struct hookcase cases_strerror[] = {
    ROW(strerror),     ROW(strerror_l),       ROW(strerror_r),
    ROW(__strerror_r), ROW(__xpg_strerror_r), {NULL, NULL, 0},
};
