"""The page on configuration lists what the code reads and writes: files, keys, limits."""

import ast
import hashlib
import importlib
import json
import re
import stat
from base64 import b64decode, b64encode
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from gateway import changes
from gateway.config import (
    Address,
    AuthorityFile,
    CallerFile,
    Endpoint,
    ListenFile,
    NodeFile,
    Places,
    TracingFile,
)
from gateway.founding import ROLES, found_world
from gateway.grants.claims import GrantId
from gateway.inbound import LIFETIME_CAP_MS
from gateway.installation import KEY_DAYS, PSEUDONYM_DAYS, PUBLIC_PURPOSES
from gateway.ledger import Leaf
from gateway.ledger.entries import PRIVATE_LABEL, SUBJECTS_LABEL
from gateway.ledger.origins import shard_name, worker_writer
from gateway.ledger.receipts import receipt_text
from gateway.model import resource
from gateway.model.call import PrivatePart, Receipt, SharedPart, Subjects
from gateway.model.certificate import CertificateId
from gateway.model.trust import Department, Issuer, KeyId, PublicKey, Seconds
from gateway.stores.blocks import BlocksFile
from gateway.stores.keyfile import PASSPHRASE_VARIABLE
from gateway.stores.ledger_folder import LOCK_FILE
from gateway.stores.shards import ShardReader, list_shards
from gateway.trust import Term
from keys.material import Purpose
from keys.stores.keyfile import Cost, Header
from keys.suites import suite
from tests.cli.command import Desk, call
from tests.docs.tables import (
    ROOT,
    bare,
    both_languages,
    keys,
    names,
    page,
    section,
    table,
    tables,
    value_words,
)
from tests.gateway.ledger_shards import DEPARTMENT, KEY, an_entry, sqlite_ledger

TEXT = page("reference/configuration.md")
WORDS: dict[object, str] = {
    resource.Name: "line",
    resource.DepartmentId: "department",
    resource.Id: "id",
    resource.ResourceCode: "resource code",
    CertificateId: "certificate",
    GrantId: "grant id",
    KeyId: "key id",
    Seconds: "seconds",
    int: "number",
    Address: "address",
    Endpoint: "endpoint",
}
FILES: list[tuple[str, type[msgspec.Struct]]] = [
    ("node.yaml", NodeFile),
    ("Callers", CallerFile),
    ("Listening TCP", ListenFile),
    ("Tracing", TracingFile),
    ("blocks.yaml", BlocksFile),
    ("authority.yaml", AuthorityFile),
    ("trust.yaml", Term),
    ("Departments", Department),
    ("Issuers", Issuer),
    ("Public keys", PublicKey),
]
LIMITS = [row for rows in tables(section(TEXT, "Limits")) for row in rows]
# gRPC reads it; we give it a value where it has none.
LOGGED = "GRPC_VERBOSITY"
LIMIT = re.compile("(MAX|MAXIMUM|MIN|MINIMUM)_")


@pytest.mark.parametrize(("title", "shape"), FILES, ids=[title for title, *_ in FILES])
def test_the_page_lists_every_key_of_a_file(title: str, shape: type[msgspec.Struct]) -> None:
    """In order, with type, limits and default, in both languages."""
    rows = table(TEXT, title)
    assert [[row[0], row[2]] for row in rows] == keys(shape)
    assert [row[1] for row in rows] == list(value_words(shape, WORDS))
    assert all(both_languages(row[-1]) for row in rows)


def test_the_key_file_is_as_told() -> None:
    """Its header, what it costs, and the keys of a new node."""
    rows = {bare(row[0]): row[1] for row in table(TEXT, "Key file")}
    assert tuple(rows) == Header.__struct_fields__
    assert f"{Cost().opslimit} by default" in rows["opslimit"]
    assert f"{Cost().memlimit:,} by default" in rows["memlimit"]
    made = tables(section(TEXT, "Key file"))[1]
    assert [bare(row[0]) for row in made] == [each.value for each in Purpose]
    days = {bare(row[0]): row[2] for row in made}
    assert days.pop("pseudonym") == f"{PSEUDONYM_DAYS:,}"
    assert set(days.values()) == {f"{KEY_DAYS:,}"}
    assert set(Purpose) - set(PUBLIC_PURPOSES) == {Purpose.PSEUDONYM}
    assert f"for {LIFETIME_CAP_MS // 86_400_000} more days" in TEXT


