"""`sealgate demo` tells a family's case, what is refused and what it costs; its world works."""

import json
import tempfile
from pathlib import Path

import pytest

from gateway.cli.demo import MAX_ROWS
from gateway.cli.demo.story import COSTS, FAMILY, NEED
from gateway.cli.terminal import chosen_language, painted, width
from gateway.records.decoder import MAX_RECORD_BYTES
from tests.cli.command import PURPOSE, RESOURCE, Answer, call, done

REFUSALS = (
    "FIELD_UNCATALOGUED",
    "FIELD_OUT_OF_SCOPE",
    "TOKEN_EXPIRED",
    "TOKEN_REVOKED",
    "TOKEN_BLOCKED",
    "ENVELOPE_SIGNATURE_INVALID",
    "TOKEN_AUDIENCE_WRONG",
    "ENVELOPE_NOT_FOR_US",
    "ENVELOPE_REPLAYED",
)
# To the point where the reader has seen before, wire and after.
SCREEN_LINES, SCREEN_COLUMNS = 24, 120


WORDS = {
    "en": (
        ("before", "after", "policy", "all that the exchange sees", "the requester gets"),
        ("compared", "tried, and refused", "time it takes", "seal", "open"),
    ),
    "zh": (
        ("提供方的值", "使用方得到的值", "策略", "共享平台看到的全部内容", "使用方得到："),
        ("核对", "逐一尝试，逐一拒绝", "用时", "密封", "打开"),
    ),
}


def _check_story(answer: Answer, language: str) -> None:
    """Who, what and why; each field; the wire; what is got; nine refusals; a bar for each call."""
    lines = answer.out.splitlines()
    assert max(map(width, lines)) <= SCREEN_COLUMNS
    assert answer.err == ""
    screen = "\n".join(lines[:SCREEN_LINES])
    first, later = WORDS[language]
    for word in (*first, RESOURCE, "XWING", "pseudonym"):
        assert word in screen
    for word in (*later, FAMILY.resource, COSTS.resource):
        assert word in answer.out
    told = [line for line in lines if any(code in line for code in REFUSALS)]
    assert [next(code for code in REFUSALS if code in line) for line in told] == list(REFUSALS)
    assert sum("█" in line for line in lines) == 6
    assert "\x1b" not in answer.out


def test_the_demo_tells_its_story_on_one_screen_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a folder to keep it in, it cleans up."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    _check_story(done("demo", "--rows", 3, "--lang", "zh"), "zh")
    assert not list(tmp_path.iterdir())


def test_a_kept_demo_is_a_world_to_go_on_with(tmp_path: Path) -> None:
    """Its grant really seals and opens, and a second demo does not trample it."""
    folder = tmp_path / "new" / "demo"
    _check_story(done("demo", "--dir", folder, "--rows", 2, "--lang", "en"), "en")
    roles = {"authority", "provider", "requester", "outsider"}
    assert roles <= {path.name for path in folder.iterdir()}
    grant = folder / "requester" / "grants" / "medical-assistance.jwt"
    claims = done("grant", "inspect", grant, "--json").json["claims"]
    fields = ",".join(claims["authorization_details"][0]["fields"])
    records, envelope, out = folder / "r.ndjson", folder / "e.bin", folder / "o.json"
    done("sample", "--resource", RESOURCE, "--rows", 5, "--fields", fields, "--out", records)
    seal = ["seal", "--node", folder / "provider", "--resource", RESOURCE, "--grant", grant]
    done(*seal, "--purpose", PURPOSE, "--records", records, "--out", envelope)
    done("open", "--node", folder / "requester", envelope, "--out", out)
    assert len(json.loads(out.read_bytes())) == 5
    before = (folder / "provider" / "keys.json").read_bytes()
    assert call("demo", "--dir", folder).code == "CONFIGURATION_INVALID"
    assert (folder / "provider" / "keys.json").read_bytes() == before


def test_the_language_is_that_of_the_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless one is asked for."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    assert chosen_language(None) == "en"
    monkeypatch.setenv("LANG", "zh_CN.GBK")
    assert chosen_language(None) == "zh"
    monkeypatch.setenv("LC_ALL", "C")
    assert chosen_language(None) == "en"
    assert chosen_language("zh") == "zh"


def test_the_rows_of_the_largest_demo_fit_an_envelope(tmp_path: Path) -> None:
    """All of them are sealed at once."""
    out = tmp_path / "r.json"
    done(
        "sample",
        "--resource",
        RESOURCE,
        "--rows",
        500,
        "--fields",
        ",".join(NEED.fields),
        "--out",
        out,
    )
    assert out.stat().st_size / 500 * MAX_ROWS < MAX_RECORD_BYTES * 0.9


def test_the_three_departments_tell_of_one_family(tmp_path: Path) -> None:
    """Every record of the second exchange is about the person of the first."""
    told = done("demo", "--dir", tmp_path / "city", "--rows", 20, "--lang", "en").out
    assert "compared: 20 of 20 names agree, and 0 of 20 pseudonyms" in told


def test_styles_are_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or for whoever asks for them; a file gets none."""
    assert painted("x", "good") == "x"
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert painted("x", "good") == "\x1b[32mx\x1b[0m"
    assert painted("x", None) == "x"
    monkeypatch.setenv("NO_COLOR", "1")
    assert painted("x", "good") == "x"


@pytest.mark.parametrize("rows", [0, -1, MAX_ROWS + 1])
def test_the_demo_has_a_bound(rows: int) -> None:
    """A demo is no benchmark."""
    assert call("demo", "--rows", rows).status == 2
