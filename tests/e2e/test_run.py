"""safeguard run: the command runs under the guard, as itself, or not at all."""

import json
import os
import platform
import shutil
import signal
import subprocess
from pathlib import Path

import payloads
import pytest
import seccomp_profiles
from conftest import CLI, LIBRARY, clean_environment, compiled, policy_file, run

SHOW = """
import json, os, sys
with open("/proc/self/maps") as maps:
    mapped = sorted({line.split()[-1] for line in maps if "libsafeguard" in line})
names = ["LD_PRELOAD", "SAFEGUARD_MODE", "SAFEGUARD_POLICY", "SAFEGUARD_LOG"]
print(json.dumps({
    "pid": os.getpid(), "argv": sys.argv, "mapped": mapped,
    "env": {name: os.environ[name] for name in names if name in os.environ},
}))
"""


def evil(folder: Path) -> Path:
    path = folder / "model.pkl"
    path.write_bytes(payloads.pickle_of(folder / "canary", 4))
    return path


def loader(folder: Path) -> Path:
    script = folder / "serve.py"
    script.write_text("import pickle, sys\nprint(pickle.load(open(sys.argv[1], 'rb')))\n")
    return script


def test_library_is_mapped_and_environment_set(venv_python: str) -> None:
    done = run([CLI, "run", "--", venv_python, "-c", SHOW, "-x", "--mode", "two words"])
    assert (done.status, done.err) == (0, "")
    shown = json.loads(done.out)
    assert shown["mapped"] == [str(LIBRARY)]
    assert shown["env"] == {"LD_PRELOAD": str(LIBRARY)}
    assert shown["argv"] == ["-c", "-x", "--mode", "two words"]


def test_every_python_is_protected(interpreter: str, place: Path) -> None:
    done = run([CLI, "run", "--", interpreter, loader(place), evil(place)])
    assert done.status == 1
    assert "PermissionError" in done.err
    assert not (place / "canary").exists()


def test_clean_program_runs_as_ever(venv_python: str, place: Path) -> None:
    clean = place / "clean.pkl"
    clean.write_bytes(b"\x80\x04K\x2a.")
    done = run([CLI, "run", venv_python, loader(place), clean])
    assert (done.status, done.out, done.err) == (0, "42\n", "")


def test_mode_log(venv_python: str, place: Path) -> None:
    done = run([CLI, "run", "--mode", "log", "--", venv_python, loader(place), evil(place)])
    assert done.status == 0
    assert (place / "canary").exists()
    assert done.guard_lines[0].startswith(f"safeguard: logged {place}/model.pkl: malicious ")


def test_mode_overrides_the_environment(venv_python: str, place: Path) -> None:
    words = [CLI, "run", "--mode", "block", "--", venv_python, loader(place), evil(place)]
    assert run(words, env={"SAFEGUARD_MODE": "off"}).status == 1
    assert not (place / "canary").exists()


def test_log_file_is_found_from_any_directory(venv_python: str, place: Path) -> None:
    script = f"import os, pickle\nos.chdir('/')\npickle.load(open({str(evil(place))!r}, 'rb'))\n"
    words = [CLI, "run", "--log", "guard.log", "--", venv_python, "-c", script]
    done = run(words, cwd=place)
    assert done.status == 1
    assert done.guard_lines == []
    (record,) = [json.loads(line) for line in (place / "guard.log").read_text().splitlines()]
    assert (record["path"], record["action"]) == (f"{place}/model.pkl", "block")
    assert (place / "guard.log").stat().st_mode & 0o7 == 0


def test_policy_is_found_from_any_directory(venv_python: str, place: Path) -> None:
    policy_file(place, "[guard]\nmode = log\n")
    words = [CLI, "run", "--policy", "policy.ini", "--", venv_python, "-c", SHOW]
    shown = json.loads(run(words, cwd=place).out)
    assert shown["env"]["SAFEGUARD_POLICY"] == f"{place}/policy.ini"
    words = [CLI, "run", "--policy", "policy.ini", "--", venv_python, loader(place), evil(place)]
    assert run(words, cwd=place).status == 0


