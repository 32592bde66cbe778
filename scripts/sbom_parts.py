"""sbom_parts - what of others was linked into a built file, by the linker's map or the symbols; whose it is, by dpkg and
by whoever built it (build_libs, target_libs)."""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent

# By source package: the licence of what is linked of it. An archive that is not here makes no SBOM. SPDX has no name for
# the public domain: such a licence stands in words.
LICENCES = {
    "bzip2": "bzip2-1.0.6",
    "gcc": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "glibc": "LGPL-2.1-or-later",
    "libinih": "BSD-3-Clause",
    "jansson": "MIT",
    "libarchive": "BSD-2-Clause",
    "libmd": "BSD-3-Clause",
    "libseccomp": "LGPL-2.1-only",
    "libzip": "BSD-3-Clause",
    "libzstd": "BSD-3-Clause OR GPL-2.0-only",
    "lz4": "BSD-2-Clause",
    "xz-utils": "public domain",
    "ziglang": "MIT AND LGPL-2.1-or-later",
    "zlib": "Zlib",
}

# How an archive was built, where that is not how everybody builds it.
SETTINGS = {"libzip": ": zlib only, no encryption, allocator renamed"}
TOOLCHAIN = "the compiler's runtime library, and glibc's start files as it brings them along"


class SbomError(Exception):
    """What cannot be told of a build."""


@dataclass(frozen=True, order=True)
class Part:
    """Something of others that is in what we built."""

    package: str  # Debian's, source where `source`, else binary
    version: str  # Debian's, where Debian's source was whole; else upstream's
    upstream: str  # source package and version, as in "zlib@1:1.2.13.dfsg-1"
    architecture: str  # Debian's, or "source", or "pypi": from the Python package index
    hashes: tuple[tuple[str, str], ...]  # name of the file taken, its sha256
    note: str = ""

    @property
    def licence(self) -> str:
        name = re.sub(r"^gcc-\d+$", "gcc", self.upstream.partition("@")[0])
        if name not in LICENCES:
            raise SbomError(f"scripts/sbom_parts.py has no licence for {name} ({self.package})")
        return LICENCES[name]

    @property
    def purl(self) -> str:
        if self.architecture == "pypi":
            return f"pkg:pypi/{self.package}@{self.version}"
        system = dict(
            line.split("=", 1)
            for line in Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
            if "=" in line
        )
        name = system.get("ID", "debian").strip('"')
        release = system.get("VERSION_ID", "").strip('"')
        qualifiers = {"arch": self.architecture}
        if release:
            qualifiers["distro"] = f"{name}-{release}"
        if self.architecture != "source":
            qualifiers["upstream"] = self.upstream
        told = "&".join(f"{key}={quote(value, safe=':')}" for key, value in qualifiers.items())
        return f"pkg:deb/{name}/{quote(self.package)}@{quote(self.version, safe=':')}?{told}"


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def output(*command: str) -> str:
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise SbomError(f"{' '.join(command)}: {error}") from error


@cache
def members(archive: Path) -> frozenset[str]:
    return frozenset(output("ar", "t", str(archive)).split())


@cache
def functions(*files: Path) -> frozenset[str]:
    """Names of the functions that objects, archives or linked files define, static ones too."""
    listing = output("nm", "--defined-only", *map(str, files))
    return frozenset(re.findall(r" [Tt] (\S+)$", listing, re.M))


def taken(text: str) -> Iterator[tuple[str, str]]:
    """(file, member) for each member of an archive that a link took, (file, "") for each object."""
    listing = text.partition("Archive member included")[2].partition("\n\n")[2].partition("\n\n")[0]
    yield from re.findall(r"^(\S.*?\.a)\(([^)]+)\)", listing, re.M)
    for name in re.findall(r"^LOAD (.*\.o)$", text, re.M):
        yield name, ""