def _entered(folder: Path) -> tuple[dict[str, Any], Receipt, str]:
    """Enter something about somebody; return the entry as it is shown, its receipt, its shard."""
    ledger = sqlite_ledger(folder)
    ledger.append(an_entry(1))
    about = Subjects(key_id="k" * 26, digests=bytes(32))
    receipt = ledger.append(replace(an_entry(2), subjects=about))
    ledger.close()
    (path,) = list_shards(folder)
    with ShardReader(path) as shard:
        return json.loads(shard.row(1).to_json(shard.name)), receipt, shard.name


def test_an_entry_of_the_ledger_is_as_told(tmp_path: Path) -> None:
    """Each member of it, and of its parts; each kind that is entered anywhere."""
    files, members, shared = tables(section(TEXT, "Ledger"))[:3]
    entry, _, name = _entered(tmp_path)
    rows = {bare(row[0]): names(row[1]) for row in members}
    assert tuple(rows) == tuple(entry)
    assert tuple(rows["leaf"]) == tuple(entry["leaf"]) == Leaf.__struct_fields__
    assert tuple(rows["private"]) == PrivatePart.__struct_fields__
    told = [each for row in shared for each in names(row[0])]
    assert tuple(told) == SharedPart.__struct_fields__
    (kinds,) = (names(row[1]) for row in shared if bare(row[0]) == "kind")
    code = "".join(_code(file) for file in sources())
    entered = re.findall(r'Calls\("(\w+)"', code)
    listed = re.search(r"kinds = \((.*?)\)", _code(Path(changes.__file__)))
    assert listed is not None
    assert set(kinds) == {*entered, *re.findall(r'"(\w+)"', listed[1])}
    patterns = [re.escape(names(row[0])[0]).replace("…", ".+") for row in files]
    assert re.fullmatch(patterns[0], f"{name}.sqlite")
    assert re.fullmatch(patterns[1], f"{shard_name(worker_writer(0), 1, bytes(4))}.sqlite")
    assert {bare(row[0]): row[1] for row in files}[LOCK_FILE] == "0600"


def test_a_receipt_is_made_of_the_bytes_that_are_told(tmp_path: Path) -> None:
    """By reading and hashing what the page says, from labels that stand there."""
    lines, formed = tables(section(TEXT, "Receipts"))
    told = {bare(row[0].split()[0]): row[1] for row in formed}
    labels = {name: re.findall(r'"(sealgate/v1/\w+)"', text) for name, text in told.items()}
    assert labels["private"] == [PRIVATE_LABEL.decode()]
    assert labels["subjects"] == [SUBJECTS_LABEL.decode()]
    entry, receipt, shard = _entered(tmp_path)
    proof, _, checkpoint = receipt_text(receipt).partition("\n\n")
    header, extra, index, sibling = proof.split("\n")
    assert (header, index) == (bare(lines[0][0]), "index 1")
    leaf = b64decode(extra.removeprefix("extra "))
    assert leaf == _compact(entry["leaf"])
    hidden = _digest(PRIVATE_LABEL, _lp(bytes.fromhex(entry["salt"]), _compact(entry["private"])))
    about = _digest(SUBJECTS_LABEL, _lp(b"k" * 26, bytes(32)))
    assert (entry["leaf"]["private"], entry["leaf"]["subjects"]) == (hidden.hex(), about.hex())
    root = _digest(b"\1", b64decode(sibling), _digest(b"\0", leaf))
    body, _, signature = checkpoint.partition("\n\n")
    origin = f"sealgate/{DEPARTMENT}/main/{shard}"
    assert body.split("\n") == [origin, "2", b64encode(root).decode()]
    assert "`sealgate/<department>/<node>/<shard>`" in told["origin"]
    dash, name, signed = signature.rstrip("\n").split(" ")
    assert (dash, name) == ("—", origin)
    assert KEY.public is not None
    assert b64decode(signed)[:4] == _digest(origin.encode(), b"\x0a\x01", KEY.public)[:4]
    suite(1).verifying_key(KEY.public, Purpose.LEDGER).verify(
        b64decode(signed)[4:], f"{body}\n".encode()
    )


def _compact(part: object) -> bytes:
    return json.dumps(part, ensure_ascii=False, separators=(",", ":")).encode()


