"""scenes - what else can befall a guarded process: settings, logs, odd environments, load."""

import hashlib
import json
import os
import re
import resource
import signal
import subprocess
import sys
import zipfile
from functools import partial
from pathlib import Path
from typing import Callable, List

from hookkit import ROOT, SECONDS, Kit, Skip, expect

Scene = Callable[[Kit], None]
SCENES: List[Scene] = []


def scene(check: Scene) -> Scene:
    SCENES.append(check)
    return check


def write_policy(kit: Kit, name: str, text: str) -> str:
    path = kit.files / name
    path.write_text(text)
    path.chmod(0o600)
    return str(path)


def cat(kit: Kit, path: Path) -> "list[str]":
    return [str(kit.program("python-hooktest")), "cat", str(path)]


@scene
def log_mode_lets_through_and_tells(kit: Kit) -> None:
    done = kit.run(kit.case("plain", "open", "open"), mode="log")
    expect(done.status == 0, done)
    told = kit.refusal.replace("blocked", "logged")
    expect(re.fullmatch(told, done.err) is not None, done.err)


@scene
def off_is_silent(kit: Kit) -> None:
    done = kit.run(kit.case("plain", "open", "open"), mode="off")
    expect((done.status, done.err) == (0, ""), done)


@scene
def a_record_has_its_fields(kit: Kit) -> None:
    log = kit.files / "record.jsonl"
    done = kit.run(cat(kit, kit.bad), log=str(log))
    record = json.loads(log.read_text())
    expect(done.err == "", done.err)
    expect(record["event"] == "open" and record["action"] == "block", record)
    expect(record["path"] == str(kit.bad) and record["verdict"] == "malicious", record)
    expect(record["exe"] == str(kit.program("python-hooktest")), record)
    expect(record["pid"] == record["tid"] and record["coverage"] == "complete", record)
    expect(
        re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record["ts"]) is not None, record
    )
    first = record["reasons"][0]
    expect(sorted(first) == ["detail", "member", "offset", "rule", "weight"], first)
    expect(first["detail"] == f'calls posix.system("touch {kit.canary}")', first)
    expect(first["member"] == "" and first["weight"] == record["score"], record)
    expect(isinstance(record["micros"], int), record)


@scene
def a_path_that_is_no_text_survives_in_the_record(kit: Kit) -> None:
    log = kit.files / "odd.jsonl"
    odd = os.fsencode(kit.files) + b'/a"\\\xff\n\xc3\xa9.pkl'
    Path(os.fsdecode(odd)).write_bytes(kit.bad.read_bytes())
    kit.run(cat(kit, Path(os.fsdecode(odd))), log=str(log))
    expect(os.fsencode(json.loads(log.read_text())["path"]) == odd, log.read_text())


@scene
def records_of_many_processes_never_interleave(kit: Kit) -> None:
    log = kit.files / "many.jsonl"
    running = [
        subprocess.Popen(
            kit.case("thread", "open", "guarded"),
            env=kit.environment("", log=str(log)),
            stdout=subprocess.DEVNULL,
        )
        for _ in range(6)
    ]
    expect(all(one.wait(SECONDS) == 0 for one in running), "a program failed")
    records = [json.loads(line) for line in log.read_text().splitlines()]
    expect(len(records) == 6 * 4 * 5, f"{len(records)} records")
    expect(len({record["tid"] for record in records}) == 6 * 4, "threads are mixed up")


@scene
def a_log_that_cannot_be_written_goes_to_standard_error(kit: Kit) -> None:
    for log in ("/nonexistent/folder/log", str(kit.files), "./" + "x" * 300):
        done = kit.run(cat(kit, kit.bad), log=log)
        expect(re.fullmatch(kit.refusal, done.err) is not None, done.err)


@scene
def a_relative_log_is_held_against_the_first_folder(kit: Kit) -> None:
    folder = kit.files / "first"
    folder.mkdir()
    script = f"cd / && exec {kit.program('python-hooktest')} cat {kit.bad}"
    done = kit.run(["sh", "-c", script], cwd=folder, log="./r.jsonl")
    expect(done.status != 0, done)
    done = kit.run(cat(kit, kit.bad), cwd=folder, log="./r.jsonl")
    expect(json.loads((folder / "r.jsonl").read_text())["action"] == "block", done)


