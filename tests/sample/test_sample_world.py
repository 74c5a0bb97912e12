"""The packaged world: complete, well formed, and readable from inside an archive."""

import sys
import zipfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from subprocess import run

import pytest
import yaml
from stdnum.cn import uscc

from gateway import world
from gateway.founding import ROLES
from gateway.model.resource import FieldType, ShareClass
from gateway.model.trust import Catalogue
from gateway.sample.identifiers import body_check
from masking.grades import DEFAULT_SCHEME, Disclosure
from masking.kinds import KINDS
from masking.plan import make_plan
from masking.policy import Policy, read_policy

CIVIL_AFFAIRS = "11149900MB0C12002H"


@pytest.fixture(scope="module")
def departments(world_files: Mapping[str, bytes]) -> list[dict[str, str]]:
    """Read the departments of `world.yaml` as plain data."""
    found: list[dict[str, str]] = yaml.safe_load(world_files["world.yaml"])["departments"]
    return found


@pytest.fixture(scope="module")
def policy(world_files: Mapping[str, bytes]) -> Policy:
    """Read the policy of the provider."""
    name = f"policies/{CIVIL_AFFAIRS}.yaml"
    return read_policy(world_files[name], name)


def test_files_are_named_by_relative_paths_in_order(world_files: Mapping[str, bytes]) -> None:
    """Keys are relative POSIX paths; nothing of Python's own is among them."""
    names = list(world_files)
    assert names == sorted(names)
    assert {"world.yaml", "catalogue/grades.yaml", "catalogue/purposes.yaml"} < set(names)
    assert all(name.endswith(".yaml") and not name.startswith("/") for name in names)


def test_files_are_found_inside_an_archive(
    tmp_path: Path, world_files: Mapping[str, bytes]
) -> None:
    """No file of the world needs to lie on a disk of its own."""
    archive = tmp_path / "world.zip"
    folder = Path(world.__file__).parent
    with zipfile.ZipFile(archive, "w") as packed:
        for file in folder.rglob("*"):
            if file.suffix != ".pyc":
                packed.write(file, f"packed/{file.relative_to(folder)}")
    code = "import packed; print(len(packed.files()), sum(map(len, packed.files().values())))"
    done = run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(archive)},
        capture_output=True,
        text=True,
        check=True,
    )
    expected = [len(world_files), sum(map(len, world_files.values()))]
    assert list(map(int, done.stdout.split())) == expected


def test_departments_have_valid_codes(departments: list[dict[str, str]]) -> None:
    """Nine departments, one of each role, of government prefix and valid check digit."""
    assert [found["role"] for found in departments] == list(ROLES)
    assert len({found["id"] for found in departments}) == len(ROLES) == 9
    for department in departments:
        code = department["id"]
        assert uscc.is_valid(code)
        assert code.startswith("11")
        assert code[16] == body_check(code[8:16])
        assert department["region"] == code[2:8]


def test_there_is_one_issuer(world_files: Mapping[str, bytes]) -> None:
    """The issuer has an identifier and a name in two languages."""
    assert set(yaml.safe_load(world_files["world.yaml"])["issuer"]) == {"iss", "name", "name_en"}


def test_every_share_class_is_that_of_a_resource(catalogue: Catalogue) -> None:
    """All of them are reviewed; some ask for an agreement, most do not."""
    resources = list(catalogue.resources.values())
    assert {resource.share.share_class for resource in resources} == set(ShareClass)
    assert all(resource.secrecy_review is not None for resource in resources)
    assert 0 < sum(resource.protection.agreement for resource in resources) < len(resources) / 2


def test_limits_of_sharing_are_founded(
    catalogue: Catalogue, departments: list[dict[str, str]]
) -> None:
    """A limit has its legal basis; a dedicated resource names known departments."""
    known = {department["id"] for department in departments}
    for resource in catalogue.resources.values():
        if resource.share.share_class is not ShareClass.UNCONDITIONAL:
            assert resource.share.basis
        if resource.share.share_class is ShareClass.DEDICATED:
            assert resource.share.departments
            assert known > set(resource.share.departments)


