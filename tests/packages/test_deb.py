"""The Debian packages: built twice to the same bytes, and at work in a minimal Debian where nothing of ours was before."""

import os
import pickle
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from bill import parts_of
from clean_root import BUILD, ROOT, Calls, CleanRoot, base_tar, run, unpack

GUARD = "/usr/lib/safeguard/libsafeguard.so"
LIST = "etc/ld.so.preload"
LOAD = "import pickle, sys; print(pickle.load(open(sys.argv[1], 'rb')))"

pytestmark = [
    pytest.mark.timeout(3600),
    pytest.mark.skipif(
        not shutil.which("dh"), reason="no debhelper: scripts/install_deps --packages"
    ),
]


@pytest.fixture(scope="module")
def packages() -> dict[str, Path]:
    """By name, as built from this checkout."""
    done = run([ROOT / "scripts/packages/deb", BUILD / "deb"], seconds=3000)
    assert done.status == 0, done
    return {path.name.split("_")[0]: path for path in (BUILD / "deb").glob("*.deb")}


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="sgdeb"))
    yield made
    shutil.rmtree(made)


def fresh_root() -> Iterator[CleanRoot]:
    made = Path(tempfile.mkdtemp(prefix="sgroot"))
    made.chmod(0o755)
    try:
        yield unpack(base_tar(), made)
    finally:
        shutil.rmtree(made)


root = pytest.fixture(fresh_root)
shared_root = pytest.fixture(fresh_root, scope="module")


def put_models(root: CleanRoot) -> None:
    (root.folder / "root/clean.pkl").write_bytes(pickle.dumps({"weights": [0.5, 1.5]}))
    (root.folder / "root/twin.pkl").write_bytes(pickle.dumps({"notes": Calls("/root/canary")}))


@pytest.fixture(scope="module")
def installed(shared_root: CleanRoot, packages: dict[str, Path]) -> CleanRoot:
    """The packages installed by apt, and two models in /root."""
    done = shared_root.install(packages["safeguard"], packages["libsgscan0"])
    assert done.status == 0, done
    assert shared_root.run("dpkg", "--verify", "safeguard", "libsgscan0").out == ""
    put_models(shared_root)
    return shared_root


def took_effect(root: CleanRoot) -> bool:
    """Whether the canary was touched; it is gone afterwards."""
    canary = root.folder / "root/canary"
    there = canary.exists()
    canary.unlink(missing_ok=True)
    return there


def test_built_again_elsewhere_without_a_network(packages: dict[str, Path], folder: Path) -> None:
    source = next((BUILD / "deb").glob("*.dsc"))
    done = run(["dpkg-source", "-x", source, folder / "tree"])
    assert done.status == 0, done
    hushed = {
        name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "BUILD"}
    }
    build = ["dpkg-buildpackage", "--no-sign", "-b", "-j2"]
    alone = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]
    done = run([*alone, *build], env=hushed, cwd=folder / "tree", seconds=3000)
    assert done.status == 0, done
    again = {path.name.split("_")[0]: path for path in folder.glob("*.deb")}
    assert set(again) == set(packages) >= {"safeguard", "libsgscan0", "libsgscan-dev"}
    for name, package in packages.items():
        assert again[name].read_bytes() == package.read_bytes(), name


def test_lintian_has_nothing_against_them(packages: dict[str, Path]) -> None:
    """The builder asks it, and ends at an error or a warning."""
    assert "safeguard" in packages
    assert (BUILD / "deb/lintian.log").read_text() == ""


