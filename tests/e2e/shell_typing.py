"""shell_typing - a person at a shell: types a line and the key for "all completions", and looks at what stands there then."""

import os
import pty
import select
import subprocess
import time
from pathlib import Path
from typing import Self

# `tell` is put before the completed line, which becomes its arguments.
BASH = """\
PS1=; HISTFILE=; bind 'set enable-bracketed-paste off'; bind 'set completion-query-items 0'; bind '"\\C-t": insert-completions'
bind 'set mark-directories on'
tell() { printf '%s\\0' "$@" >"$TOLD"; printf 'told%s\\n' .; }
"""
ZSH = """\
PS1=; unset zle_bracketed_paste; unsetopt zle PROMPT_SP; setopt zle
autoload -Uz compinit; compinit -u -D
zle -C all-matches complete-word _generic
bindkey '^T' all-matches; bindkey '^A' beginning-of-line
zstyle ':completion:all-matches:*' insert yes
zstyle ':completion:all-matches::::' completer _all_matches _complete
tell() { printf '%s\\0' "$@" >"$TOLD"; printf 'told%s\\n' .; }
"""
ALL, HOME, ENTER = "\x14", "\x01", "\r"
SECONDS = 60


class Shell:
    """Within `with`: a shell at a terminal."""

    def __init__(self, words: list[str], setup: str, folder: Path, env: dict[str, str]) -> None:
        self.words, self.setup, self.folder = words, setup, folder
        self.told = folder / ".told"
        self.env = env | {"TOLD": str(self.told), "TERM": "dumb", "INPUTRC": "/dev/null"}

    def __enter__(self) -> Self:
        self.terminal, theirs = pty.openpty()
        self.process = subprocess.Popen(
            self.words,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=self.folder,
            env=self.env,
            start_new_session=True,
        )
        os.close(theirs)
        start = self.folder / ".start"
        start.write_text(self.setup)
        self.type(f". {start}; tell{ENTER}")
        self.wait_told()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.terminal)

    def type(self, keys: str) -> None:
        os.write(self.terminal, keys.encode())

    def wait_told(self) -> None:
        seen = b""
        until = time.monotonic() + SECONDS
        while b"told." not in seen:
            ready, _, _ = select.select([self.terminal], [], [], max(0, until - time.monotonic()))
            assert ready, f"the shell said nothing for {SECONDS} seconds, after {seen!r}"
            seen += os.read(self.terminal, 65536)

    def completed(self, line: str) -> list[str]:
        """The words of the line after the key for all completions; the command itself is left out."""
        self.told.unlink(missing_ok=True)
        self.type(f"{line}{ALL}{HOME}tell {ENTER}")
        self.wait_told()
        return self.told.read_text().split("\0")[1:-1]
