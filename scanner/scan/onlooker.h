/* onlooker.h - who watches the machines of a scan at work. */
#ifndef SG_SCAN_ONLOOKER_H
#define SG_SCAN_ONLOOKER_H

#include "machine/machine.h"

struct sg_onlooker {
    void *ctx;

    /* Pickles in a row begin, in the member of that path ("": the file itself), under the reading
     * of that number: 0, then those in which loaders differ. `unlikely`: no loader of clean files
     * reads them so. */
    void (*begin)(void *ctx, const char *member, unsigned reading, bool unlikely);

    /* What began last ends. What is inside a pickle begins and ends while the outer one runs. */
    void (*end)(void *ctx);

    /* What is told to the judge, and what is kept from it because it is uncertain; `payload` and
     * `code` are not called. */
    struct sg_events events;
};

#endif
