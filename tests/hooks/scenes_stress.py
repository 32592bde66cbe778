"""scenes_stress - the guard under load: signals, threads, forks, opens without end; with sanitizers.

SG_LEAK_OPENS and SG_STRESS make it longer: `make stress`.
"""

import json
import os

from hookkit import TIMES, Kit, Skip, expect
from scenes import scene, write_policy

LEAK_OPENS = int(os.environ.get("SG_LEAK_OPENS", "20000"))


def stress(kit: Kit, kind: str, count: int, snapshot: str, preload: str = "") -> None:
    program = str(kit.program("python-hookstress"))
    log = f"./{kind}.{snapshot}.jsonl"
    command = [program, kind, str(kit.clean), str(kit.bad), str(count)]
    policy = write_policy(kit, f"{snapshot}.ini", f"[consistency]\nsnapshot = {snapshot}\n")
    done = kit.run(command, cwd=kit.files, log=log, policy=policy, preload=preload)
    expect(done.status == 0 and done.err == "", done)
    for line in (kit.files / log).read_text().splitlines():
        json.loads(line)


@scene
def stress_of_signals(kit: Kit) -> None:
    stress(kit, "signals", 4000 * TIMES, "auto")
    stress(kit, "signals", 2000 * TIMES, "strict")


@scene
def stress_of_forks_in_threads(kit: Kit) -> None:
    stress(kit, "forks", 150 * TIMES, "auto")
    stress(kit, "forks", 100 * TIMES, "strict")


@scene
def stress_of_opens_leaves_nothing_behind(kit: Kit) -> None:
    stress(kit, "leaks", LEAK_OPENS, "auto")


@scene
def stress_of_opens_in_strict_mode_leaves_nothing_behind(kit: Kit) -> None:
    stress(kit, "leaks", max(LEAK_OPENS, 50000), "strict")


@scene
def stress_with_sanitizers(kit: Kit) -> None:
    """What goes wrong inside the guard ends the program, with a report on standard error."""
    library = kit.build / "san" / "libsafeguard.so"
    if not library.exists():
        raise Skip("no guard with sanitizers is built")
    for snapshot in ("auto", "strict"):
        for kind, count in (("signals", 500), ("forks", 30), ("leaks", 2000)):
            stress(kit, kind, count * TIMES, snapshot, preload=str(library))
