/* arrays.c - array bytes that joblib writes between opcodes.
 *
 * joblib's unpickler, after BUILD of a NumpyArrayWrapper, reads the array from the file: a pickle
 * when the dtype holds objects, else (since joblib 1.2, when the state has an alignment) a length
 * byte and that many padding bytes, then shape × itemsize bytes. Source: joblib/numpy_pickle.py,
 * read_array(); the dtype's state: numpy's __reduce__ of dtype (itemsize at 5, flags at 7).
 */
#include "machine/state.h"

#define ITEM_HAS_OBJECT 1

static bool named(const struct sg_machine *m, sg_value v, const char *module, const char *name)
{
    const struct sg_global *global = sg_value_global(m, v);

    return global && sg_text_is(global->module, module) && sg_text_is(global->qualname, name);
}

static bool shape_size(const struct sg_machine *m, sg_value shape, uint64_t *size)
{
    bool whole;
    size_t count = sg_value_count(m, shape, &whole);

    *size = 1;
    if (sg_value_kind(m, shape) != SG_V_TUPLE || !whole)
        return false;
    for (size_t i = 0; i < count; i++) {
        int64_t side;
        sg_value item = sg_value_item(m, shape, i);
        struct sg_call scalar;
        /* A side may be a numpy integer: a scalar that no int stands for. */
        if (sg_value_call(m, item, &scalar) || !sg_value_int(m, item, &side) || side < 0 ||
            __builtin_mul_overflow(*size, (uint64_t)side, size))
            return false;
    }
    return true;
}

/* What one item of an array is, as far as it is known. */
struct item {
    uint64_t size; /* bytes */
    bool known, object;
};

/* 'f8', '<U10', '|O', 'M8[ns]', '?' */
static struct item item_of(const char *text, size_t len)
{
    uint64_t number = 0;

    while (len && strchr("<>=|", *text))
        text++, len--;
    if (!len)
        return (struct item){0};
    char letter = *text++;
    len--;
    bool digits = len && *text >= '0' && *text <= '9';
    for (; len && *text >= '0' && *text <= '9' && number < 1u << 30; text++, len--)
        number = number * 10 + (uint64_t)(*text - '0');
    if (letter == '?' && !digits)
        return (struct item){.size = 1, .known = true};
    return (struct item){
        .size = letter == 'U' ? number * 4 : number, .known = digits, .object = letter == 'O'};
}

static struct item dtype_item(const struct sg_machine *m, sg_value dtype)
{
    struct sg_call call;
    char text[32];
    bool whole;
    int64_t number;

    if (!sg_value_call(m, dtype, &call) || !named(m, call.callee, "numpy", "dtype"))
        return (struct item){0};
    sg_value state = sg_value_state(m, dtype);
    if (sg_value_kind(m, state) == SG_V_TUPLE && sg_value_count(m, state, &whole) > 7 &&
        sg_value_int(m, sg_value_item(m, state, 7), &number) && number & ITEM_HAS_OBJECT)
        return (struct item){.known = true, .object = true};
    sg_value letters = sg_value_item(m, call.args, 0);
    return item_of(text, sg_value_read(m, letters, 0, text, sizeof(text)));
}

static bool is_wrapper(const struct sg_machine *m, sg_value object)
{
    struct sg_call call;

    if (!sg_value_call(m, object, &call))
        return false;
    return named(m, call.callee, "joblib.numpy_pickle", "NumpyArrayWrapper") ||
           named(m, call.callee, "sklearn.externals.joblib.numpy_pickle", "NumpyArrayWrapper");
}

void sg_array_after_build(struct sg_machine *m, sg_value object)
{
    uint64_t count;

    if ((object & SG_KIND_MASK) != SG_V_RESULT || !is_wrapper(m, object))
        return;
    m->arrays = true;
    if (m->options.reading.plain)
        return;
    sg_value state = sg_value_state(m, object);
    struct item item = dtype_item(m, sg_value_lookup(m, state, "dtype"));
    if (item.object) {
        m->nested_pickle = true;
        return;
    }
    if (!item.known || !shape_size(m, sg_value_lookup(m, state, "shape"), &count) ||
        __builtin_mul_overflow(count, item.size, &m->skip)) {
        m->skip = 0;
        sg_machine_anomaly(m, SG_A_FORGOTTEN_USED);
        return;
    }
    sg_value alignment = sg_value_lookup(m, state, "numpy_array_alignment_bytes");
    m->pad_byte = alignment != SG_ABSENT && sg_value_kind(m, alignment) != SG_V_NONE;
}
