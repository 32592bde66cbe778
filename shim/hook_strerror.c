/* hook_strerror.c - a refusal looks like any EACCES; who asks for its text in the thread that was
 * refused gets the reason with it. CPython does, for every PermissionError. */
#include "shim/hooks.h"
#include "shim/note.h"

#include <locale.h>

static const char *with_note(int number, const char *message)
{
    const char *noted = number == EACCES && sg_note_mine ? sg_note_append(message) : NULL;

    return noted ? noted : message;
}

SG_HOOK char *strerror(int number)
{
    return (char *)with_note(number, SG_REAL(strerror)(number));
}

SG_HOOK char *strerror_l(int number, locale_t locale)
{
    return (char *)with_note(number, SG_REAL(strerror_l)(number, locale));
}

SG_HOOK char *strerror_r(int number, char *into, size_t room)
{
    return (char *)with_note(number, SG_REAL(strerror_r)(number, into, room));
}

SG_HOOK char *__strerror_r(int number, char *into, size_t room)
{
    return (char *)with_note(number, SG_REAL(__strerror_r)(number, into, room));
}

SG_HOOK int __xpg_strerror_r(int number, char *into, size_t room)
{
    int status = SG_REAL(__xpg_strerror_r)(number, into, room);

    if (status != 0 || room == 0)
        return status;
    const char *noted = with_note(number, into);
    size_t len = strlen(noted);
    if (noted == into)
        return 0;
    memcpy(into, noted, len < room ? len : room - 1);
    into[len < room ? len : room - 1] = '\0';
    return len < room ? 0 : ERANGE;
}
