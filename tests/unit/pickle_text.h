/* pickle_text.h - pickles written as text, a piece each. */
#ifndef SG_TEST_PICKLE_TEXT_H
#define SG_TEST_PICKLE_TEXT_H

#include <stddef.h>

/* Bytes that may hold any, NUL too. */
struct piece {
    const char *at;
    size_t len;
};

#define P(text)                                                                                    \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }

/* Calls in text: f(args) of module and dotted name. */
#define CALL(module, name, args) "c" module "\n" name "\n(" args "tR"
#define CALLED(maker, args) maker "(" args "tR"
#define STR(text) "S'" text "'\n"
#define INT(number) "I" #number "\n"
#define LIST(items) "(" items "l"
#define TUPLE(items) "(" items "t"
#define UNI(text) "V" text "\n"           /* \u escapes; bytes above 127 are Latin-1 */
#define RAW(length, text) "C" length text /* SHORT_BINBYTES: the length as a character */
#define NOTHING "N"
/* class.__new__(class, *args, **kwargs); keywords are pairs. */
#define NEW_WITH(module, name, args, keywords) "c" module "\n" name "\n(" args "t(" keywords "d\x92"

#endif
