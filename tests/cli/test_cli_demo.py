"""`sealgate demo` shows one exchange and what is refused, and leaves a world that works."""

import json
import tempfile
from pathlib import Path

import pytest

from gateway.cli.demo import MAX_ROWS
from gateway.cli.story import FIELDS as DEMO
from gateway.cli.terminal import chosen_language, width
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
SCREEN_LINES, SCREEN_COLUMNS = 50, 180


WORDS = {
    "en": ("all that the exchange sees", "tried, and refused", "before", "after", "policy"),
    "zh": ("共享平台看到的全部内容", "逐一尝试，逐一拒绝", "提供方的值", "使用方得到的值", "策略"),
}


def _check_story(answer: Answer, language: str) -> None:
    """Who, what and why; each field; the wire; what is got; nine refusals, each tried."""
    lines = answer.out.splitlines()
    assert len(lines) <= SCREEN_LINES
    assert max(map(width, lines)) <= SCREEN_COLUMNS
    assert answer.err == ""
    for word in (*WORDS[language], RESOURCE, "XWING", "pseudonym"):
        assert word in answer.out
    told = [line for line in lines if any(code in line for code in REFUSALS)]
    assert [next(code for code in REFUSALS if code in line) for line in told] == list(REFUSALS)


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
    (grant,) = (folder / "requester" / "grants").glob("*.jwt")
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
    done("sample", "--resource", RESOURCE, "--rows", 500, "--fields", ",".join(DEMO), "--out", out)
    assert out.stat().st_size / 500 * MAX_ROWS < MAX_RECORD_BYTES * 0.9


@pytest.mark.parametrize("rows", [0, -1, MAX_ROWS + 1])
def test_the_demo_has_a_bound(rows: int) -> None:
    """A demo is no benchmark."""
    assert call("demo", "--rows", rows).status == 2
