"""`sealgate ledger subject`: who holds the keys is told every disclosure about somebody."""

import json
import os
import pty
from pathlib import Path
from typing import Any

import pytest

from gateway.stores.shard_keeping import archive, forget
from gateway.stores.shards import ShardReader, list_shards, shard_of
from tests.cli.command import (
    COMMAND,
    FIELDS,
    PROVIDER,
    PUBLIC_ROW,
    PURPOSE,
    REQUESTER,
    RESOURCE,
    ROW,
    Answer,
    Desk,
    call,
    done,
    environment,
    spawn,
)

ID, OTHER = ROW["resident_id"], "110105194912310038"


@pytest.fixture
def sealed(desk: Desk) -> Desk:
    """Seal a record twice, and open it once."""
    records = desk.write([ROW], "records.json")
    for _ in range(2):
        assert desk.seal(records).status == 0
    assert desk.open().status == 0
    return desk


def _ask(desk: Desk, node: Path, value: str = ID, *more: object) -> Answer:
    file = desk.write(value + "\r\n", "identifier.txt")
    arguments = ("--kind", "resident_id", "--identifier", file, *more)
    return call("ledger", "subject", "--node", node, *arguments)


def _told(desk: Desk, node: Path, value: str = ID) -> Any:
    answer = _ask(desk, node, value, "--json")
    assert answer.status == 0, answer.err
    return answer.json


def _privates(node: Path) -> list[bytes]:
    found = []
    for path in list_shards(node / "ledger"):
        with ShardReader(path) as shard:
            found += [row.private for row in shard.rows()]
    return found


def test_each_disclosure_is_told_to_the_department(sealed: Desk) -> None:
    """When, to whom, what, what for, under which grant; nobody else's."""
    told = _told(sealed, sealed.provider)
    assert [one["kind"] for one in told["disclosures"]] == ["seal", "seal"]
    one = told["disclosures"][0]
    assert (one["counterpart"], one["resource"], one["purpose"]) == (REQUESTER, RESOURCE, PURPOSE)
    assert {field for field, _ in one["fields"]} == set(FIELDS)
    assert len(one["grant"]) == 22
    assert told["erased"] == 0
    assert _told(sealed, sealed.provider, OTHER)["disclosures"] == []
    assert _told(sealed, sealed.provider, ID.lower())["disclosures"] == told["disclosures"]


def test_the_table_tells_the_same(sealed: Desk) -> None:
    """A line for each, and how many there are in all."""
    answer = _ask(sealed, sealed.provider)
    assert answer.status == 0, answer.err
    lines = answer.out.splitlines()
    assert len(lines) == 5
    assert all(REQUESTER in line and RESOURCE in line for line in lines[2:4])
    assert lines[4].startswith("2 disclosures in ")
    assert ID not in answer.out + answer.err
    assert answer.err == ""


def test_it_is_entered_without_the_value(sealed: Desk) -> None:
    """Before the answer; where that cannot be done, there is none."""
    answer = _ask(sealed, sealed.provider, ID, "--caller", "desk-3", "--reference", "2026-17")
    assert answer.status == 0
    private = _privates(sealed.provider)[-1]
    assert json.loads(private) == {
        "caller": "desk-3",
        "reference": "2026-17",
        "detail": "ledger subject: resident_id",
    }
    for path in sealed.provider.rglob("*"):
        assert not path.is_file() or ID.encode() not in path.read_bytes()
    done("keys", "retire", "--node", sealed.provider, "--key", _ledger_key(sealed))
    answer = _ask(sealed, sealed.provider)
    assert answer.code == "KEY_UNAVAILABLE"
    assert answer.out == ""


def _ledger_key(desk: Desk) -> str:
    keys = done("keys", "list", "--node", desk.provider, "--json").json
    (found,) = (key["key_id"] for key in keys if key["purpose"] == "ledger")
    return str(found)


