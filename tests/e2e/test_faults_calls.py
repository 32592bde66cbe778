"""Every system call of a load fails in turn: nothing bad is loaded, nothing crashes, a refusal has its reason.

fault_runs.py does the loads. `make faults` (SG_FAULTS=long) tries every error that the kernel may give.
"""

import errno
import hashlib
import json
import os
import pickle
import platform
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from conftest import FILES_ONLY, compiled, guarded, policy_file
from conftest import clean_environment as outside
from fault_runs import CLEAN

pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="injector.c is written for x86-64"
)

PYTHON = "/usr/bin/python3"
RUNS = Path(__file__).with_name("fault_runs.py")
LONG = os.environ.get("SG_FAULTS") == "long"
ERRORS = "EINTR EIO EAGAIN ENOMEM EMFILE ENFILE ENOSPC EACCES EPERM ENOSYS EINVAL ENXIO EBUSY"
# With a "+" that call and all calls of its kind after it; else that call alone.
FAULTS = (
    [*ERRORS.split(), *(f"{name}+" for name in ERRORS.split()[1:]), "half", "nothing"]
    if LONG
    else ["EINTR", "EIO+", "nothing"]
)

SNAPSHOTS = ("off", "auto", "strict") if LONG else ("auto", "strict")
WAYS = ("open", "read", "map", "inherited") if LONG else ("open", "inherited")


@pytest.fixture(scope="module")
def injector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = Path(__file__).with_name("injector.c")
    return compiled(source, tmp_path_factory.mktemp("injector") / "injector.so", "-shared", "-fPIC")


def payload(canary: Path) -> bytes:
    """Runs in the process itself: under the injector's filter no program could be started."""
    return b"cbuiltins\nexec\n(S'open(\"" + str(canary).encode() + b'","w")\'\ntR.'


def settle(path: Path) -> None:
    """Old enough for its verdict to be remembered."""
    os.utime(path, (1e9, 1e9))


@pytest.fixture
def clean(place: Path) -> Path:
    path = place / "clean.pkl"
    path.write_bytes(pickle.dumps(CLEAN, 4))
    settle(path)
    return path


@pytest.fixture
def evil(place: Path) -> Path:
    path = place / "evil.pkl"
    path.write_bytes(payload(place / "canary"))
    settle(path)
    return path


def policy(place: Path, snapshot: str, more: str = "") -> dict[str, str]:
    """Only what looks at files is on: nothing else may save the load."""
    log = f"[guard]\nlog = {place}/guard.log\n"
    text = f"{log}[consistency]\nsnapshot = {snapshot}\n{FILES_ONLY}{more}"
    return guarded(policy=policy_file(place, text))


def loads(injector: Path, path: Path, way: str, env: dict[str, str]) -> list[dict[str, Any]]:
    with path.open("rb") as file:
        done = subprocess.run(
            [PYTHON, RUNS, injector, path, way, *FAULTS],
            env=outside() | env,
            stdin=file,
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
    if "no seccomp filter" in done.stderr:
        pytest.skip("this system gives no seccomp filter")
    assert done.returncode == 0, done
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len({one["at"] for one in found}) >= 10, done
    assert {one["fault"] for one in found} == set(FAULTS)
    return found


def wrong(found: list[dict[str, Any]], may_load: bool) -> list[dict[str, Any]]:
    """Loads that went as none may."""
    refused = errno.errorcode[errno.EACCES]
    return [
        one
        for one in found
        if "died" in one
        or one["is"] == "other"
        or (one["is"] == "loaded" and not may_load)
        # The guard's own refusals say why; so does one that the injector made look like them.
        or (one["is"] == refused and refused not in one["fault"] and "safeguard" not in one["text"])
    ]


@pytest.mark.parametrize("snapshot", SNAPSHOTS)
@pytest.mark.parametrize("way", WAYS)
def test_malicious_file(injector: Path, place: Path, evil: Path, snapshot: str, way: str) -> None:
    found = loads(injector, evil, way, policy(place, snapshot))
    assert (wrong(found, may_load=False), (place / "canary").exists()) == ([], False)


@pytest.mark.parametrize("snapshot", SNAPSHOTS)
@pytest.mark.parametrize("way", WAYS)
def test_clean_file(injector: Path, place: Path, clean: Path, snapshot: str, way: str) -> None:
    """It loads, or fails with an error of the system's or with the guard's reason."""
    found = loads(injector, clean, way, policy(place, snapshot))
    assert wrong(found, may_load=True) == []
    assert sum(one.get("is") == "loaded" for one in found) > len(found) // 4


def test_malicious_archive(injector: Path, place: Path) -> None:
    path = place / "evil.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("m/data.pkl", payload(place / "canary"))
        archive.writestr("m/data/0", bytes(100_000))
    settle(path)
    found = loads(injector, path, "zip", policy(place, "auto"))
    assert (wrong(found, may_load=False), (place / "canary").exists()) == ([], False)


@pytest.mark.parametrize("listed", ["sha256", "path"])
def test_clean_file_that_is_denied(injector: Path, place: Path, clean: Path, listed: str) -> None:
    """Of a file whose hash or path cannot be had nobody knows that no list denies it."""
    what = str(clean) if listed == "path" else hashlib.sha256(clean.read_bytes()).hexdigest()
    found = loads(injector, clean, "open", policy(place, "auto", f"[deny]\n{listed} = {what}\n"))
    assert wrong(found, may_load=False) == []
