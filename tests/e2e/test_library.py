"""The scanner as a library for others: what `make install` puts in place, compiled and linked as its users do."""

import os
import pickle
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import BUILD, ROOT, Done, run
from twin_case import Payload

EXAMPLE = ROOT / "scripts" / "packages" / "example" / "scan_file.c"
STRICT = ["-Wall", "-Wextra", "-Wshadow", "-pedantic", "-Werror"]
# g++ also misses initializers that are left out by name, which C and clang take for zero.
LANGUAGES = {
    "gcc": ["gcc", "-std=c11", "-D_GNU_SOURCE", *STRICT],
    "clang": ["clang", "-std=c11", "-D_GNU_SOURCE", *STRICT],
    "g++": ["g++", "-x", "c++", "-std=c++20", *STRICT, "-Wno-missing-field-initializers"],
    "clang++": ["clang++", "-x", "c++", "-std=c++20", *STRICT],
}
OLDEST = {"gcc": "c99", "clang": "c99", "g++": "c++11", "clang++": "c++11"}

pytestmark = pytest.mark.skipif(not shutil.which("pkg-config"), reason="no pkg-config here")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """/usr of a tree in which `make install` was run, with libraries where Debian has them."""
    tree = tmp_path_factory.mktemp("tree")
    where = [f"DESTDIR={tree}", "PREFIX=/usr", "LIBDIR=/usr/lib/some-triplet"]
    done = run(["make", "-C", ROOT, f"BUILD={BUILD}", "install", *where])
    assert done.status == 0, done
    yield tree / "usr"
    shutil.rmtree(tree)


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    if not shutil.which(request.param):
        pytest.skip(f"no {request.param} here")
    return request.param


def pkg_config(installed: Path, *words: str) -> list[str]:
    """As in a system root: what is below it is named with it."""
    env = {
        "PKG_CONFIG_LIBDIR": str(installed / "lib/some-triplet/pkgconfig"),
        "PKG_CONFIG_SYSROOT_DIR": str(installed.parent),
    }
    done = run(["pkg-config", *words, "sgscan"], env=env)
    assert done.status == 0, done
    return done.out.split()


def build_example(language: str, installed: Path, out: Path, *flags: str) -> Path:
    asked = ["--static", "--libs"] if "-static" in flags else ["--libs"]
    words = [*LANGUAGES[language], *flags, *pkg_config(installed, "--cflags"), str(EXAMPLE)]
    # Libraries are in C, whatever the example is taken for.
    done = run([*words, "-x", "none", *pkg_config(installed, *asked), "-o", out])
    assert (done.status, done.out, done.err) == (0, "", ""), done
    return out


def check_example(program: Path, place: Path, installed: Path) -> None:
    clean, twin, cut = place / "clean.pkl", place / "twin.pkl", place / "cut.pkl"
    clean.write_bytes(pickle.dumps({"weights": [0.5, 1.5]}))
    twin.write_bytes(pickle.dumps({"weights": [0.5], "notes": Payload(place / "canary")}))
    cut.write_bytes(clean.read_bytes()[:-3])
    env = {"LD_LIBRARY_PATH": str(installed / "lib/some-triplet")}

    def example(*paths: Path) -> Done:
        return run([program, *paths], env=env)

    assert example(clean) == Done(0, f"{clean}: benign 0.000, pickle, coverage complete\n", "")
    done = example(twin)
    assert (done.status, done.err) == (1, "")
    assert re.match(rf"{twin}: malicious [01]\.\d+, pickle, coverage complete\n    ", done.out)
    assert f'posix.system("touch {place}/canary")' in done.out
    done = example(cut)
    assert (done.status, done.err) == (2, "")
    assert "coverage partial" in done.out
    assert example(place).status == 2
    assert not (place / "canary").exists()


def test_the_example_with_the_shared_library(language: str, installed: Path, place: Path) -> None:
    program = build_example(language, installed, place / "scan_file")
    needed = run(["readelf", "-dW", program]).out
    assert "[libsgscan.so.0]" in needed
    check_example(program, place, installed)


def test_the_example_in_one_static_program(language: str, installed: Path, place: Path) -> None:
    program = build_example(language, installed, place / "scan_file", "-static")
    assert "NEEDED" not in run(["readelf", "-dW", program]).out
    check_example(program, place, installed)


def test_each_header_stands_alone(language: str, installed: Path, place: Path) -> None:
    include = installed / "include/safeguard"
    headers = sorted(str(one.relative_to(include)) for one in include.rglob("*.h"))
    assert "sgscan.h" in headers
    compiler = [*LANGUAGES[language], f"-std={OLDEST[language]}", "-fsyntax-only"]
    for header in headers:
        source = place / "header.c"
        source.write_text(f"#include <{header}>\n#include <{header}>\n")
        done = run([*compiler, *pkg_config(installed, "--cflags"), source])
        assert (done.status, done.err) == (0, ""), header


def test_only_what_the_headers_promise_is_exported(installed: Path) -> None:
    headers = "".join(one.read_text() for one in installed.rglob("include/safeguard/**/*.h"))
    promised = set(re.findall(r"^SG_API [^(]*\b(sg_\w+)\(", headers, re.M))
    library = installed / "lib/some-triplet/libsgscan.so"
    listed = run(["nm", "-D", "--defined-only", library]).out
    assert {line.split()[-1] for line in listed.splitlines()} == promised
    assert os.readlink(library) == "libsgscan.so.0"
    assert "Library soname: [libsgscan.so.0]" in run(["readelf", "-dW", library]).out


def test_pkg_config_tells_the_version_of_the_command(installed: Path) -> None:
    version = pkg_config(installed, "--modversion")
    assert run([installed / "bin/safeguard", "version"]).out.split()[1:2] == version
