"""The recorded tapes: where they are, and how a story is read from one."""

from functools import cache
from pathlib import Path

from ami_bridge import tape
from ami_bridge.frames import event_name
from exercise.story import Cue, Story, headers, with_new_ids

__all__ = ["NoStoryError", "folder", "load", "names", "read", "with_new_ids"]

_OF_A_SESSION = (b"FullyBooted", b"SuccessfulAuth")  # each session hears its own


class NoStoryError(LookupError):
    """No tape has this name, or no event is on it."""


def folder() -> Path:
    """Return where the tapes are: beside this file in an installed package, `tests/tapes` in a checkout."""
    packaged = Path(__file__).with_name("tapes")
    return packaged if packaged.is_dir() else Path(__file__).resolve().parent.parent / "tests" / "tapes"


def names() -> list[str]:
    """Return the names of all stories."""
    return sorted(path.stem for path in folder().glob("*.tape"))


@cache
def load(name: str) -> Story:
    """Return the story of this name. Raises NoStoryError, ami_bridge.tape.TapeError."""
    path = folder() / f"{name}.tape"
    if name not in names():
        raise NoStoryError(f"there is no story {name} in {folder()}")
    return read(path)


def read(path: Path) -> Story:
    """Return the story on a tape; it begins with its first event. Raises NoStoryError, ami_bridge.tape.TapeError.

    Answers to actions, and what a session is told of its own log-in, are kept apart as its `snapshot`.
    """
    recorded = [one for one in tape.read_all(path) if one.raw]
    events = [one for one in recorded if _tells(one.raw)]
    if not events:
        raise NoStoryError(f"{path} holds no event")
    began = events[0].at
    cues = tuple(Cue(one.at - began, one.raw) for one in events)
    return Story(path.stem, began, cues, tuple(one.raw for one in recorded if not _tells(one.raw)))


def _tells(raw: bytes) -> bool:
    seen = dict(headers(raw))
    about_sessions = seen.get(b"Service") == b"AMI" or event_name(raw) in _OF_A_SESSION
    return bool(event_name(raw)) and b"ActionID" not in seen and not about_sessions
