"""Places by name, however it is spelt: the search behind the desk's location field.

`Index` is made of all places once and asked often. Names are compared as they sound (`spelling.fold`) and, a little, as
they are written. A question may say where the place lies (`desa X kecamatan Y`, `X, Y`, or just `X Y`): then the
kecamatan counts as much as its letters. Many desa share a name, so each answer says its kecamatan.
"""

import heapq
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from intake.spelling import Pattern, fold, words

Level = Literal["kecamatan", "kelurahan", "desa", "island", "own"]
LEVELS: Final[tuple[Level, ...]] = get_args(Level)
ISLAND: Final = "island"
"""The code by which rules mean every place that no road leads to."""

LONGEST_QUESTION: Final = 100  # characters
_WORDS: Final = 8  # of a question that are looked at
_CONTEXT_WORDS: Final = 3  # the last ones may name the kecamatan
_CANDIDATES: Final = 50  # forms that share most pairs of letters, and are compared
_LEAST: Final = 0.45  # less alike is not what was meant
_BEGINNING: Final = 0.7  # what a name is worth of which only the beginning was typed
_SHORT: Final = 2  # letters that begin too many names
_BY_SOUND: Final = 0.8  # the rest by letter
_HINTED: Final = 0.05
_STRIPPED: Final = 0.97  # `Genting` for Giligenting, `Sumenep` for Kota Sumenep
_NOWHERE: Final = 0.5  # how alike a kecamatan is that nobody knows
_BEFORE: Final = (
    0.95,
    0.8,
)  # the kecamatan may come first, `bluto pakandangan`: what that is worth, and how alike it must be
_ELSEWHERE: Final = 0.5  # what a name is worth in another kecamatan than was said: perhaps that was none
_KEYWORDS: Final[Mapping[str, str]] = {
    fold([word]): meaning
    for meaning, spelt in {
        "desa": "desa ds dsa kelurahan kel",
        "kecamatan": "kecamatan kec kcamatan",
        "island": "pulau pulo",
        "beyond": "kabupaten kab provinsi prov",
    }.items()
    for word in spelt.split()
}
_GENERIC: Final[Mapping[Level, tuple[str, ...]]] = {"island": ("pulau",), "kecamatan": ("kota",)}


@dataclass(frozen=True, slots=True)
class Place:
    """A place with all that is said of it. `within`: the codes it lies in, the nearest first, itself not among them.

    `island`: no road leads there. `kecamatan`: its name, None where the place is one or nobody knows it.
    """

    code: str
    level: Level
    name: str
    alternatives: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    kecamatan: str | None = None
    kecamatan_code: str | None = None
    lat: float | None = None
    lon: float | None = None
    island: bool = False
    own: bool = False

    @property
    def label(self) -> str:
        """The name as reports say it: `Desa Banra'as, Kecamatan Dungkek`."""
        kind = {"desa": "Desa ", "kelurahan": "Kelurahan ", "kecamatan": "Kecamatan "}.get(self.level, "")
        return f"{kind}{self.name}" + (f", Kecamatan {self.kecamatan}" if self.kecamatan else "")

    @property
    def codes(self) -> frozenset[str]:
        """What rules know it by: itself, all it lies in, and `ISLAND` where no road leads."""
        return frozenset((self.code, *self.within, *((ISLAND,) if self.island else ())))


@dataclass(frozen=True, slots=True)
class _Form:
    """One of the names of a place; `worth` is below 1 where a part was left out."""

    place: Place
    sound: str
    letters: str
    worth: float


@dataclass(frozen=True, slots=True)
class _Reading:
    """One way to read a question: the name, the kecamatan (if it says one), and what sort of place it says it is.

    `sure`: from which likeness of the kecamatan on the question may be read so.
    """

    name: tuple[str, ...]
    context: tuple[str, ...] = ()
    hint: str | None = None
    worth: float = 1
    sure: float = 0


class Index:
    """All places, ready to be searched."""

    def __init__(self, places: Iterable[Place]) -> None:
        self.places = {place.code: place for place in places}
        self._forms: list[_Form] = []
        self._by_pair: dict[str, list[int]] = defaultdict(list)
        for place in self.places.values():
            for form in _forms(place):
                for pair in _pairs(form.sound):
                    self._by_pair[pair].append(len(self._forms))
                self._forms.append(form)
        kecamatan = {place.name for place in self.places.values() if place.level == "kecamatan"}
        kecamatan |= {place.kecamatan for place in self.places.values() if place.kecamatan}
        self._kecamatan = {name: _sounds(name, ("kota",)) for name in kecamatan}

    def search(self, question: str, limit: int = 10) -> list[Place]:
        """Return the places that are most likely meant, the likeliest first."""
        best: dict[str, tuple[float, float]] = {}
        for reading in _readings(question[:LONGEST_QUESTION]):
            for place, score in self._found(reading):
                best[place.code] = max(best.get(place.code, (0.0, 0.0)), score)
        order = sorted(best, key=lambda code: (-best[code][0], -best[code][1], *_rank(self.places[code])))
        return [self.places[code] for code in order[:limit]]

    def _found(self, reading: _Reading) -> Iterable[tuple[Place, tuple[float, float]]]:
        context = self._contexts(reading.context)
        if max(context.values(), default=1) < reading.sure:
            return
        sound, letters = Pattern(fold(reading.name)), Pattern("".join(reading.name))
        size, around = len(sound.text), len(fold(reading.context))
        if not size:
            return
        for index in self._candidates(sound.text):
            form = self._forms[index]
            whole, nearest = sound.distances(form.sound)
            alike = 1 - whole / max(size, len(form.sound))
            beginning = _BEGINNING * (1 - nearest / size) if size > _SHORT else 0
            if max(alike, beginning) < _LEAST / 2:
                continue
            alike = max(_BY_SOUND * alike + (1 - _BY_SOUND) * letters.likeness(form.letters), beginning) * form.worth
            if around:
                alike = (alike * size + _where(form.place, context) * around) / (size + around)
            alike *= reading.worth
            if alike >= _LEAST:
                yield form.place, (round(alike + _HINTED * _is_a(form.place, reading.hint), 6), form.worth)

    def _contexts(self, context: Sequence[str]) -> dict[str, float]:
        """Return how alike each kecamatan is to the one that was said."""
        if not context:
            return {}
        said = Pattern(fold(context))
        return {name: max(map(said.likeness, sounds)) for name, sounds in self._kecamatan.items()}

    def _candidates(self, sound: str) -> list[int]:
        shared: dict[int, int] = defaultdict(int)
        pairs = _pairs(sound)
        for pair in pairs:
            for index in self._by_pair.get(pair, ()):
                shared[index] += 1
        size = len(sound)
        return heapq.nlargest(
            _CANDIDATES, shared, key=lambda index: shared[index] - abs(len(self._forms[index].sound) - size) / 8
        )


