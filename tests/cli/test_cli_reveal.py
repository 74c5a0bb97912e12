"""`sealgate reveal`: values for tokens, entered before they are printed."""

import json
import os
from typing import Any

import pytest

from gateway.ledger.receipts import read_receipt
from tests.cli.command import PURPOSE, REQUESTER, RESOURCE, ROW, Answer, Desk, call, spawn
from tests.gateway.ledger_shards import entries_of, shared_of

ID = ROW["resident_id"]
REASON = "核对 2026-17 号来信"
POLICY = """\
policy: reversible
version: 3
provider: 11149900MB0C12002H
defaults:
  grades: {G1: clear, G2: partial, G3: partial, G4: partial}
  kinds:
    resident_id: {op: token}
    person_name: {op: token}
pseudonyms:
  kinds: [resident_id, person_name]
"""


def _given(desk: Desk, **changes: Any) -> dict[str, Any]:
    """Let the requester have one record; return it as the requester gets it."""
    (desk.provider / "policy.yaml").write_text(POLICY, "utf-8")
    grant = desk.issue("reversible", fields=("name", "resident_id"), level="G4")
    row = {name: ROW[name] for name in ("name", "resident_id")}
    sealed = desk.seal(desk.write([{**row, **changes}], "r.json"), grant=grant)
    assert sealed.status == 0, sealed.err
    return desk.opened()[0]


def _arguments(desk: Desk, *more: object) -> list[Any]:
    asked: list[object] = ["reveal", "--node", desk.provider, "--resource", RESOURCE]
    asked += ["--requester", REQUESTER, "--purpose", PURPOSE]
    for option, usual in (("--field", "resident_id"), ("--reason", REASON)):
        if option not in more:
            asked += [option, usual]
    return [*asked, *more]


def _reveal(desk: Desk, *more: object) -> Answer:
    return call(*_arguments(desk, *more))


def _last_entry(desk: Desk) -> dict[str, Any]:
    return entries_of(desk.provider, "reveal")[-1]


def test_a_value_a_line_and_who_asked_in_the_ledger(desk: Desk) -> None:
    """From arguments, from a file, and as JSON with the receipt."""
    token = _given(desk)["resident_id"]
    assert token.startswith("sgt1_")
    answer = _reveal(desk, token, token, "--caller", "desk-3", "--reference", "2026-17")
    assert (answer.status, answer.out, answer.err) == (0, f"{ID}\n{ID}\n", "")
    entry = _last_entry(desk)
    assert entry["shared"]["kind"] == "reveal"
    assert entry["shared"]["records"] == 2
    assert entry["private"] == {"caller": "desk-3", "reference": "2026-17", "detail": REASON}
    assert ID not in json.dumps(entry)
    assert token not in json.dumps(entry)
    listed = desk.write(f"\ufeff{token}\r\n{token}\r\n\r\n", "tokens.txt")
    answer = _reveal(desk, "--tokens", listed, "--json")
    assert answer.json["values"] == [ID, ID]
    receipt = read_receipt(answer.json["receipt"])
    assert shared_of(receipt).fields == (("resident_id", "token"),)


def test_tokens_come_from_standard_input(desk: Desk) -> None:
    """So that they stand neither in a file nor in the list of processes."""
    token = _given(desk)["resident_id"]
    run = spawn(*_arguments(desk, "--tokens", "-"), input=token.encode())
    assert (run.returncode, run.stdout.decode()) == (0, f"{ID}\n")


def test_a_value_keeps_to_its_line(desk: Desk) -> None:
    """What would command a terminal is shown as blanks; JSON has the value as it was."""
    name = "买买提·艾力\u3000"
    token = _given(desk, name=name)["name"]
    answer = _reveal(desk, token, "--field", "name")
    assert answer.out == "买买提·艾力 \n"
    assert "--json" in answer.err
    assert _reveal(desk, token, "--field", "name", "--json").json["values"] == [name]


def test_what_is_no_token_is_refused_by_its_place(desk: Desk) -> None:
    """And nothing is told of the others."""
    token = _given(desk)["resident_id"]
    for more in ((), ("--json",)):
        answer = _reveal(desk, token, "sgt1_marked-text-4711", *more)
        assert answer.code == "DECRYPTION_FAILED"
        assert "record 2" in answer.err
        for secret in (ID, "marked-text", token):
            assert secret not in answer.out + answer.err
        assert _last_entry(desk)["shared"]["outcome"] == "DECRYPTION_FAILED"


@pytest.mark.parametrize("reason", ["", " ", "\u3000"])
def test_a_reason_is_required(desk: Desk, reason: str) -> None:
    """One that says something."""
    answer = _reveal(desk, "sgt1_A", "--reason", reason)
    assert answer.code == "REQUEST_MALFORMED"
    arguments = _arguments(desk, "sgt1_A")
    place = arguments.index("--reason")
    del arguments[place : place + 2]
    assert call(*arguments).status == 2


def test_nothing_is_printed_that_cannot_be_entered(desk: Desk) -> None:
    """Where the ledger cannot be written."""
    token = _given(desk)["resident_id"]
    ledger = desk.provider / "ledger"
    ledger.rename(desk.folder / "kept")
    ledger.touch()
    answer = _reveal(desk, token)
    assert answer.code == "LEDGER_UNAVAILABLE"
    assert answer.out == ""
    assert ID not in answer.err
    ledger.unlink()
    assert _reveal(desk, token).out == f"{ID}\n"


def test_another_node_reveals_nothing(desk: Desk) -> None:
    """The requester's has the token and the resource's entry, but neither key nor right."""
    token = _given(desk)["resident_id"]
    arguments = _arguments(desk, token)
    arguments[arguments.index(desk.provider)] = desk.requester
    assert call(*arguments).code == "RESOURCE_NOT_OURS"


def test_a_token_outlives_its_key(desk: Desk) -> None:
    """A rotated key still reads what it made; without it nothing does."""
    token = _given(desk)["resident_id"]
    for command in ("new", "rotate"):
        assert call("keys", command, "--node", desk.provider, "--purpose", "pseudonym").status == 0
    assert _reveal(desk, token).out == f"{ID}\n"
    listed = call("keys", "list", "--node", desk.provider, "--json").json
    pseudonym = {key["state"]: key["key_id"] for key in listed if key["purpose"] == "pseudonym"}
    assert _reveal(desk, token, "--key", pseudonym["retired"]).out == f"{ID}\n"
    assert _reveal(desk, token, "--key", pseudonym["active"]).code == "DECRYPTION_FAILED"


def test_a_file_that_cannot_be_read_is_wrong_use(desk: Desk) -> None:
    """Or one that is too large to be tokens."""
    assert _reveal(desk, "--tokens", desk.folder / "none.txt").status == 2
    huge = desk.folder / "huge.txt"
    with huge.open("wb") as file:
        os.truncate(file.fileno(), 64 * 1024 * 1024)
    assert _reveal(desk, "--tokens", huge).status == 2
