/* tar_header.c - the fields of tar headers and the records of pax headers. */
#include "readers/tar_header.h"

#define NAME_SIZE 100u
#define SIZE_AT 124u
#define SIZE_LEN 12u
#define CHECKSUM_AT 148u
#define CHECKSUM_LEN 8u
#define SUM_MAX (SG_TAR_BLOCK * 255u)
#define PREFIX_SIZE 155u
#define RECORD_HEAD 1024u /* bytes of a pax record that are looked at */

static struct sg_text until_nul(const uint8_t *at, size_t len)
{
    return (struct sg_text){(const char *)at, strnlen((const char *)at, len)};
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f);
}

static struct sg_text strip(struct sg_text text)
{
    while (text.len && is_space(text.at[0])) {
        text.at++;
        text.len--;
    }
    while (text.len && is_space(text.at[text.len - 1]))
        text.len--;
    return text;
}

static bool add_digit(uint64_t *value, char c, unsigned base)
{
    if (c < '0' || c >= (char)('0' + base))
        return false;
    *value = *value * base + (uint64_t)(c - '0');
    if (*value > SG_TAR_HUGE)
        *value = SG_TAR_HUGE;
    return true;
}

/* As Python's int() reads it; false when it would not, or when it is negative. */
static bool python_int(struct sg_text text, unsigned base, uint64_t *value)
{
    uint64_t number = 0;
    bool digit = false;

    text = strip(text);
    if (text.len && text.at[0] == '+') {
        text.at++;
        text.len--;
    }
    if (base == 8 && text.len > 2 && text.at[0] == '0' && (text.at[1] | 32) == 'o') {
        text.at += 2;
        text.len -= 2;
        digit = text.at[0] == '_';
    }
    for (size_t i = 0; i < text.len; i++) {
        bool underscore = text.at[i] == '_';
        if (underscore ? !digit : !add_digit(&number, text.at[i], base))
            return false;
        digit = !underscore;
    }
    if (!digit)
        return false;
    *value = number;
    return true;
}

/* As far as there are digits. */
static uint64_t loose_int(struct sg_text text, unsigned base)
{
    uint64_t number = 0;
    size_t i = 0;

    while (i < text.len && (is_space(text.at[i]) || text.at[i] == '\0'))
        i++;
    while (i < text.len && add_digit(&number, text.at[i], base))
        i++;
    return number;
}

static uint64_t big_endian(const uint8_t *at, size_t len, uint64_t value)
{
    for (size_t i = 0; i < len; i++)
        value = value > SG_TAR_HUGE >> 8 ? SG_TAR_HUGE : value << 8 | at[i];
    return value;
}

/* Octal text, or (GNU) a number in base 256 behind a first byte of 0x80. */
static bool read_number(const uint8_t *at, size_t len, uint64_t *strict, uint64_t *loose)
{
    struct sg_text text = until_nul(at, len);

    if (at[0] & 0x80) {
        *loose = big_endian(at + 1, len - 1, at[0] & 0x3f);
        *strict = *loose;
        return at[0] == 0x80;
    }
    *loose = loose_int((struct sg_text){(const char *)at, len}, 8);
    if (strip(text).len == 0) {
        *strict = 0;
        return true;
    }
    return python_int(text, 8, strict);
}

bool sg_tar_size(const uint8_t *block, uint64_t *strict, uint64_t *loose)
{
    return read_number(block + SIZE_AT, SIZE_LEN, strict, loose);
}

bool sg_tar_size_is_negative(const uint8_t *block)
{
    struct sg_text text = strip(until_nul(block + SIZE_AT, SIZE_LEN));

    return text.len && text.at[0] == '-';
}

/* tarfile refuses a header with a number that is none. */
static bool numbers_are_strict(const uint8_t *block)
{
    static const struct {
        uint16_t at, len;
    } fields[] = {{100, 8}, {108, 8}, {116, 8}, {SIZE_AT, SIZE_LEN}, {136, 12}, {329, 8}, {337, 8}};
    uint64_t strict, loose;

    for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
        if (!read_number(block + fields[i].at, fields[i].len, &strict, &loose))
            return false;
    return true;
}

bool sg_tar_checksum_fits(const uint8_t *block)
{
    uint64_t strict, loose, sum = CHECKSUM_LEN * ' ', high = 0;
    bool taken = read_number(block + CHECKSUM_AT, CHECKSUM_LEN, &strict, &loose);

    if (!taken && loose == 0)
        return false;
    if (loose > SUM_MAX && (!taken || strict > SUM_MAX))
        return false;
    for (size_t i = 0; i < SG_TAR_BLOCK; i++) {
        sum += block[i];
        high += block[i] >> 7;
    }
    for (size_t i = CHECKSUM_AT; i < CHECKSUM_AT + CHECKSUM_LEN; i++) {
        sum -= block[i];
        high -= block[i] >> 7;
    }
    int64_t as_unsigned = (int64_t)sum, as_signed = as_unsigned - 256 * (int64_t)high;
    if (taken && (strict == (uint64_t)as_unsigned || strict == (uint64_t)as_signed))
        return strict != 0 || numbers_are_strict(block);
    return loose != 0 && (loose == (uint64_t)as_unsigned || loose == (uint64_t)as_signed);
}

