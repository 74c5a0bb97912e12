"""The packaged catalogue covers what a city shares, with all that the guide asks of an entry."""

import re
from collections import Counter
from collections.abc import Iterator

import pytest
import yaml

from gateway.errors import ResourceStoppedError
from gateway.grants.claims import AuthorizationDetail
from gateway.model.resource import (
    TYPE_LETTERS,
    FieldType,
    OpenClass,
    Resource,
    ShareClass,
    Status,
)
from gateway.sharing import find_resource
from gateway.world import catalogue_files
from masking.kinds import KINDS
from tests.cli.command import call
from tests.gateway.packaged_world import departments, packaged

# What the guide calls the class of an entry, with the digit that its code begins with.
CLASSES = {"基础信息资源": "1", "主题信息资源": "2", "部门信息资源": "3"}
LIBRARIES = ("人口", "法人单位", "公共信用", "宏观经济", "空间地理", "电子证照")
THEMES = ("社会救助", "医疗健康")
# Class, item, detail and what is below it, a stroke, a number in order.
CODE = re.compile(r"([123])([0-9]{2})[0-9]{3}[0-9]{7}/[0-9]{6}")


def _resources() -> Iterator[Resource]:
    return iter(packaged().resources.values())


def _raw() -> dict[str, dict[str, object]]:
    """Return the entries as they are written, by file."""
    return {
        name.removeprefix("resources/"): yaml.safe_load(content)
        for name, content in catalogue_files().items()
        if name.startswith("resources/")
    }


def test_the_city_has_enough_to_share() -> None:
    """At least sixteen resources, at least one of each department."""
    assert len(packaged().resources) >= 16
    providers = Counter(resource.provider.department for resource in _resources())
    assert set(providers) == {one.id for one in departments().values()}


@pytest.mark.parametrize("library", LIBRARIES)
def test_every_base_library_has_a_resource(library: str) -> None:
    """The six of the regulations."""
    assert any(
        resource.classification.category == "基础信息资源"
        and resource.classification.item == library
        for resource in _resources()
    )


@pytest.mark.parametrize("theme", THEMES)
def test_every_theme_has_a_resource(theme: str) -> None:
    """Social assistance and health care."""
    assert any(
        resource.classification.category == "主题信息资源" and resource.classification.item == theme
        for resource in _resources()
    )


def test_codes_spell_the_classification() -> None:
    """The first digit is the class, the next two the item: one number for each name."""
    items: dict[str, str] = {}
    for resource in _resources():
        found = CODE.fullmatch(resource.code)
        assert found
        assert found[1] == CLASSES[resource.classification.category]
        item = f"{resource.classification.category}/{resource.classification.item}"
        assert items.setdefault(item, found[1] + found[2]) == found[1] + found[2]
    assert len(set(items.values())) == len(items)


def test_every_share_class_and_open_class_occurs() -> None:
    """So that each can be shown."""
    assert {resource.share.share_class for resource in _resources()} == set(ShareClass)
    assert {resource.open.open_class for resource in _resources()} == set(OpenClass)


def test_what_is_not_shared_is_not_open() -> None:
    """Nor is anything open that holds more than the lower grades."""
    for resource in _resources():
        if resource.share.share_class is not ShareClass.UNCONDITIONAL:
            assert resource.open.open_class is OpenClass.NONE


def test_every_type_and_letter_and_most_kinds_occur() -> None:
    """Each type of a field, most kinds of values, each letter of the guide."""
    fields = [field for resource in _resources() for field in resource.fields]
    assert {field.type for field in fields} == {kind for kind in FieldType if len(kind) > 1}
    held = {field.kind for field in fields}
    assert held <= set(KINDS)
    assert len(held) >= 24
    written = {field["type"] for entry in _raw().values() for field in entry["fields"]}  # type: ignore[attr-defined]  # a list
    assert set(TYPE_LETTERS) <= written


