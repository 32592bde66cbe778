/* judge_bench.h - streams, and a judge that machines run them for. */
#ifndef SG_TEST_JUDGE_BENCH_H
#define SG_TEST_JUDGE_BENCH_H

#include "judge/judge.h"
#include "machine/machine.h"
#include "tests/unit/pickle_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define ARENA_SIZE (8u << 20)

/* What attacks look like, a way each. */
static const struct piece attacks[] __attribute__((unused)) = {
    P("cos\nsystem\n(S'touch x'\ntR."),
    P("cos\nsystem\n."),
    P("(S'touch x'\nios\nsystem\n."),
    P("(cos\nsystem\nS'touch x'\no."),
    P("\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x07touch x\x85R."),
    P("cos\nsystem\n(S'touch x'\ntR\xff"),
    P("cos\nsystem\n(S'touch x'\ntR0N."),
    P("ctorch\nserialization.os.system\n(S'touch x'\ntR."),
    P("\x80\x04\x8c\x07pathlib\x8c\x09os.system\x93\x8c\x07touch x\x85R."),
    P("c__builtin__\ngetattr\n(c__builtin__\n__import__\n(S'os'\ntRS'system'\ntR(S'touch x'\ntR."),
    P("cbuiltins\neval\n(S'1+1'\ntR."),
    P("cfunctools\npartial\n(cos\nsystem\nS'touch x'\ntR(tR."),
    P("cpkgutil\nresolve_name\n(S'os:system'\ntR(S'touch x'\ntR."),
    P("ccopyreg\nadd_extension\n(S'os'\nS'system'\nI7\ntR0\x82\x07(S'touch x'\ntR."),
    P("cnumpy\n__builtins__\n."),
    P("crunpy\nrun_path\n(S'x.py'\ntR."),
    P("cpickle\nload\n(S'/tmp/x.pkl'\ntR."),
    P("cnowhere.module\nrun_command\n(S'touch x'\ntR."),
    P("cnowhere\nhandy\n(S'bash -c \"touch x\"'\ntR."),
    P("ccollections\nOrderedDict\n(N}S'x'\nI1\nstb."),
};

static const struct piece harmless[] __attribute__((unused)) = {
    P("N."),
    P("\x80\x04]\x94(K\x01K\x02\x8c\x09rm -rf ~/e."),
    P("\x80\x02"
      "ccollections\nOrderedDict\nq\x00)Rq\x01."),
    P("\x80\x02"
      "ctorch._utils\n_rebuild_tensor_v2\n(N(K\x01tR."),
    P("\x80\x02"
      "c_codecs\nencode\nX\x02\x00\x00\x00"
      "abX\x06\x00\x00\x00"
      "latin1\x86R."),
    P("\x80\x04\x8c\x08__main__\x8c\x03Net\x93)\x81}(\x8c\x01w]ub."),
    P("\x80\x04\x8c\x06my.lib\x8c\x08_rebuild\x93K\x03\x85R."),
    P("\x80\x04\x8c\x08"
      "builtins\x8c\x07getattr\x93\x8c\x06my.lib\x8c\x05"
      "Color\x93\x8c\x03RED\x86R."),
    P("\x80\x04\x8c\x04uuid\x8c\x04UUID\x93)\x81}\x8c\x03intK\x05sb."),
    P("\x80\x04\x8c\x09"
      "functools\x8c\x07partial\x93\x8c\x06my.lib\x8c\x01"
      "f\x93\x85R."),
    P("creversed\nname\n."),
};

struct bench {
    struct sg_arena judge_arena, arena;
    struct sg_judge *judge;
};

static inline struct bench *bench_open(void)
{
    struct bench *b = calloc(1, sizeof(*b));

    b->judge_arena = (struct sg_arena){.base = calloc(1, ARENA_SIZE), .size = ARENA_SIZE};
    b->arena = (struct sg_arena){.base = calloc(1, ARENA_SIZE), .size = ARENA_SIZE};
    assert_int_equal(sg_judge_open(&b->judge, &b->judge_arena), SG_OK);
    return b;
}

static inline struct sg_report bench_close(struct bench *b, void (*look)(const struct sg_report *))
{
    struct sg_report report = {.format = "pickle"};

    sg_judge_report(b->judge, &report);
    if (look)
        look(&report);
    free(b->judge_arena.base);
    free(b->arena.base);
    free(b);
    return report;
}

static inline void run(struct bench *b, const char *at, size_t len)
{
    struct sg_source source = sg_source_mem(at, len);
    struct sg_machine_options options = {.max_memory = ARENA_SIZE / 2};
    struct sg_events events = sg_judge_events(b->judge);
    struct sg_machine *m;
    struct sg_stream stream;
    struct sg_outcome outcome;

    memset(b->arena.base, 0, b->arena.used);
    b->arena.used = 0;
    assert_int_equal(sg_machine_open(&m, &b->arena, &options, &events), SG_OK);
    sg_stream_open(&stream, &source, NULL, 0);
    do {
        sg_machine_run(m, &stream, &outcome);
    } while (outcome.stop == SG_STOP_STOP && sg_stream_need(&stream, 1) > 0);
}

static inline struct sg_report judged(struct piece stream, void (*look)(const struct sg_report *))
{
    struct bench *b = bench_open();

    run(b, stream.at, stream.len);
    return bench_close(b, look);
}

#endif
