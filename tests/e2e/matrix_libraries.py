"""matrix_libraries - how the libraries for arrays, tables and classic models load their files.

Runs in every CPython from 3.8 on; each case names the libraries that it needs.
"""

from __future__ import annotations

import gzip
import io
import os
import pickle
import zipfile
from typing import Any, Callable

from matrix_case import Case, write
from matrix_stdlib import read_file


def use(name: str) -> Any:
    return __import__(name, fromlist=["x"])


# numpy. An array of objects is a pickle.


def objects(extra: Any) -> Any:
    array = use("numpy").empty(3, dtype=object)
    array[0], array[1] = {"a": 1}, extra
    return array


def with_objects(save: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    def write_array(path: str, extra: Any) -> Any:
        array = objects(extra)
        save(path, array)
        return array

    return write_array


def save_npy(path: str, array: Any) -> None:
    with open(path, "wb") as file:
        use("numpy").save(file, array, allow_pickle=True)


def save_npz(how: str) -> Callable[[str, Any], Any]:
    def save(path: str, extra: Any) -> Any:
        arrays = {"weights": use("numpy").arange(100.0), "things": objects(extra)}
        with open(path, "wb") as file:
            getattr(use("numpy"), how)(file, **arrays)
        return arrays

    return save


def load_npy(path: Any) -> Any:
    return use("numpy").load(path, allow_pickle=True)


def load_npz(path: Any) -> Any:
    with load_npy(path) as arrays:
        return {name: arrays[name] for name in arrays.files}


def load_opened(load: Callable[[Any], Any]) -> Callable[[str], Any]:
    def load_file(path: str) -> Any:
        with open(path, "rb") as file:
            return load(file)

    return load_file


def load_from_memory(load: Callable[[Any], Any]) -> Callable[[str], Any]:
    return lambda path: load(io.BytesIO(read_file(path)))


def through_bytes(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """An array of bytes that somebody unpickles."""
    return lambda path: pickle.loads(read(path).tobytes())


def save_numbers(path: str, extra: Any) -> Any:
    array = use("numpy").arange(10000.0).reshape(100, 100)
    save_npy(path, array)
    return array


def load_numbers(path: str) -> Any:
    numpy = use("numpy")
    with open(path, "r+b") as file:
        numpy.save(file, numpy.load(path, mmap_mode="r") * 1)
    return numpy.load(path, mmap_mode="c")


# pandas


def frame(extra: Any) -> Any:
    pandas = use("pandas")
    return pandas.DataFrame(
        {
            "number": [1.5, 2.5, float("nan")],
            "text": ["a", "b", "ü"],
            "when": pandas.date_range("2024-01-01", periods=3, tz="UTC"),
            "kind": pandas.Categorical(["x", "y", "x"]),
            "extra": [extra, None, None],
        }
    )


def pandas_case(compression: str | None, *needs: str) -> Case:
    def save(path: str, extra: Any) -> Any:
        value = frame(extra)
        value.to_pickle(path, compression=compression)
        return value

    def load(path: str) -> Any:
        return use("pandas").read_pickle(path, compression=compression)

    return Case(
        "pandas: read_pickle " + str(compression or ""), load, save, needs=("pandas", *needs)
    )


def save_frame(path: str, extra: Any) -> Any:
    value = frame(extra)
    value.to_pickle(path, compression=None)
    return value


def load_frame(file: Any) -> Any:
    return use("pandas").read_pickle(file, compression=None)


# Classic models


def data() -> Any:
    numbers = use("numpy").random.RandomState(1).normal(size=(60, 4))
    return numbers, (numbers.sum(axis=1) > 0).astype(int)


def forest() -> Any:
    return (
        use("sklearn.ensemble").RandomForestClassifier(n_estimators=5, random_state=1).fit(*data())
    )


def pipeline() -> Any:
    scale, fit = use("sklearn.preprocessing"), use("sklearn.linear_model")
    steps = scale.StandardScaler(), fit.LogisticRegression()
    return use("sklearn.pipeline").make_pipeline(*steps).fit(*data())


def answers(value: Any) -> Any:
    return value["extra"], value["model"].predict_proba(data()[0])


def dumped(dump: Callable[[Any, str], Any], make: Callable[[], Any]) -> Callable[[str, Any], Any]:
    def save(path: str, extra: Any) -> Any:
        value = {"model": make(), "extra": extra}
        dump(value, path)
        return value

    return save


def pickle_dump(value: Any, path: str) -> None:
    write(path, pickle.dumps(value))


def load_pickle(path: str) -> Any:
    with open(path, "rb") as file:
        return pickle.load(file)


def joblib_dump(compress: Any = 0) -> Callable[[Any, str], Any]:
    return lambda value, path: use("joblib").dump(value, path, compress=compress)


def joblib_load(path: Any) -> Any:
    return use("joblib").load(path)


def arrays() -> Any:
    numpy = use("numpy")
    return {"x": numpy.arange(1000.0).reshape(10, 100), "n": numpy.int64(7)}


def joblib_case(name: str, compress: Any = 0, load: Any = joblib_load, needs: Any = ()) -> Case:
    save = dumped(joblib_dump(compress), arrays)
    return Case("joblib: " + name, load, save, needs=("joblib", "numpy", *needs))


def remembered(path: str) -> Any:
    """joblib.Memory keeps results of a function in files of its own; the case's file becomes one."""
    folder = path + ".cache"
    cached = use("joblib").Memory(folder, verbose=0).cache(arrays)
    cached()
    for where, _, names in os.walk(folder):
        if "output.pkl" in names:
            os.unlink(os.path.join(where, "output.pkl"))
            write(os.path.join(where, "output.pkl"), read_file(path))
    return cached()


def by_pickler(library: str) -> tuple[Any, Any]:
    """dill and cloudpickle: an object, and a function by value where the file is harmless."""

    def save(path: str, extra: Any) -> Any:
        value = {"weights": [1.5, 2.5], "extra": extra}
        with open(path, "wb") as file:
            use(library).dump(value, file)
        return value

    def load(path: str) -> Any:
        with open(path, "rb") as file:
            return use(library).load(file)

    return load, save


def save_session(path: str, extra: Any) -> None:
    import types

    module = types.ModuleType("session")
    module.numbers, module.extra = [1, 2], extra  # type: ignore[attr-defined]
    use("dill").dump_module(path, module)


def load_session(path: str) -> Any:
    loaded = use("dill").load_module(path)
    return loaded.numbers, loaded.extra


def graph(extra: Any) -> Any:
    value = use("networkx").karate_club_graph()
    value.graph["extra"] = extra
    return value


def save_graph(path: str, extra: Any) -> Any:
    value = graph(extra)
    with gzip.open(path, "wb") as file:
        pickle.dump(value, file)
    return value


def load_graph(path: str) -> Any:
    with gzip.open(path, "rb") as file:
        return pickle.load(file)


def nodes(value: Any) -> Any:
    return sorted(value.edges), value.graph["extra"]


# HDF5


def save_h5(path: str, extra: Any) -> Any:
    h5py, numpy = use("h5py"), use("numpy")
    with h5py.File(path, "w") as file:
        file["weights"] = numpy.arange(5000.0)
        file["object"] = numpy.void(pickle.dumps(extra))
    return extra


def load_h5(path: str) -> Any:
    with use("h5py").File(path, "r") as file:
        return pickle.loads(file["object"][()].tobytes())


def use_h5(path: str) -> Any:
    """A file without pickles: written, grown, read."""
    h5py, numpy = use("h5py"), use("numpy")
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=numpy.arange(5000.0), chunks=(500,), maxshape=(None,))
    with h5py.File(path, "a") as file:
        file["x"].resize((6000,))
        file["x"].attrs["unit"] = "m"
    with h5py.File(path, "r") as file:
        return file["x"][::7], file["x"].attrs["unit"]


def bytes_of_file(path: str) -> Any:
    return use("numpy").fromfile(path, dtype="u1")


def bytes_mapped(path: str) -> Any:
    return use("numpy").memmap(path, dtype="u1", mode="r")


def npy_in_zip(path: str, array: Any) -> None:
    buffer = io.BytesIO()
    use("numpy").save(buffer, array, allow_pickle=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("things.npy", buffer.getvalue())


NUMPY = ("numpy",)
SKLEARN = ("sklearn", "joblib")

CASES = [
    Case("numpy: load of objects", load_npy, with_objects(save_npy), needs=NUMPY),
    Case(
        "numpy: load of a pickle",
        load_npy,
        with_objects(lambda path, array: array.dump(path)),
        needs=NUMPY,
    ),
    Case("numpy: load of an open file", load_opened(load_npy), with_objects(save_npy), needs=NUMPY),
    Case(
        "numpy: load from memory", load_from_memory(load_npy), with_objects(save_npy), needs=NUMPY
    ),
    Case("numpy: npz", load_npz, save_npz("savez"), needs=NUMPY),
    Case("numpy: npz compressed", load_npz, save_npz("savez_compressed"), needs=NUMPY),
    Case(
        "numpy: npz of bzip2",
        load_npz,
        with_objects(npy_in_zip),
        look=lambda v: v.get("things") if isinstance(v, dict) else v,
        needs=NUMPY,
    ),
    Case("numpy: fromfile into loads", through_bytes(bytes_of_file), needs=NUMPY),
    Case("numpy: memmap into loads", through_bytes(bytes_mapped), needs=NUMPY),
    Case("numpy: numbers, mapped", load_numbers, save_numbers, needs=NUMPY, twin=False),
    pandas_case(None),
    *(pandas_case(how) for how in ("gzip", "bz2", "xz", "zip")),
    pandas_case("tar", "pandas.io.common"),
    pandas_case("zstd", "zstandard"),
    Case("pandas: read_pickle of a file", load_opened(load_frame), save_frame, needs=("pandas",)),
    Case(
        "pandas: read_pickle from memory",
        load_from_memory(load_frame),
        save_frame,
        needs=("pandas",),
    ),
    joblib_case("load"),
    joblib_case("load of an open file", load=load_opened(joblib_load)),
    joblib_case("mmap_mode r", load=lambda path: use("joblib").load(path, mmap_mode="r")),
    joblib_case("mmap_mode c", load=lambda path: use("joblib").load(path, mmap_mode="c")),
    *(joblib_case(how, (how, 3)) for how in ("zlib", "gzip", "bz2", "lzma", "xz")),
    joblib_case("lz4", ("lz4", 3), needs=("lz4",)),
    Case("joblib: Memory", remembered, dumped(joblib_dump(), arrays), needs=("joblib", "numpy")),
    Case("joblib: a forest", joblib_load, dumped(joblib_dump(), forest), answers, SKLEARN),
    Case("joblib: a pipeline", joblib_load, dumped(joblib_dump(), pipeline), answers, SKLEARN),
    Case("sklearn: a pickled forest", load_pickle, dumped(pickle_dump, forest), answers, SKLEARN),
    Case(
        "sklearn: a pickled pipeline", load_pickle, dumped(pickle_dump, pipeline), answers, SKLEARN
    ),
    Case("cloudpickle: load", *by_pickler("cloudpickle"), needs=("cloudpickle",)),
    Case("dill: load", *by_pickler("dill"), needs=("dill",)),
    Case("dill: load_module", load_session, save_session, needs=("dill",), silent=False),
    Case("networkx: gpickle.gz", load_graph, save_graph, nodes, needs=("networkx",)),
    Case("h5py: a pickle in a dataset", load_h5, save_h5, needs=("h5py",), silent=False),
    Case(
        "h5py: beside", use_h5, lambda path, extra: None, needs=("h5py",), twin=False, silent=False
    ),
]
