"""Every code that a call can raise, brought about once, over the socket of a live sidecar."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.config import Places
from gateway.records.decoder import MAX_RECORD_BYTES
from gateway.stores.blocks import set_block
from gateway.v1 import sidecar_pb2 as v1
from gateway.wire import DOMAIN, STATUS
from tests.cli.command import (
    PROVIDER,
    PUBLIC_RESOURCE,
    REQUESTER,
    RESOURCE,
    ROW,
)
from tests.gateway.ledger_shards import entries_of
from tests.server.asking import Refusal, many
from tests.server.forging import Issuer, now
from tests.server.refusing import CODES, NARROW, Live, refusing
from tests.server.sidecars import about

DAY = 86_400
PLAIN_ROW = {"must": "在"}


@pytest.fixture(scope="module")
def live(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Serve it once."""
    with refusing(founded, tmp_path_factory.mktemp("codes")) as served:
        yield served


# --- What is wrong with a call


def _grant(make: Callable[[Issuer], str]) -> Callable[[Live], Refusal]:
    return lambda live: live.provider.seal_refused(grant=make(live.issuer))


def _resource(name: str) -> Callable[[Live], Refusal]:
    def refused(live: Live) -> Refusal:
        fields = {"resource": CODES[name], "fields": [*PLAIN_ROW]}
        grant = live.issuer.detailed(**fields)
        return live.provider.seal_refused([PLAIN_ROW], resource=CODES[name], grant=grant)

    return refused


def _records(records: object) -> Callable[[Live], Refusal]:
    return lambda live: live.provider.seal_refused(records)


def _subject(**changes: object) -> Callable[[Live], Refusal]:
    return lambda live: live.provider.seal_refused(**changes)


def _flipped(token: str) -> str:
    head, _, signature = token.rpartition(".")
    return f"{head}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


def _extra_missing(live: Live) -> Refusal:
    # Free text that anything could be in has to be searched.
    fields = [*live.issuer.detail["fields"], "visit_note"]
    note = {**ROW, "visit_note": "联系电话13800138000"}
    return live.provider.seal_refused([note], grant=live.issuer.detailed(fields=fields))


def _quota(live: Live) -> Refusal:
    grant = live.issuer.token(
        jti="jti-of-two-rows",
        authorization_details=[{**live.issuer.detail, "rows_per_day": 2}],
    )
    live.provider.seal(many(2), grant=grant)
    return live.provider.seal_refused(grant=grant)


def _rate(live: Live) -> Refusal:
    for _ in range(20):
        try:
            return live.slow.refused("ListResources", v1.ListResourcesRequest())
        except AssertionError:
            continue
    raise AssertionError("it is held to no rate")


def _repeated(live: Live) -> Refusal:
    request_id = "0d2ff30b-2a57-4f8e-9a3f-0c5d9e9f0a01"
    live.provider.seal(request_id=request_id)
    return live.provider.seal_refused(many(2), request_id=request_id)


def _in_progress(live: Live) -> Refusal:
    asked = live.provider.sealing(many(15_000), request_id="0d2ff30b-2a57-4f8e-9a3f-0c5d9e9f0a02")
    first = live.provider.stub.Seal.future(asked, timeout=30)
    refusal = None
    while refusal is None or refusal.code != "REQUEST_IN_PROGRESS":
        assert not first.done()
        refusal = live.provider.refused("Seal", asked)
    assert first.result().records == 15_000
    return refusal


def _malformed(live: Live) -> Refusal:
    return live.provider.refused("Seal", b"\xff" * 40)


# --- What is wrong with an envelope


def _open(live: Live, envelope: bytes) -> Refusal:
    return live.requester.refused("Open", v1.OpenRequest(envelope=envelope))


def _envelope(**changes: object) -> Callable[[Live], Refusal]:
    return lambda live: _open(live, live.forge.envelope(live.forge.header(**changes)))  # type: ignore[arg-type]


def _aged(created: int, expires: int) -> Callable[[Live], Refusal]:
    """Make it at a time, and end it at another; seconds from now."""

    def refused(live: Live) -> Refusal:
        at = live.forge.city.clock()
        changes = {"created": at + created * 1000, "expires": at + expires * 1000}
        return _open(live, live.forge.envelope(live.forge.header(**changes)))

    return refused


def _tampered(live: Live) -> Refusal:
    envelope = live.forge.envelope()
    return _open(live, envelope[:-1] + bytes([envelope[-1] ^ 1]))


def _undecryptable(live: Live) -> Refusal:
    return _open(live, live.forge.envelope(wrapped=bytes(1120 + 48)))


def _lying(live: Live) -> Refusal:
    forge = live.forge
    return _open(live, forge.envelope(plaintext=forge.plaintext(forge.manifest(records=7))))


