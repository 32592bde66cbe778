"""The Python wheel: what is in it, built twice to the same bytes, and at work in every CPython at hand."""

import base64
import csv
import hashlib
import io
import json
import os
import pickle
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from bill import parts_of
from clean_root import BUILD, ROOT, Calls, Done, run

NAME = "safeguard-0.1.0-py3-none-manylinux_2_28_x86_64.whl"
TOOLS = ROOT / "build" / "wheel" / "venv" / "bin"
TARGET = "x86_64-linux-gnu.2.28"

pytestmark = [
    pytest.mark.timeout(3600),
    pytest.mark.skipif(os.uname().machine != "x86_64", reason="the wheel is one for x86-64"),
]


def plain_environment(**more: str) -> dict[str, str]:
    kept = ("PATH", "HOME", "LANG", "PIP_CONFIG_FILE", "PIP_INDEX_URL")
    return {name: os.environ[name] for name in kept if name in os.environ} | more


def build(checkout: Path, into: Path, **env: str) -> Path:
    done = run([checkout / "scripts/packages/wheel", into], env=os.environ | env, seconds=3000)
    if "No matching distribution" in done.err or "no Debian source package index" in done.err:
        pytest.skip(f"an index does not answer: {done.err[-300:]}")
    assert done.status == 0, done
    return into / NAME


@pytest.fixture(scope="module")
def wheel() -> Path:
    return build(ROOT, BUILD / "wheel")


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def test_its_contents(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        modes = {one.filename: one.external_attr >> 16 & 0o777 for one in archive.infolist()}
        times = {one.date_time for one in archive.infolist()}
    ours = {path.name for path in (ROOT / "scripts/packages/python/safeguard").glob("*.py")}
    native = {"native/libsafeguard.so", "native/libsgscan.so", "native/safeguard"}
    found = {name for name in modes if name.startswith("safeguard/")}
    assert found == {f"safeguard/{name}" for name in ours | native | {"py.typed"}}
    assert modes["safeguard/native/safeguard"] & 0o111
    assert len(times) == 1
    licences = [name for name in modes if "/licenses/third-party/" in name]
    assert len(licences) == 11


def test_its_record_holds(unpacked: Path) -> None:
    (record,) = unpacked.glob("*.dist-info/RECORD")
    rows = {
        name: (digest, size) for name, digest, size in csv.reader(io.StringIO(record.read_text()))
    }
    files = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()}
    assert set(rows) == files
    for name in files - {str(record.relative_to(unpacked))}:
        content = (unpacked / name).read_bytes()
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        assert rows[name] == (f"sha256={digest}", str(len(content)))


def test_it_tells_what_is_linked_into_its_files(unpacked: Path) -> None:
    """All that there is a licence of, and what the compiler adds."""
    (bill,) = unpacked.glob("*.dist-info/sboms/*")
    assert bill.name == "safeguard.cdx.json"
    parts = parts_of(bill, {path.name: path for path in (unpacked / "safeguard/native").iterdir()})
    (licences,) = unpacked.glob("*.dist-info/licenses/third-party")
    assert {part.removesuffix("-dev") for part in parts} == {
        *(path.name for path in licences.iterdir()),
        "ziglang",
    }


@pytest.mark.parametrize("tool", ["twine check --strict", "check-wheel-contents"])
def test_the_checkers_have_nothing_to_say(wheel: Path, tool: str) -> None:
    command, *options = tool.split()
    done = run([TOOLS / command, *options, wheel])
    assert done.status == 0, done


def test_it_is_for_every_glibc_since_2_28(wheel: Path, unpacked: Path) -> None:
    done = run([TOOLS / "auditwheel", "show", wheel])
    assert done.status == 0, done
    tag = re.search(r'platform tag:\s+"manylinux_2_(\d+)_x86_64"', done.out)
    assert tag, done.out
    assert int(tag[1]) <= 28
    native = unpacked / "safeguard" / "native"
    for name, needed in {
        "libsafeguard.so": {"libc.so.6", "libdl.so.2"},
        "libsgscan.so": {"libc.so.6"},
        "safeguard": {"libc.so.6", "libpthread.so.0"},
    }.items():
        dynamic = run(["readelf", "-dW", native / name]).out
        words = [
            line.split("[")[1].rstrip("]") for line in dynamic.splitlines() if "NEEDED" in line
        ]
        assert set(words) == needed
        versions = run(["readelf", "-VW", native / name]).out.replace(")", " ").split()
        newest = max(
            tuple(map(int, word.removeprefix("GLIBC_").split(".")))
            for word in versions
            if word.startswith("GLIBC_2.")
        )
        assert newest <= (2, 28)


def test_the_same_sources_give_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    """From another folder, with everything of ours compiled anew."""
    listing = ["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard", "-z"]
    listed = subprocess.run(listing, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("no git here that tells which files belong to the checkout")
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tmp_path / name)
    zig = ROOT / "build" / "zig"
    (tmp_path / "build" / "zig" / TARGET).mkdir(parents=True)
    (tmp_path / "build" / "wheel").mkdir()
    (tmp_path / "build" / "wheel" / "venv").symlink_to(ROOT / "build" / "wheel" / "venv")
    # zig's cache has the stubs of libc; what we compile has other arguments here, so none of it.
    for name in ("venv", "cache", *(stamp.name for stamp in zig.glob("*.stamp"))):
        (tmp_path / "build" / "zig" / name).symlink_to(zig / name)
    shutil.copytree(zig / TARGET / "libs", tmp_path / "build" / "zig" / TARGET / "libs")
    shutil.copy2(zig / TARGET / "libs.key", tmp_path / "build" / "zig" / TARGET)
    first = build(ROOT, tmp_path / "first", SOURCE_DATE_EPOCH="1700000000")
    second = build(tmp_path, tmp_path / "second", SOURCE_DATE_EPOCH="1700000000")
    assert first.read_bytes() == second.read_bytes()


