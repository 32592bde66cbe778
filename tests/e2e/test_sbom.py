"""The bill of materials: what is linked and nothing else, in the official form, the same each time."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import BUILD, ROOT, SANITIZED

sys.path.insert(0, str(ROOT / "scripts"))
from sbom_parts import LICENCES, Build, SbomError, taken

ARTEFACTS = ("libsafeguard.so", "libsgscan.a", "libsgscan.so", "safeguard")
# The archives of a link, by the Debian package that they are of.
ARCHIVES = {
    "libzip.a": "libzip",
    "libbz2_sg.a": "libbz2-dev",
    "libinih.a": "libinih-dev",
    "libz.a": "zlib1g-dev",
    "liblzma.a": "liblzma-dev",
    "libzstd.a": "libzstd-dev",
    "liblz4.a": "liblz4-dev",
    "libmd.a": "libmd-dev",
    "libseccomp.a": "libseccomp-dev",
    "libarchive.a": "libarchive-dev",
    "libjansson.a": "libjansson-dev",
}
# Of the compiler and libc, whatever is linked: how a program starts.
ALWAYS = re.compile(r"libgcc-\d+-dev|libc6-dev")

pytestmark = [
    pytest.mark.skipif(not shutil.which("dpkg-query"), reason="no dpkg: not a Debian"),
    pytest.mark.skipif(
        not (BUILD / "safeguard.map").exists(), reason="this build's linker wrote no map"
    ),
    pytest.mark.skipif(SANITIZED, reason="sanitizers bring their own"),
]


def make_sbom(out: Path, *shipped: str, **env: str) -> subprocess.CompletedProcess[str]:
    words = ["python3", str(ROOT / "scripts" / "sbom"), str(BUILD), "0.1.0", str(out), *shipped]
    mine = {key: value for key, value in os.environ.items() if key != "SOURCE_DATE_EPOCH"}
    return subprocess.run(words, env={**mine, **env}, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    out = tmp_path_factory.mktemp("sbom") / "sbom.json"
    done = make_sbom(out)
    assert (done.returncode, done.stderr) == (0, "")
    return out.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def bom(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    return found


def parts(bom: dict[str, Any], artefact: str) -> set[str]:
    names = {part["bom-ref"]: part["name"] for part in bom["components"]}
    [row] = [row for row in bom["dependencies"] if row["ref"] == artefact]
    return {names[ref] for ref in row["dependsOn"]}


def on_the_link_line(variable: str) -> set[str]:
    """Packages of the archives that a variable of the Makefile names."""
    rule = f"sbom-print:\n\t@echo $({variable})\n"
    words = ["make", "-s", "--no-print-directory", "-f", "Makefile", "-f", "-", "sbom-print"]
    mine = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    done = subprocess.run(
        words, cwd=ROOT, env=mine, input=rule, capture_output=True, text=True, check=True
    )
    names = [Path(word.removeprefix("-l:")).name for word in done.stdout.split()]
    return {ARCHIVES[name] for name in names}


def test_official_form(text: str) -> None:
    schema = pytest.importorskip("cyclonedx.schema", reason="no cyclonedx-python-lib here")
    validation = pytest.importorskip("cyclonedx.validation.json", reason="not with its schemas")
    validator = validation.JsonStrictValidator(schema.SchemaVersion.V1_6)
    assert validator.validate_str(text) is None
    assert validator.validate_str(text.replace('"Zlib"', '"Zzlib"')) is not None


def test_names_of_packages_are_in_form(bom: dict[str, Any]) -> None:
    packageurl = pytest.importorskip("packageurl", reason="no packageurl-python here")
    for part in bom["components"]:
        if "purl" in part:
            read = packageurl.PackageURL.from_string(part["purl"])
            assert (read.name, read.version) == (part["name"], part["version"])
            assert read.to_string() == part["purl"]


def test_hashes_are_those_of_the_files(bom: dict[str, Any]) -> None:
    rows = {part["name"]: part for part in bom["components"]}
    for name in ARTEFACTS:
        [told] = rows[name]["hashes"]
        assert told["content"] == hashlib.sha256((BUILD / name).read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("artefact", "variable"),
    [
        ("libsgscan.so", "ARCHIVES"),
        ("libsafeguard.so", "SHIM_ARCHIVES"),
        ("safeguard", "ALL_ARCHIVES"),
    ],
)
def test_lists_what_is_on_the_link_line(bom: dict[str, Any], artefact: str, variable: str) -> None:
    listed = {name for name in parts(bom, artefact) if not ALWAYS.fullmatch(name)}
    assert listed == on_the_link_line(variable)


def test_the_archive_lists_what_it_carries(bom: dict[str, Any]) -> None:
    assert parts(bom, "libsgscan.a") == {"libzip", "libbz2-dev"}


@pytest.mark.parametrize("artefact", ["libsafeguard.so", "libsgscan.so", "safeguard"])
def test_symbols_of_each_part_are_in_the_file(bom: dict[str, Any], artefact: str) -> None:
    """Names that an archive defines, and no other archive does, tell it; the linker's map has no say in this."""
    done = subprocess.run(
        ["nm", "--defined-only", BUILD / artefact], capture_output=True, text=True, check=True
    )
    present = {line.split()[-1] for line in done.stdout.splitlines() if line}
    found = {
        package
        for archive, package in ARCHIVES.items()
        if len(defined(archive) & present) >= min(3, len(defined(archive)))
    }
    assert found == {name for name in parts(bom, artefact) if not ALWAYS.fullmatch(name)}