def _digest(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def _lp(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def test_files_of_a_sidecar_are_named_as_told() -> None:
    """As the code names them."""
    told = [name for row in tables(section(TEXT, "A node's folder"))[1] for name in names(row[0])]
    places = Places(Path())
    files = (places.repeats, places.repeats.with_suffix(".lock"))
    listen = ListenFile(address="127.0.0.1:1")
    beside = ("sidecar.lock", "sockets/", f"{Path(listen.certificate).parent}/")
    assert told == [*(file.name for file in files), *beside]


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Found a world in which a grant was issued, used and blocked."""
    folder = tmp_path_factory.mktemp("configured") / "world"
    found_world(folder, roles=ROLES[:3])
    desk = Desk(folder)
    grant = desk.issue(fields=("category",))
    records = desk.write([{"category": "01"}], "records.json")
    assert desk.seal(records, grant=grant).status == 0
    assert desk.open().status == 0
    call("block", "--node", desk.provider, "--grant", "A" * 22)
    return folder


@pytest.mark.parametrize(
    ("title", "folders"),
    [("A node's folder", ("provider", "requester")), ("An authority's folder", ("authority",))],
)
def test_folders_hold_what_the_page_says(title: str, folders: tuple[str, ...], used: Path) -> None:
    """No file more or less, with the modes told."""
    told = {name.strip("/"): row[1] for row in table(TEXT, title) for name in names(row[0])}
    found = {path.name: path for folder in folders for path in (used / folder).iterdir()}
    assert found.pop("passphrase").stat().st_mode & 0o077 == 0
    beside = {"state.sqlite-wal", "state.sqlite-shm"}
    assert set(found) - beside == set(told)
    for name, mode in told.items():
        if not mode.startswith("any"):
            assert f"{stat.S_IMODE(found[name].stat().st_mode):04o}" == mode, name


def test_trust_data_is_laid_out_as_told(used: Path) -> None:
    """Of the authority, and of a node's current version."""
    told = {name.split("/")[0] for row in table(TEXT, "Trust data") for name in names(row[0])}
    assert {path.name for path in (used / "authority" / "trust").iterdir()} == told
    current = Places(used / "provider").trust / "current"
    assert {path.name for path in current.iterdir()} == told
    assert re.fullmatch(r"versions/[0-9]{8}\.0", str(current.readlink()))


def sources() -> Iterator[Path]:
    """Yield the product's modules."""
    for package in ("keys", "masking", "gateway"):
        yield from (ROOT / package).rglob("*.py")


def test_variables_are_those_that_are_read() -> None:
    """By every place that looks at the environment."""
    rows = table(TEXT, "Environment")
    told = [name for row in rows for name in names(row[0])]
    assert told == [PASSPHRASE_VARIABLE, LOGGED, "LC_ALL", "LC_MESSAGES", "LANG"]
    readers = {file.name for file in sources() if re.search(r"\benviron\b|getenv", _code(file))}
    assert readers == {"keyfile.py", "terminal.py", "passphrase.py", "tls.py"}
    terminal = (ROOT / "gateway" / "cli" / "terminal.py").read_text("utf-8")
    assert "".join(f'"{name}", ' for name in told[2:]).strip(", ") in terminal


def _code(file: Path) -> str:
    """Return a module without docstrings and comments."""
    return re.sub(r'""".*?"""|#.*?$', "", file.read_text("utf-8"), flags=re.M | re.S)


def defined(file: Path) -> Iterator[str]:
    """Yield the limits that a module defines, by their dotted names."""
    dotted = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for statement in ast.parse(file.read_text("utf-8")).body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        for target in targets:
            for name in ast.walk(target):
                if isinstance(name, ast.Name) and LIMIT.match(name.id):
                    yield f"{dotted}.{name.id}"


def test_limits_have_the_values_of_the_code() -> None:
    """Each by the name of its constant."""
    for name, value, meaning in LIMITS:
        module, _, constant = bare(name).rpartition(".")
        found = getattr(importlib.import_module(module), constant)
        assert Decimal(value.replace(",", "")) == Decimal(str(found)), name
        assert both_languages(meaning) or "`" in meaning, name


def test_every_limit_of_the_code_is_told() -> None:
    """Where it is defined, whatever the package; none twice."""
    told = [bare(row[0]) for row in LIMITS]
    assert len(told) == len(set(told))
    assert sorted({name for file in sources() for name in defined(file)} - set(told)) == []
