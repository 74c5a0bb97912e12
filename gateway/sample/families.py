"""Families of a batch: each row's person with spouse, children, parents and a head.

All of a household live at one address. Children have their father's surname and
are a generation younger than either parent; who does not fit in a household of
the row's size is absent.
"""

from collections.abc import Sequence
from functools import cached_property

from gateway.sample import names
from gateway.sample.chance import Streams, digits
from gateway.sample.dates import LAST_DAY, YEAR
from gateway.sample.names import Surname
from gateway.sample.people import People, chosen
from gateway.sample.roles import HEAD, Role

# Relatives who may be absent, in the order in which a household has room for them.
_MEMBERS = ("spouse", "child", "child#1", "father", "mother")
KIN = frozenset({*_MEMBERS, HEAD.name})
_MALE, _FEMALE = 1, 2
_LARGEST = 7
_SINGLE, _MARRIED = "10", "2"
_OLDEST, _YOUNGEST_SPOUSE = LAST_DAY - 95 * YEAR, LAST_DAY - 22 * YEAR
# By code of GB/T 4761 and sex: whose household it is.
_OWN = "02"
_SPOUSE_OF_HEAD = {_MALE: "11", _FEMALE: "12"}
_CHILD_OF_HEAD = {_MALE: "20", _FEMALE: "30"}
# Of married couples, how often the household is the wife's.
_WIFE_HEADS = 0.2
_COLLECTIVE_SHARE = 0.03