def test_words_for_the_log_are_no_paths(venv_python: str) -> None:
    shown = json.loads(run([CLI, "run", "--log=stderr", venv_python, "-c", SHOW]).out)
    assert shown["env"]["SAFEGUARD_LOG"] == "stderr"


def test_other_preloads_stay(venv_python: str, place: Path) -> None:
    other = compiled("int sg_test_other;", place / "other.so", "-shared", "-fPIC")
    words = [CLI, "run", "--", venv_python, "-c", SHOW]
    shown = json.loads(run(words, env={"LD_PRELOAD": str(other)}).out)
    assert shown["env"]["LD_PRELOAD"] == f"{LIBRARY}:{other}"
    again = json.loads(run(words, env={"LD_PRELOAD": f"{LIBRARY}:{other}"}).out)
    assert again["env"]["LD_PRELOAD"] == f"{LIBRARY}:{other}"


def test_scripts_are_followed_to_their_interpreter(venv_python: str, place: Path) -> None:
    script = place / "tool"
    script.write_text(f"#!{venv_python}\n{SHOW}")
    script.chmod(0o755)
    outer = place / "outer"
    outer.write_text("#!/bin/sh\nexec tool two\n")
    outer.chmod(0o755)
    env = {"PATH": f"{place}:{os.environ['PATH']}"}
    shown = json.loads(run([CLI, "run", "outer"], env=env).out)
    assert shown["mapped"] == [str(LIBRARY)]
    assert shown["argv"][1:] == ["two"]


def test_exit_status_is_the_commands(venv_python: str) -> None:
    assert run([CLI, "run", "--", venv_python, "-c", "raise SystemExit(42)"]).status == 42
    kill = "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"
    assert run([CLI, "run", "--", venv_python, "-c", kill]).status == -signal.SIGTERM


def test_it_becomes_the_command(venv_python: str) -> None:
    """Same process, no children that the command does not know of, nothing left behind."""
    script = (
        "import os\n"
        "try:\n    os.wait()\nexcept ChildProcessError:\n    print(os.getpid(), end='')\n"
    )
    words = [str(CLI), "run", "--", venv_python, "-c", script]
    with subprocess.Popen(words, stdout=subprocess.PIPE, env=clean_environment()) as process:
        out, _ = process.communicate(timeout=60)
        assert out.decode() == str(process.pid)


def test_descriptors_are_passed_on_and_no_others(venv_python: str) -> None:
    script = "import os; print(sorted(os.listdir('/proc/self/fd')), os.read(9, 5))"
    words = ["sh", "-c", 'exec 9<<END\nhello\nEND\nexec "$@"', "sh"]
    alone = run([*words, venv_python, "-c", script])
    under = run([*words, CLI, "run", "--", venv_python, "-c", script])
    assert "b'hello'" in alone.out
    assert under.out == alone.out


def test_standard_input_is_the_commands(venv_python: str) -> None:
    words = [CLI, "run", "--", venv_python, "-c", "print(input())"]
    assert run(words, feed="hello\n").out == "hello\n"


def test_quick_command(place: Path) -> None:
    for _ in range(20):
        done = run([CLI, "run", "--", "true"])
        assert (done.status, done.out, done.err) == (0, "", "")


def refused(done_err: str, what: str, why: str) -> None:
    assert done_err == f"safeguard: run: {what}: {why}; not run\n"


def test_static_program_is_refused(place: Path) -> None:
    body = f'#include <stdio.h>\nint main(void) {{ return !fopen("{place}/canary", "w"); }}\n'
    program = compiled(body, place / "static", "-static")
    done = run([CLI, "run", "--", program])
    assert done.status == 125
    refused(done.err, str(program), f"{program} is statically linked: nothing can be preloaded")
    assert not (place / "canary").exists()
    script = place / "script"
    script.write_text(f"#!{program}\n")
    script.chmod(0o755)
    assert run([CLI, "run", "--", script]).status == 125
    assert not (place / "canary").exists()


