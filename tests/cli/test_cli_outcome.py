"""How the command ends: exit status, last line, JSON, and output that never breaks."""

import io
import json
import os
import subprocess
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.cli import main as command
from gateway.cli.terminal import fit, one_line, progress, table, width
from gateway.errors import RequestMalformedError
from tests.cli.command import (
    COMMAND,
    PUBLIC_ROW,
    REQUESTER,
    RESOURCE,
    ROW,
    Desk,
    call,
    done,
    environment,
    spawn,
)

HELP = [
    (),
    ("demo",),
    ("init",),
    *(("trust", name) for name in ("export", "import")),
    *(("keys", name) for name in ("new", "list", "rotate", "retire", "public", "passwd")),
    *(("grant", name) for name in ("issue", "inspect", "revoke")),
    ("block",),
    ("unblock",),
    ("catalogue", "check"),
    ("policy", "check"),
    ("sample",),
    ("explain",),
    ("seal",),
    ("open",),
    ("envelope", "inspect"),
]


@pytest.mark.parametrize("words", HELP, ids=" ".join)
def test_every_command_explains_itself(words: tuple[str, ...]) -> None:
    """In English and Chinese, on standard output; called bare it is wrong use."""
    answer = call(*words, "--help")
    assert answer.status == 0
    assert any("\u4e00" <= char <= "\u9fff" for char in answer.out)
    if words not in ((), ("demo",)):
        assert call(*words).status == 2


def test_the_help_names_every_command() -> None:
    """The list of modules to load leaves none out."""
    text = call("--help").out
    assert all(name in text for name in command._HOMES)


@pytest.mark.parametrize("words", [(), ("seel",), ("seal", "--node"), ("--node", "x"), ("trust",)])
def test_wrong_use_is_two(words: tuple[str, ...]) -> None:
    """With the usage, and no traceback."""
    answer = call(*words)
    assert answer.status == 2
    assert "usage: sealgate" in answer.err


def test_a_refusal_is_three_with_its_code_in_the_last_line(desk: Desk) -> None:
    """The Chinese line stands before it; what is wrong with each field before both."""
    rows = [dict(ROW), {**ROW, "sex": "7", "birth_date": "19990230"}]
    answer = desk.seal(desk.write(rows, "r.json"))
    lines = answer.err.splitlines()
    assert lines[-1] == "refused: FIELD_INVALID: 2 values of the wrong type, in 1 record"
    assert lines[-2] == "拒绝：1 条记录中有 2 个值不符合类型"
    assert lines[0] == "  record 2 第 2 条: sex: not a code of list sex 不是代码表 sex 中的代码"
    assert answer.out == ""


def test_a_refusal_as_json_is_one_object(desk: Desk) -> None:
    """Code, both texts, fields and records; the last line of standard error stays."""
    answer = desk.seal(desk.write([{**ROW, "sex": "7"}], "r.json"), "--json")
    assert answer.code == "FIELD_INVALID"
    assert answer.json == {
        "code": "FIELD_INVALID",
        "message": "1 value of the wrong type, in 1 record",
        "message_zh": "1 条记录中有 1 个值不符合类型",
        "fields": [
            {
                "record": 1,
                "field": "sex",
                "text": "not a code of list sex",
                "text_zh": "不是代码表 sex 中的代码",
            }
        ],
        "records": [1],
    }


def test_success_as_json_is_one_value(desk: Desk) -> None:
    """Of every command that is done with something."""
    out = desk.folder / "x"
    calls: list[tuple[object, ...]] = [
        ("trust", "export", "--node", desk.outsider, "--out", out),
        ("trust", "import", "--authority", desk.authority, out),
        ("trust", "export", "--authority", desk.authority, "--out", desk.folder / "t"),
        ("trust", "import", "--node", desk.outsider, desk.folder / "t"),
        ("keys", "list", "--node", desk.outsider),
        ("keys", "new", "--node", desk.outsider, "--purpose", "signing"),
        ("keys", "public", "--node", desk.outsider),
        ("grant", "inspect", desk.grant),
        ("catalogue", "check", desk.authority / "trust" / "catalogue"),
        ("policy", "check", desk.provider / "policy.yaml"),
        ("sample", "--resource", RESOURCE, "--rows", 1, "--out", out),
        ("explain", "--node", desk.provider, "--resource", RESOURCE, "--grant", desk.grant),
    ]
    for arguments in calls:
        assert done(*arguments, "--json").json, arguments
    assert desk.seal_public(desk.write([dict(PUBLIC_ROW)], "r.json"), "--json").json["records"] == 1
    assert done("envelope", "inspect", desk.envelope, "--json").json
    assert desk.open("--json").json["records"] == 1