def test_every_type_and_grade_occurs(catalogue: Catalogue) -> None:
    """The world shows each field type, each grade, and kinds that the masks know."""
    fields = [field for r in catalogue.resources.values() for field in r.fields]
    assert {field.type for field in fields} == {kind for kind in FieldType if len(kind) > 1}
    assert {field.grade for field in fields} == set(DEFAULT_SCHEME.ids)
    assert {field.kind for field in fields} <= set(KINDS)


def test_what_may_be_shared_can_be_sealed_whole(catalogue: Catalogue) -> None:
    """Fields that never leave stand in the resource that is not shared, and nowhere else."""
    for resource in catalogue.resources.values():
        refused = {"IMPORTANT", "CORE"} & {field.grade for field in resource.fields}
        assert bool(refused) == (resource.share.share_class is ShareClass.NONE)


def test_grades_are_the_default_scheme(catalogue: Catalogue) -> None:
    """The world's file has the default's grades and caps; above the level it shows G3 in part."""
    usual = [(grade.id, grade.cap, grade.core) for grade in DEFAULT_SCHEME.grades]
    assert [(grade.id, grade.cap, grade.core) for grade in catalogue.grades.grades] == usual
    assert catalogue.grades.grade("G3").above_level is Disclosure.PARTIAL


def test_the_policy_speaks_of_this_world(policy: Policy, catalogue: Catalogue) -> None:
    """Rules name resources, purposes and fields that the catalogue has."""
    assert policy.provider == CIVIL_AFFAIRS
    assert set(policy.pseudonyms.kinds) <= set(KINDS)
    for rule in policy.rules:
        match = rule.match
        assert set(match.resources or ()) <= set(catalogue.resources)
        assert set(match.purposes or ()) <= set(catalogue.purposes)
        fields = {f.id for r in match.resources or () for f in catalogue.resources[r].fields}
        assert set(match.fields or ()) <= fields


PLANNED = (
    ("medical-assistance", "G3", "name", "CLEAR"),
    ("medical-assistance", "G3", "resident_id", "LINKABLE"),
    ("medical-assistance", "G3", "birth_date", "PARTIAL"),
    ("medical-assistance", "G3", "visit_note", "PARTIAL"),
    ("medical-assistance", "G4", "bank_card", "NOTHING"),
    ("assistance-payment", "G4", "bank_card", "PARTIAL"),
    ("assistance-payment", "G3", "resident_id", "CLEAR"),
    ("assistance-payment", "G2", "resident_id", "LINKABLE"),
    ("open-statistics", "G4", "resident_id", "NOTHING"),
    ("open-statistics", "G4", "region", "CLEAR"),
)


@pytest.mark.parametrize(("purpose", "level", "field", "expected"), PLANNED)
def test_the_policy_tells_purposes_and_levels_apart(
    catalogue: Catalogue, policy: Policy, purpose: str, level: str, field: str, expected: str
) -> None:
    """The same field comes out differently for another purpose or a lower level."""
    resource = catalogue.resources["3070010010001/000001"]
    plan = make_plan(
        fields=resource.fields,
        scheme=catalogue.grades,
        level=level,
        policy=policy,
        requester="11149900MB0C13013W",
        purpose=purpose,
        resource=resource.code,
        at=date(2026, 12, 1),
    )
    (found,) = (planned for planned in plan.fields if planned.id == field)
    assert found.disclosure.name == expected


def test_what_is_public_by_law_goes_out_as_it_is(catalogue: Catalogue, policy: Policy) -> None:
    """The unconditional resource is clear to everybody at its own grade."""
    resource = catalogue.resources["3070010020001/000002"]
    plan = make_plan(
        fields=resource.fields,
        scheme=catalogue.grades,
        level=resource.grade,
        policy=policy,
        requester="11149900MB0C140248",
        purpose="organisation-supervision",
        resource=resource.code,
        at=date(2026, 12, 1),
    )
    assert {planned.disclosure for planned in plan.fields} == {Disclosure.CLEAR}
