"""completion_bash - the tables of safeguard.bash: rows of case statements that set `kind`."""

from help_pages import Verb
from offers import argument_offers, spellings, value_offer


def parts(table: list[Verb]) -> dict[str, str]:
    values: dict[str, list[str]] = {}
    arguments = []
    for verb in table:
        for option in verb.options:
            offer = value_offer(option)
            if offer:
                values.setdefault(str(offer), []).extend(
                    f"'{verb.name} {word}'" for word in spellings(option)
                )
        offers = argument_offers(verb, table)
        first = offers.pop("")
        arguments += [
            f"    '{verb.name} {one}') kind='{offer}' ;;" for one, offer in offers.items()
        ]
        pattern = f"'{verb.name} '" + ("" if offers else "*")
        arguments.append(f"    {pattern}) kind='{first}' ;;")
    return {
        "VERBS": " ".join(verb.name for verb in table),
        "VALUES": "\n".join(
            f"    {' | '.join(on)}) kind='{kind}' ;;" for kind, on in values.items()
        ),
        "ARGUMENTS": "\n".join(arguments),
        "OPTIONS": "\n".join(
            f"    {verb.name}) kind='words {' '.join(f'--{one.name}' for one in verb.options)}' ;;"
            for verb in table
        ),
    }
