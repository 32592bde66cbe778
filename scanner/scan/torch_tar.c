/* torch_tar.c - torch's oldest format: a tar in which pickles and raw bytes alternate.
 *
 * Its reader is _legacy_load() of torch.serialization. "storages": a count, then a pickle (key,
 * location, storage type), a 64-bit count of elements and these, for each; at last a pickle of
 * views. "tensors": a count, then a pickle (key, storage, type) and the geometry, for each.
 * "pickle" is an ordinary one.
 */
#include "scan/members.h"

/* One pickle, and the raw bytes behind it. */
struct part {
    uint64_t end; /* of the pickle */
    uint64_t raw; /* bytes behind it; UINT64_MAX: not known */
};

static uint64_t element_size(struct sg_text type)
{
    static const struct {
        const char *name;
        uint8_t size;
    } rows[] = {
        {"DoubleStorage", 8},         {"FloatStorage", 4},    {"HalfStorage", 2},
        {"LongStorage", 8},           {"IntStorage", 4},      {"ShortStorage", 2},
        {"CharStorage", 1},           {"ByteStorage", 1},     {"BoolStorage", 1},
        {"BFloat16Storage", 2},       {"QInt8Storage", 1},    {"QUInt8Storage", 1},
        {"QInt32Storage", 4},         {"QUInt4x2Storage", 1}, {"ComplexFloatStorage", 8},
        {"ComplexDoubleStorage", 16}, {"UntypedStorage", 1},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (type.len >= strlen(rows[i].name) &&
            sg_text_is(
                (struct sg_text){type.at + type.len - strlen(rows[i].name), strlen(rows[i].name)},
                rows[i].name))
            return rows[i].size;
    return 0;
}

static uint64_t times(uint64_t a, uint64_t b)
{
    uint64_t product;

    return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

/* Bytes of a storage whose element count stands at `at`. */
static uint64_t storage_size(const struct sg_source *source, uint64_t at, struct sg_text type)
{
    uint8_t count[8];
    uint64_t size = element_size(type);

    if (!size || sg_source_exact(source, at, count, sizeof(count)))
        return UINT64_MAX;
    size = times(size, sg_le64(count));
    return size > UINT64_MAX - sizeof(count) ? UINT64_MAX : size + sizeof(count);
}

/* Bytes of a tensor's geometry: dimensions, sizes, strides, offset. */
static uint64_t geometry_size(const struct sg_source *source, uint64_t at)
{
    uint8_t dims[4];

    if (sg_source_exact(source, at, dims, sizeof(dims)))
        return UINT64_MAX;
    return 8 + 16 * (uint64_t)sg_le32(dims) + 8;
}

static uint64_t raw_behind(const struct sg_machine *m, const struct sg_outcome *outcome,
                           const struct sg_source *source, bool tensors)
{
    bool whole;

    if (sg_value_kind(m, outcome->result) != SG_V_TUPLE ||
        sg_value_count(m, outcome->result, &whole) != 3)
        return 0;
    if (tensors)
        return geometry_size(source, outcome->end);
    const struct sg_global *type = sg_value_global(m, sg_value_item(m, outcome->result, 2));
    return type ? storage_size(source, outcome->end, type->qualname) : UINT64_MAX;
}

/* Runs the pickle at `offset` without telling anything; false when it does not come to its end. */
static bool measure(struct sg_machine *m, struct sg_stream *stream, uint64_t offset, bool tensors,
                    struct part *out)
{
    struct sg_outcome outcome;

    (void)sg_stream_seek(stream, offset);
    sg_machine_run(m, stream, &outcome);
    if (outcome.stop != SG_STOP_STOP)
        return false;
    *out = (struct part){outcome.end, raw_behind(m, &outcome, &stream->source, tensors)};
    return true;
}

/* Tells the pickle at `offset`, up to its end only: what follows it is not for unpicklers. */
static void tell(struct sg_composer *c, const struct sg_source *source, uint64_t offset,
                 uint64_t end)
{
    struct sg_source part = sg_source_part(source, 0, end);
    struct sg_feed feed = sg_feed_source(&part), one = sg_feed_from(&feed, &offset);

    (void)sg_compose_pickles(c, &one);
}

static bool is_raw(struct sg_text name)
{
    return sg_text_is(name, "tensors") || sg_text_is(name, "storages");
}

void sg_compose_torch_link(struct sg_composer *c, struct sg_text name)
{
    const char *text = "a link in place of torch's tensors: what it leads to was not read as such";

    if (!is_raw(name))
        return;
    sg_judge_finding(c->judge, SG_F_NOT_ANALYSED, 0, text);
    sg_judge_partial(c->judge, 0, text);
}

static void read_parts(struct sg_composer *c, struct sg_machine *m, struct sg_stream *stream,
                       bool tensors)
{
    const struct sg_source source = stream->source;
    bool behind_raw = false;
    struct part part;
    uint64_t offset = 0;

    while (offset < source.size) {
        bool ends = measure(m, stream, offset, tensors, &part);
        if (behind_raw)
            tell(c, &source, offset, ends ? part.end : source.size);
        if (!ends)
            return;
        if (part.raw > source.size - part.end) {
            sg_judge_partial(c->judge, part.end, "raw bytes of unknown length between pickles");
            return;
        }
        behind_raw |= part.raw > 0;
        offset = part.end + part.raw;
    }
}

void sg_compose_torch_tar(struct sg_composer *c, struct sg_text name,
                          const struct sg_source *source)
{
    struct sg_feed feed = sg_feed_source(source);
    struct sg_machine_options options = {.max_memory = c->work.size};
    struct sg_events events = {0};
    struct sg_machine *m;
    struct sg_stream stream;
    size_t used = c->work.used;

    if (!is_raw(name))
        return;
    if (!sg_machine_open(&m, &c->work, &options, &events) && feed.open(c, &feed, &stream))
        read_parts(c, m, &stream, sg_text_is(name, "tensors"));
    c->work.used = used;
}
