"""suite_list - which suites are run, in the order of what they are worth.

Of CPython's own: `test.` and its name; of those that some installations lack as folders, the cases
are put together here (mp_*_cases.py). Torch and cloudpickle bring no suite along.
"""

from __future__ import annotations

from dataclasses import dataclass

MP_TERMINATE = "*WithThreadsTestPool.test_terminate"  # waits up to 300 s, by chance, guarded or not


@dataclass(frozen=True)
class Suite:
    name: str
    python: str  # "3.12", or "venv": build/suites-venv
    kind: str  # unittest | pytest | scripts
    targets: tuple[str, ...]
    seconds: int = 420
    leave_out: tuple[str, ...] = ()


def cpython(version: str, name: str, seconds: int = 420, leave_out: tuple[str, ...] = ()) -> Suite:
    return Suite(f"{name}-{version}", version, "unittest", (f"test.{name}",), seconds, leave_out)


def workers(method: str) -> Suite:
    return Suite(
        f"multiprocessing_{method}-3.12",
        "3.12",
        "unittest",
        (f"mp_{method}_cases",),
        900,
        (MP_TERMINATE,),
    )


def library(name: str, *targets: str, seconds: int = 600, leave_out: tuple[str, ...] = ()) -> Suite:
    return Suite(name, "venv", "pytest", targets, seconds, leave_out)


SUITES = [
    workers("spawn"),
    workers("forkserver"),
    cpython("3.10", "test_concurrent_futures", 900),
    library("joblib", "joblib.test", seconds=900),
    Suite("dill", "venv", "scripts", ("dill.tests",)),
    library("numpy", "numpy.lib.tests.test_io", "numpy.lib.tests.test_format",
            "numpy._core.tests.test_memmap"),
    library("pandas", "pandas.tests.io.test_pickle", "pandas.tests.io.test_common"),
    library("notebooks", "jupyter_cases.py"),
    library("jupyter_client", "sources/jupyter_client-*/tests/test_session.py",
            "sources/jupyter_client-*/tests/test_client.py",
            "sources/jupyter_client-*/tests/test_kernelmanager.py"),
    library("nbclient", "sources/nbclient-*/tests/test_client.py", seconds=900),
    library("ipykernel", "sources/ipykernel-*/tests/test_kernel.py",
            "sources/ipykernel-*/tests/test_connect.py",
            "sources/ipykernel-*/tests/test_message_spec.py"),
    library("sklearn", "sklearn.tests.test_base", "sklearn.utils.tests.test_parallel",
            "sklearn.tests.test_pipeline", "sklearn.ensemble.tests.test_voting"),
    workers("fork"),
    *[
        cpython("3.12", name)
        for name in (
            "test_pickle", "test_pickletools", "test_io", "test_zipfile", "test_tarfile",
            "test_gzip", "test_mmap", "test_os", "test_subprocess", "test_shelve", "test_dbm",
            "test_dbm_dumb", "test_copy",
            "test_multiprocessing_main_handling", "test_asyncio.test_subprocess",
            "test_asyncio.test_streams", "test_asyncio.test_unix_events", "test_importlib",
            "test_ctypes", "test_threading", "test_signal", "test_fork1", "test_posix",
            "test_audit", "test_embed", "test_runpy", "test_zipimport", "test_copyreg",
            "test_xpickle", "test_picklebuffer", "test_fileio", "test_bufio", "test_file",
            "test_tempfile", "test_shutil", "test_pathlib", "test_bz2", "test_lzma",
        )
    ],
    *[
        cpython(version, name, leave_out=("*.Abstract*",))  # 3.8 keeps its mixins among the tests
        for version in ("3.8", "3.13")
        for name in ("test_pickle", "test_io", "test_os")
    ],
]  # fmt: skip