def test_the_library_for_others(packages: dict[str, Path], folder: Path) -> None:
    for name in ("libsgscan0", "libsgscan-dev"):
        assert run(["dpkg-deb", "-x", packages[name], folder / "tree"]).status == 0
    triplet = run(["dpkg-architecture", "-q", "DEB_HOST_MULTIARCH"]).out.strip()
    libraries = folder / "tree/usr/lib" / triplet
    env = os.environ | {
        "PKG_CONFIG_LIBDIR": str(libraries / "pkgconfig"),
        "PKG_CONFIG_SYSROOT_DIR": str(folder / "tree"),
        "LD_LIBRARY_PATH": str(libraries),
    }
    flags = run(["pkg-config", "--cflags", "--libs", "sgscan"], env=env).out.split()
    example = folder / "tree/usr/share/doc/libsgscan-dev/examples/scan_file.c"
    done = run(["gcc", "-Wall", "-Werror", example, *flags, "-o", folder / "scan_file"])
    assert done.status == 0, done
    (folder / "twin.pkl").write_bytes(pickle.dumps(Calls("/root/canary")))
    done = run([folder / "scan_file", folder / "twin.pkl"], env=env)
    assert done.status == 1
    assert "malicious" in done.out


IN_ARCHIVE = {"libzip", "libbz2-dev"}
IN_SCANNER = IN_ARCHIVE | {"liblz4-dev", "liblzma-dev", "libzstd-dev", "zlib1g-dev"}
IN_GUARD = IN_SCANNER | {
    "libarchive-dev",
    "libinih-dev",
    "libjansson-dev",
    "libmd-dev",
    "libseccomp-dev",
}


@pytest.mark.parametrize(
    ("package", "places", "parts"),
    [
        ("safeguard", {"safeguard": "bin", "libsafeguard.so": "lib/safeguard"}, IN_GUARD),
        ("libsgscan0", {"libsgscan.so": "lib/*"}, IN_SCANNER),
        ("libsgscan-dev", {"libsgscan.a": "lib/*"}, IN_ARCHIVE),
    ],
)
def test_each_tells_what_is_linked_into_its_files(
    packages: dict[str, Path], folder: Path, package: str, places: dict[str, str], parts: set[str]
) -> None:
    assert run(["dpkg-deb", "-x", packages[package], folder]).status == 0
    shipped = {
        name: next((folder / "usr").glob(f"{place}/{name}*")) for name, place in places.items()
    }
    told = parts_of(folder / f"usr/share/doc/{package}/{package}.cdx.json", shipped)
    assert {part for part in told if not re.match(r"libgcc-|libc6-dev", part)} == parts


def test_doctor_is_content(installed: CleanRoot) -> None:
    done = installed.run("safeguard", "doctor")
    assert done.status == 0, done
    assert "/usr/bin/python3" in done.out


def test_scan_tells_clean_from_malicious(installed: CleanRoot) -> None:
    assert installed.run("safeguard", "scan", "/root/clean.pkl").status == 0
    done = installed.run("safeguard", "scan", "/root/twin.pkl")
    assert (done.status, took_effect(installed)) == (1, False)
    assert 'posix.system("touch /root/canary")' in done.out


def test_a_preloaded_guard_refuses(installed: CleanRoot) -> None:
    def load(name: str, **env: str) -> tuple[int, str, bool]:
        done = installed.run("python3", "-c", LOAD, f"/root/{name}.pkl", **env)
        return done.status, done.out + done.err, took_effect(installed)

    assert load("clean", LD_PRELOAD=GUARD) == (0, "{'weights': [0.5, 1.5]}\n", False)
    status, said, ran = load("twin", LD_PRELOAD=GUARD)
    assert (status, ran) == (1, False)
    assert "PermissionError: [Errno 13] Permission denied [safeguard: calls posix.system" in said
    assert load("twin") == (0, "{'notes': 0}\n", True)
    done = installed.run("safeguard", "run", "--", "python3", "-c", LOAD, "/root/twin.pkl")
    assert (done.status, took_effect(installed)) == (1, False)