def defined(archive: str) -> set[str]:
    """Global functions of an archive."""
    own = ROOT / "build" / "libs" / "lib" / archive
    if not own.exists():
        words = ["gcc", f"-print-file-name={archive}"]
        own = Path(subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip())
    done = subprocess.run(
        ["nm", "-g", "--defined-only", own], capture_output=True, text=True, check=True
    )
    return set(re.findall(r" T (\w+)$", done.stdout, re.M))


def test_same_bytes_again_and_a_time_only_when_given(text: str, tmp_path: Path) -> None:
    again, dated = tmp_path / "again.json", tmp_path / "dated.json"
    assert make_sbom(again).returncode == 0
    assert again.read_text(encoding="utf-8") == text
    assert "timestamp" not in text
    assert make_sbom(dated, SOURCE_DATE_EPOCH="86400").returncode == 0
    assert json.loads(dated.read_text())["metadata"]["timestamp"] == "1970-01-02T00:00:00Z"


def test_of_some_files_as_they_are_shipped(bom: dict[str, Any], tmp_path: Path) -> None:
    stripped, out = tmp_path / "libsafeguard.so.1", tmp_path / "sbom.json"
    words = ["strip", "--strip-unneeded", "-o", stripped, BUILD / "libsafeguard.so"]
    subprocess.run(words, check=True)
    assert make_sbom(out, f"libsafeguard.so={stripped}").returncode == 0
    shipped = json.loads(out.read_text(encoding="utf-8"))
    rows = {part["name"]: part for part in shipped["components"]}
    [told] = rows["libsafeguard.so"]["hashes"]
    assert told["content"] == hashlib.sha256(stripped.read_bytes()).hexdigest()
    assert not rows.keys() & {"safeguard", "libsgscan.so", "libsgscan.a"}
    assert parts(shipped, "libsafeguard.so") == parts(bom, "libsafeguard.so")
    assert "libarchive-dev" not in rows
    assert make_sbom(out, f"libother.so={stripped}").returncode == 2


def test_what_nobody_accounts_for_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a new archive on the link line is, until it has a package and a licence."""
    head = "Archive member included to satisfy reference by file (symbol)\n\n"
    listing = (BUILD / "safeguard.map").read_text(encoding="utf-8", errors="replace")
    assert head in listing
    unknown = str(tmp_path / "libunknown.a")
    assert (unknown, "part.o") in set(taken(listing.replace(head, f"{head}{unknown}(part.o)\n")))
    build = Build(str(BUILD))
    with pytest.raises(SbomError, match=r"libunknown\.a"):
        build.owner(unknown, "part.o")
    with pytest.raises(SbomError, match="in 0 archives"):
        build.owner(str(BUILD / "libsgscan.a"), "unknown.o")
    monkeypatch.delitem(LICENCES, "libmd")
    [part] = [part for part in build.linked("safeguard") if part.package == "libmd-dev"]
    with pytest.raises(SbomError, match="no licence for libmd"):
        _ = part.licence
