/* edits.c - how far one word is from another: optimal string alignment, three rows of a table. */
#include "policy/edits.h"

#include <string.h>

#define WORD_MAX 32u

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

unsigned sg_edits(const char *a, const char *b)
{
    unsigned rows[3][WORD_MAX + 1];
    unsigned *above = rows[0], *last = rows[1], *row = rows[2];
    size_t a_len = strnlen(a, WORD_MAX), b_len = strnlen(b, WORD_MAX);

    for (size_t j = 0; j <= b_len; j++)
        last[j] = (unsigned)j;
    for (size_t i = 1; i <= a_len; i++) {
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_len; j++) {
            row[j] = last[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = least(row[j], least(last[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], above[j - 2] + 1);
        }
        unsigned *spare = above;
        above = last;
        last = row;
        row = spare;
    }
    return last[b_len];
}