bool sg_tar_is_zero(const uint8_t *block)
{
    return block[0] == 0 && memcmp(block, block + 1, SG_TAR_BLOCK - 1) == 0;
}

size_t sg_tar_header_name(const uint8_t *block, char *into)
{
    struct sg_text prefix = until_nul(block + SG_TAR_PREFIX, PREFIX_SIZE);
    struct sg_text name = until_nul(block, NAME_SIZE);
    size_t len = 0;

    /* GNU's own headers keep time stamps there. */
    if (prefix.len && !memcmp(block + 257, "ustar\0", 6)) {
        memcpy(into, prefix.at, prefix.len);
        len = prefix.len;
        into[len++] = '/';
    }
    memcpy(into + len, name.at, name.len);
    return len + name.len;
}

/* int() of Python takes a sign, and digits of any alphabet. */
static bool reads_otherwise(struct sg_text value)
{
    for (size_t i = 0; i < value.len; i++)
        if (value.at[i] == '-' || value.at[i] & 0x80)
            return true;
    return false;
}

static void take_size(struct sg_text value, struct sg_tar_said *said)
{
    said->has_size = true;
    said->unclear |= reads_otherwise(value);
    said->sizes[1] = loose_int(value, 10);
    if (!python_int(value, 10, &said->sizes[0]))
        said->sizes[0] = 0;
}

static void take_record(struct sg_text key, struct sg_text value, struct sg_tar_said *said)
{
    if (sg_text_is(key, "size")) {
        take_size(value, said);
    } else if (sg_text_is(key, "path") || sg_text_is(key, "GNU.sparse.name")) {
        said->name_len = value.len < sizeof(said->name) ? value.len : sizeof(said->name);
        memcpy(said->name, value.at, said->name_len);
        while (said->name_len && said->name[said->name_len - 1] == '/')
            said->name_len--;
    }
    if (sg_text_starts(key, SG_TEXT("GNU.sparse.")))
        said->sparse = true;
}

/* One record "LENGTH KEY=VALUE\n" of which the first `have` bytes are at `at`; its length, or 0
 * where tarfile stops reading. Up to CPython 3.12.1 a length may end anywhere, and the next record
 * begins there. */
static uint64_t read_record(const char *at, size_t have, struct sg_tar_said *said)
{
    size_t digits = 0;
    uint64_t length = 0;

    while (digits < have && add_digit(&length, at[digits], 10))
        digits++;
    said->unclear |= digits == RECORD_HEAD;
    if (digits == 0 || digits == have || at[digits] != ' ')
        return 0;
    const char *key = at + digits + 1;
    const char *equals = memchr(key, '=', have - digits - 1);
    if (!equals)
        return have < RECORD_HEAD ? 0 : length;
    size_t before = (size_t)(equals + 1 - at);
    if (equals == key)
        return 0;
    uint64_t value_len = length > before ? length - before - 1 : 0;
    if (value_len > have - before) {
        value_len = have - before;
        said->unclear |= sg_text_is((struct sg_text){key, (size_t)(equals - key)}, "size");
    }
    take_record((struct sg_text){key, (size_t)(equals - key)},
                (struct sg_text){equals + 1, (size_t)value_len}, said);
    return length;
}

void sg_tar_read_pax(struct sg_stream *stream, uint64_t size, struct sg_tar_said *said)
{
    uint64_t start = sg_stream_offset(stream), left = size;

    while (left > 0) {
        size_t have = sg_stream_need(stream, left < RECORD_HEAD ? (size_t)left : RECORD_HEAD);
        if (have > left)
            have = (size_t)left;
        if (have > RECORD_HEAD)
            have = RECORD_HEAD;
        uint64_t length = read_record((const char *)stream->at, have, said);
        if (length == 0 || length > left)
            break;
        left -= length;
        if (!sg_stream_skip(stream, length))
            return;
    }
    (void)sg_stream_skip(stream, start + size - sg_stream_offset(stream));
}

bool sg_tar_type_has_data(char type)
{
    return type < '1' || type > '6';
}

bool sg_tar_type_is_extended(char type)
{
    return type == 'L' || type == 'K' || type == 'x' || type == 'X' || type == 'g';
}

bool sg_tar_type_is_link(char type)
{
    return type == '1' || type == '2';
}
