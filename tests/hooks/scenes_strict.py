"""scenes_strict - snapshot = strict: every symbol's case, and the guard under load."""

import re

from hookkit import Kit, expect
from scenes import scene, write_policy

# The program holds the clean file open for writing as well: nothing can hold that still.
WRITABLE = {"fopen64", "_IO_fopen", "memfd", "grown_rdwr", "written_back"}
# The program goes on with what was there when it opened the file: the change never reaches it.
KEPT = {
    "lseek",
    "lseek64",
    "rewritten",
    "rewritten_model",
    "seek_from_the_end",
    "seek_from_here",
    "pread_of_rewritten",
    "pread_behind_the_head",
    "mmap_of_rewritten",
}
# A copy in memory is on another file system, which this call does not do: programs know that.
ELSEWHERE = {"copy_file_range"}


def strict(kit: Kit) -> str:
    return write_policy(kit, "strict.ini", "[consistency]\nsnapshot = strict\n")


@scene
def strict_lets_every_clean_file_through_and_no_bad_one(kit: Kit) -> None:
    policy = strict(kit)
    listed = kit.run([str(kit.program("hooktest")), "list"], preload=None).out.splitlines()
    wrong = []
    for symbol, *flags in (line.split() for line in listed):
        if symbol in WRITABLE | KEPT | ELSEWHERE:
            continue
        for how in ("plain", "fork") if "alone" in flags else ("plain", "fork", "thread"):
            done = kit.run(kit.case(how, symbol, "guarded"), policy=policy)
            if done.status not in (0, 77) or not re.fullmatch(f"({kit.refusal})*", done.err):
                wrong.append((how, done))
    expect(not wrong, wrong)


@scene
def strict_refuses_or_keeps_what_changes(kit: Kit) -> None:
    policy = strict(kit)
    for symbol in sorted(WRITABLE):
        done = kit.run(kit.case("plain", symbol, "guarded"), policy=policy)
        expect("it is open for writing" in done.err, done)
    for symbol in sorted(KEPT):
        done = kit.run(kit.case("plain", symbol, "guarded"), policy=policy)
        expect("the content is not the file's" in done.out and done.err == "", done)
    expect(not kit.canary.exists(), "the payload ran")
