"""The page on the command line and the parser know the same commands, options and answers."""

import argparse
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest

from gateway.cli import main
from gateway.cli.demo import MAX_ROWS
from gateway.cli.main import MAX_RECORDS_TOLD, build_parser, describe
from gateway.cli.sealing import MAX_JSON_BYTES
from gateway.conditions import State
from gateway.errors import EnvelopeReplayedError
from gateway.founding import ROLES, found_world
from tests.cli.command import (
    FIELDS,
    OUTSIDER,
    PROVIDER,
    PURPOSE,
    REQUESTER,
    RESOURCE,
    ROW,
    Desk,
    done,
)
from tests.docs.tables import Row, bare, both_languages, headings, names, page, section, table

TEXT = page("reference/command-line.md")
COMMAND = re.compile("`sealgate ([a-z -]+)`")
# A policy by which there is something to reveal.
TOKENS = f"""\
policy: tokens
version: 1
provider: {PROVIDER}
defaults:
  grades: {{G1: partial, G2: partial, G3: partial, G4: partial}}
  kinds: {{resident_id: {{op: token}}}}
pseudonyms: {{kinds: [resident_id]}}
"""
# Said once for all of them.
COMMON = {"--help", "--json"}


def walk(parser: argparse.ArgumentParser, path: str) -> Iterator[tuple[str, Any]]:
    """Yield every command below a parser, with its own."""
    groups = [each for each in parser._actions if isinstance(each, argparse._SubParsersAction)]
    if not groups:
        yield path, parser
    for group in groups:
        for name, below in group.choices.items():
            yield from walk(below, f"{path} {name}".strip())


PARSERS = dict(walk(build_parser(), ""))
PAGE = [found[1] for title in headings(TEXT, 3) if (found := COMMAND.fullmatch(title))]


def test_the_page_has_every_command_and_no_other() -> None:
    """Each under a heading of its own."""
    assert len(PAGE) == len(set(PAGE))
    assert set(PAGE) == set(PARSERS)


def test_groups_and_the_whole_have_no_option_but_the_version() -> None:
    """So that the tables have all there is."""
    parser = build_parser()
    options = {name for action in parser._actions for name in action.option_strings}
    assert options - COMMON == {"--version", "-h"}
    assert "`sealgate --version`" in TEXT


def options(parser: argparse.ArgumentParser) -> Iterator[Row]:
    """Yield for each option of a command what the page must say of it."""
    together = {
        action
        for group in parser._mutually_exclusive_groups
        for action in group._group_actions
        if group.required
    }
    for action in parser._actions:
        if COMMON & set(action.option_strings):
            continue
        if action.required or action in together:
            required = "one of two 二选一" if action in together else "yes"
        else:
            required = "no" if action.default in (None, False) else f"`{action.default}`"
        yield [f"`{spelled(action)}`", required]


def spelled(action: argparse.Action) -> str:
    """Spell an option as the page does."""
    if not action.option_strings:
        return str(action.metavar)
    (name,) = action.option_strings
    if action.nargs == 0 or action.choices is not None:
        return name
    return f"{name} {action.metavar or action.dest.upper()}"


@pytest.mark.parametrize("command", PAGE)
def test_options_are_those_of_the_parser(command: str) -> None:
    """Whether they must be given, what they default to, and what may be chosen."""
    parser = PARSERS[command]
    rows = table(TEXT, f"`sealgate {command}`")
    assert sorted(row[:2] for row in rows) == sorted(options(parser))
    assert all(both_languages(row[2]) for row in rows)
    assert [action for action in parser._actions if "--json" in action.option_strings]
    said = {bare(row[0]).split()[0]: row[2] for row in rows}
    for action in parser._actions:
        if action.choices is not None:
            assert names(said[action.option_strings[0]]) == list(action.choices)


def test_every_command_is_explained_in_both_languages() -> None:
    """A sentence and a line of Chinese before the options."""
    for command in PAGE:
        text = section(TEXT, f"`sealgate {command}`").partition("\n|")[0]
        assert re.search("^[A-Z].*[.]$", text, re.M), command
        assert re.search("^> .*。$", text, re.M), command


def test_statuses_are_those_of_the_code() -> None:
    """All four."""
    rows = [int(row[0]) for row in table(TEXT, "Exit status")]
    assert rows == [main.DONE, main.FAILED, main.WRONG_USE, main.REFUSED]