def _readings(question: str) -> list[_Reading]:
    """Return the ways to read a question, without doubles."""
    parts: list[tuple[str | None, list[str]]] = [(None, [])]
    for number, piece in enumerate(re.split(r"[,;/]", question)):
        if number:
            parts.append(("after", []))
        for word in words(piece):
            if (keyword := _KEYWORDS.get(fold([word]))) is not None:
                parts.append((keyword, []))
            else:
                parts[-1][1].append(word)
    said = [(sort, tuple(of[:_WORDS])) for sort, of in parts if of and sort != "beyond"]
    chosen = next(
        (one for sort in ("desa", "island", None, "after", "kecamatan") for one in said if one[0] == sort), None
    )
    if chosen is None:
        return []
    hint, name = chosen
    around = [of for sort, of in said if sort in ("kecamatan", "after") and of != name]
    around = [of for sort, of in said if sort == "kecamatan" and of != name] or around
    if around:
        return [_Reading(name, around[0], hint), _Reading(name, (), hint, _ELSEWHERE)]
    found = [_Reading(name, (), hint)]
    if hint != "kecamatan":
        least = max(1, len(name) - _CONTEXT_WORDS)
        found += [_Reading(name[:cut], name[cut:], hint) for cut in range(len(name) - 1, least - 1, -1)]
        found += [
            _Reading(name[cut:], name[:cut], hint, *_BEFORE) for cut in range(1, min(len(name), _CONTEXT_WORDS + 1))
        ]
    if name[0] == "gili" and len(name) > 1:
        found.append(_Reading(name[1:], (), "island"))
    return found


def _forms(place: Place) -> Iterable[_Form]:
    seen: set[str] = set()
    for name in (place.name, *place.alternatives):
        spelt = words(name)
        for generic in _GENERIC.get(place.level, ()):
            if spelt[:1] == [generic] and len(spelt) > 1:
                if place.level == "island":
                    spelt = spelt[1:]  # nobody says of an island that it is none
                else:
                    yield from _form(place, spelt[1:], _STRIPPED, seen)
        yield from _form(place, spelt, 1, seen)
        joined = "".join(spelt)
        if place.level == "island" and joined.startswith("gili") and len(joined) > 7:
            yield from _form(place, [joined[4:]], _STRIPPED, seen)


def _form(place: Place, spelt: Sequence[str], worth: float, seen: set[str]) -> Iterable[_Form]:
    sound = fold(spelt)
    if sound and sound not in seen:
        seen.add(sound)
        yield _Form(place, sound, "".join(spelt), worth)


def _sounds(name: str, generic: Sequence[str]) -> tuple[str, ...]:
    spelt = words(name)
    short = [fold(spelt[1:])] if spelt[:1] and spelt[0] in generic and len(spelt) > 1 else []
    return (fold(spelt), *short)


def _pairs(sound: str) -> set[str]:
    """Return the pairs of neighbours, and of letters around one: a swap or a lost letter leaves most of them."""
    padded = f"^{sound}$"
    return {padded[i : i + 2] for i in range(len(padded) - 1)} | {
        f"{padded[i]}.{padded[i + 2]}" for i in range(len(padded) - 2)
    }


def _where(place: Place, context: Mapping[str, float]) -> float:
    name = place.name if place.level == "kecamatan" else place.kecamatan
    if place.level == "kecamatan":
        return min(_NOWHERE, context.get(place.name, 0.0))  # it lies in none: who says another means another place
    return _NOWHERE if name is None else context.get(name, _NOWHERE)


def _is_a(place: Place, hint: str | None) -> bool:
    """Return whether a place is of the sort that was said."""
    match hint:
        case "desa":
            return place.level in ("desa", "kelurahan")
        case "kecamatan" | "island":
            return place.level == hint
        case _:
            return False


def _rank(place: Place) -> tuple[int, str]:
    return LEVELS.index(place.level), place.code