@dataclass(frozen=True)
class Installed:
    """A fresh virtual environment with the wheel in it."""

    folder: Path

    def run(self, *words: str | Path, **env: str) -> Done:
        command, *rest = words
        return run([self.folder / "bin" / command, *rest], env=plain_environment(**env))


def pythons() -> list[str]:
    return run([ROOT / "scripts" / "find_pythons"]).out.split()


@pytest.fixture(
    scope="module", params=pythons(), ids=lambda path: path.strip("/").replace("/", "-")
)
def installed(
    request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installed]:
    folder = tmp_path_factory.mktemp("venv")
    made = run([request.param, "-m", "venv", folder], env=plain_environment())
    if made.status:
        pytest.skip(f"{request.param} makes no virtual environment: {made.out[-200:]}")
    here = Installed(folder)
    done = here.run("python", "-m", "pip", "install", "--no-index", "--no-deps", wheel)
    assert done.status == 0, done
    assert here.run("python", "-m", "pip", "check").status == 0
    yield here
    done = here.run("python", "-m", "pip", "uninstall", "-y", "safeguard")
    assert done.status == 0, done
    assert not [path for path in folder.rglob("*safeguard*") if "__pycache__" not in str(path)]
    shutil.rmtree(folder)


@pytest.fixture
def evil(tmp_path: Path) -> Path:
    path = tmp_path / "evil.pkl"
    path.write_bytes(pickle.dumps(Calls(tmp_path / "canary"), 4))
    return path


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    path = tmp_path / "clean.pkl"
    path.write_bytes(pickle.dumps({"weights": [1.0, 2.0]}, 4))
    return path


@pytest.mark.parametrize("start", [("safeguard",), ("python", "-m", "safeguard")], ids=len)
def test_the_command(installed: Installed, evil: Path, clean: Path, start: tuple[str, ...]) -> None:
    done = installed.run(*start, "version")
    assert (done.status, done.out) == (0, "safeguard 0.1.0\n")
    done = installed.run(*start, "scan", "--format", "jsonl", evil, clean)
    assert done.status == 1
    told = {
        Path(one["path"]).name: one["verdict"] for one in map(json.loads, done.out.splitlines())
    }
    assert told == {"evil.pkl": "malicious", "clean.pkl": "benign"}
    assert installed.run(*start, "scan", clean).status == 0


ASK = """
import json, sys, safeguard
reports = [safeguard.scan(source) for path in sys.argv[1:] for source in (path, open(path, "rb").read())]
print(json.dumps([safeguard.enabled(), [report.malicious for report in reports]]))
"""


def test_the_api(installed: Installed, evil: Path, clean: Path) -> None:
    done = installed.run("python", "-c", ASK, evil, clean)
    assert done.status == 0, done
    assert json.loads(done.out) == [False, [True, True, False, False]]
    library = installed.run(
        "python", "-c", "import safeguard; print(safeguard.library())"
    ).out.strip()
    assert library.startswith(str(installed.folder))
    done = installed.run("python", "-c", ASK, clean, LD_PRELOAD=library)
    assert json.loads(done.out) == [True, [False, False]], done


LOAD = "import pickle, sys, safeguard; assert safeguard.enabled(); pickle.load(open(sys.argv[1], 'rb'))"


def test_a_guarded_program(installed: Installed, evil: Path, clean: Path) -> None:
    guarded: list[str | Path] = [
        "safeguard",
        "run",
        "--",
        installed.folder / "bin" / "python",
        "-c",
        LOAD,
    ]
    assert installed.run(*guarded, clean).status == 0
    done = installed.run(*guarded, evil)
    assert done.status == 1
    assert (
        'PermissionError: [Errno 13] Permission denied [safeguard: calls posix.system("touch'
        in done.err
    )
    assert not (evil.parent / "canary").exists()


TYPED = """
import io
import pathlib
import safeguard

report: safeguard.Report = safeguard.scan(pathlib.Path("x"), limits=safeguard.Limits(max_depth=2))
safeguard.scan(b""), safeguard.scan(bytearray()), safeguard.scan(io.BytesIO()), safeguard.scan("x")
reveal_type([reason.weight for reason in report.reasons])
reveal_type(report.malicious)
reveal_type(report.verdict)
safeguard.scan(3)
"""


def test_its_types_are_seen(installed: Installed, tmp_path: Path) -> None:
    mypy = ROOT / "build" / "venv" / "bin" / "mypy"
    if not mypy.exists():
        pytest.skip("no mypy in build/venv")
    source = tmp_path / "typed.py"
    source.write_text(TYPED)
    interpreter = installed.folder / "bin" / "python"
    cache = tmp_path / "cache"
    done = run(
        [mypy, "--strict", "--python-executable", interpreter, "--cache-dir", cache, source],
        cwd=tmp_path,
    )
    notes = [line.split("note: ")[1] for line in done.out.splitlines() if "Revealed" in line]
    assert [note.split('"')[1].replace("builtins.", "") for note in notes] == [
        "list[float]",
        "bool",
        "Literal['benign'] | Literal['suspicious'] | Literal['malicious']",
    ]
    errors = [line for line in done.out.splitlines() if " error: " in line]
    assert len(errors) == 1
    assert '"scan" has incompatible type "int"' in errors[0]
