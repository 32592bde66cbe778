"""offers - what can stand for the value of an option and for the arguments of a verb, out of their help."""

import re
import sys
from dataclasses import dataclass

from help_pages import Option, Verb

# By the word that stands for it in the help: "words" are listed there, "files" may have some listed too. For what is
# not here (a number, a name) nothing can be offered.
KINDS = {
    **dict.fromkeys(("FILE", "PATH", "WHEN", "LOG", "INTERPRETER"), "files"),
    **dict.fromkeys(("FORMAT", "MODE", "VERDICT", "VERB"), "words"),
    "DIR": "folders",
    "PID": "processes",
    "COMMAND": "command",
}
WORD = r"\w+(?: \(default\))?"
LISTED = re.compile(rf"\b{WORD}(?:, {WORD})* or {WORD}")


@dataclass(frozen=True)
class Offer:
    kind: str
    words: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join([self.kind, *self.words])


def listed(text: str) -> tuple[str, ...]:
    """The words of "text (default), json or html"."""
    found = LISTED.search(text)
    return tuple(re.split(r", | or ", found[0].replace(" (default)", ""))) if found else ()


def value_offer(option: Option) -> Offer | None:
    """None for an option that takes no value."""
    if option.value is None:
        return None
    kind = KINDS.get(option.value, "nothing")
    words = listed(option.help) if kind == "words" or option.value == "LOG" else ()
    if kind == "words" and not words:
        sys.exit(f"make_completion: --{option.name}: '{option.help}' lists no words")
    return Offer(kind, tuple(word for word in words if word != "file"))


def argument_offers(verb: Verb, table: list[Verb]) -> dict[str, Offer]:
    """By the argument that stands first: "" for the first one itself, and for others where it does not matter.

    Of `policy show [FILE] | check FILE` that is {"": words show check, "show": files, "check": files}.
    """
    offers: dict[str, Offer] = {}
    for form in " ".join(verb.usage.split()[2:]).split(" | "):
        first = re.match(r"[a-z]*", form)
        placeholders = re.findall(r"[A-Z]+", form.replace("[OPTION]", ""))
        kind = KINDS.get(placeholders[0], "nothing") if placeholders else "nothing"
        words = tuple(one.name for one in table) if placeholders == ["VERB"] else ()
        offers.setdefault(first[0] if first else "", Offer(kind, words))
    if "" not in offers:
        offers[""] = Offer("words", tuple(offers))
    return offers


def spellings(option: Option) -> list[str]:
    return [f"--{option.name}", *([f"-{option.letter}"] if option.letter else [])]