def test_a_refusal_as_json_is_as_told() -> None:
    """Its members, those of a fault, and how many records are named."""
    text = section(TEXT, "Exit status")
    (line,) = re.findall("^With `--json`.*$", text, re.M)
    described = describe(EnvelopeReplayedError())
    fault = ["record", "field", "text", "text_zh"]
    members = [*described]
    members[4:4] = fault
    assert names(line) == ["--json", *members]
    assert f"at most {MAX_RECORDS_TOLD:,} numbers" in line


def test_conditions_are_told_with_their_members(answered: Mapping[str, list[Any]]) -> None:
    """Those that `health` answers with, in their order."""
    text = section(TEXT, "`sealgate health`")
    (answer,) = answered["health"]
    (listed,) = re.findall("^The conditions are (.*?);", text, re.M)
    assert names(listed) == [condition["name"] for condition in answer["conditions"]]
    (members,) = re.findall("^Each has (.*)[.]$", text, re.M)
    told = [name for name in names(members) if name not in get_args(State)]
    assert told == [*answer["conditions"][0]]


def test_formats_of_record_files_are_those_of_the_parser() -> None:
    """All that can be sealed."""
    (action,) = (each for each in PARSERS["seal"]._actions if each.dest == "format")
    assert [bare(row[0]) for row in table(TEXT, "Record files")] == list(action.choices or ())


def test_bounds_of_the_page_are_those_of_the_code() -> None:
    """Where a meaning names one."""
    assert f"1 to {MAX_ROWS:,}" in section(TEXT, "`sealgate demo`")
    assert f"at most {MAX_JSON_BYTES:,} bytes" in section(TEXT, "Record files")


def answers(desk: Desk) -> Iterator[tuple[str, Any]]:
    """Run every command that answers with JSON; yield what it answers."""
    folder, third, fourth = desk.folder, desk.folder / "third", desk.folder / "fourth"
    for path in (third / "passphrase", third / "second", fourth / "passphrase"):
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text("twelve bytes", "ascii")
    file, node = ("--passphrase-file", "passphrase"), ("--node", third)

    def run(command: str, *arguments: object) -> tuple[str, Any]:
        return command, done(*command.split(), *arguments, "--json").json

    yield run("init", third, "--department", PROVIDER, *file)
    yield run("init", fourth, "--authority", "urn:example:fourth", *file)
    yield run("keys new", *node, "--purpose", "signing")
    rotated = run("keys rotate", *node, "--purpose", "signing")
    yield rotated
    yield run("keys list", *node)
    yield run("keys public", *node)
    yield run("keys retire", *node, "--key", rotated[1][0]["key_id"])
    yield run("keys passwd", *node, "--new-passphrase-file", third / "second")
    yield from certified(folder, third / "passphrase", run)
    for command in ("block", "unblock"):
        yield run(command, "--node", desk.provider, "--grant", "A" * 22)
        yield run(command, "--node", desk.provider, "--requester", REQUESTER)
    yield from exchanged(desk, folder, run)


def certified(folder: Path, passphrase: Path, run: Any) -> Iterator[tuple[str, Any]]:
    """Make an authority, and certificates below it."""
    secret, below = ("--passphrase-file", passphrase), ("--ca", folder / "ca")
    yield run("certs init", folder / "ca", *secret)
    yield run("certs server", *below, "--out", folder / "tls", "--dns", "localhost", *secret)
    yield run("certs client", *below, "--out", folder / "desk", "--name", "desk", *secret)
    yield run("certs show", folder / "desk" / "client.crt")


