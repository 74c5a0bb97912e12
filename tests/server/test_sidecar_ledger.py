"""The ledger as a sidecar lets it be read: shards, entries, receipts, checkpoints, proofs."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from google.protobuf.message import Message

from gateway.config import Places
from gateway.ledger.notes import SignedCheckpoint, check_signature, read_checkpoint
from gateway.ledger.receipts import check_receipt, ledger_keys, read_receipt
from gateway.ledger.tree import check_consistency
from gateway.model.trust import Department
from gateway.node import Node
from gateway.stores.clock import system_clock
from gateway.stores.files import read_folder
from gateway.stores.shard_keeping import archive
from gateway.stores.snapshots import TRUST_SUFFIXES
from gateway.trust import read_trust
from gateway.v1 import sidecar_pb2 as v1
from tests.cli.command import PROVIDER, REQUESTER, Desk
from tests.gateway.ledger_shards import entries_of
from tests.server.asking import Asking, asking
from tests.server.sidecars import set_callers, sidecar

CALLERS = (
    {"name": "a", "may": ["seal"]},
    {"name": "auditor", "may": ["read_ledger"]},
    {"name": "guard", "may": ["administer"]},
)


class Read(NamedTuple):
    """A provider of two workers, who calls the first, who reads, who administers."""

    desk: Desk
    first: Asking
    auditor: Asking
    guard: Asking

    def shard(self) -> str:
        """Return the newest shard of the first worker, which takes entries."""
        self.first.seal()
        return self.entries(page_size=1).shard

    def shards(self, **asked: str | int) -> v1.ListShardsResponse:
        """List a page of shards."""
        return self.auditor.stub.ListShards(v1.ListShardsRequest(**asked), timeout=30)  # type: ignore[arg-type]

    def entries(self, **asked: str | int) -> v1.ListEntriesResponse:
        """List a page of entries."""
        return self.auditor.stub.ListEntries(v1.ListEntriesRequest(**asked), timeout=30)  # type: ignore[arg-type]

    def receipt(self, shard: str, number: int) -> str:
        """Have a receipt made."""
        asked = v1.GetReceiptRequest(shard=shard, number=number)
        return self.auditor.stub.GetReceipt(asked, timeout=30).receipt.decode()

    def checkpoint(self, shard: str, cosigned: bool = False) -> str:
        """Read a checkpoint."""
        asked = v1.GetCheckpointRequest(shard=shard, cosigned=cosigned)
        return self.auditor.stub.GetCheckpoint(asked, timeout=30).checkpoint.decode()

    def signed(self, shard: str) -> SignedCheckpoint:
        """Read a checkpoint that holds under the provider's key in the directory."""
        signed = read_checkpoint(self.checkpoint(shard))
        assert signed.checkpoint.origin.endswith(f"/{shard}")
        provider = self.directory()[PROVIDER]
        assert check_signature(signed.note, signed.checkpoint.origin, ledger_keys(provider))
        return signed

    def proof(self, shard: str, old: int, new: int) -> list[bytes]:
        """Have consistency proved."""
        asked = v1.GetConsistencyProofRequest(shard=shard, old_size=old, new_size=new)
        return [*self.auditor.stub.GetConsistencyProof(asked, timeout=30).hashes]

    def directory(self) -> dict[str, Department]:
        """Return the departments as the provider has them."""
        current = Places(self.desk.provider).trust / "current"
        trust = read_trust(read_folder(current, TRUST_SUFFIXES), system_clock() // 1000)
        return dict(trust.departments)


@pytest.fixture(scope="module")
def read(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Read]:
    """Serve it, once, with some calls made."""
    desk = Desk(tmp_path_factory.mktemp("read") / "world")
    shutil.copytree(founded, desk.folder, symlinks=True)
    set_callers(desk.provider, CALLERS)
    with sidecar(desk.provider, workers=2) as served:
        targets = [served.target(name) for name in ("a", "auditor", "guard")]
        with (
            asking(targets[0], desk) as first,
            asking(targets[1], desk) as auditor,
            asking(targets[2], desk) as guard,
        ):
            for _ in range(5):
                first.seal()
            yield Read(desk, first, auditor, guard)


def _put_away(read: Read, shard: str) -> None:
    archive(Places(read.desk.provider).ledger, shard, now=1_790_000_000_000)


def test_shards_are_listed_page_by_page(read: Read) -> None:
    """All writers', the oldest first; an archived one says so."""
    put_away = read.shard()
    _put_away(read, put_away)
    read.first.seal()
    whole = read.shards()
    names = [one.name for one in whole.shards]
    assert [one.begun for one in whole.shards] == sorted(one.begun for one in whole.shards)
    assert {"worker-0", "worker-1"} <= {one.writer for one in whole.shards}
    assert not whole.next_page_token
    paged, token = [], ""
    while True:
        page = read.shards(page_size=1, page_token=token)
        paged += [one.name for one in page.shards]
        token = page.next_page_token
        if not token:
            break
    assert paged == names
    for one in whole.shards:
        if one.archived:
            assert (one.closed, one.entries) == (True, 0)
        else:
            assert one.entries == read.signed(one.name).checkpoint.size
    assert {one.name for one in whole.shards if one.archived} >= {put_away}


def test_a_reader_goes_on_where_it_ended(read: Read) -> None:
    """Nothing is read twice, and nothing is passed over."""
    seen = read.entries(shard=read.shard(), page_size=1000)
    assert (seen.next_page_token, seen.closed) == ("", False)
    again = read.entries(page_token=seen.resume_token)
    assert [*again.entries] == []
    assert again.resume_token == seen.resume_token
    sealed = read.first.seal()
    fresh = read.entries(page_token=again.resume_token)
    (entry,) = [msgspec.json.decode(one) for one in fresh.entries]
    assert entry["leaf"]["shared"]["envelope"] == sealed.envelope_id.hex()
    assert entry["number"] == len(seen.entries)
    number = read.entries(shard=seen.shard, page_token=str(entry["number"]))
    assert [*number.entries] == [*fresh.entries]


def test_pages_stay_with_their_shard(read: Read) -> None:
    """Also where it is archived between two of them, and its writer has another."""
    for _ in range(3):
        read.first.seal()
    first = read.entries(page_size=2)
    before = read.entries(page_size=1000)
    _put_away(read, first.shard)
    read.first.seal()
    assert read.shard() != first.shard
    rest = read.entries(page_size=1000, page_token=first.next_page_token)
    assert (rest.shard, rest.closed) == (first.shard, True)
    assert [*first.entries, *rest.entries] == [*before.entries]


def test_an_entry_is_read_by_its_number(read: Read) -> None:
    """As it is listed."""
    page = read.entries(page_size=1000)
    for number, listed in enumerate(page.entries):
        asked = v1.GetEntryRequest(shard=page.shard, number=number)
        assert read.auditor.stub.GetEntry(asked, timeout=30).entry == listed


@pytest.mark.parametrize("archived", [False, True])
def test_receipts_and_proofs_hold(read: Read, archived: bool) -> None:
    """Against the directory and the tree's own rules; the entry is that of the call."""
    shard = read.shard()
    early = read.signed(shard).checkpoint
    given = read_receipt(read.first.seal().receipt.decode())
    late = read.signed(shard).checkpoint
    if archived:
        _put_away(read, shard)
        assert read.signed(shard).checkpoint == late
    made = read_receipt(read.receipt(shard, given.index))
    assert made.leaf == given.leaf
    for number in range(late.size):
        receipt = read_receipt(read.receipt(shard, number))
        told = check_receipt(receipt, read.directory())
        assert (told.department, told.number) == (PROVIDER, number)
        assert told.origin == late.origin
    assert early.size < late.size
    proof = read.proof(shard, early.size, late.size)
    check_consistency(early.size, early.root, late.size, late.root, proof)
    assert read.proof(shard, late.size, late.size) == []


def _asked(shard: str, number: int = 0, old: int = 1, new: int = 1) -> dict[str, Message]:
    return {
        "ListEntries": v1.ListEntriesRequest(shard=shard, page_token=str(number)),
        "GetEntry": v1.GetEntryRequest(shard=shard, number=number),
        "GetReceipt": v1.GetReceiptRequest(shard=shard, number=number),
        "GetCheckpoint": v1.GetCheckpointRequest(shard=shard),
        "GetConsistencyProof": v1.GetConsistencyProofRequest(
            shard=shard, old_size=old, new_size=new
        ),
    }


def test_what_is_not_there_is_refused(read: Read) -> None:
    """A shard, an entry, a size; in words, and never by a fault of the service."""
    shard = read.shard()
    for name in ("node-000000000000-00000000", "../keys.json", "x", "worker-0"):
        for method, asked in _asked(name).items():
            refusal = read.auditor.refused(method, asked)
            assert (refusal.code, refusal.message) == (
                "REQUEST_MALFORMED",
                "this ledger has no such shard",
            )
    refused = read.auditor.refused
    assert refused("ListShards", v1.ListShardsRequest(page_token="x")).code == "REQUEST_MALFORMED"
    for number in (10**6, 2**62, 2**63, 2**64 - 1):
        for method in ("GetEntry", "GetReceipt"):
            refusal = refused(method, _asked(shard, number)[method])
            assert (refusal.code, refusal.status) == ("REQUEST_MALFORMED", "INVALID_ARGUMENT")
        assert refused("ListEntries", _asked(shard, number)["ListEntries"]).code
        for old, new in ((1, number), (number, number)):
            proof = _asked(shard, old=old, new=new)["GetConsistencyProof"]
            assert refused("GetConsistencyProof", proof).code == "REQUEST_MALFORMED"
    for old, new in ((0, 1), (0, 0), (2, 1)):
        proof = _asked(shard, old=old, new=new)["GetConsistencyProof"]
        assert refused("GetConsistencyProof", proof).code == "REQUEST_MALFORMED"


def test_only_who_may_reads(read: Read) -> None:
    """Neither who seals nor who administers; nor does a reader add anything."""
    asked = _asked(read.shard()) | {"ListShards": v1.ListShardsRequest()}
    for method, message in asked.items():
        for caller in (read.first, read.guard):
            assert caller.refused(method, message).code == "CALLER_FORBIDDEN"
    adding = v1.AddCosignatureRequest(checkpoint=b"x")
    for caller in (read.first, read.auditor):
        assert caller.refused("AddCosignature", adding).code == "CALLER_FORBIDDEN"


def test_cosignatures_are_kept_and_entered(read: Read) -> None:
    """By who may administer; what no department of the directory cosigned is refused."""
    shard = read.shard()
    note = read.checkpoint(shard)
    with Node(read.desk.requester) as witness:
        cosigned = witness.witnessing.cosign(note.encode(), (), "clerk", None).text
    assert read.checkpoint(shard, cosigned=True) == ""
    told = read.guard.stub.AddCosignature(
        v1.AddCosignatureRequest(checkpoint=cosigned.encode()), timeout=30
    )
    assert [one.department for one in told.cosignatures] == [REQUESTER]
    assert told.checkpoint.decode() == cosigned
    read.first.seal()
    assert read.checkpoint(shard) != note
    assert read.checkpoint(shard, cosigned=True) == cosigned
    bare = v1.AddCosignatureRequest(checkpoint=note.encode())
    assert read.guard.refused("AddCosignature", bare).code == "CHECKPOINT_INVALID"
    done = [
        (one["shared"]["outcome"], one["private"]["caller"])
        for one in entries_of(read.desk.provider, "administer")
        if one["private"]["detail"] == "cosignature"
    ]
    assert done == [("ok", "guard"), ("CHECKPOINT_INVALID", "guard")]
