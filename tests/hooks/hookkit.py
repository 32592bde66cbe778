"""hookkit - where things lie for the hook tests, and how a program is run under the guard."""

import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, List, Optional

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SECONDS = int(os.environ.get("SG_SECONDS", "60"))
TIMES = int(os.environ.get("SG_STRESS", "1"))  # how much longer a stress lasts
FLAGS = "-std=gnu11 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -O1 -g"
MINE = re.compile(r"LD_PRELOAD|SAFEGUARD_|PYTHON")


class Skip(Exception):
    """This machine cannot do it, or it was not built: says which."""


def expect(true: bool, otherwise: object) -> None:
    """Fails the check that is running."""
    if not true:
        raise AssertionError(otherwise)


@dataclass
class Done:
    """How a program ended; a signal is a negative status."""

    status: int
    out: str
    err: str


@dataclass
class Kit:
    """What was built, and the files of this run."""

    build: Path
    files: Path
    clean: Path = field(init=False)
    bad: Path = field(init=False)
    plain: Path = field(init=False)
    canary: Path = field(init=False)

    def __post_init__(self) -> None:
        self.clean = self.files / "clean.pkl"
        self.bad = self.files / "bad.pkl"
        self.plain = self.files / "plain.txt"
        self.canary = self.files / "canary"
        command = f"touch {self.canary}".encode()
        # PROTO 2, EMPTY_LIST, MARK, BININT1 1, BININT1 2, APPENDS, STOP
        self.clean.write_bytes(b"\x80\x02](K\x01K\x02e.")
        # PROTO 2, GLOBAL posix.system, SHORT_BINSTRING, TUPLE1, REDUCE, STOP
        size = bytes([len(command)])
        self.bad.write_bytes(b"\x80\x02cposix\nsystem\nU" + size + command + b"\x85R.")
        self.plain.write_text("A line of text that is no model.\n" * 4)

    @property
    def library(self) -> Path:
        return self.build / "libsafeguard.so"

    @property
    def refusal(self) -> str:
        """The line that a refused file leaves, whatever name it was opened by."""
        reason = re.escape(f'calls posix.system("touch {self.canary}")')
        return rf"safeguard: blocked /\S.*: malicious [01]\.\d{{3}}: {reason} at byte \d+\n"

    def program(self, name: str) -> Path:
        return self.build / "hooks" / name

    def case(self, how: str, symbol: str, wanted: str, name: str = "python-hooktest") -> List[str]:
        """The command of a symbol's case."""
        files = [str(self.clean), str(self.bad), str(self.plain)]
        return [str(self.program(name)), how, symbol, *files, wanted]

    def environment(self, preload: Optional[str], **settings: str) -> "dict[str, str]":
        """Ours, guarded unless `preload` is None; policy= sets SAFEGUARD_POLICY."""
        env = {name: value for name, value in os.environ.items() if not MINE.match(name)}
        if preload is not None:
            env["LD_PRELOAD"] = preload or str(self.library)
        env.update({f"SAFEGUARD_{name.upper()}": value for name, value in settings.items()})
        env["ASAN_OPTIONS"] = "verify_asan_link_order=0:detect_leaks=0"
        return env

    def run(
        self,
        command: "list[str]",
        preload: Optional[str] = "",
        prepare: Optional[Callable[[], None]] = None,
        cwd: Optional[Path] = None,
        **settings: str,
    ) -> Done:
        done = subprocess.run(
            command,
            env=self.environment(preload, **settings),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            preexec_fn=prepare,
            check=False,
        )
        out, err = (text.decode(errors="backslashreplace") for text in (done.stdout, done.stderr))
        return Done(done.returncode, out, err)


def build_programs(build: Path) -> None:
    """Compiles the programs of this folder."""
    folder = build / "hooks"
    folder.mkdir(parents=True, exist_ok=True)
    cases = " ".join(path.name for path in sorted(HERE.glob("case_*.c")))
    for line in (
        f"-fPIC -shared -o {folder}/libhooktest.so hooktest.c {cases} -pthread",
        f"-o {folder}/hooktest hooktest_main.c -L{folder} -lhooktest -Wl,-rpath,$ORIGIN",
        f"-o {folder}/python-hookstress hookstress.c -pthread",
        f"-fPIC -shared -o {folder}/lockmalloc.so lockmalloc.c -pthread",
        f"-o {folder}/hookembed hookembed.c -ldl",
    ):
        command = [os.environ.get("CC", "cc"), *shlex.split(FLAGS), *line.split()]
        subprocess.run(command, cwd=HERE, check=True)
    shutil.copy(str(folder / "hooktest"), str(folder / "python-hooktest"))
