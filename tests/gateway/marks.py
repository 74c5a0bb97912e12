"""Marked secrets, and a net for everything that comes out, searched for any spelling of them."""

import base64
import gc
import pickle
import traceback
import types
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from keys.errors import SealgateError

# A shorter piece of a mark could stand anywhere by chance.
SHORTEST = 8
PACKAGES = ("gateway", "keys", "masking")


def _base64(mark: bytes) -> Iterator[bytes]:
    """Yield what of a mark is seen in base64, wherever it begins in a group of three."""
    for shift, skipped in ((0, 0), (1, 2), (2, 3)):
        whole = base64.b64encode(bytes(shift) + mark)
        seen = whole[skipped : (shift + len(mark)) * 8 // 6]
        yield from (seen, seen.translate(bytes.maketrans(b"+/", b"-_")))


def spellings(mark: bytes) -> set[bytes]:
    """Return a mark raw, in hexadecimal, base64, escaped and in other encodings."""
    found = {mark, mark.hex().encode(), mark.hex().upper().encode(), *_base64(mark)}
    try:
        text = mark.decode()
    except UnicodeDecodeError:
        return found
    found |= {text.encode(name) for name in ("utf-16-le", "gb18030")}
    found |= {ascii(text)[1:-1].encode(), text.encode("unicode_escape").upper()}
    return {one for one in found if len(one) >= SHORTEST}


class Marks:
    """Secrets by name."""

    def __init__(self, **marks: str | bytes) -> None:
        plain = {k: v.encode() if isinstance(v, str) else v for k, v in marks.items()}
        assert all(len(mark) >= SHORTEST for mark in plain.values())
        self.spelled = {name: spellings(mark) for name, mark in plain.items()}

    def found_in(self, caught: Iterable[bytes]) -> set[str]:
        """Return the names of the marks that stand in what was caught."""
        whole = b"\0".join(caught)
        return {
            name for name, spelled in self.spelled.items() if any(one in whole for one in spelled)
        }


class Net:
    """Everything that came out."""

    def __init__(self) -> None:
        self.caught: list[bytes] = []

    def take(self, *things: object) -> None:
        """Take bytes and text as they are, anything else by its `repr` and `str`."""
        for thing in things:
            if isinstance(thing, bytes):
                self.caught.append(thing)
            else:
                texts = (thing,) if isinstance(thing, str) else (repr(thing), str(thing))
                self.caught += (text.encode("utf-8", "surrogatepass") for text in texts)

    def take_error(self, error: BaseException, *, with_locals: bool = False) -> None:
        """Take all that an error shows, with its traceback."""
        self.take(error, *error.args)
        shown = traceback.TracebackException.from_exception(error, capture_locals=with_locals)
        self.take("".join(shown.format()))
        if isinstance(error, SealgateError):
            self.take(error.message, error.message_zh, error.fields, error.records)
            self.take(pickle.dumps(error))

    def take_json(self, *things: object) -> None:
        """Take values as they would be written."""
        for thing in things:
            self.take(msgspec.json.encode(thing))

    def take_reachable(self, *roots: object) -> int:
        """Take every object of ours that can be reached; return how many."""
        count = 0
        for thing in reachable(roots):
            if type(thing).__module__.split(".")[0] in PACKAGES:
                self.take(repr(thing), str(thing))
                count += 1
        return count

    def take_folder(self, folder: Path, *, but: Iterable[Path] = ()) -> int:
        """Take every file below a folder, but some; return how many."""
        left_out = set(but)
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        for path in files:
            if path not in left_out:
                self.take(path.name, path.read_bytes())
        return len(files)


_WORLD = (types.ModuleType, types.FrameType, types.TracebackType)


def reachable(roots: Iterable[object]) -> Iterator[object]:
    """Yield what hangs on the roots, without the world that modules and classes lead to."""
    seen: set[int] = set()
    waiting: list[object] = list(roots)
    # Kept, so that no object's id is used twice.
    kept: list[object] = []
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or isinstance(thing, _WORLD):
            continue
        seen.add(id(thing))
        kept.append(thing)
        if isinstance(thing, type):
            continue
        if isinstance(thing, types.FunctionType):
            waiting += thing.__closure__ or ()
            continue
        yield thing
        waiting += gc.get_referents(thing)
