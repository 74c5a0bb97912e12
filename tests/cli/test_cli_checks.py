"""`catalogue check` and `policy check` tell every fault at once, with file, line and column."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway import world
from masking.errors import PolicyInvalidError
from masking.policy import read_policy
from tests.cli.command import PROVIDER, Answer, call, done

PLACE = re.compile(r"^  (\S+?\.yaml):([0-9]+):([0-9]+): (.+) — (.+)$", re.MULTILINE)
CHINESE = re.compile(r"[\u4e00-\u9fff].*——.*[\u4e00-\u9fff]")


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    """Write the packaged catalogue to a folder."""
    folder = tmp_path / "catalogue"
    for name, content in world.catalogue_files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def _edit(path: Path, old: str, new: str) -> tuple[int, int]:
    """Replace a text; return line and column where it begins."""
    text = path.read_text("utf-8")
    assert text.count(old) == 1, old
    before = text[: text.index(old)]
    path.write_text(text.replace(old, new), "utf-8")
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _places(answer: Answer) -> list[tuple[str, int, int]]:
    return [(m[1], int(m[2]), int(m[3])) for m in PLACE.finditer(answer.err)]


def test_a_catalogue_without_fault_is_counted(catalogue: Path) -> None:
    """With `--json` as an object."""
    assert "23 resources" in done("catalogue", "check", catalogue).out
    assert done("catalogue", "check", catalogue, "--json").json["resources"] == 23


# What is edited: (file, text, its replacement, text from which the fault is counted).
FAULTS = {
    "unknown key": ("resources/adoption.yaml", "format: 数据库", "formt: 数据库", "formt"),
    "wrong type": (
        "resources/adoption.yaml",
        "published: 2026-03-16",
        "published: last March",
        "last March",
    ),
    "norway": ("code-lists/sex.yaml", "id: sex", "id: [sex]", "[sex]"),
    "grade": ("resources/adoption.yaml", "grade: CORE\npublished", "grade: G9\npublished", "G9"),
    "grade below": (
        "resources/social-assistance.yaml",
        "grade: G4\npublished",
        "grade: G1\npublished",
        "G1\n",
    ),
    "code list": (
        "resources/social-assistance.yaml",
        "code_list: marital-status",
        "code_list: marital",
        "marital,",
    ),
    "related": (
        "resources/social-organisations.yaml",
        "related: [3070010010001/000001]",
        "related: [3070010010001/000009]",
        "3070010010001/000009",
    ),
    "region field": (
        "resources/adoption.yaml",
        "region_field: region",
        "region_field: remark",
        "remark\n",
    ),
    "unknown kind": (
        "resources/adoption.yaml",
        "kind: geo_point, grade: IMPORTANT",
        "kind: geo_pint, grade: IMPORTANT",
        "geo_pint",
    ),
    "two ids": (
        "resources/adoption.yaml",
        "id: adopter_mobile, name",
        "id: adopter_id, name",
        "adopter_id, name: 收养人手机",
    ),
    "scale": (
        "resources/social-assistance.yaml",
        "precision: 10, scale: 2",
        "precision: 1, scale: 2",
        "2}",
    ),
    "length of a date": (
        "resources/adoption.yaml",
        "name_en: registered on, type: date,",
        "name_en: registered on, type: date, length: 8,",
        "8,",
    ),
    "date format": (
        "resources/adoption.yaml",
        "grade: G2, format: YYYYMMDD",
        "grade: G2, format: DDMMYYYY",
        "DDMMYYYY",
    ),
    "no legal basis": (
        "resources/marriage-registration.yaml",
        "  class: dedicated",
        "  class: conditional",
        "",
    ),
    "replaced by nothing": (
        "resources/adoption.yaml",
        "region_field: region",
        "status: replaced\nregion_field: region",
        "replaced\n",
    ),
    "two codes": ("code-lists/sex.yaml", "code: '9'", "code: '1'", "'1', name: 未说明"),
    "id of six digits": (
        "resources/adoption.yaml",
        "id: certificate_number",
        "id: a123456",
        "a123456",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_of_a_catalogue_is_told_at_its_place(catalogue: Path, name: str) -> None:
    """And nothing else is, in English and Chinese with what to write instead."""
    file, old, new, mark = FAULTS[name]
    _edit(catalogue / file, old, new)
    answer = call("catalogue", "check", catalogue)
    assert answer.code == "CATALOGUE_INVALID"
    places = _places(answer)
    assert {place[0] for place in places} == {file}, answer.err
    assert len(places) <= 2
    assert len(CHINESE.findall(answer.err)) >= len(places)
    if mark:
        text = (catalogue / file).read_text("utf-8")
        at = text.index(new) + new.index(mark) if mark in new else text.index(mark)
        before = text[:at]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        assert (file, line, column) in places, (answer.err, line, column)


def test_all_faults_of_all_files_are_told_at_once(catalogue: Path) -> None:
    """Sorted by file and line; the first stands in the refusal, the total too."""
    resources = catalogue / "resources"
    _edit(resources / "adoption.yaml", "published: 2026-03-16", "published: 2026-02-30")
    _edit(resources / "adoption.yaml", "update_cycle: 每日", "update_circle: 每日")
    _edit(catalogue / "purposes.yaml", "purposes:", "purpose:")
    _edit(catalogue / "grades.yaml", "id: GB/T", "idd: GB/T")
    answer = call("catalogue", "check", catalogue, "--json")
    assert answer.code == "CATALOGUE_INVALID"
    places = _places(answer)
    assert places == sorted(places)
    assert {place[0] for place in places} == {
        "grades.yaml",
        "purposes.yaml",
        "resources/adoption.yaml",
    }
    assert len(answer.json["fields"]) == len(places)
    assert answer.json["fields"][0]["field"] == ":".join(map(str, places[0]))
    assert answer.json["message"].startswith(
        f"{len(places)} faults in 3 files; the first: grades.yaml:"
    )


def test_each_fault_is_printed_once(catalogue: Path, policy: Path) -> None:
    """The last lines only count; a program that sees no report is told the first fault."""
    _edit(catalogue / "resources" / "adoption.yaml", "published: 2026-03-16", "published: soon")
    _edit(catalogue / "grades.yaml", "id: GB/T", "idd: GB/T")
    answer = call("catalogue", "check", catalogue, "--json")
    assert answer.err.splitlines()[-2:] == [
        "拒绝：2 个文件共 2 处错误，见上",
        "refused: CATALOGUE_INVALID: 2 faults in 2 files, see above",
    ]
    assert len(answer.err.splitlines()) == 4
    assert answer.json["message"].startswith("2 faults in 2 files; the first: grades.yaml:")
    assert answer.json["message_zh"].startswith("2 个文件共 2 处错误；第一处：grades.yaml:")
    _edit(policy, "version: 1\n", "version: one\n")
    answer = call("policy", "check", policy)
    assert len(answer.err.splitlines()) == 3
    assert answer.err.splitlines()[1:] == [
        "拒绝：共 1 处错误，见上",
        "refused: POLICY_INVALID: 1 fault, see above",
    ]
    with pytest.raises(PolicyInvalidError, match=r"^POLICY_INVALID: 1 fault; the first: p\.yaml:"):
        read_policy(policy.read_bytes(), "p.yaml")


def test_faults_that_are_not_listed_are_counted(catalogue: Path) -> None:
    """A file of nonsense has more than anybody reads."""
    text = "".join(f"key_{number}: x\n" for number in range(1500))
    (catalogue / "purposes.yaml").write_text(text, "utf-8")
    lines = call("catalogue", "check", catalogue).err.splitlines()
    assert lines[-3:] == [
        "  … 1501 in all 共 1501 处",
        "拒绝：共 1501 处错误，见上",
        "refused: CATALOGUE_INVALID: 1,501 faults, see above",
    ]


def test_what_leans_on_a_broken_file_is_not_faulted_for_it(catalogue: Path) -> None:
    """One slip in a code list, a scheme or an entry is one fault, not a hundred."""
    for file, old, new in (
        ("code-lists/region.yaml", "source: ", "sauce: "),
        ("grades.yaml", "id: GB/T", "idd: GB/T"),
        ("resources/social-assistance.yaml", "published: ", "publish: "),
    ):
        broken = catalogue.with_name("broken")
        shutil.copytree(catalogue, broken)
        _edit(broken / file, old, new)
        places = _places(call("catalogue", "check", broken))
        assert {place[0] for place in places} == {file}
        assert len(places) <= 2
        shutil.rmtree(broken)


def _gone(path: Path) -> None:
    path.unlink()


def _twice(path: Path) -> None:
    path.with_name("again.yaml").write_bytes(path.read_bytes())


def _empty(path: Path) -> None:
    path.write_bytes(b"")


ACROSS: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "no purposes": (_gone, "purposes.yaml", "purposes.yaml:1:1: the file is missing"),
    "an entry twice": (_twice, "resources/adoption.yaml", "stands in resources/adoption.yaml too"),
    "a list twice": (_twice, "code-lists/sex.yaml", "stands in code-lists/again.yaml too"),
    "a list gone": (_gone, "code-lists/sex.yaml", "there is no code list"),
    "an empty file": (_empty, "code-lists/sex.yaml", "code-lists/sex.yaml:1:1"),
}


@pytest.mark.parametrize("name", ACROSS)
def test_faults_across_files_are_found(catalogue: Path, name: str) -> None:
    """What one file says of another."""
    change, file, text = ACROSS[name]
    change(catalogue / file)
    answer = call("catalogue", "check", catalogue)
    assert answer.code == "CATALOGUE_INVALID"
    assert text in answer.err


def test_a_folder_that_is_no_catalogue_is_refused(tmp_path: Path) -> None:
    """An empty one, a missing one, a file."""
    assert call("catalogue", "check", tmp_path).code == "CATALOGUE_INVALID"
    assert call("catalogue", "check", tmp_path / "no").code == "CONFIGURATION_INVALID"
    (tmp_path / "file").write_bytes(b"")
    assert call("catalogue", "check", tmp_path / "file").code == "CONFIGURATION_INVALID"


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """Write the packaged policy to a file."""
    path = tmp_path / "policy.yaml"
    path.write_bytes(world.files()[f"policies/{PROVIDER}.yaml"])
    return path


def test_a_policy_without_fault_is_named(policy: Path) -> None:
    """With id, version and number of rules."""
    assert done("policy", "check", policy, "--json").json == {
        "policy": "civil-affairs-default",
        "version": 1,
        "rules": 5,
    }


def test_all_faults_of_a_policy_are_told_at_once(policy: Path) -> None:
    """Unknown keys, operators and kinds, and what a rule lacks, each at its line."""
    lines = {
        _edit(policy, "version: 1", "version: one")[0],
        _edit(policy, "G2: partial", "G2: partly")[0],
        _edit(policy, "{op: bucket, width: 1000}", "{op: bucket, width: 0}")[0],
        _edit(policy, "  scope: requester+purpose", "  scop: requester+purpose")[0],
        _edit(policy, "    treatment: {op: keep,", "    treatment: {op: keeep,")[0],
    }
    answer = call("policy", "check", policy, "--json")
    assert answer.code == "POLICY_INVALID"
    assert lines <= {int(fault["field"].split(":")[-2]) for fault in answer.json["fields"]}
    assert all(str(policy) in fault["field"] for fault in answer.json["fields"])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\xff\xfe", "UTF-8"),
        (b"\xef\xbb\xbfpolicy: a\n", "byte order mark"),
        (b"policy: !!python/object:os.system a\n", "tag"),
        (b"a: &a [*a]\n", "alias"),
        (b"[" * 5000, "deep"),
        (b"policy: a\npolicy: b\n", "second time"),
        (b"policy: a\n---\npolicy: b\n", "second document"),
        (b"policy: \x00\n", "invisible"),
    ],
)
def test_hostile_policies_get_a_clear_refusal(policy: Path, content: bytes, words: str) -> None:
    """None is expanded, constructed or followed."""
    policy.write_bytes(content)
    answer = call("policy", "check", policy)
    assert answer.code == "POLICY_INVALID"
    assert words in answer.err


def test_a_policy_that_cannot_be_read_is_wrong_use(policy: Path) -> None:
    """Missing, a folder, or larger than any policy."""
    assert call("policy", "check", policy.with_name("no.yaml")).status == 2
    assert call("policy", "check", policy.parent).status == 2
    with policy.open("wb") as file:
        file.truncate(5 * 1024 * 1024)
    assert call("policy", "check", policy).status == 2


def test_a_rule_that_names_nothing_is_a_fault_beside_a_catalogue(
    catalogue: Path, tmp_path: Path
) -> None:
    """A mistyped restriction would never apply; the packaged policy names what there is."""
    file = tmp_path / "policy.yaml"
    name = f"policies/{PROVIDER}.yaml"
    file.write_bytes(world.files()[name])
    assert done("policy", "check", file, "--catalogue", catalogue)
    places = [
        _edit(file, "[name, resident_id, birth_date]", "[name, resident_ld, birth_date]"),
        _edit(file, "purposes: [open-statistics]", "purposes: [open-statistic]"),
    ]
    answer = call("policy", "check", file, "--catalogue", catalogue)
    assert answer.status == 3
    assert [place[1] for place in _places(answer)] == [line for line, _ in places]
    assert "did you mean 'resident_id'?" in answer.err
    assert "did you mean 'open-statistics'?" in answer.err
    assert done("policy", "check", file)


def test_names_are_held_against_a_catalogue_beside_other_faults(
    catalogue: Path, tmp_path: Path
) -> None:
    """What breaks the schema does not hide a rule that names nothing."""
    file = tmp_path / "policy.yaml"
    file.write_bytes(world.files()[f"policies/{PROVIDER}.yaml"])
    places = [
        _edit(file, "version: 1\n", "version: one\n"),
        _edit(file, "purposes: [open-statistics]", "purposes: [open-statistic]"),
    ]
    answer = call("policy", "check", file, "--catalogue", catalogue)
    assert answer.code == "POLICY_INVALID"
    assert [place[1] for place in _places(answer)] == [line for line, _ in places]
