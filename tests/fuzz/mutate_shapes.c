/* mutate_shapes.c - calls as attacks on pickle scanners make them; each leaves one value. */
#include "tests/fuzz/mutate.h"

#define SHAPE(literal)                                                                             \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

#define MODULE "cimportlib\nimport_module\n(Vposix\ntR"

const struct sg_text sg_attack_shapes[] = {
    /* every opcode that calls */
    SHAPE("cposix\nsystem\n(S'id'\ntR"),
    SHAPE("(S'id'\niposix\nsystem\n"),
    SHAPE("(cposix\nsystem\nS'id'\no"),
    SHAPE("csubprocess\nPopen\n(S'id'\nt\x81"),
    SHAPE("csubprocess\nPopen\n(S'id'\nt}\x92"),
    SHAPE("\x8c\5posix\x8c\6system\x93\x8c\2id\x85R"),
    /* names that come about */
    SHAPE("U\5posixU\6system\x93U\2id\x85R"),
    SHAPE("V\\u0070osix\nVsystem\n\x93Vid\n\x85R"),
    SHAPE("Vposix\np7\n0g7\nVsystem\n\x93Vid\n\x85R"),
    SHAPE("\x8c\5posix\x94"
          "0h\0\x8c\6system\x93\x8c\2id\x85R"),
    SHAPE("(Vposix\nibuiltins\nstr\nVsystem\n\x93Vid\n\x85R"),
    SHAPE("cbuiltins\nstr.join\n(V\n(Vpo\nVsix\nltRVsystem\n\x93Vid\n\x85R"),
    SHAPE("c_codecs\ndecode\n(C\5posixVlatin1\ntRVsystem\n\x93Vid\n\x85R"),
    SHAPE("cbase64\nb64decode\n(Vc3lzdGVt\ntR0cposix\nsystem\n(Vid\ntR"),
    /* finders of functions */
    SHAPE("cbuiltins\ngetattr\n(" MODULE "Vsystem\ntR(Vid\ntR"),
    SHAPE("coperator\nattrgetter\n(Vsystem\ntR(" MODULE "tR(Vid\ntR"),
    SHAPE("coperator\nmethodcaller\n(Vsystem\nVid\ntR(" MODULE "tR"),
    SHAPE("cbuiltins\ngetattr\n(cbuiltins\n__import__\n(Vposix\ntRVsystem\ntR(Vid\ntR"),
    SHAPE("cpkgutil\nresolve_name\n(Vposix:system\ntR(Vid\ntR"),
    SHAPE("coperator\ngetitem\n(csys\nmodules\nVposix\ntR0cposix\nsystem\n(Vid\ntR"),
    SHAPE("\x80\4cshutil\nos.system\n(Vid\ntR"),
    SHAPE("\x80\4cbuiltins\nprint.__self__.eval\n(V1\ntR"),
    SHAPE("\x80\2c__builtin__\neval\n(V1\ntR"),
    /* registries and stores */
    SHAPE("ccopyreg\nadd_extension\n(Vposix\nVsystem\nK\7tR0\x82\7(Vid\ntR"),
    SHAPE("ccopyreg\n_inverted_registry\nK\x08Vposix\nVsystem\n\x86s0\x82\x08(Vid\ntR"),
    SHAPE("cbuiltins\nobject\n)R}V__reduce__\ncposix\nsystem\nsb0cposix\nsystem\n(Vid\ntR"),
    SHAPE("cbuiltins\nset\n)R(cbuiltins\neval\n(V1\ntR\x90"),
    /* what calls later */
    SHAPE("cfunctools\npartial\n(cposix\nsystem\nVid\ntR)R"),
    SHAPE("cbuiltins\nlist\n(cbuiltins\nmap\n(cposix\nsystem\n(Vid\nltRtR"),
    SHAPE("cfunctools\nreduce\n(cposix\nsystem\n(Vid\nltR0cbuiltins\nexec\n(V1\ntR"),
    /* content for another loader */
    SHAPE("c_pickle\nloads\n(C\x16"
          "cposix\nsystem\n(Vid\ntR.tR"),
    SHAPE("ctorch.storage\n_load_from_bytes\n(B\x16\0\0\0cposix\nsystem\n(Vid\ntR.tR"),
    SHAPE("ctorch\nload\n(c_io\nBytesIO\n(B\x16\0\0\0cposix\nsystem\n(Vid\ntR.tRtR"),
    SHAPE("cbuiltins\nexec\n(Vimport os\\u000aos.system('id')\ntR"),
    SHAPE("ctypes\nFunctionType\n(cmarshal\nloads\n(C\4\xe3\0\0\0tR}tR)R"),
    /* others that run, connect and write */
    SHAPE("cbuiltins\nexec\n(V1\ntR"),
    SHAPE("cpty\nspawn\n(Vid\ntR"),
    SHAPE("curllib.request\nurlopen\n(Vhttp://localhost/\ntR0cposix\nsystem\n(Vid\ntR"),
    SHAPE("cwebbrowser\nopen\n(Vhttp://localhost/\ntR0csubprocess\ncall\n(Vid\ntR"),
    /* where readings part */
    SHAPE("\x95\3\0\0\0\0\0\0\0\x8c\2N00cposix\nsystem\n(Vid\ntR"),
    SHAPE("I0x1\n0L2L\n0cposix\nsystem\n(Vid\ntR"),
    SHAPE("]q\0(h\0h\0e0cposix\nsystem\n(Vid\ntR"),
    SHAPE("cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}(Vsubclass\ncnumpy\nndarray\nVshape\n"
          "K\2\x85Vorder\nVC\nVdtype\ncnumpy\ndtype\n(Vu1\n\x89\x88tRVallow_mmap\n\x89ub"
          "N0cposix\nsystem\n(Vid\ntR"),
};

const size_t sg_attack_shape_count = sizeof(sg_attack_shapes) / sizeof(*sg_attack_shapes);