def test_retired_keys_still_find_what_they_made(sealed: Desk) -> None:
    """As does a shard that was archived."""
    for command in ("new", "rotate"):
        done("keys", command, "--node", sealed.provider, "--purpose", "pseudonym")
    assert sealed.seal(sealed.write([ROW], "records.json")).status == 0
    assert len(_told(sealed, sealed.provider)["disclosures"]) == 3
    folder = sealed.provider / "ledger"
    archive(folder, shard_of(list_shards(folder)[0]) or "", 5)
    assert len(_told(sealed, sealed.provider)["disclosures"]) == 3


def test_what_was_erased_is_counted(sealed: Desk) -> None:
    """Since it may have been about the same."""
    list(forget(sealed.provider / "ledger", 2**42, 5))
    told = _told(sealed, sealed.provider)
    assert (told["disclosures"], told["erased"]) == ([], 2)
    answer = _ask(sealed, sealed.provider)
    assert "2 entries may be about it too" in answer.out
    assert sealed.seal(sealed.write([ROW], "records.json")).status == 0
    assert len(_told(sealed, sealed.provider)["disclosures"]) == 1


def _until(terminal: int, end: bytes) -> bytes:
    shown = b""
    while not shown.endswith(end):
        shown += os.read(terminal, 1000)
    return shown


def test_the_value_comes_by_standard_input_or_a_prompt(sealed: Desk) -> None:
    """Never as an argument, which others see."""
    arguments = ("ledger", "subject", "--node", sealed.provider, "--kind", "resident_id", "--json")
    run = spawn(*arguments, "--identifier", "-", input=ID.encode())
    assert len(json.loads(run.stdout)["disclosures"]) == 2
    process, terminal = pty.fork()
    if not process:
        command = [*COMMAND, *map(str, arguments)]
        os.execve(COMMAND[0], command, environment())  # noqa: S606 - the child of a fork
    shown = _until(terminal, b"Identifier: ")
    os.write(terminal, f"{ID}\n".encode())
    shown += _until(terminal, b"}\r\n")
    assert os.waitpid(process, 0) == (process, 0)
    os.close(terminal)
    assert len(json.loads(shown.splitlines()[-1])["disclosures"]) == 2
    assert ID.encode() not in shown
    assert call(*arguments, ID).status == 2


def test_without_a_terminal_it_has_to_be_given(sealed: Desk) -> None:
    """Rather than shown while it is typed."""
    arguments = ("ledger", "subject", "--node", sealed.provider, "--kind", "resident_id")
    run = spawn(*arguments, input=ID.encode(), start_new_session=True)
    assert run.returncode == 2
    assert b"--identifier" in run.stderr
    assert ID.encode() not in run.stdout + run.stderr


@pytest.mark.parametrize("content", ["", "\n", f"{ID}\n{OTHER}", "x" * 5000, "\x00"])
def test_anything_else_than_one_identifier_is_wrong_use(desk: Desk, content: str) -> None:
    """Told without it."""
    answer = _ask(desk, desk.provider, content)
    assert answer.status == 2
    assert ID not in answer.err


def test_a_slip_is_pointed_out(sealed: Desk) -> None:
    """Since an answer that there is nothing would be believed."""
    answer = _ask(sealed, sealed.provider, ID[:-1] + "1")
    assert answer.status == 0
    assert "look for a slip" in answer.err
    assert ID[:-1] not in answer.out + answer.err


def test_the_requester_finds_what_it_was_given(desk: Desk) -> None:
    """Where the identifier came to it in the clear."""
    assert desk.seal_public(desk.write([PUBLIC_ROW], "records.json")).status == 0
    assert desk.open().status == 0
    file = desk.write(PUBLIC_ROW["uscc"], "identifier.txt")
    for node, kind, other in (
        (desk.provider, "seal", REQUESTER),
        (desk.requester, "open", PROVIDER),
    ):
        arguments = ("--node", node, "--kind", "uscc", "--identifier", file, "--json")
        told = done("ledger", "subject", *arguments).json["disclosures"]
        assert [(one["kind"], one["counterpart"]) for one in told] == [(kind, other)]