def _replayed(live: Live) -> Refusal:
    envelope = live.forge.envelope()
    live.requester.stub.Open(v1.OpenRequest(envelope=envelope), timeout=30)
    return _open(live, envelope)


def _broken_stream(live: Live) -> Refusal:
    part = live.forge.part(1, None)
    return live.requester.refused("OpenStream", v1.OpenStreamRequest(envelope=part))


# --- What is wrong with the node


@contextmanager
def _away(path: Path) -> Iterator[None]:
    """Take a file away, and put it back as it was."""
    aside = path.with_name("aside")
    path.rename(aside)
    try:
        yield
    finally:
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        path.unlink(missing_ok=True)
        aside.rename(path)


def _no_trust(live: Live) -> Refusal:
    with _away(live.desk.provider / "trust" / "current"):
        return live.provider.seal_refused()


def _broken_catalogue(live: Live) -> Refusal:
    current = live.desk.provider / "trust" / "current"
    with _away(current):
        (current.parent / "versions" / "empty").mkdir(exist_ok=True)
        current.symlink_to("versions/empty")
        return live.provider.seal_refused()


def _no_policy(live: Live) -> Refusal:
    with _away(live.desk.provider / "policy.yaml"):
        return live.provider.seal_refused()


def _broken_policy(live: Live) -> Refusal:
    policy = live.desk.provider / "policy.yaml"
    with _away(policy):
        # Without one in between the good one would stand.
        assert live.provider.code() == "POLICY_MISSING"
        policy.write_text("policy: [broken")
        return live.provider.seal_refused()


def _broken_blocks(live: Live) -> Refusal:
    blocks = live.desk.provider / "blocks.yaml"
    blocks.write_text("requesters: [broken")
    try:
        return live.provider.seal_refused()
    finally:
        blocks.unlink()


def _blocked(live: Live) -> Refusal:
    places = Places(live.desk.provider)
    set_block(places, requester=REQUESTER, grant=None, blocked=True)
    try:
        return live.provider.seal_refused()
    finally:
        places.blocks.unlink()


def _no_ledger(live: Live) -> Refusal:
    live.provider.seal()
    ledger = live.desk.provider / "ledger"
    with _away(ledger):
        ledger.touch()
        return live.provider.seal_refused()


