"""`sealgate call`: the same options, files and answers as where the node is at hand."""

import json
import shutil
import socket
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from gateway.ledger.notes import read_checkpoint
from gateway.ledger.witnesses import read_proof
from tests.cli.command import (
    FIELDS,
    PURPOSE,
    REQUESTER,
    RESOURCE,
    ROW,
    Answer,
    Desk,
    call,
    done,
)
from tests.docs.tables import names, page, section
from tests.server import papers
from tests.server.sidecars import Sidecar, set_callers, short_folder, sidecar
from tests.server.test_client_tcp import free_port

PAGE = page("reference/command-line.md")
RIGHTS = ["seal", "open", "explain", "read_ledger", "administer"]


class World(NamedTuple):
    """A provider and a requester that are served, and where files go."""

    desk: Desk
    provider: Sidecar
    requester: Sidecar
    port: int
    papers: Path

    def seal(self, records: Path, out: Path, *more: object) -> Answer:
        """Seal by the provider's sidecar."""
        about = ("--resource", RESOURCE, "--purpose", PURPOSE, "--grant", self.desk.grant)
        where = ("--socket", self.provider.sockets / "a")
        return call("call", "seal", *where, *about, "--records", records, "--out", out, *more)

    def open(self, envelope: Path, out: Path, *more: object) -> Answer:
        """Open by the requester's."""
        where = ("--socket", self.requester.sockets / "a")
        return call("call", "open", *where, envelope, "--out", out, *more)

    def ask(self, command: str, *more: object) -> Answer:
        """Ask the provider's for something else."""
        return call("call", command, "--socket", self.provider.sockets / "a", *more)


