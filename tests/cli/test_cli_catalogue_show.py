"""`sealgate catalogue show`: an entry with its fields and conditions, from any catalogue."""

from pathlib import Path

import pytest
import yaml

from gateway.cli.terminal import width
from tests.cli.command import PLAIN_RESOURCE, PUBLIC_RESOURCE, RESOURCE, Desk, call, done


def _lines(*arguments: object) -> tuple[dict[str, str], list[list[str]]]:
    """Return what the entry says by its English label, and the cells of its fields."""
    head, fields = done("catalogue", "show", *arguments).out.split("\n\n")
    labels = dict(line.split(" ", 1) for line in head.splitlines())
    told = {label: " ".join(rest.split()) for label, rest in labels.items()}
    rows = fields.splitlines()[2:]
    return told, [row.split() for row in rows]


def _source(desk: Desk, name: str) -> Path:
    return desk.authority / "trust" / "catalogue" / "resources" / name


def test_the_packaged_entry_is_shown_whole(desk: Desk) -> None:
    """Every field with title, type, kind and grade, in the order of the file."""
    told, rows = _lines(RESOURCE)
    entry = yaml.safe_load(_source(desk, "social-assistance.yaml").read_text("utf-8"))
    assert [row[:5] for row in rows] == [
        [one["id"], one["name"], one["type"], one.get("kind", "general"), one["grade"]]
        for one in entry["fields"]
    ]
    assert told["code"].endswith(RESOURCE)
    assert told["share"].endswith("conditional 有条件共享")
    assert told["condition"].endswith(entry["share"]["condition"])
    assert told["a"] == "grant needs 授权须有 an approval 提供部门审批"
    assert told["secrecy"].endswith(entry["secrecy_review"]["reference"])
    assert told["status"].endswith("active 在用")
    assert told["open"].endswith("none 不予开放")


def test_what_an_entry_does_not_say_has_no_line() -> None:
    """And what is shared without condition needs nothing."""
    told, _ = _lines(PUBLIC_RESOURCE)
    assert not {"condition", "basis", "departments", "a", "replaced"} & set(told)


def test_labels_stand_in_one_column() -> None:
    """Han characters take two columns."""
    head = done("catalogue", "show", RESOURCE).out.split("\n\n")[0]
    for line in head.splitlines():
        label, text = line[:26], line
        while width(label) > 26:
            label = label[:-1]
        assert label.endswith(" "), text


def test_the_catalogue_is_the_packaged_one_a_folder_or_a_nodes(desk: Desk) -> None:
    """An entry of ours is in the latter two only."""
    assert call("catalogue", "show", PLAIN_RESOURCE).code == "RESOURCE_UNCATALOGUED"
    folder = desk.authority / "trust" / "catalogue"
    for place in (("--catalogue", folder), ("--node", desk.provider)):
        told, rows = _lines(PLAIN_RESOURCE, *place)
        assert told["name"].endswith("各类型信息项")
        assert len(rows) == 10
    # A node goes by what it imported.
    entry = _source(desk, "plain.yaml")
    entry.write_text(entry.read_text("utf-8").replace("各类型信息项", "各类信息项"), "utf-8")
    assert _lines(PLAIN_RESOURCE, "--node", desk.provider)[0]["name"].endswith("各类型信息项")
    desk.share()
    assert _lines(PLAIN_RESOURCE, "--node", desk.provider)[0]["name"].endswith("各类信息项")


FORMS = {
    "text": "up to 40 characters, optional 可缺省, or null 可为空",
    "must": "up to 4 characters",
    "count": "optional 可缺省, or null 可为空",
    "amount": "8 digits, 2 behind the point, optional 可缺省",
    "day": "YYYY年MM月DD日 or 长期, optional 可缺省",
    "sex": "list sex, optional 可缺省",
    "blob": "up to 8 bytes, optional 可缺省",
}


def test_the_form_of_values_is_told(desk: Desk) -> None:
    """Length, digits, format, list, and whether there has to be a value."""
    _, rows = _lines(PLAIN_RESOURCE, "--node", desk.provider)
    forms = {row[0]: " ".join(row[5:]) for row in rows}
    assert {name: forms[name] for name in FORMS} == FORMS


CONDITIONS = [
    ("share: {class: unconditional}", "share: {class: none, basis: 某法}", "share", "不予共享"),
    ("agreement: true", "", "a", "a security agreement 安全协议"),
    ("secrecy_review: {", "#", "secrecy", "none: nothing can leave 无，不能提供"),
    ("grade: G1\npublished", "grade: G1\nstatus: stopped\npublished", "status", "stopped 已停用"),
    (
        "name: 必填, type: string",
        "name: 必填, type: string, cap: partial",
        "must",
        "at most partial 至多部分披露",
    ),
]


@pytest.mark.parametrize(("old", "new", "label", "end"), CONDITIONS)
def test_conditions_are_told(desk: Desk, old: str, new: str, label: str, end: str) -> None:
    """Whatever keeps the resource from leaving, or asks something of a grant."""
    entry = _source(desk, "plain.yaml")
    text = entry.read_text("utf-8").replace("tracing: 无}", "tracing: 无, agreement: true}")
    assert old in text
    entry.write_text(text.replace(old, new or old), "utf-8")
    told, rows = _lines(PLAIN_RESOURCE, "--catalogue", desk.authority / "trust" / "catalogue")
    told |= {row[0]: " ".join(row) for row in rows if row[0] == "must"}
    assert told[label].endswith(end)


def test_as_json_it_is_the_entry_as_it_is_written(desk: Desk) -> None:
    """With what the file leaves out spelled out."""
    entry = yaml.safe_load(_source(desk, "social-assistance.yaml").read_text("utf-8"))
    answer = done("catalogue", "show", RESOURCE, "--json").json
    assert answer["share"]["class"] == entry["share"]["class"]
    for key in ("code", "name", "classification", "provider", "use_requirements"):
        assert (
            answer[key].items() >= entry[key].items()
            if key == "classification"
            else (answer[key] == entry[key])
        )
    for shown, written in zip(answer["fields"], entry["fields"], strict=True):
        assert shown.items() >= written.items()
        assert shown["cap"] is None


def test_where_there_is_nothing_to_show_it_is_told(desk: Desk) -> None:
    """No such entry, no such folder, no trust data yet, or both places at once."""
    show = ("catalogue", "show", RESOURCE)
    assert call("catalogue", "show", "1/1", "--json").code == "RESOURCE_UNCATALOGUED"
    assert call(*show, "--catalogue", desk.folder / "nowhere").code == "CONFIGURATION_INVALID"
    assert call(*show, "--node", desk.folder).code == "CONFIGURATION_INVALID"
    assert call(*show, "--node", desk.provider, "--catalogue", desk.folder).status == 2
    (desk.provider / "trust" / "current").unlink()
    assert call(*show, "--node", desk.provider).code == "TRUST_STALE"
