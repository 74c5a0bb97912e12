"""`sealgate trust revoke-key`: a stolen key is believed no more, whatever comes later."""

from pathlib import Path

from tests.cli.command import PROVIDER, PUBLIC_ROW, Desk, call, done


def _stolen(desk: Desk) -> str:
    """Seal with the provider's signing key; return the key's id."""
    answer = desk.seal_public(desk.write([dict(PUBLIC_ROW)], "r.json"))
    assert answer.status == 0, answer.err
    (shown,) = done("envelope", "inspect", desk.envelope, "--json").json
    return str(shown["sender_key_id"])


def _revoke(desk: Desk, *more: object) -> tuple[object, ...]:
    return ("trust", "revoke-key", "--authority", desk.authority, *more)


def _entry(desk: Desk) -> Path:
    path = desk.folder / "entry.yaml"
    done("trust", "export", "--node", desk.provider, "--out", path)
    return path


def test_what_a_revoked_key_signed_is_refused(desk: Desk) -> None:
    """Envelopes on their way too, once the node has the trust data that says so."""
    key = _stolen(desk)
    answer = done(*_revoke(desk, "--department", PROVIDER, "--key", key, "--json"))
    assert answer.json == {"department": PROVIDER, "key": key, "revoked": True}
    assert desk.opened() == [PUBLIC_ROW]
    desk.share()
    assert desk.open("--reopen").code == "KEY_UNAVAILABLE"
    assert desk.seal_public(desk.folder / "r.json").code == "KEY_UNAVAILABLE"


def test_the_department_goes_on_with_a_new_key(desk: Desk) -> None:
    """Its next entry brings the new one in, and does not bring the stolen one back."""
    stolen = _stolen(desk)
    done(*_revoke(desk, "--department", PROVIDER, "--key", stolen))
    done("keys", "rotate", "--node", desk.provider, "--purpose", "signing")
    done("trust", "import", "--authority", desk.authority, _entry(desk))
    desk.share()
    assert desk.open().code == "KEY_UNAVAILABLE"
    assert _stolen(desk) != stolen
    assert desk.opened() == [PUBLIC_ROW]


def test_an_entry_of_before_is_not_taken(desk: Desk) -> None:
    """It is told from when the one is that stands there."""
    entry = _entry(desk)
    text = entry.read_text("utf-8")
    (issued,) = (line for line in text.splitlines() if line.startswith("issued: "))
    done("trust", "import", "--authority", desk.authority, entry)
    entry.write_text(text.replace(issued, "issued: 1"), "utf-8")
    answer = call("trust", "import", "--authority", desk.authority, entry)
    assert answer.code == "TRUST_STALE"
    assert "is older than the one here, which was exported at 20" in answer.err
    done("trust", "import", "--authority", desk.authority, _entry(desk))


def test_a_key_or_department_that_is_not_there_is_told(desk: Desk) -> None:
    """And an odd one is not repeated."""
    key = _stolen(desk)
    nobody = "11149900MB0C31051U"
    cases = (
        (nobody, key, "DEPARTMENT_UNKNOWN"),
        (PROVIDER, "a" * 26, "KEY_UNKNOWN"),
        (PROVIDER, "marked-secret-7f3a", "KEY_UNKNOWN"),
    )
    for department, named, code in cases:
        answer = call(*_revoke(desk, "--department", department, "--key", named))
        assert answer.code == code
        assert "marked" not in answer.err
    assert call(*_revoke(desk, "--department", PROVIDER)).status == 2