def exchanged(desk: Desk, folder: Path, run: Any) -> Iterator[tuple[str, Any]]:
    """Go on with grants, trust data, records and checks."""
    token, out = desk.requester / "grants" / "told.jwt", folder / "published"
    issued = run(
        "grant issue", "--authority", desk.authority, "--requester", REQUESTER,
        "--provider", PROVIDER, "--resource", RESOURCE, "--purpose", PURPOSE,
        "--fields", ",".join(FIELDS), "--level", "G2", "--approved-by", "x", "--out", token,
    )  # fmt: skip
    yield issued
    yield run("grant inspect", token)
    yield run("trust export", "--authority", desk.authority, "--out", out)
    for node in (desk.provider, desk.requester):
        yield run("trust import", "--node", node, out)
    yield run("trust export", "--node", desk.provider, "--out", folder / "entry.yaml")
    yield run("trust import", "--authority", desk.authority, folder / "entry.yaml")
    key = run("keys list", "--node", desk.outsider)[1][0]["key_id"]
    who = ("--department", OUTSIDER, "--key", key)
    yield run("trust revoke-key", "--authority", desk.authority, *who)
    yield run("explain", "--node", desk.provider, "--resource", RESOURCE, "--grant", token)
    yield run("sample", "--resource", RESOURCE, "--rows", 1, "--out", folder / "sample.json")
    records = desk.write([ROW], "records.json")
    masked = ("--grant", token, records.with_suffix(".ndjson"), folder / "masked.csv")
    desk.write(json.dumps(ROW), "records.ndjson")
    yield run("mask", "--node", desk.provider, "--resource", RESOURCE, *masked)
    kept = folder / "sealed.receipt", folder / "opened.receipt"
    sealed = desk.seal_arguments(records, "--receipt", kept[0], "--json", grant=token)
    yield "seal", done(*sealed).json
    yield "open", desk.open("--receipt", kept[1], "--json").json
    yield run("receipt verify", kept[0], "--node", desk.outsider)
    note = desk.write(kept[0].read_text("utf-8").partition("\n\n")[2], "note")
    yield run("ledger cosign", note, "--node", desk.outsider, "--out", folder / "cosigned")
    yield run("ledger cosignature", folder / "cosigned", "--node", desk.provider)
    yield run("receipt match", *kept, "--node", desk.outsider)
    yield run("receipt render", kept[1], "--out", folder / "o.html", "--node", desk.outsider)
    yield run("envelope inspect", desk.envelope)
    stream = done(*desk.seal_arguments(records, "--stream", "--json", grant=token))
    yield "seal", stream.json
    yield run("envelope inspect", desk.envelope)
    catalogue, workbook = desk.authority / "trust" / "catalogue", folder / "catalogue.xlsx"
    yield run("catalogue check", catalogue)
    yield run("catalogue show", RESOURCE)
    yield run("catalogue template", "--out", folder / "empty.xlsx")
    yield run("catalogue export", catalogue, "--out", workbook)
    yield run("catalogue import", workbook, "--out", folder / "imported")
    yield run("policy check", desk.provider / "policy.yaml")
    yield run("health", "--node", desk.provider)
    yield from put_away(desk, folder, run)
    (desk.provider / "policy.yaml").write_text(TOKENS, "utf-8")
    assert desk.seal(records, grant=token).status == 0
    yield run(
        "reveal", "--node", desk.provider, "--resource", RESOURCE, "--field", "resident_id",
        "--requester", REQUESTER, "--purpose", PURPOSE, "--reason", "x",
        desk.opened()[0]["resident_id"],
    )  # fmt: skip
    yield run("grant revoke", "--authority", desk.authority, "--grant", issued[1]["jti"])


def put_away(desk: Desk, folder: Path, run: Any) -> Iterator[tuple[str, Any]]:
    """Export, archive, forget, back up and restore the provider's ledger, and ask it."""
    node, backup = ("--node", desk.provider), folder / "ledger.tar"
    who = desk.write(ROW["resident_id"], "identifier.txt")
    yield run("ledger verify", *node)
    shown = run("ledger show", *node)
    yield shown
    place = shown[1][0]["shard"], shown[1][0]["number"]
    yield run("ledger prove", *node, *place, "--out", folder / "proved.receipt")
    yield run("ledger stats", *node)
    yield run("ledger export", *node, "--out", folder / "log")
    yield run("ledger subject", *node, "--kind", "resident_id", "--identifier", who)
    yield run("ledger forget", *node)
    yield run("ledger backup", *node, "--out", backup)
    yield run("ledger archive", *node, "--older-than", 0)
    yield run("ledger restore", *node, backup)


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[Any]]:
    """Return the answers of every command, by its name."""
    folder = tmp_path_factory.mktemp("answers") / "world"
    found_world(folder, roles=ROLES[:3])
    found: dict[str, list[Any]] = {}
    for command, answer in answers(Desk(folder)):
        found.setdefault(command, []).append(answer)
    return found


def test_every_answer_as_json_has_the_members_of_the_page(
    answered: Mapping[str, list[Any]],
) -> None:
    """No member more, and each at least once."""
    lines = {command: json_line(command) for command in PAGE}
    assert {command for command, line in lines.items() if line} == set(answered)
    for command, found in answered.items():
        rows = [
            row for answer in found for row in (answer if isinstance(answer, list) else [answer])
        ]
        assert {name for row in rows for name in row} == set(names(lines[command])), command
        assert ("a list" in lines[command]) == isinstance(found[0], list), command


def json_line(command: str) -> str:
    """Return what a command's section says of its answer."""
    text = section(TEXT, f"`sealgate {command}`")
    return "".join(re.findall("^JSON: .*$", text, re.M))
