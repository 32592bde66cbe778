/* xz.c - .xz, .lzma and .lz streams in a row, through liblzma. */
#include "readers/xz.h"

#include "ground/bytes.h"
#include "readers/xz_heap.h"

#include <lzma.h>

#define MEMORY_USUAL (48u << 20)
#define MEMORY_LEAST (1u << 20)
#define MEMORY_BESIDE (64u << 10) /* beside what liblzma says that it needs */
#define PROBE_MEMORY (64u << 10)
#define PROBE_INPUT 2048u /* the longest headers of an .xz stream and its first block */
#define ZIP_HEADER 9u     /* version, length of properties, properties */
#define ALONE_HEADER 13u  /* properties, dictionary's size, length */
#define ALONE_EMPTY                                                                                \
    18u /* zeros that are a stream of nothing: a header, the decoder's first bytes */
#define ALONE_LENGTH_MAX (1ULL << 38)

/* Zeros are empty .lzma streams to Python, which takes 5 s for these. */
#define PADDING_MAX (64u << 20)

struct xz {
    struct sg_decoder decoder;
    struct sg_stream packed;
    struct sg_xz_heap heap;
    lzma_allocator allocator;
    lzma_stream lzma;
    uint8_t header[ALONE_HEADER]; /* of a .lzma stream, with the dictionary's size made to fit */
    size_t header_left;
    uint64_t padding; /* between streams so far */
    bool lowered;     /* it was made to fit */
    bool bare;        /* one stream of a zip, which need not say that it ends */
    bool later;       /* a stream was read to its end already */
    bool gave;        /* this one has given bytes */
};

bool sg_xz_bid(const uint8_t *head, size_t len)
{
    return len >= 6 && !memcmp(head,
                               "\xfd"
                               "7zXZ\0",
                               6);
}

bool sg_lzip_bid(const uint8_t *head, size_t len)
{
    return len >= 6 && !memcmp(head, "LZIP", 4) && head[4] <= 1;
}

/* What liblzma takes when it has to guess: 0, a power of two, or three times one. */
static bool usual_size(uint32_t size)
{
    uint32_t lowest = size & -size;

    return size == UINT32_MAX || size == lowest || size == 3 * lowest;
}

bool sg_lzma_bid(const uint8_t *head, size_t len)
{
    if (len < ALONE_HEADER || head[0] >= 225 || head[0] % 9 + head[0] / 9 % 5 > 4)
        return false;
    /* joblib's prefix: what has it may say anything of the dictionary. */
    bool joblib = head[0] == 0x5d && head[1] == 0;
    uint64_t length = sg_le64(head + 5);
    return (joblib || usual_size(sg_le32(head + 1))) &&
           (length == UINT64_MAX || length < ALONE_LENGTH_MAX);
}

static uint64_t alone_memory(const uint8_t *header)
{
    lzma_options_lzma options = {.dict_size = sg_le32(header + 1), .lc = 4, .pb = 4};
    lzma_filter filters[2] = {{.id = LZMA_FILTER_LZMA1, .options = &options},
                              {.id = LZMA_VLI_UNKNOWN}};

    return lzma_raw_decoder_memusage(filters);
}

static uint32_t dictionary_max(const struct sg_xz_heap *heap)
{
    size_t most = heap->size - 2 * MEMORY_BESIDE;

    return most < UINT32_MAX ? (uint32_t)most : UINT32_MAX;
}

static lzma_ret begin_alone(struct xz *self, const uint8_t *header)
{
    uint32_t most = dictionary_max(&self->heap);

    memcpy(self->header, header, ALONE_HEADER);
    self->header_left = ALONE_HEADER;
    self->lowered = sg_le32(header + 1) > most;
    for (int i = 0; self->lowered && i < 4; i++)
        self->header[1 + i] = (uint8_t)(most >> 8 * i);
    return lzma_alone_decoder(&self->lzma, UINT64_MAX);
}

static void renew(struct xz *self)
{
    sg_xz_heap_clear(&self->heap);
    self->lzma = (lzma_stream)LZMA_STREAM_INIT;
    self->lzma.allocator = &self->allocator;
    self->gave = self->lowered = false;
    self->header_left = 0;
}

