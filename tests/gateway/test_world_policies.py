"""Each department has a policy of its own, which holds and differs from the others."""

from datetime import date
from pathlib import Path

import pytest

from gateway.founding import ROLES
from gateway.world import catalogue_files, files
from masking.operators.pseudonym import Pseudonym
from masking.plan import FieldPlan, make_plan
from tests.cli.command import call
from tests.gateway.packaged_world import departments, packaged, policy

TODAY = date(2026, 11, 20)
SETTLEMENTS, POPULATION = "2010010010001/000001", "1010010010001/000001"
FAMILIES, ENROLMENT = "1010020010001/000002", "2020010010001/000001"
BUSINESSES, VEHICLES = "1020010010001/000001", "3030010010001/000001"
INSURED, ILL = "3080010010001/000001", "2020030010001/000004"
PARCELS, HOMES = "1050010010001/000001", "3090010010001/000001"
CERTIFICATES, DEBTORS = "1060010010001/000001", "1030020010001/000002"


def test_every_department_has_one() -> None:
    """Under its own code, and nobody else has."""
    named = {name for name in files() if name.startswith("policies/")}
    assert named == {f"policies/{one.id}.yaml" for one in departments().values()}


@pytest.mark.parametrize("role", ROLES)
def test_it_speaks_of_this_city(role: str) -> None:
    """Provider, resources, fields, purposes and requesters are those of the catalogue."""
    assert policy(role).provider == departments()[role].id
    known = {one.id for one in departments().values()}
    for rule in policy(role).rules:
        match = rule.match
        assert set(match.requesters or ()) <= known - {policy(role).provider}
        assert set(match.purposes or ()) <= set(packaged().purposes)
        resources = [packaged().resources[code] for code in match.resources or ()]
        assert all(one.provider.department == policy(role).provider for one in resources)
        held = {field.id for one in resources for field in one.fields}
        assert set(match.fields or ()) <= held


@pytest.mark.parametrize("role", ROLES)
def test_the_command_finds_no_fault(role: str, catalogue_folder: Path, tmp_path: Path) -> None:
    """With the catalogue beside it."""
    path = tmp_path / "policy.yaml"
    path.write_bytes(files()[f"policies/{departments()[role].id}.yaml"])
    answer = call("policy", "check", path, "--catalogue", catalogue_folder)
    assert answer.status == 0, answer.err


@pytest.fixture(scope="module")
def catalogue_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the packaged catalogue to a folder."""
    folder = tmp_path_factory.mktemp("catalogue")
    for name, content in catalogue_files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def test_several_have_rules_with_a_basis_and_an_end() -> None:
    """In force on the day that documents speak of, and over some day."""
    having = []
    for role in ROLES:
        licensed = [rule for rule in policy(role).rules if rule.licensed]
        assert all(rule.until is not None and rule.until < date(2031, 1, 1) for rule in licensed)
        if any(rule.in_force(TODAY) and "《" in str(rule.basis) for rule in licensed):
            having.append(role)
    assert len(having) >= 4


def test_rules_do_not_all_end_on_one_day() -> None:
    """So that a plan's last day differs."""
    ends = {rule.until for role in ROLES for rule in policy(role).rules if rule.until}
    assert len(ends) >= 4


def test_policies_differ() -> None:
    """In defaults, pseudonyms, rules and how they seal."""
    policies = [policy(role) for role in ROLES]
    for part in ("defaults", "rules"):
        found = [getattr(one, part) for one in policies]
        assert all(found.index(each) == index for index, each in enumerate(found))
    assert len({one.pseudonyms.scope for one in policies}) > 1
    assert len({one.sealing.lifetime_hours for one in policies}) > 3
    assert len({one.sealing.suites for one in policies}) > 1


def _planned(
    provider: str, code: str, field: str, purpose: str, requester: str, level: str
) -> FieldPlan:
    resource = packaged().resources[code]
    plan = make_plan(
        fields=resource.fields,
        scheme=packaged().grades,
        level=level,
        policy=policy(provider),
        requester=departments()[requester].id,
        purpose=purpose,
        resource=code,
        at=TODAY,
    )
    (found,) = (planned for planned in plan.fields if planned.id == field)
    return found


