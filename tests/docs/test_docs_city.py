"""The page about the packaged city lists what is in it."""

import re
from pathlib import Path

from gateway.founding import WorldDepartment, read_world
from gateway.model.trust import Catalogue
from gateway.testing import MemoryCity
from gateway.world import files
from masking.policy import read_policy

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "city.md").read_text("utf-8")


def rows(section: str) -> dict[str, list[str]]:
    """Return the cells of a section's table by the first of each row."""
    (text,) = re.findall(rf"^## {section} .*?$(.*?)(?=^## |\Z)", PAGE, re.M | re.S)
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return {cells[0]: cells[1:] for cells in lines[1:]}


def catalogue() -> Catalogue:
    """Return the city's catalogue."""
    return MemoryCity().catalogue


def test_every_department_is_listed_with_its_policy() -> None:
    """By the role that names its folder."""
    world: dict[str, WorldDepartment] = {one.role: one for one in read_world().departments}
    listed = rows("Departments")
    assert set(listed) == set(world)
    for role, (code, name, policy, rules, lifetime) in listed.items():
        held = read_policy(files()[f"policies/{code}.yaml"], code)
        assert code == world[role].id
        assert name == f"{world[role].name} {world[role].name_en}"
        assert policy.startswith(f"{held.id} v{held.version}, ")
        assert policy.endswith(held.pseudonyms.scope)
        assert (rules, lifetime) == (str(len(held.rules)), f"{held.sealing.lifetime_hours} h")


def test_every_resource_is_listed_with_its_classes() -> None:
    """By its code."""
    resources = catalogue().resources
    listed = rows("Resources")
    assert set(listed) == set(resources)
    for code, (title, file, provider, _, share, opened, grade, fields) in listed.items():
        resource = resources[code]
        assert title == f"{resource.name} {resource.name_en}"
        assert f"catalogue/resources/{file}" in files()
        assert resource.provider.name in provider
        assert share.startswith(resource.share.share_class)
        assert opened.startswith(resource.open.open_class)
        assert (grade, fields) == (resource.grade, str(len(resource.fields)))


def test_every_purpose_and_code_list_is_listed() -> None:
    """By its id, with its scenarios or the number of its codes."""
    held = catalogue()
    purposes = rows("Purposes")
    assert set(purposes) == set(held.purposes)
    for name, (_, scenarios) in purposes.items():
        assert scenarios.split("、") == [*"、".join(held.purposes[name].scenarios).split("、")]
    lists = rows("Code lists")
    assert set(lists) == set(held.code_lists)
    for name, (title, _, codes) in lists.items():
        assert (title, int(codes)) == (held.code_lists[name].name, len(held.code_lists[name].codes))
