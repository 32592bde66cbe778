/* report.c - names of verdicts and coverages. */
#include "ground/report.h"

const char *sg_verdict_name(enum sg_verdict verdict)
{
    static const char *const names[] = {"benign", "suspicious", "malicious"};

    return names[verdict];
}

const char *sg_coverage_name(enum sg_coverage coverage)
{
    static const char *const names[] = {"complete", "partial", "none"};

    return names[coverage];
}
