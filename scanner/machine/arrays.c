/* arrays.c - array bytes that joblib writes between opcodes.
 *
 * joblib's unpickler, after BUILD of a NumpyArrayWrapper, reads the array from the file: a pickle
 * when the dtype holds objects, else (since joblib 1.2, when the state has an alignment) a length
 * byte and that many padding bytes, then shape × itemsize bytes. Source: joblib/numpy_pickle.py,
 * read_array(). It reads from the file: opcodes that are left in an open frame come first. The
 * dtype's state: numpy's __reduce__ of dtype (itemsize at 5, flags at 7).
 */
#include "machine/state.h"

#define ITEM_HAS_OBJECT 1

/* The last part of a name: a class has as many names as modules import it. */
static bool named(const struct sg_machine *m, sg_value v, const char *name)
{
    const struct sg_global *global = sg_value_global(m, v);
    size_t len = strlen(name);

    if (!global || global->qualname.len < len)
        return false;
    const char *last = global->qualname.at + global->qualname.len - len;
    return memcmp(last, name, len) == 0 && (last == global->qualname.at || last[-1] == '.');
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
    bool flexible; /* text, bytes, structures: the dtype's state has the size */
    bool structure;
};

/* Nothing, or the unit of a time: "[ns]". */
static bool ends_here(const char *text, size_t len, char letter)
{
    bool time = letter == 'M' || letter == 'm';

    return len == 0 ||
           (time && len > 2 && text[0] == '[' && memchr(text, ']', len) == text + len - 1);
}

/* 'f8', '<U10', '|O', 'M8[ns]', '?'; of "f8,f8", "(2,3)f8" and the like the size is not known. */
static struct item item_of(const char *text, size_t len)
{
    uint64_t number = 0;

    while (len && strchr("<>=|", *text))
        text++, len--;
    if (!len || !memchr("?biufcmMOSUVa", *text, 13))
        return (struct item){0};
    char letter = *text++;
    len--;
    bool digits = len && *text >= '0' && *text <= '9';
    for (; len && *text >= '0' && *text <= '9' && number < 1u << 30; text++, len--)
        number = number * 10 + (uint64_t)(*text - '0');
    if (letter == '?' && !digits)
        number = 1;
    return (struct item){.size = letter == 'U' ? number * 4 : number,
                         .known = ends_here(text, len, letter) &&
                                  (digits || letter == 'O' || (letter == '?' && !len)),
                         .object = letter == 'O',
                         .flexible = strchr("SUVa", letter) != NULL,
                         .structure = letter == 'V'};
}

/* The state has a size, which counts where the letters leave it open, and since its eighth item
 * whether there are objects: that must agree with the letters, or it depends on how the dtype was
 * made which of them counts. Before, that follows from the fields. */
static struct item with_state(const struct sg_machine *m, struct item item, sg_value state)
{
    bool whole;
    int64_t flags, size;
    size_t count = sg_value_count(m, state, &whole);
    size_t at = count >= 7 ? 5 : count >= 5 ? count - 2 : 0; /* older ones lack version and names */

    if (sg_value_kind(m, state) != SG_V_TUPLE || !at)
        return (struct item){0};
    if (count > 7) {
        if (!sg_value_int(m, sg_value_item(m, state, 7), &flags))
            return (struct item){0};
        bool object = flags & ITEM_HAS_OBJECT;
        if (object != item.object && !item.structure)
            return (struct item){0};
        item.object = object;
    } else if (sg_value_item(m, state, at - 1) != SG_NONE_VALUE) {
        return (struct item){0};
    }
    if (!item.flexible)
        return item;
    item.known = sg_value_int(m, sg_value_item(m, state, at), &size) && size >= 0;
    item.size = item.known ? (uint64_t)size : 0;
    return item;
}

bool sg_array_dtype(const struct sg_machine *m, sg_value object)
{
    struct sg_call call;

    return sg_value_call(m, object, &call) && sg_value_is_name(m, call.callee, "numpy", "dtype");
}

static struct item dtype_item(const struct sg_machine *m, sg_value dtype)
{
    struct sg_call call;
    char text[32];

    if (!sg_value_call(m, dtype, &call) || !named(m, call.callee, "dtype"))
        return (struct item){0};
    sg_value letters = sg_value_item(m, call.args, 0), state = sg_value_state(m, dtype);
    size_t len = sg_value_read(m, letters, 0, text, sizeof(text));
    struct item item = len < sizeof(text) ? item_of(text, len) : (struct item){0};
    return state == SG_ABSENT ? item : with_state(m, item, state);
}

/* Made by NEWOBJ, or by a call that is given the class (copyreg._reconstructor below protocol 2) or
 * another wrapper (copy.copy). */
static bool is_wrapper(const struct sg_machine *m, sg_value object, int depth)
{
    struct sg_call call;

    if (depth > 4 || !sg_value_call(m, object, &call))
        return false;
    sg_value first = sg_value_item(m, call.args, 0);
    return named(m, call.callee, "NumpyArrayWrapper") || named(m, first, "NumpyArrayWrapper") ||
           is_wrapper(m, first, depth + 1);
}

/* Whether padding comes first; false when that is not known: what a constructor or another wrapper
 * has given the object, its state need not repeat. */
static bool padding_of(struct sg_machine *m, sg_value object, bool *pad)
{
    struct sg_call call;
    sg_value alignment =
        sg_value_lookup(m, sg_value_state(m, object), "numpy_array_alignment_bytes");
    enum sg_kind kind = sg_value_kind(m, alignment);

    *pad = kind == SG_V_INT;
    if (alignment == SG_ABSENT)
        return sg_value_call(m, object, &call) && call.op == SG_CALL_NEWOBJ;
    return kind == SG_V_INT || kind == SG_V_NONE;
}

static bool size_of(struct sg_machine *m, sg_value object, struct sg_array *array)
{
    sg_value state = sg_value_state(m, object);
    struct item item = dtype_item(m, sg_value_lookup(m, state, "dtype"));
    uint64_t count;

    if (!item.known)
        return false;
    *array = (struct sg_array){.objects = item.object};
    return item.object || (shape_size(m, sg_value_lookup(m, state, "shape"), &count) &&
                           !__builtin_mul_overflow(count, item.size, &array->size) &&
                           padding_of(m, object, &array->pad));
}

enum sg_step sg_array_after_build(struct sg_machine *m, sg_value object)
{
    struct sg_load *load = m->load;

    if ((object & SG_KIND_MASK) != SG_V_RESULT || load != m->loads || !is_wrapper(m, object, 0))
        return SG_STEP_ON;
    m->arrays = true;
    if (m->options.reading.plain || m->guessing)
        return SG_STEP_ON;
    if (load->array_count == SG_ARRAYS_MAX || !size_of(m, object, &load->arrays[load->array_count]))
        return sg_machine_error(m, "an array of unknown size");
    load->array_count++;
    return SG_STEP_ON;
}