def test_missing_library_is_refused(venv_python: str, place: Path) -> None:
    alone = Path(shutil.copy(CLI, place / "safeguard"))
    canary = place / "canary"
    done = run([alone, "run", "--", venv_python, "-c", f"open({str(canary)!r}, 'w')"])
    assert done.status == 125
    refused(
        done.err,
        "guard",
        f"libsafeguard.so is not in {place}, {place}/../lib/safeguard or {place}/../lib",
    )
    assert not canary.exists()


def test_installed_layout_is_found(venv_python: str, place: Path) -> None:
    (place / "bin").mkdir()
    alone = Path(shutil.copy(CLI, place / "bin" / "safeguard"))
    for folder in ("lib", "lib/safeguard"):
        (place / folder).mkdir(exist_ok=True)
        library = Path(shutil.copy(LIBRARY, place / folder / "libsafeguard.so"))
        shown = json.loads(run([alone, "run", "--", venv_python, "-c", SHOW]).out)
        assert shown["mapped"] == [str(library)]


@pytest.mark.parametrize("damage", ["no ELF", "cut", "needs a missing library"])
def test_library_that_cannot_be_mapped_is_refused(
    venv_python: str, place: Path, damage: str
) -> None:
    alone = Path(shutil.copy(CLI, place / "safeguard"))
    library, canary = place / "libsafeguard.so", place / "canary"
    if damage == "no ELF":
        library.write_bytes(b"not a library" * 100)
    elif damage == "cut":
        library.write_bytes(LIBRARY.read_bytes()[:5000])
    else:
        needed = compiled("int sg_needed;", place / "libgone.so", "-shared", "-fPIC")
        body = "extern int sg_needed; int sg_get(void) { return sg_needed; }"
        compiled(body, library, "-shared", "-fPIC", str(needed))
        needed.unlink()
    done = run([alone, "run", "--", venv_python, "-c", f"open({str(canary)!r}, 'w')"])
    assert done.status == 125
    assert done.err.startswith("safeguard: run: ")
    assert done.err.endswith("; not run\n")
    assert str(library) in done.err
    assert not canary.exists()


