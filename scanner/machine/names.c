/* names.c - text of constants where a name is wanted. */
#include "machine/state.h"

#define NAME_MAX_LENGTH (1u << 20)
#define WORK_PER_BYTE 64u
#define WORK_FREE (16u << 20)

bool sg_work(struct sg_machine *m, uint64_t amount)
{
    m->work += amount;
    if (m->work <= WORK_FREE || m->work / WORK_PER_BYTE <= sg_stream_offset(m->stream))
        return true;
    m->outcome->overworked = true;
    return false;
}

bool sg_text_ascii(struct sg_text text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] & 0x80)
            return false;
    return true;
}

bool sg_utf8_valid(struct sg_text text)
{
    size_t i = 0;

    while (i < text.len) {
        uint8_t c = (uint8_t)text.at[i++];
        if (c < 0x80)
            continue;
        size_t more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : 1;
        if (c < 0xC2 || c > 0xF4 || more > text.len - i)
            return false;
        uint8_t next = (uint8_t)text.at[i];
        if ((c == 0xE0 && next < 0xA0) || (c == 0xED && next > 0x9F) ||
            (c == 0xF0 && next < 0x90) || (c == 0xF4 && next > 0x8F))
            return false;
        for (; more; more--, i++)
            if ((text.at[i] & 0xC0) != 0x80)
                return false;
    }
    return true;
}

bool sg_name_text(struct sg_machine *m, sg_value v, struct sg_text *out)
{
    if (sg_value_kind(m, v) != SG_V_STR)
        return false;
    uint64_t length = sg_value_length(m, v);
    if (length > NAME_MAX_LENGTH || !sg_work(m, length))
        return false;
    size_t len = (size_t)length;
    const char *shown = sg_value_shown(m, v);
    char *copy = shown ? NULL : sg_arena_take(m->arena, len + 1);
    if (!shown && (!copy || sg_value_read(m, v, 0, copy, len) != len))
        return false;
    *out = (struct sg_text){shown ? shown : copy, len};
    return true;
}
