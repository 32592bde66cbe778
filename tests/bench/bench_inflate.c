/* bench_inflate.c - the decoders beside the bare libraries: bench_inflate ROUNDS
 *
 * For each format a sample is packed and unpacked from memory, by the library alone and through a
 * decoder and a stream as a scan does it. Prints a line of JSON each: format, bytes unpacked,
 * seconds of the fastest round of both.
 */
#include "scan/formats.h"

#include <bzlib.h>
#include <inttypes.h>
#include <lz4frame.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <zlib.h>
#include <zstd.h>

#define SIZE ((size_t)48 << 20)
#define ARENA_SIZE ((size_t)128 << 20)
#define WINDOW_SIZE ((size_t)128 << 10)

struct sample {
    uint8_t *bytes;
    size_t len;
};

struct bench {
    const char *name;
    void (*pack)(const uint8_t *plain, struct sample *packed);
    uint64_t (*unpack)(const struct sample *packed, uint8_t *window);
};

static void check(bool right, const char *what)
{
    if (right)
        return;
    fprintf(stderr, "bench_inflate: %s\n", what);
    exit(2);
}

static void *map(size_t size)
{
    void *base = mmap(NULL, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    check(base != MAP_FAILED, "mmap");
    return base;
}

static void deflate_as(const uint8_t *plain, struct sample *packed, int bits)
{
    z_stream z = {.next_in = (z_const Bytef *)plain, .avail_in = (uInt)SIZE};

    z.next_out = packed->bytes;
    z.avail_out = (uInt)packed->len;
    check(deflateInit2(&z, 6, Z_DEFLATED, bits, 8, 0) == Z_OK, "deflateInit2");
    check(deflate(&z, Z_FINISH) == Z_STREAM_END, "deflate");
    packed->len = z.total_out;
    deflateEnd(&z);
}

static void pack_gzip(const uint8_t *plain, struct sample *packed)
{
    deflate_as(plain, packed, MAX_WBITS + 16);
}

static void pack_zlib(const uint8_t *plain, struct sample *packed)
{
    deflate_as(plain, packed, MAX_WBITS);
}

static uint64_t unpack_zlib(const struct sample *packed, uint8_t *window)
{
    z_stream z = {.next_in = packed->bytes, .avail_in = (uInt)packed->len};
    int result = inflateInit2(&z, MAX_WBITS + 32);

    while (result == Z_OK) {
        z.next_out = window;
        z.avail_out = WINDOW_SIZE;
        result = inflate(&z, Z_NO_FLUSH);
    }
    check(result == Z_STREAM_END, "inflate");
    inflateEnd(&z);
    return z.total_out;
}

static void pack_bz2(const uint8_t *plain, struct sample *packed)
{
    unsigned len = (unsigned)packed->len;

    check(BZ2_bzBuffToBuffCompress((char *)packed->bytes, &len, (char *)(uintptr_t)plain,
                                   (unsigned)SIZE, 9, 0, 0) == BZ_OK,
          "BZ2_bzBuffToBuffCompress");
    packed->len = len;
}

static uint64_t unpack_bz2(const struct sample *packed, uint8_t *window)
{
    bz_stream bz = {.next_in = (char *)packed->bytes, .avail_in = (unsigned)packed->len};
    int result = BZ2_bzDecompressInit(&bz, 0, 0);

    while (result == BZ_OK) {
        bz.next_out = (char *)window;
        bz.avail_out = WINDOW_SIZE;
        result = BZ2_bzDecompress(&bz);
    }
    check(result == BZ_STREAM_END, "BZ2_bzDecompress");
    BZ2_bzDecompressEnd(&bz);
    return (uint64_t)bz.total_out_hi32 << 32 | bz.total_out_lo32;
}

static void pack_xz(const uint8_t *plain, struct sample *packed)
{
    size_t len = 0;

    check(lzma_easy_buffer_encode(2, LZMA_CHECK_CRC64, NULL, plain, SIZE, packed->bytes, &len,
                                  packed->len) == LZMA_OK,
          "lzma_easy_buffer_encode");
    packed->len = len;
}

static uint64_t unpack_xz(const struct sample *packed, uint8_t *window)
{
    lzma_stream lzma = LZMA_STREAM_INIT;
    lzma_ret result = lzma_stream_decoder(&lzma, UINT64_MAX, 0);

    lzma.next_in = packed->bytes;
    lzma.avail_in = packed->len;
    while (result == LZMA_OK) {
        lzma.next_out = window;
        lzma.avail_out = WINDOW_SIZE;
        result = lzma_code(&lzma, LZMA_RUN);
    }
    check(result == LZMA_STREAM_END, "lzma_code");
    uint64_t total = lzma.total_out;
    lzma_end(&lzma);
    return total;
}

static void pack_zstd(const uint8_t *plain, struct sample *packed)
{
    packed->len = ZSTD_compress(packed->bytes, packed->len, plain, SIZE, 3);
    check(!ZSTD_isError(packed->len), "ZSTD_compress");
}

static uint64_t unpack_zstd(const struct sample *packed, uint8_t *window)
{
    ZSTD_DCtx *zstd = ZSTD_createDCtx();
    ZSTD_inBuffer in = {packed->bytes, packed->len, 0};
    uint64_t total = 0;
    size_t result = 1;

    while (result) {
        ZSTD_outBuffer out = {window, WINDOW_SIZE, 0};
        result = ZSTD_decompressStream(zstd, &out, &in);
        check(!ZSTD_isError(result), "ZSTD_decompressStream");
        total += out.pos;
    }
    ZSTD_freeDCtx(zstd);
    return total;
}

static void pack_lz4(const uint8_t *plain, struct sample *packed)
{
    packed->len = LZ4F_compressFrame(packed->bytes, packed->len, plain, SIZE, NULL);
    check(!LZ4F_isError(packed->len), "LZ4F_compressFrame");
}

static uint64_t unpack_lz4(const struct sample *packed, uint8_t *window)
{
    LZ4F_dctx *lz4;
    uint64_t total = 0;
    size_t at = 0, result = LZ4F_createDecompressionContext(&lz4, LZ4F_VERSION);

    do {
        size_t room = WINDOW_SIZE, feed = packed->len - at;
        result = LZ4F_decompress(lz4, window, &room, packed->bytes + at, &feed, NULL);
        check(!LZ4F_isError(result), "LZ4F_decompress");
        at += feed;
        total += room;
    } while (result);
    LZ4F_freeDecompressionContext(lz4);
    return total;
}

static uint64_t unpack_here(const struct sample *packed, uint8_t *window, struct sg_arena arena)
{
    struct sg_source source = sg_source_mem(packed->bytes, packed->len);
    const struct sg_format *format = sg_format_next(NULL, packed->bytes, SG_DECODER_HEAD);
    struct sg_decoder *decoder;
    struct sg_stream stream;

    check(format && !format->open(&source, &arena, &decoder), "open");
    sg_stream_decode(&stream, sg_decoder_fill, decoder, window, WINDOW_SIZE);
    while (sg_stream_need(&stream, 1))
        stream.at = stream.end;
    check(!stream.status, "not decoded to its end");
    return sg_stream_offset(&stream);
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Floats of a narrow range, as weights are, among some text. */
static uint8_t *plain_bytes(void)
{
    uint8_t *plain = map(SIZE);
    uint32_t x = 1;

    for (size_t i = 0; i + 4 <= SIZE; i += 4) {
        x = x * 1664525u + 1013904223u;
        uint32_t word = (i >> 14) % 3 ? 0x3f000000u | (x >> 9 & 0x3fff) : 0x65646f6cu + x % 9;
        memcpy(plain + i, &word, 4);
    }
    return plain;
}

static void run(const struct bench *bench, const uint8_t *plain, int rounds)
{
    struct sample packed = {map(SIZE * 2), SIZE * 2};
    struct sg_arena arena = {.base = map(ARENA_SIZE), .size = ARENA_SIZE};
    uint8_t *window = map(WINDOW_SIZE);
    double bare = 1e9, here = 1e9;

    bench->pack(plain, &packed);
    for (int i = 0; i < rounds; i++) {
        double begin = now();
        check(bench->unpack(&packed, window) == SIZE, "the library gave another length");
        double middle = now();
        check(unpack_here(&packed, window, arena) == SIZE, "the decoder gave another length");
        double end = now();
        bare = middle - begin < bare ? middle - begin : bare;
        here = end - middle < here ? end - middle : here;
    }
    printf("{\"format\": \"%s\", \"bytes\": %zu, \"bare\": %.6f, \"here\": %.6f}\n", bench->name,
           SIZE, bare, here);
    munmap(packed.bytes, SIZE * 2);
    munmap(arena.base, ARENA_SIZE);
    munmap(window, WINDOW_SIZE);
}

int main(int argc, char **argv)
{
    static const struct bench benches[] = {
        {"gzip", pack_gzip, unpack_zlib}, {"zlib", pack_zlib, unpack_zlib},
        {"bz2", pack_bz2, unpack_bz2},    {"xz", pack_xz, unpack_xz},
        {"zstd", pack_zstd, unpack_zstd}, {"lz4", pack_lz4, unpack_lz4},
    };
    int rounds = argc == 2 ? atoi(argv[1]) : 0;

    if (rounds < 1) {
        fputs("usage: bench_inflate ROUNDS\n", stderr);
        return 2;
    }
    const uint8_t *plain = plain_bytes();
    for (size_t i = 0; i < sizeof(benches) / sizeof(*benches); i++)
        run(&benches[i], plain, rounds);
    return 0;
}