static enum sg_status too_short(struct xz *self)
{
    if (!self->later || self->packed.status)
        return sg_decoder_starved(&self->decoder, &self->packed);
    return SG_END;
}

/* Begins with the stream that `packed` stands at. */
static enum sg_status begin(struct xz *self, uint64_t memory_limit)
{
    size_t have = sg_stream_need(&self->packed, ALONE_HEADER);
    uint8_t head[ALONE_HEADER] = {0};
    lzma_ret result;

    memcpy(head, self->packed.at, have < sizeof(head) ? have : sizeof(head));
    renew(self);
    if (sg_xz_bid(head, have)) {
        result = lzma_stream_decoder(&self->lzma, memory_limit, 0);
    } else if (sg_lzip_bid(head, have)) {
        result = lzma_lzip_decoder(&self->lzma, memory_limit, 0);
    } else if (have < ALONE_HEADER) {
        return too_short(self);
    } else {
        result = begin_alone(self, head);
        self->packed.at += ALONE_HEADER;
    }
    return result == LZMA_OK ? SG_OK : SG_ERR_MEMORY;
}

/* How many of the `len` bytes at `at` are zeros before the first that is none. */
static size_t zeros(const uint8_t *at, size_t len)
{
    size_t count = 0;

    if (*at == 0 && memcmp(at, at + 1, len - 1) == 0)
        return len;
    while (!at[count])
        count++;
    return count;
}

/* Some pass over zeros before a stream. To Python they are empty .lzma streams, and what is left of
 * them is the beginning of another where it can be: its first byte may be zero. */
static enum sg_status next_stream(struct xz *self)
{
    size_t have;

    self->later = true;
    while ((have = sg_stream_need(&self->packed, 2 * ALONE_EMPTY))) {
        const uint8_t *at = self->packed.at;
        size_t padding = zeros(at, have), streams = padding - padding % ALONE_EMPTY;
        if (streams == 0 && padding == have)
            break;
        bool marked =
            sg_xz_bid(at + padding, have - padding) || sg_lzip_bid(at + padding, have - padding);
        if (streams == 0 && (marked || !sg_lzma_bid(at, have)))
            self->packed.at += padding;
        if (streams == 0)
            return begin(self, UINT64_MAX);
        self->packed.at += streams;
        self->padding += streams;
        if (self->padding > PADDING_MAX)
            return SG_ERR_FORMAT;
    }
    return self->packed.status ? self->packed.status : SG_END;
}

static enum sg_status failed(const struct xz *self, lzma_ret result)
{
    if (result == LZMA_MEM_ERROR)
        return SG_ERR_MEMORY;
    /* A filter of a later liblzma: the reader may have that. */
    if (self->later && result == LZMA_OPTIONS_ERROR)
        return SG_ERR_MEMORY;
    if (self->later && !self->gave)
        return SG_END;
    /* Perhaps it looked back further than our dictionary goes. */
    return self->lowered && self->gave ? SG_ERR_MEMORY : SG_ERR_FORMAT;
}

static lzma_ret decode(struct xz *self)
{
    lzma_ret result = LZMA_OK;

    if (self->header_left) {
        self->lzma.next_in = self->header + ALONE_HEADER - self->header_left;
        self->lzma.avail_in = self->header_left;
        result = lzma_code(&self->lzma, LZMA_RUN);
        self->header_left = self->lzma.avail_in;
        return result;
    }
    size_t have = sg_stream_need(&self->packed, 1);
    self->lzma.next_in = self->packed.at;
    self->lzma.avail_in = have;
    result = lzma_code(&self->lzma, LZMA_RUN);
    self->packed.at += have - self->lzma.avail_in;
    return result;
}

static enum sg_status step(struct sg_decoder *decoder, uint8_t *into, size_t len, size_t *got)
{
    struct xz *self = (struct xz *)decoder;

    self->lzma.next_out = into;
    self->lzma.avail_out = len;
    lzma_ret result = decode(self);
    *got = len - self->lzma.avail_out;
    self->gave |= *got > 0;
    switch (result) {
    case LZMA_OK:
        return SG_OK;
    case LZMA_STREAM_END:
        return self->bare ? SG_END : next_stream(self);
    case LZMA_BUF_ERROR: /* twice without progress: there is room, so there is no input */
        if (self->bare && !self->packed.status)
            return SG_END;
        return sg_decoder_starved(decoder, &self->packed);
    default:
        return failed(self, result);
    }
}

