"""Whose a client's certificate is, from what gRPC tells of a connection."""

from collections.abc import Mapping

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.config import CallerFile
from gateway.server.tls import MAX_KNOWN, CallersByCertificate
from tests.server.papers import END, PASSED, PAST, SPIFFE, Paper, authority, client, odd_client

OTHER = "spiffe://qinglan.example/other"
NOW = (PAST + 86_400) * 1000
OF = authority()


def caller(name: str, *certificates: str) -> CallerFile:
    """Make a caller."""
    return CallerFile(name=name, may=("seal",), certificates=certificates or None)


def context(paper: Paper, **more: list[bytes]) -> Mapping[str, list[bytes]]:
    """Tell of a connection as gRPC does."""
    return {"x509_pem_cert": [paper.pem], "ssl_tls_version": [b"TLSv1.3"], **more}


def find(paper: Paper, *callers: CallerFile, now: int = NOW, **more: list[bytes]) -> str | None:
    """Find the caller of a certificate."""
    return CallersByCertificate(callers, lambda: now).find(context(paper, **more))


def test_uri_and_fingerprint_find_the_caller() -> None:
    """Each by itself, and both for one caller; a caller without certificates is passed over."""
    paper = client(OF)
    for certificates in ((SPIFFE,), (paper.fingerprint,), (SPIFFE, paper.fingerprint)):
        assert find(paper, caller("local"), caller("a", *certificates)) == "a"
    assert find(paper, caller("local")) is None


def test_a_certificate_of_two_callers_is_nobodys() -> None:
    """By its URI the one's, by its fingerprint the other's."""
    paper = client(OF)
    assert find(paper, caller("a", SPIFFE), caller("b", paper.fingerprint)) is None


def test_no_certificate_that_could_be_two_is_anybodys() -> None:
    """Nor an authority's, nor one of another curve, even by its fingerprint."""
    two = odd_client(OF, (SPIFFE, OTHER))
    assert find(two, caller("a", SPIFFE)) is None
    assert find(two, caller("a", two.fingerprint)) is None
    assert find(OF, caller("a", OF.fingerprint)) is None
    curve = odd_client(OF, (SPIFFE,), ec.generate_private_key(ec.SECP384R1()))
    assert find(curve, caller("a", SPIFFE, curve.fingerprint)) is None


@pytest.mark.parametrize(
    ("now", "found"),
    [
        (PAST * 1000 - 1, None),
        (PAST * 1000, "a"),
        (PASSED * 1000 + 999, "a"),
        (PASSED * 1000 + 1000, None),
    ],
)
def test_times_are_looked_at_at_each_call(now: int, found: str | None) -> None:
    """A connection, or a session that it resumes, outlives the certificate."""
    assert find(client(OF, ends=PASSED), caller("a", SPIFFE), now=now) == found


def test_a_connection_outlives_its_certificate_and_not_its_rights() -> None:
    """Though the certificate is known from an earlier call."""
    times = iter((NOW, NOW, (END + 1) * 1000))
    callers = CallersByCertificate([caller("a", SPIFFE)], lambda: next(times))
    told = context(client(OF))
    assert [callers.find(told) for _ in range(3)] == ["a", "a", None]


def test_an_older_version_of_tls_is_nobody() -> None:
    """Where gRPC tells the version; older ones of gRPC do not."""
    paper = client(OF)
    assert find(paper, caller("a", SPIFFE), ssl_tls_version=[b"TLSv1.2"]) is None
    assert find(paper, caller("a", SPIFFE), ssl_tls_version=[]) == "a"


@pytest.mark.parametrize("pems", [[], [b""], [b"nothing"], "two"])
def test_no_certificate_is_nobody(pems: list[bytes] | str) -> None:
    """None, what is no certificate, more than one."""
    paper = client(OF)
    found = [paper.pem, paper.pem] if isinstance(pems, str) else pems
    assert find(paper, caller("a", SPIFFE), x509_pem_cert=found) is None


def test_what_is_remembered_is_bounded() -> None:
    """However many certificates come, each is still found."""
    callers = CallersByCertificate([caller("a", SPIFFE)], lambda: NOW)
    first = context(client(OF))
    for told in (first, *(context(client(OF)) for _ in range(MAX_KNOWN + 1)), first):
        assert callers.find(told) == "a"
        assert 1 <= len(callers._known) <= MAX_KNOWN
