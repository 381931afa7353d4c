"""How alike two names of places are, as people in Madura say and write them.

One name has many spellings there: `Batuyang` and `Batoyang`, `Dhungkek` and `Dungkek`, `Ra'as` and `Raas`, `Giliyang`
and `Gili Iyang`. `fold` writes those that sound alike the same way; `likeness` counts the mistakes that are left.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

_APART: Final = re.compile(r"[^a-z0-9]+")
_SILENT: Final = re.compile(r"['’‘ʼ`´\"]")
_ALIKE: Final = str.maketrans("oevfyqz", "uappjks", "h")  # o/u, e/a, v/f/p, y/j, q/k, z/s; bh, dh, gh, jh lose their h
_GLIDES: Final = ((re.compile(r"iy(?=[aeiou])"), "i"), (re.compile(r"uw(?=[aeiou])"), "u"))
_REPEATED: Final = re.compile(r"(.)\1+")


def words(text: str) -> list[str]:
    """Return the words of a text: small Latin letters and digits, without accents and apostrophes."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return _APART.sub(" ", _SILENT.sub("", plain).lower()).split()


def fold(parts: Iterable[str]) -> str:
    """Return how words sound: one text without spaces, the same for all spellings of one name."""
    text = _REPEATED.sub(r"\1", "".join(parts))
    for glide, vowel in _GLIDES:
        text = glide.sub(vowel, text)
    return _REPEATED.sub(r"\1", text.translate(_ALIKE))


class Pattern:
    """A text to compare others with: what can be known of it before is made once.

    The distance is that of the fewest letters dropped, added, changed, or swapped with their neighbour, none of them
    twice ("optimal string alignment"), a column of the table at a time (Hyyrö 2003).
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._at: dict[str, int] = {}
        for index, letter in enumerate(text):
            self._at[letter] = self._at.get(letter, 0) | 1 << index

    def distances(self, other: str) -> tuple[int, int]:
        """Return the distance to another text, and to whichever beginning of it is nearest."""
        size = len(self.text)
        if not size:
            return len(other), 0
        everything, last = (1 << size) - 1, 1 << (size - 1)
        down, up, diagonal, before = everything, 0, 0, 0
        distance = nearest = size
        for letter in other:
            here = self._at.get(letter, 0)
            swapped = ((~diagonal & here) << 1) & before
            diagonal = ((((here & down) + down) ^ down) | here | up | swapped) & everything
            right, left = up | (~(diagonal | down) & everything), diagonal & down
            distance += bool(right & last) - bool(left & last)
            right, left = right << 1 | 1, left << 1
            down, up, before = (left | ~(diagonal | right)) & everything, right & diagonal, here
            nearest = min(nearest, distance)
        return distance, nearest

    def likeness(self, other: str) -> float:
        """Return from 0 (nothing in common) to 1 (the same) how alike another text is."""
        return 1 - self.distances(other)[0] / max(len(self.text), len(other), 1)