def test_privileged_program_is_refused(place: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can make a program of another user's")
    program = compiled("int main(void) { return 0; }", place / "suid")
    os.chown(program, 65534, 65534)
    program.chmod(0o4755)
    done = run([CLI, "run", "--", program])
    assert done.status == 125
    refused(
        done.err,
        str(program),
        f"{program} runs with other rights than yours: LD_PRELOAD is dropped",
    )


def test_mode_off_is_refused(venv_python: str, place: Path) -> None:
    words = [CLI, "run", "--", venv_python, "-c", "print(1)"]
    done = run(words, env={"SAFEGUARD_MODE": "off"})
    assert (done.status, done.out) == (125, "")
    refused(done.err, "SAFEGUARD_MODE", "the mode is off: the guard would do nothing")
    policy = policy_file(place, "[guard]\nmode = off\n")
    done = run([CLI, "run", "--policy", policy, "--", venv_python, "-c", "print(1)"])
    assert (done.status, done.out) == (125, "")
    refused(done.err, policy, "the mode is off: the guard would do nothing")


def test_bad_policy_is_refused(venv_python: str, place: Path) -> None:
    policy = policy_file(place, "[guard]\nmdoe = block\n")
    done = run([CLI, "run", "--policy", policy, "--", venv_python, "-c", "print(1)"])
    assert (done.status, done.out) == (125, "")
    assert done.err.startswith(f"safeguard: {policy}:2: ")


def test_log_that_cannot_be_written_is_refused(venv_python: str, place: Path) -> None:
    log = place / "no" / "guard.log"
    done = run([CLI, "run", "--log", log, "--", venv_python, "-c", "print(1)"])
    assert (done.status, done.out) == (125, "")
    refused(done.err, str(log), "No such file or directory")


def test_commands_that_are_none(place: Path) -> None:
    text, data = place / "text", place / "data"
    text.write_text("hello\n")
    data.write_text("hello\n")
    data.chmod(0o755)
    for command, status, message in [
        ("no-such-command", 127, "no-such-command: not found"),
        (place / "none", 127, f"{place}/none: No such file or directory"),
        (text, 126, f"{text}: Permission denied"),
        (place, 126, f"{place}: no regular file"),
        (data, 125, f"{data}: neither an ELF program nor a script with a #! line; not run"),
    ]:
        done = run([CLI, "run", "--", command])
        assert (done.status, done.out, done.err) == (status, "", f"safeguard: run: {message}\n")


PROBE = """
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
    int ring = syscall(SYS_io_uring_setup, -1L, -1L) ? errno : 0;
    int door = listen(socket(AF_INET, SOCK_STREAM, 0), 1) ? errno : 0;

    printf("%d %d\\n", ring == ENOSYS, door == EACCES);
    return 0;
}
"""


@pytest.mark.skipif(
    platform.machine() not in ("x86_64", "aarch64"), reason="profiles are for these"
)
@pytest.mark.parametrize(
    ("profile", "guard", "refused"),
    [
        ("off", "", "0 0"),
        ("no-bypass", "", "1 0"),
        ("inference", "", "1 1"),
        ("inference", "mode = log", "0 0"),
    ],
)
def test_profile_is_in_force_before_the_program_starts(
    place: Path, profile: str, guard: str, refused: str
) -> None:
    """The program is no Python: the library in it sleeps."""
    program, policy = (
        compiled(PROBE, place / "probe"),
        seccomp_profiles.policy(place, profile, guard),
    )
    if run([program]).out.startswith("1 "):
        pytest.skip("io_uring is refused here anyway")
    for words in ([program], ["sh", "-c", f"{program}; true"]):
        done = run([CLI, "run", "--policy", policy, "--", *words])
        assert (done.status, done.out, done.err) == (0, f"{refused}\n", "")


def test_python_under_a_profile_refuses_other_programs_too(venv_python: str, place: Path) -> None:
    policy = seccomp_profiles.policy(place, "inference")
    script = "import os; print('up', flush=True); os.execv('/bin/true', ['true'])"
    shell = f'"{venv_python}" -c "{script}"; echo after'
    done = run([CLI, "run", "--policy", policy, "--", "sh", "-c", shell])
    assert done.out == "up\nafter\n"
    assert "PermissionError" in done.err


@pytest.mark.skipif(platform.machine() not in ("x86_64", "aarch64"), reason="raw system calls")
def test_watcher_kills_what_got_past_the_check(place: Path) -> None:
    """A loader that promises the library and does not map it: nobody but the map tells."""
    libc = place / "libc.so.6"
    libc.write_bytes(b"\0" * 4096)
    fake = compiled(
        Path(__file__).with_name("fake_loader.c"),
        place / "loader",
        *("-static", "-nostdlib", "-ffreestanding", "-fno-stack-protector", "-O1"),
        f'-DLIBRARY="{LIBRARY}"',
        f'-DLIBC="{libc}"',
    )
    program = compiled(
        "void _start(void) { for (;;); }",
        place / "program",
        *("-pie", "-fPIE", "-nostartfiles", f"-Wl,--dynamic-linker={fake}", "-lc"),
    )
    words = [str(CLI), "run", "--", str(program)]
    with subprocess.Popen(words, stderr=subprocess.PIPE, env=clean_environment()) as process:
        _, err = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert err.decode() == f"safeguard: run: {LIBRARY} is not in process {process.pid}: killed\n"
