"""completion_fish - the rows of safeguard.fish: one `complete` for each option and kind of argument."""

from help_pages import Option, Verb
from offers import Offer, argument_offers, spellings, value_offer

ACTIONS = {
    "files": "-F",
    "nothing": "-f",
    "folders": "-f -a '(__fish_complete_directories)'",
    "processes": "-f -a '(__fish_complete_pids)'",
    "command": "-f -a '(__safeguard_command)'",
}


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")


def shown(offer: Offer) -> str:
    if offer.kind == "words":
        return f"-f -a '{' '.join(offer.words)}'"
    return ACTIONS[offer.kind] + (f" -a '{' '.join(offer.words)}'" if offer.words else "")


def option_row(verb: Verb, option: Option, until: str) -> str:
    offer = value_offer(option)
    letter = f" -s {option.letter}" if option.letter else ""
    value = f" -r {shown(offer)}" if offer else ""
    on = f'"__safeguard_verb {verb.name}{until}"'
    return (
        f"complete -c safeguard -n {on}{letter} -l {option.name}{value} -d '{escaped(option.help)}'"
    )


def verb_rows(verb: Verb, table: list[Verb]) -> list[str]:
    offers = argument_offers(verb, table)
    # The options of `run` end where its command begins.
    until = " ''" if offers[""].kind == "command" else ""
    rows = [option_row(verb, option, until) for option in verb.options]
    for first, offer in offers.items():
        only = f" '{first}'" if len(offers) > 1 else ""
        rows.append(f'complete -c safeguard -n "__safeguard_verb {verb.name}{only}" {shown(offer)}')
    return rows


def parts(table: list[Verb]) -> dict[str, str]:
    taking = [
        f"'{verb.name} {word}'"
        for verb in table
        for option in verb.options
        if option.value
        for word in spellings(option)
    ]
    verbs = [
        f"complete -c safeguard -n __safeguard_no_verb -f -a {verb.name} -d '{escaped(verb.summary)}'"
        for verb in table
    ]
    return {
        "TAKING": " ".join(taking),
        "VERBS": "\n".join(verbs),
        "ROWS": "\n".join(row for verb in table for row in verb_rows(verb, table)),
    }
