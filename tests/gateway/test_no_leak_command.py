"""The command, and what it leaves on disk, show no value, passphrase or token."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.cli.main import main
from gateway.node import Node
from gateway.testing import PURPOSE, RESOURCE
from keys.errors import SealgateError
from tests.gateway.marked_record import FIELDS, HIDDEN, MARK, RECORD, secrets_of, values_in
from tests.gateway.marks import Marks, Net
from tests.gateway.worker import ROOT, Town, found_town


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """Found one town for the tests of the command."""
    return found_town(tmp_path_factory.mktemp("town"), fields=FIELDS, level="G2")


HEADER = ",".join(FIELDS)
CELLS = ",".join(f'"{value}"' for value in RECORD.values())


def _csv(*lines: str, encoding: str = "utf-8") -> bytes:
    return "\r\n".join((HEADER, *lines, "")).encode(encoding)


INPUTS: dict[str, bytes] = {
    "good.json": json.dumps([RECORD]).encode(),
    "good.csv": _csv(CELLS),
    "sex.json": json.dumps([RECORD, {**RECORD, "sex": MARK}]).encode(),
    "size.ndjson": json.dumps({**RECORD, "household_size": MARK}).encode(),
    "key.json": json.dumps([{**RECORD, MARK: MARK}]).encode(),
    "keys.json": json.dumps([{**RECORD, "MARK键4711471147": MARK}]).encode(),
    "cut.json": json.dumps([RECORD, MARK]).encode()[:-3],
    "cut.ndjson": json.dumps(RECORD).encode()[:-9] + b"\n" + MARK.encode(),
    "nothing.json": MARK.encode(),
    "size.csv": _csv(CELLS.replace('"5"', f'"{MARK}"')),
    "header.csv": _csv(CELLS).replace(b"name", MARK.encode(), 1),
    "headers.csv": _csv(CELLS).replace(b"name", "MARK键4711471147".encode(), 1),
    "long.csv": _csv(CELLS + f",{MARK}"),
    "short.csv": _csv(CELLS.rsplit(",", 4)[0]),
    "quote.csv": _csv(CELLS + f'"{MARK}"x"'),
    "open.csv": _csv(CELLS + f',"{MARK}'),
    "gbk.csv": _csv(CELLS, encoding="gb18030"),
    "nul.csv": _csv(CELLS.replace("MARKNAME", "MARK\0NAME")),
    "rounded.csv": _csv(CELLS.replace("140926196210031157", "1.40926E+17")),
    "key.csv": b"140926196210031157\r\n18869401965\r\n",
    "empty.csv": b"",
}


def _seal_arguments(town: Town, source: Path, out: Path, *more: str) -> list[str]:
    grant = town.place("provider") / "grants" / "one.jwt"
    return [
        "seal", "--node", str(town.place("provider")), "--resource", RESOURCE,
        "--purpose", PURPOSE, "--grant", str(grant), "--records", str(source),
        "--out", str(out), *more,
    ]  # fmt: skip


def _open_arguments(town: Town, envelope: Path, out: Path, *more: str) -> list[str]:
    node = str(town.place("requester"))
    return ["open", "--node", node, str(envelope), "--out", str(out), *more]


def _is_clean(town: Town, net: Net) -> None:
    """Search what was caught for values, tokens and the passphrases of the town."""
    assert values_in(net) == set()
    assert secrets_of(town.token).found_in(net.caught) == set()
    for role in ("authority", "provider", "requester", "outsider"):
        passphrase = (town.place(role) / "passphrase").read_text().strip()
        assert Marks(passphrase=passphrase).found_in(net.caught) == set()


def _take_town(town: Town, net: Net) -> None:
    """Take every file of the town but those that hold a secret by design."""
    secret = [town.place(role) / "passphrase" for role in
              ("authority", "provider", "requester", "outsider")]  # fmt: skip
    secret += [town.place(role) / "grants" / "one.jwt" for role in ("provider", "requester")]
    assert net.take_folder(town.world.folder, but=secret) > 40


@pytest.mark.parametrize("name", INPUTS)
def test_the_command_shows_no_value(
    town: Town, tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    """Input that is refused, and input that is sealed, as text and as JSON."""
    net, out = Net(), tmp_path / "out"
    out.mkdir()
    source = tmp_path / name
    source.write_bytes(INPUTS[name])
    envelope, rejects = out / "envelope.bin", out / "rejects.ndjson"
    for more in ((), ("--json",), ("--rejects", str(rejects)), ("--stream", "--json")):
        status = main(_seal_arguments(town, source, envelope, *more))
        net.take(*capfd.readouterr())
        assert status in (0, 2, 3)
        # Refused: no output, and nothing half-written under another name.
        assert status == 0 or list(out.iterdir()) == []
        if status == 0:
            net.take(envelope.read_bytes())
            assert main(["envelope", "inspect", str(envelope), "--json"]) == 0
            opened = out / "opened.json"
            manifest = out / "manifest.json"
            extra = ("--manifest", str(manifest), "--json")
            assert main(_open_arguments(town, envelope, opened, *extra)) == 0
            assert main(_open_arguments(town, envelope, opened)) == 3
            net.take(*capfd.readouterr(), manifest.read_bytes())
            assert HIDDEN.found_in([opened.read_bytes()]) == set()
        for left in out.iterdir():
            assert left.name in ("envelope.bin", "rejects.ndjson", "opened.json", "manifest.json")
            left.unlink()
    _take_town(town, net)
    _is_clean(town, net)


def test_rejected_rows_are_their_owners_only(town: Town, tmp_path: Path) -> None:
    """The one file that holds values as they came is asked for, and is not readable by others."""
    source, rejects = tmp_path / "in.json", tmp_path / "rejects.ndjson"
    source.write_bytes(INPUTS["sex.json"])
    arguments = _seal_arguments(town, source, tmp_path / "e.bin", "--rejects", str(rejects))
    assert main(arguments) == 0
    assert MARK in rejects.read_text()
    assert rejects.stat().st_mode & 0o077 == 0


def _run(arguments: list[str], folder: Path, **more: str) -> "subprocess.CompletedProcess[bytes]":
    """Run the command as a stranger would, with a folder of its own for what is temporary."""
    folder.mkdir(exist_ok=True)
    environment = {**os.environ, "TMPDIR": str(folder), "HOME": str(folder), **more}
    environment["PYTHONPATH"] = str(ROOT)
    return subprocess.run(
        [sys.executable, "-m", "gateway.cli.main", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        timeout=60,
        check=False,
    )


def test_a_process_of_the_command_leaves_no_secret(town: Town, tmp_path: Path) -> None:
    """Standard output, standard error, exit status, temporary files."""
    net, folder = Net(), tmp_path / "home"
    for name, status in (
        ("good.csv", 0),
        ("sex.json", 3),
        ("key.json", 3),
        ("cut.ndjson", 3),
        ("open.csv", 3),
    ):
        source = tmp_path / name
        source.write_bytes(INPUTS[name])
        done = _run(_seal_arguments(town, source, tmp_path / "e.bin", "--json"), folder)
        assert done.returncode == status
        net.take(done.stdout, done.stderr)
        if status == 3:
            refused = json.loads(done.stdout)
            last = done.stderr.decode().splitlines()[-1]
            assert last == f"refused: {refused['code']}: {refused['message']}"
    done = _run(_open_arguments(town, tmp_path / "e.bin", tmp_path / "o.csv", "--json"), folder)
    assert done.returncode == 0
    net.take(done.stdout, done.stderr)
    assert HIDDEN.found_in([(tmp_path / "o.csv").read_bytes()]) == set()
    net.take_folder(folder)
    assert sorted(path.name for path in folder.iterdir()) == []
    _take_town(town, net)
    _is_clean(town, net)


def test_a_passphrase_is_never_shown(town: Town, tmp_path: Path) -> None:
    """From a file or the environment, right or wrong."""
    net, folder = Net(), tmp_path / "home"
    secret = "MARK-PASSPHRASE-4711-4711"
    keep, place = town.place("outsider") / "passphrase", str(town.place("outsider"))
    right = keep.read_bytes()
    try:
        keep.write_bytes(secret.encode() + b"\n")
        done = _run(["keys", "list", "--node", place, "--json"], folder)
        assert done.returncode == 3
        net.take(done.stdout, done.stderr)
        with pytest.raises(SealgateError) as refused:
            Node(place)
        net.take_error(refused.value)
    finally:
        keep.write_bytes(right)
    new = tmp_path / "new"
    new.write_bytes(secret.encode() + b"\n")
    new.chmod(0o600)
    node_file = town.place("outsider") / "node.yaml"
    settings = node_file.read_text()
    changed = _run(["keys", "passwd", "--node", place, "--new-passphrase-file", str(new)], folder)
    assert changed.returncode == 0
    node_file.write_text(
        "\n".join(line for line in settings.splitlines() if "passphrase_file" not in line)
    )
    for passphrase, status in ((secret, 0), (secret + "x", 3)):
        for verb in ("list", "public"):
            done = _run(["keys", verb, "--node", place], folder, SEALGATE_PASSPHRASE=passphrase)
            assert done.returncode == status
            net.take(done.stdout, done.stderr)
    net.take(changed.stdout, changed.stderr)
    net.take_folder(town.place("outsider"), but=[keep])
    net.take_folder(folder)
    assert Marks(secret=secret).found_in(net.caught) == set()


def test_a_token_is_never_shown(
    town: Town, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Good, damaged or something else entirely: what is shown of it is its claims."""
    net = Net()
    source = tmp_path / "in.json"
    source.write_bytes(INPUTS["good.json"])
    files = {
        "good": town.token,
        "damaged": town.token[:-5] + "AAAAA",
        "cut": town.token[:-40],
        "longer": town.token + "A" * 9000,
        "something": MARK * 20,
    }
    for name, token in files.items():
        grant = tmp_path / f"{name}.jwt"
        grant.write_text(token)
        node = ["--node", str(town.place("provider")), "--resource", RESOURCE]
        for arguments in (
            ["grant", "inspect", str(grant)],
            ["explain", *node, "--grant", str(grant), "--json"],
            ["seal", *node, "--purpose", PURPOSE, "--grant", str(grant), "--json",
             "--records", str(source), "--out", str(tmp_path / "e.bin")],
        ):  # fmt: skip
            status = main(arguments)
            # What is inspected is shown as it is, unverified.
            assert status == 0 or name != "good"
            assert status == 3 or name == "good" or arguments[0] == "grant"
            net.take(*capfd.readouterr())
    net.take((tmp_path / "e.bin").read_bytes())
    _take_town(town, net)
    _is_clean(town, net)
