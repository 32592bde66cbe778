/* keras_layers.c - what a Keras configuration would run: Lambda layers, functions by name. */
#include "readers/keras.h"
#include "scan/members.h"

/* Code objects of one configuration that are looked at. */
#define CODES_MAX 1024u

struct layers {
    struct sg_composer *c;
    size_t codes;
};

static bool is_lambda(struct sg_text class)
{
    return sg_text_is(class, "Lambda") || sg_text_is(class, "__lambda__");
}

/* Classes by which Keras says that an object is the function named in its "config". */
static bool is_function(struct sg_text class)
{
    return sg_text_is(class, "function") || sg_text_is(class, "builtin_function_or_method") ||
           sg_text_is(class, "type");
}

static void judge_name(struct sg_composer *c, struct sg_text module, struct sg_text name,
                       uint64_t offset)
{
    char detail[64];

    if (module.len && name.len &&
        sg_judge_name_here(c->judge, module, name, detail, sizeof(detail)) >= SG_BEYOND_DOUBT)
        sg_compose_name(c, module, name, offset);
}

static void on_object(void *ctx, uint64_t offset, const struct sg_keras_object *object)
{
    struct sg_composer *c = ((struct layers *)ctx)->c;

    if (is_lambda(object->class))
        sg_judge_finding(c->judge, SG_F_CODE, offset,
                         "a Keras Lambda layer: its function comes with the file");
    judge_name(c, object->module, object->class, offset);
    judge_name(c, object->module, object->spec, offset);
    if (is_function(object->class))
        judge_name(c, object->module, object->config, offset);
}

static void on_code(void *ctx, uint64_t offset, const uint8_t *code, size_t len, bool cut)
{
    struct layers *layers = ctx;
    struct sg_composer *c = layers->c;

    if (layers->codes++ >= CODES_MAX) {
        sg_judge_partial(c->judge, offset, "more code than is looked at");
        return;
    }
    if (!sg_compose_marshal(c, code, len, offset) && !cut)
        return;
    sg_judge_finding(c->judge, SG_F_CODE, offset, "a Keras configuration with marshalled code");
    if (cut)
        sg_judge_partial(c->judge, offset, "more code than is looked at");
}

void sg_compose_keras(struct sg_composer *c, struct sg_stream *stream)
{
    struct layers layers = {.c = c};
    struct sg_keras_events events = {.ctx = &layers, .object = on_object, .code = on_code};

    if (sg_keras_read(stream, &c->work, &events))
        sg_judge_partial(c->judge, sg_stream_offset(stream), "a configuration was not read");
}

void sg_compose_config(struct sg_composer *c, struct sg_stream *stream)
{
    const char *text = "a configuration in UTF-16 or UTF-32, which is not read";
    size_t have = sg_stream_need(stream, 2);

    if (!sg_keras_is_wide(stream->at, have)) {
        sg_compose_keras(c, stream);
        return;
    }
    sg_judge_finding(c->judge, SG_F_NOT_ANALYSED, 0, text);
    sg_judge_partial(c->judge, 0, text);
}
