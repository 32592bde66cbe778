"""mp_forkserver_cases - CPython's tests of multiprocessing, with forkserver."""

from test._test_multiprocessing import install_tests_in_module_dict

install_tests_in_module_dict(globals(), "forkserver")