class Build:
    """A build folder and the third-party archives it was linked with."""

    def __init__(self, build: str) -> None:
        self.build = (ROOT / build).resolve()
        of_target = self.build / "libs"
        self.libs = of_target if of_target.is_dir() else ROOT / "build" / "libs"
        self.sources = dict(self._sources())
        # What a compiler that tells of no link adds to each.
        self.toolchain = self.sources.pop("*", None)
        self.ours = {path.name: path for path in (self.build / "obj").rglob("*.o")}

    def _sources(self) -> Iterator[tuple[str, Part]]:
        for line in (self.libs / "sources").read_text(encoding="utf-8").splitlines():
            archive, package, version, digest = line.split()
            if archive == "*":
                yield archive, Part(package, version, f"{package}@{version}", "pypi", (), TOOLCHAIN)
            else:
                yield archive, self._archived(archive, package, version, digest)

    def _archived(self, archive: str, package: str, version: str, digest: str) -> Part:
        hashes = [(archive, sha256(self.libs / "lib" / archive))]
        if package.endswith("-dev"):
            kind, upstream = of_package(package)
            taken_of = f"{package}:{archive.replace('_sg', '')}"
            note = f"changed by {self._builder()}: symbols renamed or weakened, settings added"
        else:
            kind, upstream, taken_of = "source", f"{package}@{version}", f"{package}.dsc"
            note = f"built by {self._builder()}{SETTINGS.get(package, '')}"
        if digest != "-":
            hashes.append((taken_of, digest))
        return Part(package, version, upstream, kind, tuple(hashes), note)

    def _builder(self) -> str:
        own = self.libs.parent == self.build and self.build.parent.name == "zig"
        return "scripts/packages/target_libs" if own else "scripts/build_libs"

    def carried(self) -> set[Part]:
        """Parts that libsgscan.a holds: its members are theirs or ours."""
        archive = "libsgscan.a"
        found = {self._member(archive, name) for name in members(self.build / archive)}
        return {part for part in found if part}

    def linked(self, name: str) -> set[Part]:
        """Parts that the linker took into this file."""
        path = self.build / f"{name}.map"
        if path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            found = {self.owner(file, member) for file, member in taken(text)}
            return {part for part in found if part}
        if self.toolchain is None:
            raise SbomError(f"{path}: no map of the link; GNU ld or lld writes it")
        return self._shown(name) | {self.toolchain}

    def _shown(self, name: str) -> set[Part]:
        """Parts of which the file, not yet stripped, has a function that nobody else has."""
        has = functions(self.build / name)
        ours = functions(*self.ours.values())
        found = set()
        for archive, part in self.sources.items():
            others = [self.libs / "lib" / other for other in self.sources if other != archive]
            if functions(self.libs / "lib" / archive) & has - functions(*others) - ours:
                found.add(part)
        return found

    def owner(self, file: str, member: str) -> Part | None:
        """Whose the object or the archive's member is; None where it is ours."""
        full = (ROOT / file).resolve()
        if full.is_relative_to(self.build / "obj"):
            return None
        if full.parent == self.build:
            return self._member(full.name, member)
        if full.parent == self.libs / "lib":
            return self._from_libs(full.name)
        return installed(full)

    def _member(self, archive: str, member: str) -> Part | None:
        """Whose a member of one of our own archives is; None where it is ours."""
        owners = [name for name in self.sources if member in members(self.libs / "lib" / name)]
        if len(owners) + (member in self.ours) != 1:
            raise SbomError(
                f"{archive}({member}) is in {len(owners)} archives, and ours: {member in self.ours}"
            )
        return self.sources[owners[0]] if owners else None

    def _from_libs(self, name: str) -> Part:
        if name not in self.sources:
            raise SbomError(f"build/libs/sources, of scripts/build_libs, does not tell of {name}")
        return self.sources[name]


@cache
def of_package(package: str) -> tuple[str, str]:
    """Architecture of an installed Debian package, and its source as source@version."""
    form = "${Architecture}\t${source:Package}@${source:Version}"
    architecture, upstream = output("dpkg-query", "-W", "-f", form, package).split("\t")
    return architecture, upstream


@cache
def installed(path: Path) -> Part:
    """The Debian package that an object or an archive of the system is of."""
    package = output("dpkg-query", "-S", str(path)).split(": ")[0]
    architecture, upstream = of_package(package)
    version = output("dpkg-query", "-W", "-f", "${Version}", package)
    hashes = ((path.name, sha256(path)),) if path.suffix == ".a" else ()
    return Part(package.partition(":")[0], version, upstream, architecture, hashes)
