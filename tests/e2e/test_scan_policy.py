"""safeguard scan --policy: lists, thresholds and limits of a policy hold for the command, too."""

import collections
import gzip
import hashlib
import json
import pickle
import zipfile
from pathlib import Path

import pytest
from conftest import CLI, policy_file, run, scan


@pytest.fixture
def clean(place: Path) -> Path:
    path = place / "clean.pkl"
    path.write_bytes(pickle.dumps({"weights": [1.0, 2.0]}, 4))
    return path


def test_policy_allows_a_path(evil: Path, place: Path) -> None:
    policy = policy_file(place, f"[allow]\npath = {place}/*.pkl\n")
    done = run([CLI, "scan", "--policy", policy, evil])
    assert done.status == 0
    assert done.out.splitlines()[0].endswith(" (allowed by the policy)")


def test_policy_denies_a_path(clean: Path, place: Path) -> None:
    policy = policy_file(place, f"[deny]\npath = {place}/**\n")
    done = run([CLI, "scan", "--policy", policy, clean])
    assert done.status == 1
    assert done.out.splitlines()[0].endswith(" (denied by the policy)")


def test_policy_sets_the_thresholds(evil: Path, place: Path) -> None:
    (report,) = scan(evil, status=1)
    policy = policy_file(place, "[thresholds]\nmalicious = 1.0\nsuspicious = 0.9\n")
    done = run([CLI, "scan", "--format", "jsonl", "--policy", policy, evil])
    strict = json.loads(done.out)
    assert 0.9 <= strict["score"] == report["score"] < 1
    assert (strict["verdict"], done.status) == ("suspicious", 0)


def test_policy_of_the_environment(evil: Path, place: Path) -> None:
    policy = policy_file(place, f"[allow]\npath = {place}/**\n")
    assert run([CLI, "scan", evil], env={"SAFEGUARD_POLICY": str(policy)}).status == 0


def test_policy_allows_and_denies_by_hash(evil: Path, clean: Path, place: Path) -> None:
    bad, good = (hashlib.sha256(path.read_bytes()).hexdigest() for path in (evil, clean))
    policy = policy_file(place, f"[allow]\nsha256 = {bad}\n")
    done = run([CLI, "scan", "--policy", policy, evil])
    assert done.status == 0
    assert done.out.splitlines()[0].endswith(" (allowed by the policy)")
    policy = policy_file(place, f"[deny]\nsha256 = {good.upper()}\n")
    done = run([CLI, "scan", "--policy", policy, clean])
    assert done.status == 1
    assert done.out.splitlines()[0].endswith(" (denied by the policy)")
    policy = policy_file(place, f"[allow]\nsha256 = {'0' * 64}\n[deny]\nsha256 = {'1' * 64}\n")
    assert run([CLI, "scan", "--policy", policy, clean]).status == 0
    assert run([CLI, "scan", "--policy", policy, evil]).status == 1


def test_hashes_of_the_policy_are_of_whole_files(clean: Path, place: Path) -> None:
    """Sizes around those of the window through which a file is hashed."""
    for more in (0, 1, 55, 56, 63, 64, 65, (64 << 10) - 1, 64 << 10, (64 << 10) + 1, 200_001):
        path = place / "sized.pkl"
        path.write_bytes(pickle.dumps(b"x" * more))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        policy = policy_file(place, f"[deny]\nsha256 = {digest}\n")
        assert run([CLI, "scan", "--policy", policy, path]).status == 1, more


def test_policy_denies_and_allows_names(evil: Path, place: Path) -> None:
    path = place / "ordered.pkl"
    path.write_bytes(pickle.dumps(collections.OrderedDict(a=1)))
    policy = policy_file(place, "[deny]\nglobal = collections.*\n")
    done = run([CLI, "scan", "--format", "jsonl", "--policy", policy, path])
    report = json.loads(done.out)
    assert (done.status, report["verdict"], report["score"]) == (1, "malicious", 1)
    assert report["reasons"][0]["rule"] == "denied-name"
    assert "collections.OrderedDict" in report["reasons"][0]["detail"]
    policy = policy_file(place, "[allow]\nglobal = os.system\n")
    assert run([CLI, "scan", "--policy", policy, evil]).status == 0
    policy = policy_file(place, "[allow]\nglobal = *\n")
    assert run([CLI, "scan", "--policy", policy, evil]).status == 1


def test_policy_denies_classes_of_keras(place: Path) -> None:
    layer = {"module": "corp.layers", "class_name": "Gate", "config": {"name": "gate"}}
    model = {"module": "keras", "class_name": "Sequential", "config": {"layers": [layer]}}
    path = place / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", '{"keras_version": "3.15.1"}')
        archive.writestr("config.json", json.dumps(model))
    assert run([CLI, "scan", path]).status == 0
    policy = policy_file(place, "[deny]\nglobal = corp.*\n")
    done = run([CLI, "scan", "--policy", policy, path])
    assert done.status == 1
    assert "names corp.layers.Gate, which the policy denies" in done.out


def test_policy_limits_hold(place: Path) -> None:
    deep = pickle.dumps([1] * 300)
    for _ in range(4):
        deep = gzip.compress(deep)
    path = place / "deep.gz"
    path.write_bytes(deep)
    assert run([CLI, "scan", path]).status == 0
    policy = policy_file(place, "[scan]\nmax_depth = 2\n")
    done = run([CLI, "scan", "--policy", policy, path])
    assert done.status == 2
    assert "max_depth" in done.out


def test_bad_policy_is_refused(clean: Path, place: Path) -> None:
    policy = policy_file(place, "[guard]\nmodus = block\n")
    done = run([CLI, "scan", "--policy", policy, clean])
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(f"safeguard: {policy}:2: ")
    assert "'mode'" in done.err
