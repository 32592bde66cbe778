"""benign_pandas - frames, series, indexes and offsets of every type of column."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from thing import Thing, raw

DAYS = pd.date_range("2020-01-01", periods=6)


def columns() -> dict[str, Callable[[], Any]]:
    return {
        "int": lambda: [1, 2, 3, 4, 5, 6],
        "float": lambda: np.linspace(0, 1, 6),
        "float32": lambda: np.linspace(0, 1, 6).astype("f4"),
        "object": lambda: ["a", None, 3, (1,), "b", 2.5],
        "text": lambda: ["red", "green", "blue"] * 2,
        "string": lambda: pd.array(["x", None, "z"] * 2, dtype="string"),
        "category": lambda: pd.Categorical(["x", "y", "x"] * 2),
        "ordered": lambda: pd.Categorical(["lo", "hi", "lo"] * 2, ["lo", "hi"], ordered=True),
        "datetime": lambda: DAYS,
        "zoned": lambda: DAYS.tz_localize("UTC"),
        "berlin": lambda: DAYS.tz_localize("Europe/Berlin"),
        "timedelta": lambda: pd.to_timedelta(range(6), unit="h"),
        "period": lambda: pd.period_range("2020-01", periods=6, freq="M"),
        "interval": lambda: pd.interval_range(0, 6),
        "nullable": lambda: pd.array([1, None, 3] * 2, dtype="Int64"),
        "nullfloat": lambda: pd.array([1.5, None, 3] * 2, dtype="Float64"),
        "boolean": lambda: pd.array([True, None, False] * 2, dtype="boolean"),
        "bool": lambda: [True, False] * 3,
        "sparse": lambda: pd.arrays.SparseArray([0, 0, 1, 0, 0, 2]),
        "complex": lambda: np.arange(6) * 1j,
    }


def indexes() -> dict[str, Callable[[], Any]]:
    product = pd.MultiIndex.from_product([["a", "b"], [1, 2, 3]], names=["k", "n"])
    frame = pd.DataFrame({"a": range(6), "g": list("xxyyzz")})
    return {
        "range": lambda: pd.RangeIndex(6),
        "multi": lambda: pd.DataFrame({"v": range(6)}, index=product),
        "dates": lambda: pd.Series(range(6), index=DAYS, name="sales"),
        "named": lambda: pd.Index(list("abcdef"), name="letters"),
        "offsets": lambda: [pd.offsets.BDay(2), pd.offsets.MonthEnd(), pd.Timedelta("1h")],
        "stamp": lambda: [
            pd.Timestamp("2020-01-01", tz="UTC"),
            pd.NaT,
            pd.NA,
            pd.Period("2020-01"),
        ],
        "empty": lambda: pd.DataFrame(),
        "wide": lambda: pd.DataFrame(np.zeros((3, 30))),
        "dtypes": lambda: frame.dtypes,
        "grouped": lambda: frame.groupby("g").mean(),
        "frames": lambda: {"train": frame, "test": frame.iloc[:2], "columns": list(frame.columns)},
        "attrs": lambda: frame.assign(b="text").rename_axis("id"),
        "values": lambda: frame.to_dict("records"),
        "described": lambda: frame.describe(),
        "shuffled": lambda: frame.sample(frac=1, random_state=1),
    }


def by_pandas(build: Callable[[], Any], how: Any) -> bytes:
    out = io.BytesIO()
    pd.to_pickle(build(), out, compression=how)
    return out.getvalue()


def things(rng: random.Random, tiny: bool) -> Iterator[Thing]:
    found = columns()
    names = sorted(found)[:: 8 if tiny else 1]
    for name in names:
        group = f"pandas.{name}"
        yield Thing(
            "pandas",
            lambda n=name: pd.Series(found[n](), name=n),
            group=group,
            notes=f"series {name}",
        )
        mixed = [name, *rng.sample(sorted(found), 3)]
        frame = lambda m=mixed: pd.DataFrame({n: found[n]() for n in m})  # noqa: E731
        yield Thing("pandas", frame, group=group, notes=f"frame {name}", most=3)
        yield raw(
            "pandas", lambda f=frame: by_pandas(f, "gzip"), ".pkl.gz", f"frame {name}", group=group
        )
    others = indexes()
    for name in sorted(others)[:: 6 if tiny else 1]:
        yield Thing("pandas", others[name], group=f"pandas.{name}", notes=name)