def test_entries_say_all_that_the_guide_asks() -> None:
    """Names in two languages, provider, source, update, protection, review, and limits with why."""
    names = {one.id: one.name for one in departments().values()}
    for resource in _resources():
        assert resource.name_en
        assert all(field.name_en for field in resource.fields)
        assert resource.provider.name == names[resource.provider.department]
        assert resource.secrecy_review is not None
        assert resource.secrecy_review.date < resource.published
        share = resource.share
        if share.share_class is not ShareClass.UNCONDITIONAL:
            assert share.basis
            assert "《" in share.basis
        if share.share_class in (ShareClass.CONDITIONAL, ShareClass.DEDICATED):
            assert share.condition
            assert share.review_by
        assert bool(share.mode) == (share.share_class is not ShareClass.NONE)


def test_regions_are_said_by_a_field() -> None:
    """Every entry has one that a grant can be limited by."""
    for resource in _resources():
        field = resource.field(resource.region_field or "")
        assert field is not None
        assert field.code_list == "region"


def test_dedicated_resources_name_departments_of_the_city() -> None:
    """And never the provider itself."""
    known = {one.id for one in departments().values()}
    for resource in _resources():
        assert set(resource.share.departments) < known - {resource.provider.department}


def test_code_lists_are_used_and_named_by_their_source() -> None:
    """National ones by number: sex, ethnic groups, divisions, family relationships."""
    lists = packaged().code_lists
    used = {field.code_list for resource in _resources() for field in resource.fields}
    assert set(lists) <= used
    for name, standard in (
        ("sex", "GB/T 2261.1"),
        ("marital-status", "GB/T 2261.2"),
        ("ethnicity", "GB/T 3304"),
        ("region", "GB/T 2260"),
        ("family-relation", "GB/T 4761"),
        ("industry", "GB/T 4754"),
        ("land-use", "GB/T 21010"),
    ):
        assert lists[name].source.startswith(standard)


def test_all_ethnic_groups_are_listed() -> None:
    """Fifty-six, numbered through."""
    codes = {code.code for code in packaged().code_lists["ethnicity"].codes}
    assert {f"{number:02d}" for number in range(1, 57)} <= codes


def test_divisions_are_of_three_levels() -> None:
    """A province, its cities, their counties; each county's city is listed."""
    codes = {code.code for code in packaged().code_lists["region"].codes}
    cities = {code for code in codes if code.endswith("00") and not code.endswith("0000")}
    counties = {code for code in codes if not code.endswith("00")}
    assert len(cities) > 10
    assert len(counties) > 100
    assert {code[:4] + "00" for code in counties} <= cities
    assert {code[:2] + "0000" for code in codes} <= codes


def test_purposes_have_scenarios_and_a_basis() -> None:
    """More than one scenario each, and a law that is named."""
    assert len(packaged().purposes) >= 12
    for purpose in packaged().purposes.values():
        assert purpose.name_en
        assert "《" in purpose.basis
        assert len(purpose.scenarios) > 1


def _detail(resource: Resource) -> AuthorizationDetail:
    return AuthorizationDetail(
        type="gov-data-share",
        resource=resource.code,
        fields=(resource.fields[0].id,),
        purpose="medical-assistance",
        scenario="-",
        level="G4",
        legal_basis="-",
        actions=("read",),
        modes=("interface",),
    )


def test_one_resource_is_replaced_by_another() -> None:
    """Who asks for the old one is told the new one, which is in use and of the same department."""
    (old,) = (resource for resource in _resources() if resource.status is not Status.ACTIVE)
    assert old.status is Status.REPLACED
    new = packaged().resources[str(old.replaced_by)]
    assert new.status is Status.ACTIVE
    assert new.provider == old.provider
    requester = departments()["provider"].id
    with pytest.raises(ResourceStoppedError, match=new.code):
        find_resource(old.code, old.provider.department, requester, _detail(old), packaged())


def test_the_catalogue_passes_its_own_check(tmp_path_factory: pytest.TempPathFactory) -> None:
    """By the command that a department would use."""
    folder = tmp_path_factory.mktemp("catalogue")
    for name, content in catalogue_files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    answer = call("catalogue", "check", folder, "--json")
    assert answer.status == 0, answer.err
    assert answer.json["resources"] == len(packaged().resources)
