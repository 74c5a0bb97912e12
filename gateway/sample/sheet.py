"""What the fields of one batch of records share: places, people, organisations, days."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from gateway.model.resource import CodeList, Field, Resource
from gateway.sample.chance import Streams, pick
from gateway.sample.dates import FIRST_DAY, LAST_DAY
from gateway.sample.organisations import Organisations
from gateway.sample.people import People
from gateway.sample.regions import Place, places
from gateway.sample.roles import SUBJECT, Role, cast

# Kinds that say when a person was born: nothing is entered about anybody before that.
_AGED = frozenset({"resident_id", "birth_date"})


class Setting(NamedTuple):
    """What holds for a whole run.

    `roles` says by field id whose data a field holds, `main` whom notes speak of,
    `regional` which field holds the rows' region.
    """

    resource: Resource
    code_lists: Mapping[str, CodeList]
    roles: Mapping[str, Role]
    main: Role
    regional: str | None = None
    places: tuple[Place, ...] = ()

    def code_list(self, field: Field) -> CodeList | None:
        """Return the list that a field names.

        Raises:
            LookupError: no such list was given.
        """
        if field.code_list is None:
            return None
        if field.code_list not in self.code_lists:
            raise LookupError(f"field {field.id} needs code list {field.code_list}")
        return self.code_lists[field.code_list]


def settle(resource: Resource, code_lists: Mapping[str, CodeList]) -> Setting:
    """Work out what holds for a whole run."""
    roles = cast(resource.fields)
    named = (roles[field.id] for field in resource.fields if field.kind == "person_name")
    setting = Setting(resource, code_lists, roles, next(named, SUBJECT))
    regional = [field for field in resource.fields if field.kind == "region"]
    regional.sort(key=lambda field: field.id != resource.region_field)
    if not regional:
        return setting._replace(places=places(None))
    listed = setting.code_list(regional[0])
    return setting._replace(regional=regional[0].id, places=places(listed))


class Sheet:
    """One batch of rows; the columns that fields share are made once, when asked for."""

    def __init__(self, setting: Setting, streams: Streams, count: int) -> None:
        self.setting, self.streams, self.count = setting, streams, count
        self.places: Sequence[Place] = pick(streams["place"], setting.places, count)
        self._people: dict[str, People] = {}
        self._organisations: dict[str, Organisations] = {}

    def people(self, role: Role) -> People:
        """Return the people of a role, one to a row."""
        if role.name not in self._people:
            self._people[role.name] = People(self.streams, role, self.places)
        return self._people[role.name]

    def organisations(self, role: Role) -> Organisations:
        """Return the organisations of a role, one to a row."""
        if role.name not in self._organisations:
            streams = self.streams.below(f"organisation {role.name}")
            made = Organisations(streams, self.setting.resource, self.places)
            self._organisations[role.name] = made
        return self._organisations[role.name]

    @cached_property
    def starts(self) -> list[int]:
        """Days on which the matters of the rows began, after everyone in them was born."""
        draw = self.streams["start"]
        firsts = [FIRST_DAY] * self.count
        for role in self._aged():
            firsts = list(map(max, firsts, self.people(role).births))
        return [first + int(draw() * (LAST_DAY - first + 1)) for first in firsts]

    def _aged(self) -> list[Role]:
        roles = self.setting.roles
        found = (roles[f.id] for f in self.setting.resource.fields if f.kind in _AGED)
        return list(dict.fromkeys(found))