def test_the_demonstration(installed: CleanRoot) -> None:
    shutil.copy(ROOT / "scripts/demo_twins.py", installed.folder / "root")
    done = installed.run("python3", "/root/demo_twins.py", "/usr/lib/safeguard")
    assert done.status == 0, done
    assert "3 clean files were loaded, 3 twins refused; no canary was created." in done.out
    assert "Without the guard, the same twin did create its canary." in done.out


def test_manual_pages_are_shown(installed: CleanRoot) -> None:
    for section, page, text in (
        ("1", "safeguard", "refuse malicious pickles"),
        ("5", "safeguard-policy", "block_at"),
    ):
        done = installed.run("man", section, page, MANPAGER="cat", MAN_KEEP_FORMATTING="")
        assert done.status == 0, done
        assert text in re.sub(r".\x08", "", done.out)


def test_example_policies_are_valid(installed: CleanRoot) -> None:
    listed = installed.run("dpkg", "-L", "safeguard").out
    policies = re.findall(r"^/usr/share/safeguard/.*\.ini$", listed, re.M)
    assert len(policies) == len(list((ROOT / "policy").glob("*.ini")))
    for policy in policies:
        assert installed.run("safeguard", "policy", "check", policy).status == 0


def documented_commands(root: CleanRoot) -> list[str]:
    text = (root.folder / "usr/share/doc/safeguard/README.Debian").read_text()
    return [line.strip() for line in text.splitlines() if line.startswith("    ")]


def test_in_every_process_as_documented_then_purged(
    root: CleanRoot, packages: dict[str, Path]
) -> None:
    before = root.files()
    assert root.install(packages["safeguard"]).status == 0
    put_models(root)
    wide = [line for line in documented_commands(root) if "python3" not in line]
    assert sum("ld.so.preload" in line for line in wide) == 1
    for line in wide:
        done = root.run("sh", "-c", line)
        assert (done.status, done.err) == (0, ""), (line, done)
    done = root.run("python3", "-c", LOAD, "/root/twin.pkl")
    assert (done.status, took_effect(root)) == (1, False)
    assert "[safeguard: calls posix.system" in done.err
    assert root.run("python3", "-c", LOAD, "/root/clean.pkl").status == 0
    assert root.run("ls", "/root").err == ""

    shutil.rmtree(root.folder / "etc/safeguard")  # the administrator's own
    done = root.run("apt-get", "purge", "-y", "safeguard")
    assert (done.status, "ld.so" in done.out + done.err) == (0, False), done
    assert root.files() == before
    assert "safeguard" not in root.run("dpkg", "-l").out
    done = root.run("python3", "-c", LOAD, "/root/twin.pkl")
    assert (done.status, done.err, took_effect(root)) == (0, "", True)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"{GUARD}\n", None),
        (f"/lib/other.so\n{GUARD}\n", "/lib/other.so\n"),
        (f"/lib/other.so:{GUARD} /lib/third.so\n", "/lib/other.so: /lib/third.so\n"),
        (f"{GUARD}.old\n", f"{GUARD}.old\n"),
        ("/lib/other.so\n", "/lib/other.so\n"),
    ],
)
def test_what_removal_leaves_of_the_list(
    packages: dict[str, Path], folder: Path, before: str, after: str | None
) -> None:
    """The script of the package itself, with the list in a folder."""
    assert run(["dpkg-deb", "-e", packages["safeguard"], folder]).status == 0
    script = (folder / "prerm").read_text()
    assert script.count(f"list=/{LIST}\n") == 1
    (folder / "prerm").write_text(script.replace(f"list=/{LIST}\n", f"list={folder}/list\n"))
    (folder / "list").write_text(before)
    assert run([folder / "prerm", "upgrade", "0.2"]).status == 0
    assert (folder / "list").read_text() == before
    done = run([folder / "prerm", "remove"])
    assert (done.status, done.out, done.err) == (0, "", "")
    assert ((folder / "list").read_text() if after else None) == after
    assert (folder / "list").exists() == bool(after)
    assert not (folder / "list.dpkg-new").exists()
