"""What the fields of one batch of records share: places, people, organisations, days.

Records of all resources speak of the same city: row i of any two that are
about a person speaks of the same one, and so of any two about an organisation
of one sort. Whom a resource is about decides which streams its people draw on.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple, TypeVar
from typing import cast as typed

from gateway.model.resource import CodeList, Field, Resource
from gateway.sample.chance import Draw, Streams, pick
from gateway.sample.dates import FIRST_DAY, LAST_DAY
from gateway.sample.families import KIN, Family
from gateway.sample.organisations import Organisations, is_office, sort_of
from gateway.sample.people import People
from gateway.sample.regions import Place, places
from gateway.sample.roles import HEAD, HOSPITAL, PERSONS, SUBJECT, Role, cast

T = TypeVar("T")
# Kinds that say when a person was born: nothing is entered about anybody before that.
_AGED = frozenset({"resident_id", "birth_date"})
# Kinds that tell one person from another.
_PERSONAL = frozenset({"person_name", "resident_id"})
# The list of divisions of a catalogue, for resources that have no field of that kind.
REGIONS = "region"


class Setting(NamedTuple):
    """What holds for a whole run.

    `roles` says by field id whose data a field holds, `main` whom notes speak of,
    `about` which streams people draw on and `homes` which places do, `regional`
    which field holds the rows' region.
    """

    resource: Resource
    code_lists: Mapping[str, CodeList]
    roles: Mapping[str, Role]
    main: Role
    about: str
    homes: str
    regional: str | None = None
    places: tuple[Place, ...] = ()

    @property
    def familial(self) -> bool:
        """Tell whether relatives in a record are those of its person."""
        return self.about == PERSONS and HEAD in self.roles.values()

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

    def listed(self, field_id: str) -> CodeList | None:
        """Return the list that the field of an id names, if there are both."""
        field = self.resource.field(field_id)
        return None if field is None else self.code_list(field)


def settle(resource: Resource, code_lists: Mapping[str, CodeList]) -> Setting:
    """Work out what holds for a whole run."""
    roles = cast(resource.fields)
    named = (roles[field.id] for field in resource.fields if field.kind == "person_name")
    about, homes = _about(resource, roles)
    setting = Setting(resource, code_lists, roles, next(named, SUBJECT), about, homes)
    regional = [field for field in resource.fields if field.kind == "region"]
    regional.sort(key=lambda field: field.id != resource.region_field)
    if not regional:
        return setting._replace(places=places(code_lists.get(REGIONS)))
    listed = setting.code_list(regional[0])
    return setting._replace(regional=regional[0].id, places=places(listed))


def _about(resource: Resource, roles: Mapping[str, Role]) -> tuple[str, str]:
    """Return the streams, and those of places: the city's people's, a sort's, or its own."""
    subject = [field for field in resource.fields if roles[field.id] == SUBJECT]
    if any(field.kind in _PERSONAL for field in subject):
        return PERSONS, PERSONS
    if any(
        field.kind == "uscc" or (field.kind == "org_name" and not is_office(field))
        for field in subject
    ):
        sort = sort_of(resource, SUBJECT)
        return sort.streams, sort.homes
    return resource.code, resource.code


class Sheet:
    """One batch of rows from row `first`; what fields share is made once, when asked for.

    `city` holds the streams of the whole city by name.
    """

    def __init__(self, setting: Setting, city: Streams, first: int, count: int) -> None:
        self.setting, self.first, self.count = setting, first, count
        self.streams = city.below(setting.resource.code)
        self._city, self._base = city, city.below(setting.about)
        self._places: dict[str, Sequence[Place]] = {}
        self._people: dict[str, People] = {}
        self._organisations: dict[str, Organisations] = {}
        self._parts: dict[Callable[[Sheet], object], object] = {}

    @property
    def places(self) -> Sequence[Place]:
        """Where whom the rows are about is at home."""
        return self._places_of(self.setting.homes)

    def lasting(self, name: str) -> Draw:
        """Return a stream of whom the rows are about, the same one in each resource."""
        return self._base[name]

    def _places_of(self, homes: str) -> Sequence[Place]:
        if homes not in self._places:
            draw = self._city.below(homes)["place"]
            self._places[homes] = pick(draw, self.setting.places, self.count)
        return self._places[homes]

    def people(self, role: Role) -> People:
        """Return the people of a role, one to a row."""
        if self.setting.familial and role.name in KIN:
            return self.family.member(role.name)
        if role.name not in self._people:
            self._people[role.name] = People(self._base, role, self.places)
        return self._people[role.name]

    @cached_property
    def family(self) -> Family:
        """Families of the people whom the rows are about."""
        return Family(self._base, self.people(SUBJECT))

    def present(self, field: Field) -> list[bool] | None:
        """Tell for each row whether the person of a field exists; None: all do."""
        role = self.setting.roles[field.id]
        return self.family.present(role.name) if self.setting.familial else None

    def organisations(self, role: Role) -> Organisations:
        """Return the organisations of a role, one to a row."""
        sort = sort_of(self.setting.resource, role)
        shared = role in (SUBJECT, HOSPITAL)
        # Two roles may mean the same organisations, whose streams only one column may draw on.
        key = sort.streams if shared else role.name
        if key not in self._organisations:
            streams = self._city.below(sort.streams) if shared else self._base
            places = self._places_of(sort.homes) if shared else self.places
            name = SUBJECT.name if shared else role.name
            made = Organisations(streams.below(f"organisation {name}"), sort, places)
            self._organisations[key] = made
        return self._organisations[key]

    def part(self, make: Callable[["Sheet"], T]) -> T:
        """Return what several fields share besides, made once."""
        if make not in self._parts:
            self._parts[make] = make(self)
        return typed("T", self._parts[make])

    @cached_property
    def starts(self) -> list[int]:
        """Days on which the matters of the rows began, after whom they are about was born."""
        draw = self.streams["start"]
        firsts = [FIRST_DAY] * self.count
        for role in self._aged():
            firsts = list(map(max, firsts, self.people(role).births))
        return [first + int(draw() * (LAST_DAY - first + 1)) for first in firsts]

    def _aged(self) -> list[Role]:
        roles = self.setting.roles
        found = (roles[f.id] for f in self.setting.resource.fields if f.kind in _AGED)
        kin = KIN if self.setting.familial else ()
        return [role for role in dict.fromkeys(found) if role.name not in kin]
