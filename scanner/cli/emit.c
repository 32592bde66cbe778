/* emit.c - which functions print which format. */
#include "cli/emit.h"

const struct sg_emit *sg_emit_of(enum sg_format format)
{
    static const struct sg_emit *const formats[] = {[SG_TEXT_LINES] = &sg_emit_text,
                                                    [SG_JSON] = &sg_emit_json,
                                                    [SG_JSONL] = &sg_emit_jsonl,
                                                    [SG_SARIF] = &sg_emit_sarif,
                                                    [SG_JUNIT] = &sg_emit_junit};

    return formats[format];
}
