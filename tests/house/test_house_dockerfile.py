"""What the Dockerfile says, read instruction by instruction."""

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from tests.house.image import (
    Builder,
    DockerfileError,
    Ignored,
    Instruction,
    read_dockerfile,
)

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "Dockerfile").read_text("utf-8")
STEPS = read_dockerfile(TEXT)
VOLUME = "/var/lib/sealgate"


def last_stage() -> list[Instruction]:
    """Return the instructions of the last stage."""
    start = max(number for number, one in enumerate(STEPS) if one.name == "FROM")
    return STEPS[start:]


def only(name: str) -> Instruction:
    """Return the one instruction of that name in the last stage."""
    (found,) = (one for one in last_stage() if one.name == name)
    return found


def test_there_are_two_stages_of_one_base() -> None:
    """Which is given by a tag here, and by a digest to whoever builds it again."""
    bases = [one.text for one in STEPS if one.name == "FROM"]
    assert bases == ["${BASE} AS build", "${BASE}"]
    (base,) = (one.text for one in STEPS if one.text.startswith("BASE="))
    found = re.fullmatch(r"BASE=python:(3\.\d+)-slim-[a-z]+", base)
    assert found is not None
    pyproject = (ROOT / "pyproject.toml").read_text("utf-8")
    (supported,) = re.findall(r'^requires-python = "(.*)"$', pyproject, re.MULTILINE)
    assert found[1] in SpecifierSet(supported)
    assert f'"Programming Language :: Python :: {found[1]}"' in pyproject


def test_nothing_is_fetched_without_a_hash() -> None:
    """Whatever pip installs is pinned by hash, or lies here already."""
    fetches = re.compile(r"-m pip(?: --python \S+)? (install|wheel|download)\b")
    runs = [one.text for one in STEPS if one.name == "RUN"]
    pips = [part for text in runs for part in text.split("&&") if fetches.search(part)]
    assert len(pips) == 4
    for part in pips:
        assert "--no-index" in part or {"--require-hashes", "--only-binary"} <= set(part.split())
    assert not [one for one in STEPS if one.name == "ADD" or "://" in one.text]


def test_what_the_first_stage_installs_is_pinned(declared: dict[str, list[Requirement]]) -> None:
    """The files that the Dockerfile names are there, and pin as what is tested is pinned."""
    pins = {
        name: set(
            re.findall(r"^(\S+==\S+)", (ROOT / "requirements" / name).read_text("utf-8"), re.M)
        )
        for name in ("core.txt", "text.txt", "build.txt", "dev.txt")
    }
    assert pins["core.txt"] < pins["text.txt"] < pins["dev.txt"]
    assert pins["build.txt"] < pins["dev.txt"]
    named = {pin.partition("==")[0] for pin in pins["text.txt"]}
    assert {one.name for one in declared["text"]} <= named
    assert "requirements/$PINS.txt" in TEXT
    assert "ARG PINS=core\n" in TEXT


def test_the_last_stage_takes_files_of_the_first_only() -> None:
    """Nothing of the checkout gets in but by way of the wheel."""
    assert {one.flags.get("from") for one in last_stage() if one.name == "COPY"} == {"build"}
    assert [one.text for one in last_stage() if one.name == "ARG"] == ["BASE"]


def test_the_image_says_how_it_is_to_be_run() -> None:
    """As a user without a name, from the volume, with a health check, without a shell."""
    assert only("USER").text == "65532:65532"
    assert only("WORKDIR").text == only("VOLUME").text == VOLUME
    assert only("ENTRYPOINT").text == '["sealgate"]'
    assert only("HEALTHCHECK").text.endswith(f'["sealgate", "health", "--node", "{VOLUME}"]')


def test_no_secret_is_built_in() -> None:
    """No variable of the image asks for one."""
    named = " ".join(one.text for one in STEPS if one.name in ("ARG", "ENV"))
    assert not re.search(r"PASS|SECRET|TOKEN|KEY", named)


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        ".env",
        ".venv/bin/python",
        "Dockerfile",
        "tests/conftest.py",
        "docs/decisions/README.md",
        "city/provider/keys.json",
        "passphrase",
        "requirements.txt",
        "gateway/cli/__pycache__/main.cpython-311.pyc",
        "gateway/cli/main.pyc",
        "keys2/ring.py",
    ],
)
def test_the_builder_does_not_get(path: str) -> None:
    """What is not named goes nowhere."""
    assert Ignored((ROOT / ".dockerignore").read_text("utf-8")).keeps_out(path)


@pytest.mark.parametrize(
    "path", ["LICENSE", "pyproject.toml", "requirements/core.txt", "gateway/world/world.yaml"]
)
def test_the_builder_gets(path: str) -> None:
    """What the wheel is made of, whole folders too."""
    assert (ROOT / path).exists()
    assert not Ignored((ROOT / ".dockerignore").read_text("utf-8")).keeps_out(path)


@pytest.mark.parametrize(
    "line",
    [
        "ADD https://example.org/x /x",
        "ONBUILD RUN true",
        "SHELL ['bash']",
        "RUN --mount=type=secret,id=x true",
        "RUN <<EOF",
        "COPY --chmod=777 LICENSE /x",
        "COPY *.md /x",
        "COPY tests /x",
        "COPY --from=nowhere /x /x",
        "ENTRYPOINT sealgate",
        "HEALTHCHECK NONE",
        "MAINTAINER nobody",
        "run true",
    ],
)
def test_what_is_not_understood_is_an_error(line: str, tmp_path: Path) -> None:
    """An instruction passed over would be one untried."""

    with pytest.raises((DockerfileError, KeyError)):
        Builder(ROOT, tmp_path, lambda _: {}, tmp_path).build(
            read_dockerfile(f"ARG BASE=x\nFROM $BASE\n{line}\n")
        )