TABLE: dict[str, Callable[[Live], Refusal]] = {
    "AGREEMENT_MISSING": _resource("agreed"),
    "APPROVAL_MISSING": _grant(
        lambda issuer: issuer.token(
            authorization_details=[
                {name: one for name, one in issuer.detail.items() if name != "approval"}
            ]
        )
    ),
    "CALLER_FORBIDDEN": lambda live: live.provider.refused("Open", v1.OpenRequest()),
    "CATALOGUE_INVALID": _broken_catalogue,
    "CONFIGURATION_INVALID": _broken_blocks,
    "DEPARTMENT_UNKNOWN": _grant(lambda issuer: issuer.token(sub="11149900MB0C99999X")),
    "ENVELOPE_EXPIRED": _aged(-1, 0),
    "ENVELOPE_FROM_FUTURE": _aged(120, 3600),
    "ENVELOPE_MALFORMED": lambda live: _open(live, b"\x0a\xff"),
    "ENVELOPE_MANIFEST_WRONG": _lying,
    "ENVELOPE_NOT_FOR_US": _envelope(recipient=PROVIDER),
    "ENVELOPE_REPLAYED": _replayed,
    "ENVELOPE_SIGNATURE_INVALID": _tampered,
    "ENVELOPE_UNDECRYPTABLE": _undecryptable,
    "EXTRA_MISSING": _extra_missing,
    "FIELD_INVALID": _records([{**ROW, "household_size": "three"}]),
    "FIELD_OUT_OF_SCOPE": _records([{**ROW, "visit_note": ""}]),
    "FIELD_UNCATALOGUED": _records([{**ROW, "blood_type": 1}]),
    "FIELD_UNRELEASABLE": _resource("important"),
    "KEY_UNAVAILABLE": _aged(-400 * DAY, -399 * DAY),
    "KEY_UNKNOWN": _envelope(sender_key_id="a" * 26),
    "LEDGER_UNAVAILABLE": _no_ledger,
    "LIMIT_EXCEEDED": _records(b" " * (MAX_RECORD_BYTES + 1)),
    "POLICY_INVALID": _broken_policy,
    "POLICY_MISSING": _no_policy,
    "PURPOSE_NOT_GRANTED": _subject(purpose="assistance-payment"),
    "QUOTA_EXCEEDED": _quota,
    "RATE_EXCEEDED": _rate,
    "RECORD_MALFORMED": _records(b"[{"),
    "REGION_OUT_OF_SCOPE": _grant(lambda issuer: issuer.detailed(region="149981")),
    "REQUEST_IN_PROGRESS": _in_progress,
    "REQUEST_MALFORMED": _malformed,
    "REQUEST_REPEATED": _repeated,
    "RESOURCE_NOT_OURS": _resource("others"),
    "RESOURCE_NOT_SHARED": _resource("unshared"),
    "RESOURCE_STOPPED": _resource("stopped"),
    "RESOURCE_UNCATALOGUED": lambda live: live.provider.refused(
        "DescribeResource", v1.DescribeResourceRequest(resource="none/such")
    ),
    "REVIEW_MISSING": _resource("unreviewed"),
    "STREAM_BROKEN": _broken_stream,
    "SUITE_REFUSED": _subject(suite=9),
    "TOKEN_AUDIENCE_WRONG": _grant(lambda issuer: issuer.token(aud=REQUESTER)),
    "TOKEN_BLOCKED": _blocked,
    "TOKEN_CLAIM_INVALID": _subject(resource=PUBLIC_RESOURCE),
    "TOKEN_EXPIRED": _grant(
        lambda issuer: issuer.token(iat=now() - 9 * DAY, nbf=now() - 9 * DAY, exp=now() - DAY)
    ),
    "TOKEN_ISSUER_SCOPE": _grant(lambda issuer: issuer.token(iss=NARROW)),
    "TOKEN_ISSUER_UNKNOWN": _grant(lambda issuer: issuer.token(iss="urn:nobody")),
    "TOKEN_MALFORMED": _subject(grant="no token"),
    "TOKEN_NOT_YET_VALID": _grant(
        lambda issuer: issuer.token(nbf=now() + DAY, exp=now() + 9 * DAY)
    ),
    "TOKEN_REVOKED": lambda live: live.provider.seal_refused(grant=live.taken_back),
    "TOKEN_SIGNATURE_INVALID": lambda live: live.provider.seal_refused(
        grant=_flipped(about(live.desk)["grant"])
    ),
    "TRUST_STALE": _no_trust,
}
# No call ends with these, and why not.
NEVER = {
    "CHECKPOINT_INVALID": "checkpoints are checked by who audits a ledger",
    "DEADLINE_EXCEEDED": "gRPC ends the call itself at that moment: "
    "test_sidecar_deadlines finds the code in the log",
    "DECRYPTION_FAILED": "an envelope's is ENVELOPE_UNDECRYPTABLE; tokens are turned back by "
    "`sealgate reveal` alone",
    "LEDGER_INVALID": "ledgers are judged by `sealgate ledger` alone",
    "RECEIPT_INVALID": "receipts are checked by `sealgate receipt` alone",
    "RECEIPT_MISMATCH": "and matched there",
    "SIGNATURE_INVALID": "an envelope's is ENVELOPE_SIGNATURE_INVALID, a grant's "
    "TOKEN_SIGNATURE_INVALID",
    "TABLE_INVALID": "tables are masked by `sealgate mask` alone",
}
# Where to try again can help, and after how many seconds.
RETRIES = {
    "LEDGER_UNAVAILABLE": 1,
    "RATE_EXCEEDED": 1,
    "REQUEST_IN_PROGRESS": 1,
    "TRUST_STALE": 60,
}


def test_the_table_has_every_code() -> None:
    """Each code of the service is brought about below, or cannot be."""
    assert TABLE.keys() | NEVER.keys() == STATUS.keys()
    assert not TABLE.keys() & NEVER.keys()
    assert [*TABLE] == sorted(TABLE)


@pytest.mark.parametrize("code", TABLE)
def test_a_code_comes_with_its_status_and_details(live: Live, code: str) -> None:
    """Its reason, both texts, the id by which the log has it, and when to try again."""
    told = TABLE[code](live)
    assert (told.code, told.domain) == (code, DOMAIN)
    assert told.status == STATUS[code].name
    assert told.message
    assert any("\u4e00" <= letter <= "\u9fff" for letter in told.message_zh)
    assert len(told.request_id) == 36
    assert told.retry_seconds == RETRIES.get(code)
    assert bool(told.fields) == code.startswith(("FIELD_", "RECORD_"))
    # What was brought about is over.
    assert live.provider.code() == "OK"


def test_a_refusal_is_in_the_ledger(live: Live) -> None:
    """By its code, under the caller; what a stranger did is only counted."""
    assert live.provider.seal_refused([{**ROW, "sex": "x"}]).code == "FIELD_INVALID"
    entry = entries_of(live.desk.provider, "seal", writer="worker-0")[-1]
    assert entry["shared"]["outcome"] == "FIELD_INVALID"
    assert entry["shared"]["resource"] == RESOURCE
    assert entry["private"]["caller"] == "case-system"