/* What liblzma says that a stream needs: it is asked with next to no memory. */
static uint64_t stream_memory(struct xz *self, struct sg_arena *arena)
{
    size_t have = sg_stream_need(&self->packed, PROBE_INPUT), used = arena->used;
    uint64_t need = 0;
    lzma_ret result = LZMA_OK;

    self->heap = (struct sg_xz_heap){sg_arena_take(arena, PROBE_MEMORY), PROBE_MEMORY};
    if (self->heap.base && !begin(self, 1)) {
        self->lzma.next_in = self->packed.at;
        self->lzma.avail_in = have;
        while (result == LZMA_OK)
            result = lzma_code(&self->lzma, LZMA_RUN);
        if (result == LZMA_MEMLIMIT_ERROR)
            need = lzma_memusage(&self->lzma);
    }
    arena->used = used;
    return need;
}

/* Of a .lzma stream the dictionary is made to fit instead. */
static enum sg_status take_heap(struct xz *self, struct sg_arena *arena, const uint8_t *alone)
{
    size_t room = arena->size - arena->used;
    size_t share = room / 4 < MEMORY_USUAL ? room / 4 : MEMORY_USUAL;
    uint64_t need = alone ? alone_memory(alone) : stream_memory(self, arena);

    if (alone && need > room / 4 * 3)
        need = room / 2;
    if (need > room)
        return SG_ERR_MEMORY;
    need += 4 * MEMORY_BESIDE;
    if (share < MEMORY_LEAST)
        share = MEMORY_LEAST;
    self->heap.size = (need < share ? share : (size_t)need) & ~(size_t)15;
    self->heap.base = sg_arena_take(arena, self->heap.size);
    return self->heap.base ? SG_OK : SG_ERR_MEMORY;
}

static struct xz *xz_new(struct sg_arena *arena)
{
    struct xz *self = sg_arena_zero(arena, sizeof(*self));

    if (!self)
        return NULL;
    self->decoder.step = step;
    self->allocator = (lzma_allocator){sg_xz_heap_take, sg_xz_heap_drop, &self->heap};
    return self;
}

enum sg_status sg_xz_open(const struct sg_source *packed, struct sg_arena *arena,
                          struct sg_decoder **opened)
{
    struct xz *self = xz_new(arena);
    uint8_t head[ALONE_HEADER] = {0};
    enum sg_status status = SG_ERR_MEMORY;

    if (self)
        status = sg_decoder_input(packed, arena, &self->packed);
    if (status)
        return status;
    size_t have = sg_stream_need(&self->packed, sizeof(head));
    memcpy(head, self->packed.at, have < sizeof(head) ? have : sizeof(head));
    bool alone = !sg_xz_bid(head, have) && !sg_lzip_bid(head, have);
    status = take_heap(self, arena, alone ? head : NULL);
    if (!status)
        status = begin(self, UINT64_MAX);
    if (!status)
        *opened = &self->decoder;
    return status;
}

enum sg_status sg_xz_open_zip(const struct sg_source *packed, struct sg_arena *arena,
                              struct sg_decoder **opened)
{
    uint8_t head[ZIP_HEADER], header[ALONE_HEADER];
    enum sg_status status = sg_source_exact(packed, 0, head, sizeof(head));
    struct xz *self = status ? NULL : xz_new(arena);
    struct sg_source stream = sg_source_part(packed, ZIP_HEADER, packed->size);

    if (!self)
        return status == SG_ERR_IO ? status : status ? SG_ERR_FORMAT : SG_ERR_MEMORY;
    if (head[2] != 5 || head[3] != 0)
        return SG_ERR_FORMAT;
    memset(header, 0xff, sizeof(header));
    memcpy(header, head + 4, 5);
    self->bare = true;
    status = sg_decoder_input(&stream, arena, &self->packed);
    if (!status)
        status = take_heap(self, arena, header);
    if (status)
        return status;
    renew(self);
    status = begin_alone(self, header) == LZMA_OK ? SG_OK : SG_ERR_MEMORY;
    if (!status)
        *opened = &self->decoder;
    return status;
}
