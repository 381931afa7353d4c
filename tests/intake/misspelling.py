"""Names as people mistype and mishear them, by a seeded script: dropped, swapped and doubled letters, o/u, e/a.

A name of up to six letters gets one mistake, a longer one two. Each is at a letter of the name proper: not in the word
`Pulau` before it, not at its first letter, and never so that nothing has changed.
"""

from random import Random

SOUNDS = {"o": "u", "u": "o", "e": "a", "a": "e"}
SHORT = 6


def misspelt(name: str, random: Random) -> str:
    """Return a name with its one or two mistakes."""
    generic, space, proper = (
        name.rpartition(" ") if name.startswith("Pulau ") and name.count(" ") == 1 else ("", "", name)
    )
    wrong = proper
    for _ in range(1 if sum(c.isalpha() for c in proper) <= SHORT else 2):
        wrong = _with_one_more(wrong, proper, random)
    return f"{generic}{space}{wrong}"


def _with_one_more(text: str, never: str, random: Random) -> str:
    while True:
        kind, at = random.choice(("dropped", "swapped", "doubled", "sound")), random.randrange(1, len(text))
        letter = text[at]
        if not letter.isalpha():
            continue
        match kind:
            case "dropped":
                made = text[:at] + text[at + 1 :]
            case "swapped":
                made = text[:at] + text[at + 1 : at + 2] + letter + text[at + 2 :]
            case "doubled":
                made = text[:at] + letter + text[at:]
            case _:
                made = text[:at] + SOUNDS.get(letter, letter) + text[at + 1 :]
        if made not in (text, never) and len(made) > 1:
            return made