@scene
def a_faulty_policy_refuses_to_start(kit: Kit) -> None:
    policy = write_policy(kit, "faulty.ini", "[guard]\nmod = log\n")
    done = kit.run(cat(kit, kit.clean), policy=policy)
    expect(done.status == 78 and done.out == "", done)
    expect(done.err.startswith(f"safeguard: {policy}:2: "), done.err)
    expect("mode" in done.err and done.err.count("\n") == 1, done.err)


@scene
def a_faulty_policy_leaves_other_programs_alone(kit: Kit) -> None:
    policy = write_policy(kit, "faulty.ini", "[guard]\nmod = log\n")
    done = kit.run(kit.case("plain", "open", "open", name="hooktest"), policy=policy)
    expect((done.status, done.err) == (0, ""), done)


@scene
def a_faulty_mode_refuses_to_start(kit: Kit) -> None:
    done = kit.run(cat(kit, kit.clean), mode="blok")
    expect(done.status == 78 and "SAFEGUARD_MODE" in done.err, done)


@scene
def a_refusal_to_start_is_in_the_log_of_the_policy(kit: Kit) -> None:
    log = kit.files / "refused.jsonl"
    policy = write_policy(kit, "logged.ini", f"[guard]\nlog = {log}\n")
    done = kit.run(cat(kit, kit.clean), policy=policy, mode="blok")
    expect(done.status == 78 and "SAFEGUARD_MODE" in done.err, done)
    record = json.loads(log.read_text())
    expect((record["event"], record["action"]) == ("start", "block"), record)
    expect(record["reasons"][0]["rule"] == "start-refused", record)


@scene
def a_refusal_to_start_is_said_however_long_it_is(kit: Kit) -> None:
    policy = f"/{'x' * 200}" * 15
    done = kit.run(cat(kit, kit.clean), policy=policy)
    expect(done.status == 78 and done.err.startswith(f"safeguard: {policy[:600]}"), done)
    expect(done.err.count("\n") == 1, done)


@scene
def a_line_is_cut_to_what_a_pipe_takes_at_once(kit: Kit) -> None:
    folder = os.fsencode(kit.files)
    for _ in range(6):
        folder += b"/" + b"\xff" * 200
    os.makedirs(folder)
    path = Path(os.fsdecode(folder + b"/bad.pkl"))
    path.write_bytes(kit.bad.read_bytes())
    done = kit.run(cat(kit, path))
    expect(len(done.err) == 4096 and done.err.endswith("...\n"), done)


@scene
def a_log_whose_path_is_too_long_is_standard_error(kit: Kit) -> None:
    folder = kit.files
    for _ in range(5):
        folder = folder / ("y" * 250)
    folder.mkdir(parents=True)
    done = kit.run(cat(kit, kit.bad), cwd=folder, log="./" + "z/" * 1500 + "log")
    said, told = done.err.splitlines(keepends=True)
    expect(said.startswith("safeguard: the log's path is too long"), done)
    expect(re.fullmatch(kit.refusal, told) is not None, done)


@scene
def a_faulty_policy_is_said_where_only_logging_was_asked_for(kit: Kit) -> None:
    policy = write_policy(kit, "faulty.ini", "[guard]\nmod = log\n")
    done = kit.run(cat(kit, kit.bad), policy=policy, mode="log")
    expect(done.status == 0, done)
    first, second = done.err.splitlines()
    expect(first.startswith(f"safeguard: {policy}:2: "), done.err)
    expect(second.startswith(f"safeguard: logged {kit.bad}: malicious"), done.err)


@scene
def a_locked_policy_is_not_weakened(kit: Kit) -> None:
    policy = write_policy(kit, "locked.ini", "[guard]\nlocked = yes\n")
    done = kit.run(cat(kit, kit.bad), policy=policy, mode="off")
    expect(done.status != 0 and re.fullmatch(kit.refusal, done.err) is not None, done)


@scene
def allowed_paths_hold_for_their_names_only(kit: Kit) -> None:
    folder = kit.files / "vetted"
    folder.mkdir()
    inside = folder / "model.pkl"
    inside.write_bytes(kit.bad.read_bytes())
    os.link(inside, kit.files / "outside.pkl")
    policy = write_policy(kit, "paths.ini", f"[allow]\npath = {folder}/**\n")
    expect(kit.run(cat(kit, inside), policy=policy).status == 0, "the vetted folder is refused")
    done = kit.run(cat(kit, kit.files / "outside.pkl"), policy=policy)
    expect(done.status != 0, "the same file elsewhere comes through")


