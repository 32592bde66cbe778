"""completion_zsh - the tables of _safeguard: verbs with their meanings, and for each what _arguments wants to know."""

import re

from help_pages import Option, Verb
from offers import Offer, argument_offers, value_offer

ACTIONS = {
    "files": "_files",
    "folders": "_directories",
    "processes": "_pids",
    "nothing": " ",
}


def escaped(text: str) -> str:
    """For the inside of a spec in single quotes."""
    return re.sub(r"([\[\]:\\])", r"\\\1", text).replace("'", "'\\''")


def action(offer: Offer) -> str:
    if offer.kind == "words":
        return f"({' '.join(offer.words)})"
    if offer.words:
        words = " ".join(offer.words)
        return rf'_alternative "words\:word\:({words})" "files\:file\:_files"'
    return ACTIONS[offer.kind]


def option_spec(option: Option) -> str:
    """Its spellings exclude each other and themselves, but for what may be given again."""
    offer = value_offer(option)
    forms = [f"--{option.name}{'=' if offer else ''}"]
    once = f"--{option.name}"
    if option.letter:
        forms.insert(0, f"-{option.letter}{'+' if offer else ''}")
        once = f"-{option.letter} {once}"
    value = f":{option.value.lower()}:{action(offer)}" if option.value and offer else ""
    before = "'*'" if "again for more" in option.help else f"'({once})'"
    form = f"{{{','.join(forms)}}}" if len(forms) > 1 else forms[0]
    return f"{before}{form}'[{escaped(option.help)}]{value}'"


def argument_specs(verb: Verb, table: list[Verb]) -> list[str]:
    offers = argument_offers(verb, table)
    first = offers.pop("")
    if first.kind == "command":
        return ["'(-)1:command:_command_names -e'", "'*::argument:_normal'"]
    if offers:
        files = {offer.kind for offer in offers.values()} == {"files"}
        return [f"'1:what:{action(first)}'", *(["'2:file:_files'"] if files else [])]
    if first.kind == "nothing":
        return []
    return [f"'*:{first.kind}:{action(first)}'"]


def verb_case(verb: Verb, table: list[Verb]) -> str:
    specs = [*(option_spec(option) for option in verb.options), *argument_specs(verb, table)]
    return (
        " \\\n            ".join([f"    {verb.name})\n        _arguments -s -S", *specs])
        + "\n        ;;"
    )


def parts(table: list[Verb]) -> dict[str, str]:
    return {
        "VERBS": "\n".join(f"        '{verb.name}:{escaped(verb.summary)}'" for verb in table),
        "ARGUMENTS": "\n".join(verb_case(verb, table) for verb in table),
    }