@pytest.fixture(scope="module")
def world(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Serve both, the provider by TCP too."""
    folder = tmp_path_factory.mktemp("called") / "world"
    shutil.copytree(founded, folder, symlinks=True)
    desk, authority, port = Desk(folder), papers.authority(), free_port()
    papers.lay(desk.provider, authority, papers.server(authority))
    set_callers(desk.provider, [{"name": "a", "may": RIGHTS, "certificates": [papers.SPIFFE]}])
    file = desk.provider / "node.yaml"
    settings = yaml.safe_load(file.read_text("utf-8")) | {
        "listen": {"address": f"127.0.0.1:{port}"}
    }
    file.write_text(yaml.safe_dump(settings, allow_unicode=True), "utf-8")
    set_callers(desk.requester, [{"name": "a", "may": RIGHTS}])
    own = folder / "papers"
    own.mkdir()
    papers.client(authority).write(own, "client")
    papers.put(own / "ca.crt", authority.pem)
    with sidecar(desk.provider) as provider, sidecar(desk.requester) as requester:
        yield World(desk, provider, requester, port, own)


def members(command: str) -> list[str]:
    """Return what the page says of a command's answer as JSON."""
    text = section(PAGE, f"`sealgate call {command}`")
    (line,) = [line for line in text.splitlines() if line.startswith("As JSON: ")]
    return names(line)


def csv_of(rows: list[Mapping[str, Any]]) -> str:
    """Write rows as CSV, truth values and empty cells as the page says."""
    lines = [",".join(ROW)]
    for row in rows:
        cells = [
            "" if v is None else str(v).lower() if v in (True, False) else str(v)
            for v in row.values()
        ]
        lines.append(",".join(f'"{cell}"' for cell in cells))
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("form", ["json", "ndjson", "csv"])
def test_a_file_goes_there_and_back(world: World, tmp_path: Path, form: str) -> None:
    """In every form, typed by the catalogue that the sidecar has; modes as ever."""
    text = {
        "json": json.dumps([ROW, ROW]),
        "ndjson": f"{json.dumps(ROW)}\n{json.dumps(ROW)}\n",
        "csv": csv_of([ROW, ROW]),
    }
    records = tmp_path / f"records.{form}"
    records.write_text(text[form], "utf-8")
    sealed = world.seal(records, tmp_path / "envelope", "--json", "--reference", "case 118")
    assert sealed.status == 0, sealed.err
    assert set(sealed.json) == set(members("seal"))
    assert sealed.json["records"] == 2
    out, manifest = tmp_path / f"opened.{form}", tmp_path / "manifest.json"
    opened = world.open(tmp_path / "envelope", out, "--manifest", manifest, "--json")
    assert opened.status == 0, opened.err
    assert set(opened.json) == set(members("open"))
    assert opened.json["envelope"] == sealed.json["envelope"]
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert out.read_text("utf-8").count(str(ROW["name"])) == 2
    assert json.loads(manifest.read_text())["resource"] == RESOURCE


def test_what_comes_out_is_what_the_node_itself_opens(world: World, tmp_path: Path) -> None:
    """By the command with the node's folder."""
    records = tmp_path / "records.json"
    records.write_text(json.dumps([ROW]))
    assert world.seal(records, tmp_path / "envelope").status == 0
    assert world.open(tmp_path / "envelope", tmp_path / "called.json").status == 0
    done(
        "open", "--node", world.desk.requester, tmp_path / "envelope", "--reopen",
        "--out", tmp_path / "own.json",
    )  # fmt: skip
    assert (tmp_path / "called.json").read_bytes() == (tmp_path / "own.json").read_bytes()


def test_a_stream_goes_batch_by_batch(world: World, tmp_path: Path) -> None:
    """As many records an envelope as told, in order, and the file is whole at its end."""
    records = tmp_path / "records.ndjson"
    records.write_text(
        "".join(f"{json.dumps({**ROW, 'household_size': n})}\n" for n in range(1, 8))
    )
    sealed = world.seal(records, tmp_path / "stream", "--batch-rows", 3, "--json")
    assert (sealed.status, sealed.json["records"]) == (0, 7)
    shown = done("envelope", "inspect", tmp_path / "stream", "--json").json
    assert len(shown) == 3
    opened = world.open(tmp_path / "stream", tmp_path / "opened.ndjson", "--json")
    assert (opened.status, opened.json["records"]) == (0, 7)
    lines = (tmp_path / "opened.ndjson").read_text().splitlines()
    assert [json.loads(line)["household_size"] for line in lines] == [*range(1, 8)]


def test_a_broken_stream_leaves_no_file(world: World, tmp_path: Path) -> None:
    """Neither sealed nor opened."""
    records = tmp_path / "records.ndjson"
    records.write_text(f"{json.dumps(ROW)}\n" * 3 + json.dumps({**ROW, "household_size": "x"}))
    refused = world.seal(records, tmp_path / "stream", "--batch-rows", 1)
    assert (refused.status, (tmp_path / "stream").exists()) == (3, False)
    assert "refused: FIELD_INVALID" in refused.err
    good = tmp_path / "good.ndjson"
    good.write_text(f"{json.dumps(ROW)}\n" * 3)
    assert world.seal(good, tmp_path / "good", "--batch-rows", 1).status == 0
    (tmp_path / "cut").write_bytes((tmp_path / "good").read_bytes()[:-10])
    cut = world.open(tmp_path / "cut", tmp_path / "opened.json")
    assert (cut.status, (tmp_path / "opened.json").exists()) == (3, False)


def test_a_refusal_is_told_as_everywhere(world: World, tmp_path: Path) -> None:
    """Records counted from 1, both languages, the last line, JSON; no value."""
    records = tmp_path / "records.json"
    records.write_text(json.dumps([ROW, {**ROW, "household_size": "manyfold"}]))
    refused = world.seal(records, tmp_path / "envelope", "--json")
    assert refused.status == 3
    assert refused.err.splitlines()[-1].startswith("refused: FIELD_INVALID: ")
    assert "record 2 第 2 条: household_size" in refused.err
    assert refused.json["code"] == "FIELD_INVALID"
    assert [(one["record"], one["field"]) for one in refused.json["fields"]] == [
        (2, "household_size")
    ]
    assert refused.json["records"] == [2]
    assert "manyfold" not in refused.err + refused.out
    assert not (tmp_path / "envelope").exists()


def test_the_other_commands_answer(world: World, tmp_path: Path) -> None:
    """As tables for people, and as JSON with the members of the page."""
    records = tmp_path / "in.json"
    records.write_text(json.dumps([ROW]), "utf-8")
    assert world.seal(records, tmp_path / "sealed").status == 0
    grant = ("--resource", RESOURCE, "--grant", world.desk.grant)
    for command, more, shown in (
        ("explain", (*grant, "--lang", "en"), "treatment"),
        ("resources", (), RESOURCE),
        ("resource", (RESOURCE,), "household_size"),
        ("status", (), "ledger 日志"),
        ("shards", (), "worker-0-"),
        ("entries", (), RESOURCE),
        ("block", ("--grant", "A" * 22), "is blocked 已封禁"),
        ("unblock", ("--grant", "A" * 22), "is not blocked 未封禁"),
        ("block", ("--requester", REQUESTER), "is blocked"),
        ("unblock", ("--requester", REQUESTER), "is not blocked"),
    ):
        told = world.ask(command, *more)
        assert (told.status, told.err) == (0, "")
        assert shown in told.out
        answer = world.ask(command, *more, "--json").json
        first = answer[0] if isinstance(answer, list) else answer
        assert first
        assert set(first) <= set(members(command)), command
    explained = world.ask("explain", *grant, "--json").json
    own = done("explain", "--node", world.desk.provider, *grant, "--json").json
    assert explained == own
    assert {field["id"] for field in explained["fields"]} == set(FIELDS)


def test_the_ledger_is_read(world: World, tmp_path: Path) -> None:
    """An entry, its receipt, a checkpoint and a proof: printed, as JSON, or in a file."""
    records = tmp_path / "records.json"
    records.write_text(json.dumps([ROW]), "utf-8")
    sealed = world.seal(records, tmp_path / "sealed", "--json").json
    entry = world.ask("entries", "--json").json[-1]
    shard, number = ("--shard", entry["shard"]), entry["number"]
    assert world.ask("entries", *shard, "--begin", number, "--json").json == [entry]
    assert world.ask("entry", *shard, number).json == entry
    given, made = sealed["receipt"], world.ask("receipt", *shard, number)
    assert made.out.splitlines()[:3] == given.splitlines()[:3]
    note = world.ask("checkpoint", *shard).out
    assert made.out.endswith(f"\n\n{note}")
    size = read_checkpoint(note).checkpoint.size
    for command, more in (
        ("receipt", (*shard, number)),
        ("checkpoint", shard),
        ("consistency", (*shard, "--old", 1, "--new", size)),
    ):
        printed = world.ask(command, *more).out
        told = world.ask(command, *more, "--json").json
        assert [*told] == members(command)
        assert told == {"out": None, members(command)[1]: printed}
        out = tmp_path / command
        assert world.ask(command, *more, "--out", out, "--json").json["out"] == str(out)
        assert out.read_text("utf-8") == printed
    assert len(read_proof((tmp_path / "consistency").read_text())) > 0
    nothing = world.ask("checkpoint", *shard, "--cosigned")
    assert (nothing.status, "no such checkpoint" in nothing.err) == (3, True)
    cosigned = tmp_path / "cosigned"
    witness = ("--node", world.desk.outsider, "--out", cosigned)
    done("ledger", "cosign", tmp_path / "checkpoint", *witness)
    kept = world.ask("cosignature", cosigned, "--json")
    assert [*kept.json] == members("cosignature")
    assert world.ask("checkpoint", *shard, "--cosigned").out == cosigned.read_text("utf-8")


def test_a_node_that_cannot_work_is_told_so(world: World) -> None:
    """With the condition that fails, as `health` does."""
    policy = world.desk.provider / "policy.yaml"
    good = policy.read_bytes()
    policy.write_bytes(b"policy: [broken")
    try:
        told = world.ask("status", "--json")
    finally:
        policy.write_bytes(good)
    assert told.status == 3
    assert told.err.splitlines()[-1].startswith("refused: POLICY_INVALID: ")
    assert (told.json["ready"], told.json["department"] != "") == (False, True)


def test_tcp_is_called_with_the_folder_of_certificates(world: World, tmp_path: Path) -> None:
    """Files that are missing or do not fit are named."""
    where = ("--address", f"localhost:{world.port}")
    told = call("call", "status", *where, "--tls-dir", world.papers, "--json")
    assert (told.status, told.json["ready"]) == (0, True)
    nothing = call("call", "status", *where, "--tls-dir", tmp_path)
    assert (nothing.status, "client.crt" in nothing.err) == (2, True)
    broken = tmp_path / "broken"
    shutil.copytree(world.papers, broken)
    (broken / "client.key").write_text("none")
    refused = call("call", "status", *where, "--tls-dir", broken)
    assert (refused.status, "refused: CONFIGURATION_INVALID" in refused.err) == (3, True)


def test_wrong_use_is_told_before_anything_is_sent(world: World, tmp_path: Path) -> None:
    """Status 2, one line each."""
    records = tmp_path / "records.json"
    records.write_text(json.dumps([ROW]))
    for told in (
        call("call", "status", "--socket", tmp_path),
        call("call", "status", "--address", "localhost:1"),
        call("call", "status", "--address", "localhost", "--tls-dir", world.papers),
        world.ask("status", "--tls-dir", world.papers),
        world.ask("status", "--timeout", 0),
        world.ask("entries", "--worker", -1),
        world.ask("entries", "--begin", -1),
        world.ask("entry", "--shard", "x", -1),
        world.ask("receipt", "--shard", "x", 2**63),
        world.ask("consistency", "--shard", "x", "--old", -1, "--new", 1),
        world.seal(records, tmp_path / "envelope", "--batch-rows", 0),
        world.seal(records, records),
        world.open(tmp_path / "missing", tmp_path / "out.json"),
    ):
        assert told.status == 2
        assert told.err.startswith("sealgate: ")
        assert told.err.count("\n") == 1


def test_nobody_there_is_a_failure() -> None:
    """Status 1: it is no refusal."""
    with short_folder() as folder, socket.socket(socket.AF_UNIX) as made:
        made.bind(str(folder / "worker-0.sock"))
        told = call("call", "status", "--socket", folder, "--timeout", 0.3)
    assert told.status == 1
    assert told.err.startswith("sealgate: UNAVAILABLE: ")
    assert "无法连接" in told.err