@scene
def allowed_and_denied_hashes(kit: Kit) -> None:
    bad, clean = (hashlib.sha256(p.read_bytes()).hexdigest() for p in (kit.bad, kit.clean))
    policy = write_policy(kit, "sha.ini", f"[allow]\nsha256 = {bad}\n[deny]\nsha256 = {clean}\n")
    log = kit.files / "sha.jsonl"
    expect(kit.run(cat(kit, kit.bad), policy=policy).status == 0, "the allowed hash is refused")
    done = kit.run(cat(kit, kit.clean), policy=policy, log=str(log))
    expect(done.status != 0, "the denied hash comes through")
    expect(json.loads(log.read_text())["sha256"] == clean, log.read_text())


@scene
def hashes_of_every_length_are_right(kit: Kit) -> None:
    log = kit.files / "lengths.jsonl"
    policy = write_policy(kit, "lengths.ini", f"[deny]\nsha256 = {'0' * 64}\n")
    for more in (0, 1, 7, 15, 16, 17, 63, 64, 65, 70000):
        path = kit.files / "length.pkl"
        path.write_bytes(kit.bad.read_bytes() + b"x" * more)
        log.unlink(missing_ok=True)
        kit.run(cat(kit, path), policy=policy, log=str(log))
        wanted = hashlib.sha256(path.read_bytes()).hexdigest()
        expect(json.loads(log.read_text())["sha256"] == wanted, f"{more} bytes more")


@scene
def the_policy_says_which_processes(kit: Kit) -> None:
    policy = write_policy(kit, "names.ini", "[guard]\nprocesses = hook*\n")
    done = kit.run(kit.case("plain", "open", "guarded", name="hooktest"), policy=policy)
    expect(done.status == 0 and re.fullmatch(kit.refusal, done.err) is not None, done)
    done = kit.run(kit.case("plain", "open", "open"), policy=policy)
    expect((done.status, done.err) == (0, ""), done)


@scene
def a_relative_preload_reaches_children_in_other_folders(kit: Kit) -> None:
    where, name = kit.library.parent, kit.library.name
    program = kit.program("python-hooktest")
    script = f"cd / && env LD_PRELOAD= {program} cat {kit.bad}"
    done = kit.run(["sh", "-c", script], preload=f"./{name}", cwd=where)
    expect(done.status != 0 and re.fullmatch(kit.refusal, done.err) is not None, done)


@scene
def shells_and_env_do_not_shake_it_off(kit: Kit) -> None:
    program = f"{kit.program('python-hooktest')} cat {kit.bad}"
    for script in (
        f"unset LD_PRELOAD; {program}",
        f"env -i {program}",
        f"LD_PRELOAD= {program}",
        f"exec env -u LD_PRELOAD sh -c '{program}; exit $?'",
        f"printf '%s\\0' {kit.bad} | xargs -0 env -i {kit.program('python-hooktest')} cat",
    ):
        done = kit.run(["sh", "-c", script])
        expect(done.status != 0, f"{script}: {done}")
        expect(re.fullmatch(kit.refusal, done.err) is not None, f"{script}: {done}")


@scene
def settings_go_along(kit: Kit) -> None:
    log = kit.files / "along.jsonl"
    program = f"{kit.program('python-hooktest')} cat {kit.bad}"
    done = kit.run(["sh", "-c", f"env -i {program}"], log=str(log), mode="log")
    expect(done.status == 0 and done.err == "", done)
    expect(json.loads(log.read_text())["action"] == "log", log.read_text())


@scene
def other_preloads_stay(kit: Kit) -> None:
    other = kit.program("lockmalloc.so")
    for preload in (f"{kit.library}:{other}", f"{other} {kit.library}"):
        done = kit.run(["sh", "-c", "env -i env"], preload=preload)
        expect(f"LD_PRELOAD={kit.library}\n" in done.out, done)
        done = kit.run(["sh", "-c", "exec env"], preload=preload)
        expect(f"LD_PRELOAD={preload}\n" in done.out, done)
        done = kit.run(["sh", "-c", f"LD_PRELOAD={other} env"], preload=preload)
        expect(f"LD_PRELOAD={kit.library}:{other}\n" in done.out, done)


