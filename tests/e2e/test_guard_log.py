"""What the guard writes down: the line for people and the record in a file."""

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path

import payloads
from conftest import guarded, run, scan
from log_loading import LOAD_ALL

LOAD = "import pickle, sys\nfor path in sys.argv[1:]: pickle.load(open(path, 'rb'))\n"


def infected(folder: Path, count: int = 1) -> list[Path]:
    paths = [folder / f"model{i}.pkl" for i in range(count)]
    for i, path in enumerate(paths):
        path.write_bytes(payloads.pickle_of(folder / f"canary{i}", payloads.PROTOCOLS[i % 3]))
    return paths


def line(action: str, path: Path) -> str:
    """The line of DESIGN 2.5, from what the command line says of the same file."""
    (report,) = scan(path)
    reason = report["reasons"][0]
    where = f"at byte {reason['offset']}"
    if reason["member"]:
        where += f" of {reason['member']}"
    verdict = f"{report['verdict']} {report['score']:.3f}"
    return f"safeguard: {action} {path}: {verdict}: {reason['detail']} {where}"


def test_blocked_line_to_the_letter(venv_python: str, place: Path) -> None:
    (path,) = infected(place)
    done = run([venv_python, "-c", LOAD, path], env=guarded())
    assert done.guard_lines == [line("blocked", path)]
    assert re.fullmatch(
        rf"safeguard: blocked {path}: malicious [01]\.\d{{3}}: "
        rf'calls \S*system\("touch {place}/canary0"\) at byte \d+',
        done.guard_lines[0],
    )


def test_blocked_line_names_the_member(venv_python: str, place: Path) -> None:
    import zipfile

    path = place / "model.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", payloads.pickle_of(place / "canary", 2))
        archive.writestr("archive/version", "3\n")
    done = run([venv_python, "-c", f"open({str(path)!r}, 'rb')"], env=guarded())
    assert done.guard_lines == [line("blocked", path)]
    assert re.search(r" at byte \d+ of archive/data\.pkl$", done.guard_lines[0])


def test_logged_line_to_the_letter(venv_python: str, place: Path) -> None:
    (path,) = infected(place)
    done = run([venv_python, "-c", LOAD, path], env=guarded(mode="log"))
    assert done.status == 0
    of_files = [text for text in done.guard_lines if text.startswith(f"safeguard: logged {place}/")]
    assert of_files == [line("logged", path)]
    assert done.guard_lines[0] == of_files[0]
    assert (place / "canary0").exists()


def test_relative_path_is_logged_whole(venv_python: str, place: Path) -> None:
    (path,) = infected(place)
    done = run([venv_python, "-c", LOAD, path.name], env=guarded(), cwd=place)
    assert done.guard_lines == [line("blocked", path)]


def test_clean_file_is_not_mentioned(venv_python: str, place: Path) -> None:
    path = place / "clean.pkl"
    path.write_bytes(b"\x80\x04K\x01.")
    done = run([venv_python, "-c", LOAD, path], env=guarded())
    assert (done.status, done.out, done.err) == (0, "", "")


def test_records_in_a_file(venv_python: str, place: Path) -> None:
    paths, log = infected(place, 3), place / "guard.log"
    begun = datetime.now(UTC)
    done = run([venv_python, "-c", LOAD_ALL, *paths], env=guarded(log=str(log)))
    assert done.status == 0, done
    assert done.guard_lines == []
    records = [json.loads(text) for text in log.read_text().splitlines()]
    assert [record["path"] for record in records] == [str(path) for path in paths]
    for record, report in zip(records, scan(*paths), strict=True):
        when = datetime.fromisoformat(record["ts"])
        assert record["ts"].endswith("Z")
        assert abs((when - begun).total_seconds()) < 60
        assert isinstance(record["pid"], int)
        assert record["pid"] == record["tid"]
        assert record["exe"] == os.path.realpath(venv_python)
        assert (record["event"], record["action"]) == ("open", "block")
        assert record["verdict"] == report["verdict"] == "malicious"
        assert abs(record["score"] - report["score"]) < 1e-5
        assert record["coverage"] == report["coverage"]
        assert isinstance(record["micros"], int)
        for mine, theirs in zip(record["reasons"], report["reasons"], strict=True):
            assert {**mine, "weight": 0} == {**theirs, "weight": 0}


def test_records_of_many_processes_do_not_mix(venv_python: str, place: Path) -> None:
    paths, log = infected(place, 20), place / "guard.log"
    script = (
        "import os, sys\n"
        "children = [os.fork() for _ in range(3)]\n"
        f"{LOAD_ALL}\n"
        "while True:\n"
        "    try:\n"
        "        os.wait()\n"
        "    except ChildProcessError:\n"
        "        break\n"
    )
    done = run([venv_python, "-c", script, *paths], env=guarded(log=str(log)))
    assert done.status == 0, done
    records = [json.loads(text) for text in log.read_text().splitlines()]
    assert len(records) == 8 * len(paths)
    assert len({record["pid"] for record in records}) == 8


def test_log_that_cannot_be_written_goes_to_stderr(venv_python: str, place: Path) -> None:
    (path,) = infected(place)
    done = run([venv_python, "-c", LOAD, path], env=guarded(log=f"{place}/no/such/folder.log"))
    assert line("blocked", path) in done.guard_lines


def test_path_with_a_newline_stays_on_one_line(venv_python: str, place: Path) -> None:
    path = place / "two\nlines\x1b[31m.pkl"
    path.write_bytes(payloads.pickle_of(place / "canary", 2))
    done = run([venv_python, "-c", LOAD, path], env=guarded())
    assert done.guard_lines[0].startswith(
        f"safeguard: blocked {place}/two\\x0alines\\x1b[31m.pkl: malicious "
    )