class Family:
    """The families of `subject`, whose streams they share."""

    def __init__(self, streams: Streams, subject: People) -> None:
        self._streams, self._subject = streams, subject
        self._members: dict[str, People] = {}

    def member(self, name: str) -> People:
        """Return the relatives of a name in `KIN`; those who are absent have made-up data too."""
        if name not in self._members:
            make = {
                "spouse": self._make_spouses,
                "child": lambda: self._make_children("child", self._first_births),
                "child#1": lambda: self._make_children("child#1", self._second_births),
                "father": self._make_fathers,
                "mother": self._make_mothers,
                HEAD.name: self._make_heads,
            }[name]
            self._members[name] = make()
        return self._members[name]

    def present(self, name: str) -> list[bool] | None:
        """Tell for each row whether the relative is of the household; None: always."""
        return self._presence.get(name)

    @cached_property
    def sizes(self) -> list[int]:
        """Members of each household."""
        draw = self._streams["household_size"]
        return [1 + int(draw() * _LARGEST) for _ in self._subject.places]

    @cached_property
    def numbers(self) -> list[str]:
        """Numbers of the households."""
        draw, numbered = self._streams["household number"], digits(3)
        return [
            f"{place.code}{numbered[int(draw() * 1000)]}{numbered[int(draw() * 1000)]}"
            f"{numbered[int(draw() * 1000)]}"
            for place in self._subject.places
        ]

    @cached_property
    def types(self) -> list[str]:
        """1 for the household of a family, 2 for one of a dormitory and the like."""
        draw = self._streams["household type"]
        return ["2" if draw() < _COLLECTIVE_SHARE else "1" for _ in self._subject.places]

    @cached_property
    def relations(self) -> list[str]:
        """What the row's person is to the head, by the codes of GB/T 4761."""
        codes = {"": dict.fromkeys((_MALE, _FEMALE), _OWN), "spouse": _SPOUSE_OF_HEAD}
        return [
            codes.get(head, _CHILD_OF_HEAD)[sex]
            for head, sex in zip(self._heads, self._subject.sexes, strict=True)
        ]

    @cached_property
    def _presence(self) -> dict[str, list[bool]]:
        subject, room = self._subject, [size - 1 for size in self.sizes]
        settled = [code != _SINGLE for code in subject.marital]
        fitting = {
            "spouse": [code.startswith(_MARRIED) for code in subject.marital],
            "child": _both(settled, [birth <= LAST_DAY for birth in self._first_births]),
            "child#1": _both(settled, [birth <= LAST_DAY for birth in self._second_births]),
            "father": [birth >= _OLDEST for birth in self._father_births],
            "mother": [birth >= _OLDEST for birth in self._mother_births],
        }
        found = {}
        for name in _MEMBERS:
            found[name] = [
                fits and left > 0 for fits, left in zip(fitting[name], room, strict=True)
            ]
            room = [left - here for left, here in zip(room, found[name], strict=True)]
        return found

    @cached_property
    def _heads(self) -> list[str]:
        """Whose household it is: a relative's name, or nothing for the person's own."""
        draw, here, found = self._streams["head"], self._presence, []
        for row, (sex, code) in enumerate(
            zip(self._subject.sexes, self._subject.marital, strict=True)
        ):
            wife_heads = draw() < _WIFE_HEADS
            if here["spouse"][row]:
                found.append("spouse" if wife_heads == (sex == _MALE) else "")
            elif code == _SINGLE and (here["father"][row] or here["mother"][row]):
                found.append("father" if here["father"][row] else "mother")
            else:
                found.append("")
        return found

    def _make_heads(self) -> People:
        subject = self._subject
        return chosen([self.member(head) if head else subject for head in self._heads])

    @cached_property
    def _spouse_births(self) -> list[int]:
        draw = self._streams.below("spouse")["birth"]
        births = [birth + int((draw() - 0.5) * 16 * YEAR) for birth in self._subject.births]
        return [min(max(birth, _OLDEST), _YOUNGEST_SPOUSE) for birth in births]

    @cached_property
    def _first_births(self) -> list[int]:
        draw = self._streams.below("child")["birth"]
        return [
            max(own, other) + int((21 + draw() * 12) * YEAR)
            for own, other in zip(self._subject.births, self._spouse_births, strict=True)
        ]

    @cached_property
    def _second_births(self) -> list[int]:
        draw = self._streams.below("child#1")["birth"]
        return [birth + int((1.5 + draw() * 6) * YEAR) for birth in self._first_births]

    @cached_property
    def _father_births(self) -> list[int]:
        draw = self._streams.below("father")["birth"]
        return [birth - int((22 + draw() * 13) * YEAR) for birth in self._subject.births]

    @cached_property
    def _mother_births(self) -> list[int]:
        draw = self._streams.below("mother")["birth"]
        return [
            min(father + int((draw() * 6 - 2) * YEAR), own - 20 * YEAR)
            for father, own in zip(self._father_births, self._subject.births, strict=True)
        ]

    def _make_spouses(self) -> People:
        sexes = [_MALE + _FEMALE - sex for sex in self._subject.sexes]
        return self._relatives("spouse", sexes, self._spouse_births)

    def _make_mothers(self) -> People:
        return self._relatives("mother", [_FEMALE] * self._subject.count, self._mother_births)

    def _make_fathers(self) -> People:
        """Make fathers after whom the rows' people are called."""
        made = self._relatives("father", [_MALE] * self._subject.count, self._father_births)
        made.surnames = [
            names.father_of(name) if group in names.DOTTED else surname
            for name, surname, group in zip(
                self._subject.names, self._subject.surnames, made.groups, strict=True
            )
        ]
        return made

    def _make_children(self, name: str, births: Sequence[int]) -> People:
        """Make children who are called after their fathers."""
        made = self._relatives(name, None, [min(birth, LAST_DAY) for birth in births])
        own, fathers = made.surnames, self._fathers()
        made.surnames = [
            first if group in names.DOTTED else father
            for first, father, group in zip(own, fathers, made.groups, strict=True)
        ]
        made.names = [
            f"{surname.text}·{father.text}" if group in names.DOTTED else full
            for surname, father, group, full in zip(
                own, fathers, made.groups, made.names, strict=True
            )
        ]
        return made

    def _fathers(self) -> list[Surname]:
        """Return the surnames of the children's fathers: the men among the couples."""
        subject, spouses = self._subject, self.member("spouse")
        return [
            own if sex == _MALE else other
            for own, other, sex in zip(
                subject.surnames, spouses.surnames, subject.sexes, strict=True
            )
        ]

    def _relatives(self, name: str, sexes: list[int] | None, births: Sequence[int]) -> People:
        """Make people of the same home and ethnic group."""
        subject = self._subject
        made = People(self._streams, Role(name), subject.places)
        if sexes is not None:
            made.sexes = sexes
        made.births, made.groups = list(births), subject.groups
        made.addresses, made.points = subject.addresses, subject.points
        return made


def _both(one: Sequence[bool], other: Sequence[bool]) -> list[bool]:
    return [a and b for a, b in zip(one, other, strict=True)]