@scene
def an_allocator_that_opens_files_under_its_lock(kit: Kit) -> None:
    other = kit.program("lockmalloc.so")
    for preload in (f"{kit.library}:{other}", f"{other}:{kit.library}"):
        for how in ("plain", "thread", "constructor"):
            done = kit.run(kit.case(how, "fopen", "guarded"), preload=preload)
            expect(done.status == 0, f"{preload} {how}: {done}")


@scene
def nobody_reads_standard_error(kit: Kit) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        kit.case("plain", "open", "guarded"),
        env=kit.environment(""),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=writing,
        timeout=SECONDS,
        restore_signals=True,
        check=False,
    )
    os.close(writing)
    expect(ended.returncode == 0, f"ended with {ended.returncode}; SIGPIPE is {signal.SIGPIPE}")


@scene
def no_standard_error_at_all(kit: Kit) -> None:
    done = kit.run(["sh", "-c", f"exec 2>&-; exec {kit.program('python-hooktest')} cat {kit.bad}"])
    expect(done.status == 13, done)


@scene
def little_memory_is_enough(kit: Kit) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (48 << 20, 48 << 20))

    done = kit.run(kit.case("plain", "open", "guarded"), prepare=limit)
    expect(done.status == 0 and re.fullmatch(kit.refusal, done.err) is not None, done)


@scene
def no_memory_refuses_what_could_be_a_model(kit: Kit) -> None:
    """From too little for the program itself up to enough for a scan."""
    for size in range(4200 << 10, 12000 << 10, 600 << 10):
        limit = partial(resource.setrlimit, resource.RLIMIT_AS, (size, size))
        done = kit.run(cat(kit, kit.bad), prepare=limit)
        expect(done.status != 0 and done.out == "", done)


READ_BACK = """
import sys, tempfile, zipfile
for file in (open(sys.argv[1], "w+b"), tempfile.TemporaryFile()):
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.txt", b"one")
        assert archive.read("a.txt") == b"one"
        archive.writestr("b.txt", b"two")
        assert archive.read("b.txt") == b"two"
        if len(sys.argv) > 2:
            archive.write(sys.argv[2], "data.pkl")
            archive.read("data.pkl")
"""


@scene
def an_unfinished_archive_is_read_back(kit: Kit) -> None:
    python = [os.path.realpath(sys.executable), "-c", READ_BACK, str(kit.files / "written.zip")]
    done = kit.run(python)
    expect(done.status == 0, done)
    expect("safeguard: blocked" not in done.err, done.err)
    kit.run(["cp", str(kit.bad), str(kit.files / "part")])
    done = kit.run([*python, str(kit.files / "part")], mode="log")
    told = [line for line in done.err.splitlines() if "at byte" in line and "data.pkl" in line]
    expect(len(told) > 0 and all("malicious" in line for line in told), done.err)


@scene
def an_archive_that_was_cut_off_is_refused(kit: Kit) -> None:
    cut = kit.files / "cut.zip"
    with zipfile.ZipFile(cut, "w") as archive:
        archive.writestr("data.pkl", kit.clean.read_bytes())
    cut.write_bytes(cut.read_bytes()[:-30])
    done = kit.run(cat(kit, cut))
    expect(done.status != 0 and "not fully analysed" in done.err, done)
    policy = write_policy(kit, "partial.ini", "[guard]\non_partial = log\n")
    done = kit.run(cat(kit, cut), policy=policy)
    expect(done.status == 0 and "safeguard: logged" in done.err, done)


@scene
def a_program_that_loads_an_interpreter_later(kit: Kit) -> None:
    listed = subprocess.run(
        [str(ROOT / "scripts/find_pythons")], stdout=subprocess.PIPE, check=True, text=True
    )
    tried = 0
    for python in listed.stdout.split():
        ask = "import sysconfig as s; print(s.get_config_var('LIBDIR'), s.get_config_var('INSTSONAME'))"
        where = subprocess.run(
            [python, "-IS", "-c", ask], stdout=subprocess.PIPE, check=True, text=True
        )
        library = Path(*where.stdout.split())
        if library.suffix == ".a" or not library.exists():
            continue
        script = f"open({str(kit.bad)!r}, 'rb')"
        home = ["env", f"PYTHONHOME={Path(python).parents[1]}", str(kit.program("hookembed"))]
        done = kit.run([*home, str(library), script])
        expect(done.status == 1 and "PermissionError" in done.err, f"{library}: {done}")
        expect("safeguard: blocked" in done.err, f"{library}: {done}")
        tried += 1
    if not tried:
        raise Skip("no interpreter here is a shared library")
