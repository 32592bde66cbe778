"""benign_numpy - arrays, scalars, dtypes, generators, sparse matrices, distributions."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from thing import Thing, raw
from wordlist import words

TYPES = words("b i1 u1 i2 u2 i4 u4 i8 u8 f2 f4 f8 c8 c16 >f4 >i8 M8[ns] M8[D] m8[s] U7 S5 V3 O")


def array_of(kind: str, shape: Any) -> Any:
    size = int(np.prod(shape))
    if kind == "O":
        values: Any = np.empty(shape, dtype=object)
        values.flat[:] = [[None, "text", 3, {"a": 1}, (1, 2)][i % 5] for i in range(size)]
        return values
    if kind.startswith("U"):
        return np.array([f"w{i}" for i in range(size)], dtype=kind).reshape(shape)
    return np.arange(size).astype(kind if kind[0] not in "SV" else "S5").reshape(shape)


def structured() -> Any:
    inner = np.dtype([("name", "<U4"), ("values", "<f4", (2,))])
    return np.zeros(4, dtype=[("id", "<i8"), ("inner", inner), ("when", "M8[s]")])


def saved(*arrays: Any, many: bool = False, packed: bool = False, **named: Any) -> bytes:
    out = io.BytesIO()
    if many:
        (np.savez_compressed if packed else np.savez)(out, *arrays, **named)
    else:
        np.save(out, arrays[0], allow_pickle=True)
    return out.getvalue()


def masked() -> Any:
    return np.ma.masked_array([1.0, 2.0, 3.0], mask=[False, True, False])


def matrices(name: str) -> Any:
    from scipy import sparse

    eye = sparse.random(20, 20, 0.2, random_state=1)
    return getattr(sparse, name)(eye)


def scipy_things() -> dict[str, Callable[[], Any]]:
    from scipy import interpolate, spatial, stats

    x = np.linspace(0, 1, 20)
    return {
        "norm": lambda: stats.norm(0, 1),
        "gamma": lambda: stats.gamma(2.0),
        "gaussian_kde": lambda: stats.gaussian_kde(x),
        "interp1d": lambda: interpolate.interp1d(x, x**2),
        "spline": lambda: interpolate.UnivariateSpline(x, x**2),
        "cubic": lambda: interpolate.CubicSpline(x, x**2),
        "griddata": lambda: interpolate.RegularGridInterpolator((x, x), np.outer(x, x)),
        "hull": lambda: spatial.distance.pdist(np.c_[x, x]),
        "rotation": lambda: spatial.transform.Rotation.from_euler("z", 90),
        "linregress": lambda: stats.linregress(x, x),
        "ttest": lambda: stats.ttest_ind(x, x + 1),
    }


def values() -> dict[str, Callable[[], Any]]:
    generator = np.random.RandomState(3)
    found: dict[str, Callable[[], Any]] = {
        "float64": lambda: np.float64(1.5),
        "scalars": lambda: {
            "acc": np.float32(0.5),
            "n": np.int64(7),
            "s": np.str_("x"),
            "b": np.bool_(True),
        },
        "dtype": lambda: [np.dtype("f4"), np.dtype([("a", "i4"), ("b", "f8")])],
        "randomstate": lambda: generator,
        "generator": lambda: np.random.default_rng(5),
        "philox": lambda: np.random.Generator(np.random.Philox(7)),
        "ufunc": lambda: [np.log1p, np.exp, np.add],
        "functions": lambda: {"agg": np.mean, "f": np.median, "t": np.float32},
        "masked": masked,
        "matrix": lambda: np.matrix([[1, 2], [3, 4]]),
        "recarray": lambda: np.rec.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
        "poly": lambda: np.poly1d([1, 2, 3]),
        "poly2": lambda: np.polynomial.Polynomial([1, 2, 3]),
        "structured": structured,
        "fortran": lambda: np.asfortranarray(generator.rand(5, 4)),
        "view": lambda: np.arange(100.0)[10:50:3],
        "transposed": lambda: np.arange(12.0).reshape(3, 4).T,
        "list": lambda: [generator.rand(3, 3) for _ in range(8)],
        "weights": lambda: {f"W{i}": generator.randn(4, 4) for i in range(5)},
        "empty": lambda: np.empty((0, 5)),
        "zerodim": lambda: np.array(5.0),
        "memory": lambda: generator.bytes(300),
        "vectorize": lambda: np.vectorize(float),
        "datetime": lambda: np.datetime64("2020-01-01T00:00"),
    }
    for kind in (
        "csr_matrix",
        "csc_matrix",
        "coo_matrix",
        "lil_matrix",
        "dok_matrix",
        "dia_matrix",
    ):
        found[kind] = lambda k=kind: matrices(k)  # type: ignore[misc]
    return found


def things(rng: random.Random, tiny: bool) -> Iterator[Thing]:
    for kind in TYPES[:: 7 if tiny else 1]:
        shape = rng.choice([(3,), (4, 5), (2, 3, 4), (200,)])
        yield Thing(
            "numpy",
            lambda k=kind, s=shape: array_of(k, s),
            group=f"numpy.{kind[0]}",
            notes=kind,
            most=3,
        )
        yield raw("numpy", lambda k=kind, s=shape: saved(array_of(k, s)), ".npy", f"npy {kind}")
        yield raw(
            "numpy",
            lambda k=kind, s=shape: saved(array_of(k, s), np.eye(2), many=True),
            ".npz",
            kind,
        )
    found = {**values(), **scipy_things()}
    for name in sorted(found)[:: 9 if tiny else 1]:
        yield Thing("numpy", found[name], group=f"numpy.{name}", notes=name)
    yield raw("numpy", lambda: saved(structured()), ".npy", "structured")
    yield raw(
        "numpy", lambda: saved(many=True, packed=True, X=np.eye(5), y=np.arange(5)), ".npz", "named"
    )
