"""Read a Dockerfile and carry it out, each stage in a root directory of its own.

Only what this project's Dockerfile uses is known; anything else is an error, so that
no instruction is passed over.
"""

import json
import os
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tests.house.standin import run_in

VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
# Where the wheels lie that stand in for the network.
WHEELS = "/wheels"
OFFLINE = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": WHEELS}


class DockerfileError(Exception):
    """An instruction that a builder would refuse, or that is not known here."""


class Instruction(NamedTuple):
    """One instruction: its name, its flags and the rest of its text."""

    name: str
    flags: dict[str, str]
    text: str


@dataclass
class Image:
    """A stage as far as it is built, and how what results is started."""

    root: Path
    env: dict[str, str]
    arguments: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    user: tuple[int, int] = (0, 0)
    labels: dict[str, str] = field(default_factory=dict)
    volumes: list[str] = field(default_factory=list)
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    # What the base brought, and what there was when all was done.
    brought: dict[str, os.stat_result] = field(default_factory=dict)
    held: dict[str, os.stat_result] = field(default_factory=dict)

    def listing(self) -> dict[str, os.stat_result]:
        """Return everything in the root directory, by its path in it."""
        found = {}
        for place, folders, names in os.walk(self.root):
            for name in (*folders, *names):
                path = Path(place, name)
                found["/" + path.relative_to(self.root).as_posix()] = path.lstat()
        return found

    def inside(self, path: str) -> Path:
        """Return where a path of the image is outside of it."""
        return self.root / os.path.join(self.folder, path).lstrip("/")