def test_a_fault_of_the_program_is_one_and_shows_no_value(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kind of error and the line of code, nothing that it says."""

    def fail(*_: object) -> int:
        raise KeyError("13800138000")

    monkeypatch.setattr("gateway.cli.checks.read_catalogue", fail)
    with pytest.raises(AssertionError, match="internal error KeyError at ") as caught:
        call("catalogue", "check", desk.authority / "trust" / "catalogue")
    assert "13800138000" not in str(caught.value)


def test_a_failing_disk_is_one_with_the_cause(desk: Desk) -> None:
    """It opens, but cannot be read."""
    for arguments in (
        ("grant", "inspect", "/proc/self/mem"),
        ("envelope", "inspect", "/proc/self/mem"),
        desk.seal_arguments(Path("/proc/self/mem")),
    ):
        answer = call(*arguments)
        assert answer.status in (1, 2)
        assert "Input/output error" in answer.err
    assert not desk.envelope.exists()


def test_names_cannot_forge_a_line(desk: Desk) -> None:
    """Line ends and terminal escapes in an argument stay on its line, as spaces."""
    answer = call("envelope", "inspect", desk.folder / "a\nrefused: X: \x1b[2J")
    assert answer.status == 2
    assert len(answer.err.splitlines()) == 1
    assert one_line("a\r\n\x1b\u2028b") == "a    b"
    refusal = RequestMalformedError(reason="a\nb", reason_zh="甲\n乙")
    assert command.describe(refusal)["message"] == "a\nb"


@pytest.mark.parametrize("encoding", ["gbk", "ascii", "utf-8", "latin-1"])
def test_output_never_breaks_on_an_encoding(desk: Desk, encoding: str) -> None:
    """Text loses what cannot be shown; JSON loses nothing."""
    env = environment(PYTHONIOENCODING=encoding)
    name = desk.folder / "名\U0001f600.json"
    name.write_text(json.dumps([{**ROW, "sex": "7"}]), "utf-8")
    answer = spawn(*desk.seal_arguments(name, "--json"), env=env)
    assert answer.returncode == 3
    assert json.loads(answer.stdout.decode(encoding))["fields"][0]["text_zh"].startswith("不是")
    assert answer.stderr.decode(encoding).splitlines()[-1].startswith("refused: FIELD_INVALID: ")
    explain = ("explain", "--node", desk.provider, "--resource", RESOURCE, "--grant", desk.grant)
    shown = spawn(*explain, "--lang", "zh", env=env)
    assert shown.returncode == 0
    assert "resident_id" in shown.stdout.decode(encoding)
    assert spawn("seal", "--help", env=env).returncode == 0
    assert spawn("policy", "check", desk.folder / "无", env=env).returncode == 2


def test_names_that_are_no_text_are_taken(desk: Desk) -> None:
    """Linux lets a file name be any bytes."""
    name = os.fsdecode(os.fsencode(desk.folder) + b"/\xff\xfe.json")
    Path(name).write_text(json.dumps([dict(PUBLIC_ROW)]), "utf-8")
    answer = spawn(
        *desk.seal_arguments(Path(name), "--resource", "3070010020001/000002", grant=desk.public)
    )
    assert answer.returncode == 0, answer.stderr
    assert spawn("policy", "check", name + "x").returncode == 2


def _into_closed_pipe(*arguments: object, env: dict[str, str] | None = None) -> tuple[int, bytes]:
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        env=env or environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    return process.wait(60), err


def test_a_reader_that_goes_away_ends_it_quietly(desk: Desk) -> None:
    """No traceback; a refusal keeps its status."""
    status, err = _into_closed_pipe("grant", "inspect", desk.grant)
    assert (status, err) == (1, b"")
    status, err = _into_closed_pipe("policy", "check", desk.provider / "policy.yaml")
    assert (status, err) == (1, b"")
    bad = desk.write([{**ROW, "sex": "7"}], "r.json")
    status, err = _into_closed_pipe(*desk.seal_arguments(bad, "--json"))
    assert status == 3
    assert b"Traceback" not in err
    assert err.splitlines()[-1].startswith(b"refused: FIELD_INVALID")
    unbuffered = environment(PYTHONUNBUFFERED="1")
    status, err = _into_closed_pipe("grant", "inspect", desk.grant, env=unbuffered)
    assert (status, err) == (1, b"")


def _without(*handles: int) -> Callable[[], None]:
    def close() -> None:
        for handle in handles:
            os.close(handle)

    return close


@pytest.mark.parametrize("handles", [(1,), (2,), (1, 2), (0,), (0, 1, 2)])
def test_it_works_without_standard_streams(desk: Desk, handles: tuple[int, ...]) -> None:
    """As a service may start it."""
    process = subprocess.Popen(
        [*COMMAND, "grant", "inspect", str(desk.grant)],
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=_without(*handles),  # noqa: PLW1509 - one thread here
    )
    assert process.wait(60) == 0
    process = subprocess.Popen(
        [*COMMAND, "policy", "check", str(desk.authority / "authority.yaml")],
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=_without(*handles),  # noqa: PLW1509 - one thread here
    )
    assert process.wait(60) == 3


def test_tables_fit_by_what_a_terminal_shows() -> None:
    """Han characters take two columns, combining marks none; long cells are cut."""
    assert [width(text) for text in ("ab", "汉字", "e\u0301", "")] == [2, 4, 1, 0]
    assert fit("汉字汉字", 5) == "汉字…"
    assert fit("汉", 4) == "汉  "
    laid = table(("名", "b"), [("汉字" * 40, "x"), ("a", "")])
    assert {len(set(map(width, laid.splitlines()[1:2])))} == {1}
    assert max(map(width, laid.splitlines())) <= 48 + 2 + 1


def test_progress_is_shown_on_a_terminal_only(capsys: pytest.CaptureFixture[str]) -> None:
    """What is counted comes through unchanged."""
    assert list(progress(range(3), "rows")) == [0, 1, 2]
    assert capsys.readouterr().err == ""


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_leaves_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it ends in a refusal, whose last line must stand alone."""

    def broken() -> Iterator[int]:
        yield from range(1500)
        raise RequestMalformedError(reason="no", reason_zh="否")

    terminal = _Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    with pytest.raises(RequestMalformedError):
        deque(progress(broken(), "rows", every=1000), maxlen=0)
    assert terminal.getvalue() == "\rrows: 1,000\rrows: 1,500\n"


NODE_FILES = {
    "unknown key": (b"department: 11149900MB0C12002H\nname: a\nadmin: true\n", ":3:1: "),
    "no department": (b"name: a\n", ":1:1: "),
    "two names": (b"name: a\nname: b\n", ":2:1: "),
    "a number for a name": (b"department: [1]\nname: a\n", ":1:13: "),
    "nothing": (b"", ":1:1: "),
}


@pytest.mark.parametrize("name", NODE_FILES)
def test_a_broken_node_file_is_told_at_its_place(desk: Desk, name: str) -> None:
    """Whatever the node was asked to do."""
    content, place = NODE_FILES[name]
    (desk.provider / "node.yaml").write_bytes(content)
    for answer in (
        desk.seal(desk.write([dict(ROW)], "r.json")),
        call("keys", "list", "--node", desk.provider),
        call("trust", "import", "--node", desk.provider, desk.folder),
    ):
        assert answer.code == "CONFIGURATION_INVALID"
        assert f"node.yaml{place}" in answer.err


def test_a_folder_that_is_no_node_is_told_what_to_do(desk: Desk) -> None:
    """Missing, empty, an authority's, a file."""
    for folder in (desk.folder / "no", desk.folder, desk.authority, desk.grant):
        answer = call("block", "--node", folder, "--requester", REQUESTER)
        assert answer.code == "CONFIGURATION_INVALID"
        assert "sealgate init DIR --department USCC" in answer.err
