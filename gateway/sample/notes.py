"""Free text that mentions the record's person, relatives, and what identifies them."""

from collections.abc import Sequence

from gateway.sample.chance import Draw, Streams, pick
from gateway.sample.dates import YEAR
from gateway.sample.people import People
from gateway.sample.words import words

# By the relative's sex as in GB/T 2261.1.
_CHILDREN = {1: words("children-male"), 2: words("children-female")}
_OTHERS = {1: words("others-male"), 2: words("others-female")}
_SAME_SURNAME = frozenset(words("same-surname"))
# Somebody's children are younger by at least so much.
_GENERATION = 20 * YEAR
# Each is a whole note; a short field gets as many of its sentences as fit.
_NOTES = words("notes")
_STOP = "。"
_SHORT = "已核实" + _STOP


def notes(streams: Streams, subject: People, relative: People, limit: int) -> list[str]:
    """Write a note of at most `limit` characters on each person.

    A note is cut at the end of a sentence, so that no number stands half in it.
    """
    relations = _relations(streams["relation"], subject, relative)
    columns: dict[str, Sequence[str]] = {
        "name": subject.names,
        "id": subject.resident_ids,
        "address": subject.addresses,
        "mobile": subject.mobiles,
        "email": subject.emails,
        "card": subject.long_cards,
        "plate": subject.plates,
        "relation": relations,
        "relative": _relatives(relations, subject, relative),
        "relative_id": relative.resident_ids,
        "relative_mobile": relative.mobiles,
        "relative_address": relative.addresses,
    }
    templates = pick(streams["note"], _NOTES, subject.count)
    keys = tuple(columns)
    return [
        _within(template % dict(zip(keys, row, strict=True)), limit)
        for template, row in zip(templates, zip(*columns.values(), strict=True), strict=True)
    ]


def _relations(draw: Draw, subject: People, relative: People) -> list[str]:
    found = []
    for sex, birth, own in zip(relative.sexes, relative.births, subject.births, strict=True):
        pool = (_CHILDREN if birth - own >= _GENERATION else _OTHERS)[sex]
        found.append(pool[int(draw() * len(pool))])
    return found


def _relatives(relations: Sequence[str], subject: People, relative: People) -> list[str]:
    return [
        surname.text + given if relation in _SAME_SURNAME and "·" not in name else name
        for relation, surname, given, name in zip(
            relations, subject.surnames, relative.given, relative.names, strict=True
        )
    ]


def _within(note: str, limit: int) -> str:
    if len(note) <= limit:
        return note
    kept, stop, _ = note[:limit].rpartition(_STOP)
    return kept + stop or _SHORT[:limit]