def read_dockerfile(text: str) -> list[Instruction]:
    """Cut a Dockerfile into instructions."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [_instruction(line) for line in joined.splitlines() if line.strip()]


def _instruction(line: str) -> Instruction:
    name, _, rest = line.strip().partition(" ")
    flags = {}
    while found := re.match(r"--([a-z-]+)=(\S+)\s+", rest := rest.strip()):
        flags[found[1]] = found[2]
        rest = rest[found.end() :]
    if not name.isupper() or not rest or rest.startswith(("--", "<<")):
        raise DockerfileError(line)
    return Instruction(name, flags, rest)


class Ignored:
    """The rules of a `.dockerignore`: the last one that matches a path or a folder above it."""

    def __init__(self, text: str) -> None:
        rules = [line.strip() for line in text.splitlines()]
        self._rules = [
            (_pattern(rule.removeprefix("!")), not rule.startswith("!"))
            for rule in rules
            if rule and not rule.startswith("#")
        ]

    def keeps_out(self, path: str) -> bool:
        """Tell whether a path, relative to the context, does not go to the builder."""
        parts = path.split("/")
        above = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
        out = False
        for pattern, excludes in self._rules:
            if any(map(pattern.fullmatch, above)):
                out = excludes
        return out


def _pattern(rule: str) -> re.Pattern[str]:
    """Translate a rule: `*` stands for all but `/`, and `**/` for any folders."""
    deep = rule.startswith("**/")
    rest = rule.removeprefix("**/")
    if "**" in rest or rest.startswith("/"):
        raise DockerfileError(rule)
    known = {"*": "[^/]*", "?": "[^/]"}
    pieces = [
        known.get(piece) or (piece if piece.startswith("[") else re.escape(piece))
        for piece in re.split(r"(\*|\?|\[\w+\])", rest)
    ]
    return re.compile(("(?:.*/)?" if deep else "") + "".join(pieces))


class Builder:
    """Carries out a Dockerfile.

    `base` makes the root directory that stands in for a base image and returns its
    environment; `wheels` is all that stages but the last one can fetch.
    """

    def __init__(
        self, context: Path, place: Path, base: Callable[[Path], dict[str, str]], wheels: Path
    ) -> None:
        self._context, self._place, self._base, self._wheels = context, place, base, wheels
        self._ignored = Ignored((context / ".dockerignore").read_text("utf-8"))
        self._global: dict[str, str] = {}
        self._stages: dict[str, Image] = {}
        self._now: Image | None = None
        self._left = 0

    def build(self, instructions: list[Instruction]) -> Image:
        """Carry out all instructions; return the last stage."""
        self._left = sum(one.name == "FROM" for one in instructions)
        for one in instructions:
            step = getattr(self, f"_{one.name.lower()}", None)
            if step is None:
                raise DockerfileError(one.name)
            if one.flags and one.name not in ("COPY", "HEALTHCHECK"):
                raise DockerfileError(f"{one.name} {one.flags}")
            step(one)
        self._stage.held = self._stage.listing()
        return self._stage

    @property
    def _stage(self) -> Image:
        if self._now is None:
            raise DockerfileError("there is no FROM before this")
        return self._now

    def _expand(self, text: str) -> str:
        known = {**self._global} if self._now is None else {**self._now.arguments, **self._now.env}
        return VARIABLE.sub(lambda found: known[found[1] or found[2]], text)

    def _pairs(self, text: str) -> dict[str, str]:
        pairs = [word.partition("=") for word in shlex.split(text)]
        if not all(equals for _, equals, _ in pairs):
            raise DockerfileError(text)
        return {name: self._expand(value) for name, _, value in pairs}

    def _arg(self, one: Instruction) -> None:
        name, equals, value = one.text.partition("=")
        if self._now is None:
            self._global[name] = self._expand(value)
        elif equals:
            self._now.arguments[name] = self._expand(value)
        else:
            self._now.arguments[name] = self._global[name]

    def _from(self, one: Instruction) -> None:
        self._now = None
        found = re.fullmatch(r"(\S+)(?: AS (\w+))?", one.text)
        if found is None:
            raise DockerfileError(one.text)
        self._left -= 1
        name = found[2] or str(len(self._stages))
        root = self._place / name
        root.mkdir()
        assert self._expand(found[1]), one.text
        stage = Image(root, self._base(root))
        stage.brought = stage.listing()
        if self._left:
            shutil.copytree(self._wheels, root / WHEELS.lstrip("/"))
        self._stages[name] = self._now = stage

    def _workdir(self, one: Instruction) -> None:
        stage = self._stage
        stage.folder = os.path.join(stage.folder, self._expand(one.text))
        stage.inside("").mkdir(parents=True, exist_ok=True)

    def _env(self, one: Instruction) -> None:
        self._stage.env.update(self._pairs(one.text))

    def _label(self, one: Instruction) -> None:
        self._stage.labels.update(self._pairs(one.text))

    def _user(self, one: Instruction) -> None:
        uid, _, gid = self._expand(one.text).partition(":")
        self._stage.user = int(uid), int(gid)

    def _volume(self, one: Instruction) -> None:
        self._stage.volumes.append(self._expand(one.text))

    def _entrypoint(self, one: Instruction) -> None:
        self._stage.entrypoint = _words(one.text)

    def _cmd(self, one: Instruction) -> None:
        self._stage.command = _words(one.text)

    def _healthcheck(self, one: Instruction) -> None:
        kind, _, rest = one.text.partition(" ")
        if kind != "CMD" or one.flags.keys() - {"interval", "timeout", "start-period", "retries"}:
            raise DockerfileError(one.text)
        self._stage.health = _words(rest.strip())

    def _run(self, one: Instruction) -> None:
        stage = self._stage
        env = {**stage.arguments, **stage.env, **(OFFLINE if self._left else {})}
        step = ["/bin/sh", "-c", one.text]
        done = run_in(stage.root, step, env=env, user=stage.user, folder=stage.folder)
        if done.returncode:
            raise DockerfileError(f"RUN {one.text}\n{done.stdout}\n{done.stderr}")

    def _copy(self, one: Instruction) -> None:
        if one.flags.keys() - {"from", "chown"} or re.search(r"[*?\[]", one.text):
            raise DockerfileError(one.text)
        *sources, target = shlex.split(self._expand(one.text))
        owner = tuple(map(int, one.flags.get("chown", "0:0").split(":")))
        place = self._stage.inside(target)
        for source in sources:
            for file, name in self._files(one.flags.get("from"), source):
                whole = target.endswith("/") or len(sources) > 1 or name
                _place(file, place / (name or file.name) if whole else place, owner)

    def _files(self, stage: str | None, source: str) -> Iterator[tuple[Path, str]]:
        """Yield what a source stands for, with its path below a folder; "" for a file."""
        root = self._context if stage is None else self._stages[stage].root
        start = root / source.strip("/")
        inside = start.relative_to(root).as_posix()
        if not start.exists() or (stage is None and self._ignored.keeps_out(inside)):
            raise DockerfileError(f"COPY: there is no {source}")
        if not start.is_dir():
            yield start, ""
        for path in sorted(start.rglob("*")):
            if stage is not None or not self._ignored.keeps_out(path.relative_to(root).as_posix()):
                yield path, path.relative_to(start).as_posix()


def _words(text: str) -> list[str]:
    """Read the form without a shell; with one, signals would not reach the program."""
    try:
        words = json.loads(text)
    except ValueError:
        raise DockerfileError(text) from None
    return list(map(str, words))


def _place(file: Path, place: Path, owner: tuple[int, ...]) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    if file.is_dir() and not file.is_symlink():
        place.mkdir(exist_ok=True)
        shutil.copystat(file, place)
    else:
        shutil.copy2(file, place, follow_symlinks=False)
    if os.geteuid() == 0:
        os.chown(place, owner[0], owner[1], follow_symlinks=False)
