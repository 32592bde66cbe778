"""wordlist - lists of words, written as one text."""

from __future__ import annotations


def words(text: str) -> list[str]:
    return text.split()