# Provider, resource, field, purpose, requester, level; what comes out of it.
PLANNED = (
    ("public-security", POPULATION, "name", "medical-assistance", "requester", "G2", "CLEAR"),
    ("public-security", POPULATION, "name", "land-use-planning", "requester", "G2", "PARTIAL"),
    ("public-security", POPULATION, "resident_id", "medical-assistance", "requester", "G3",
     "LINKABLE"),
    ("public-security", POPULATION, "resident_id", "identity-verification", "requester", "G3",
     "CLEAR"),
    ("public-security", POPULATION, "life_status", "medical-assistance", "requester", "G2",
     "CLEAR"),
    ("public-security", POPULATION, "photo", "identity-verification", "requester", "G4", "NOTHING"),
    ("public-security", FAMILIES, "spouse_name", "family-verification", "requester", "G2", "CLEAR"),
    ("public-security", FAMILIES, "household_number", "medical-assistance", "requester", "G3",
     "LINKABLE"),
    ("public-security", VEHICLES, "plate", "household-economy-check", "provider", "G2", "CLEAR"),
    ("public-security", VEHICLES, "plate", "household-economy-check", "health", "G2", "PARTIAL"),
    ("requester", SETTLEMENTS, "total_cost", "temporary-assistance", "provider", "G2", "CLEAR"),
    ("requester", SETTLEMENTS, "total_cost", "fund-supervision", "provider", "G2", "PARTIAL"),
    ("requester", SETTLEMENTS, "diagnosis_code", "temporary-assistance", "provider", "G4",
     "NOTHING"),
    ("requester", SETTLEMENTS, "diagnosis_code", "public-health", "health", "G4", "CLEAR"),
    ("requester", SETTLEMENTS, "diagnosis_code", "public-health", "health", "G3", "NOTHING"),
    ("requester", SETTLEMENTS, "note", "temporary-assistance", "provider", "G3", "PARTIAL"),
    ("requester", ENROLMENT, "resident_id", "fund-supervision", "human-resources", "G3", "CLEAR"),
    ("outsider", BUSINESSES, "legal_representative", "credit-supervision", "health", "G2", "CLEAR"),
    ("outsider", BUSINESSES, "landline", "certificate-exemption", "health", "G2", "PARTIAL"),
    ("outsider", BUSINESSES, "landline", "credit-supervision", "health", "G2", "CLEAR"),
    ("outsider", BUSINESSES, "uscc", "economic-monitoring", "statistics", "G1", "LINKABLE"),
    ("human-resources", INSURED, "wage_base", "household-economy-check", "provider", "G3",
     "PARTIAL"),
    ("human-resources", INSURED, "wage_base", "social-insurance-service", "requester", "G3",
     "CLEAR"),
    ("human-resources", DEBTORS, "legal_id", "credit-supervision", "outsider", "G3", "LINKABLE"),
    ("human-resources", DEBTORS, "legal_representative", "credit-supervision", "outsider", "G2",
     "CLEAR"),
    ("health", ILL, "diagnosis_code", "public-health", "requester", "G4", "CLEAR"),
    ("health", ILL, "systolic", "public-health", "requester", "G4", "NOTHING"),
    ("natural-resources", PARCELS, "centre", "land-use-planning", "outsider", "G4", "CLEAR"),
    ("natural-resources", PARCELS, "centre", "credit-supervision", "outsider", "G4", "NOTHING"),
    ("natural-resources", HOMES, "price", "household-economy-check", "provider", "G4", "NOTHING"),
    ("natural-resources", HOMES, "owner_id", "household-economy-check", "provider", "G3", "CLEAR"),
    ("data-bureau", CERTIFICATES, "file", "certificate-exemption", "outsider", "G4", "CLEAR"),
    ("data-bureau", CERTIFICATES, "file", "identity-verification", "outsider", "G4", "NOTHING"),
)  # fmt: skip


@pytest.mark.parametrize("case", PLANNED, ids=lambda case: " ".join(case[:1] + case[2:6]))
def test_purpose_requester_and_level_are_told_apart(case: tuple[str, ...]) -> None:
    """The same field comes out differently for another of them."""
    *asked, expected = case
    provider, code, field, purpose, requester, level = asked
    assert _planned(provider, code, field, purpose, requester, level).disclosure.name == expected


def test_a_patient_is_known_again_across_purposes_where_the_policy_says_so() -> None:
    """Health gives one pseudonym to a department, public security one to a purpose."""
    asked = ("resident_id", "fund-supervision", "requester", "G3")
    assert _planned("health", ILL, *asked).treatment == Pseudonym(scope="requester")
    asked = ("resident_id", "medical-assistance", "requester", "G3")
    assert _planned("public-security", POPULATION, *asked).treatment == Pseudonym()
