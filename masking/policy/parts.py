"""The parts of a policy file that can be read, even where others cannot."""

from typing import TypeVar

import msgspec.inspect
from msgspec import Struct

from masking.document import Document
from masking.document.collector import Collector
from masking.document.nodes import Broken, Mapping, Node, Scalar, Sequence, compose
from masking.document.walk import Walker
from masking.errors import PolicyInvalidError
from masking.policy.model import Defaults, Policy, Pseudonyms, Rule, Sealing, Treatment

T = TypeVar("T", bound=Struct)


class Parts(Struct, frozen=True, kw_only=True):
    """What there is to check, None where it cannot be read.

    `rules` go by their place in the file; `whole_defaults` tells that all
    defaults are there.
    """

    provider: str | None
    defaults: Defaults
    whole_defaults: bool
    pseudonyms: Pseudonyms | None
    rules: dict[int, Rule]
    suites: tuple[int, ...]


def whole(policy: Policy) -> Parts:
    """Return a policy as its parts."""
    return Parts(
        provider=policy.provider,
        defaults=policy.defaults,
        whole_defaults=True,
        pseudonyms=policy.pseudonyms,
        rules=dict(enumerate(policy.rules)),
        suites=policy.sealing.suites,
    )


def salvaged(text: bytes, file: str) -> Document[Parts] | None:
    """Read what can be read of a file that is no policy as a whole, None if nothing."""
    root = compose(text, Collector(file))
    if not isinstance(root, Mapping):
        return None
    nodes = _under(root)
    provider, rules = nodes.get("provider"), nodes.get("rules")
    items = rules.items if isinstance(rules, Sequence) else ()
    suites = _part(Sealing, _only(nodes.get("sealing"), "suites"))
    parts = Parts(
        provider=provider.text if isinstance(provider, Scalar) else None,
        defaults=_defaults(nodes.get("defaults")),
        whole_defaults=_part(Defaults, nodes.get("defaults")) is not None,
        pseudonyms=_part(Pseudonyms, nodes.get("pseudonyms")),
        rules={i: rule for i, item in enumerate(items) if (rule := _part(Rule, item))},
        suites=() if suites is None else suites.suites,
    )
    return Document(parts, file, root, PolicyInvalidError)


def _defaults(node: Node | None) -> Defaults:
    """Read each default by itself."""
    read: dict[str, dict[str, Treatment]] = {"grades": {}, "kinds": {}}
    for section, found in read.items():
        for name in _under(_under(node).get(section)):
            part = _part(Defaults, _only(node, section, name))
            if part is not None:
                found.update(getattr(part, section))
    return Defaults(grades=read["grades"], kinds=read["kinds"])


def _under(node: Node | None) -> dict[str, Node]:
    return {key.text: value for key, value in node.pairs} if isinstance(node, Mapping) else {}


def _only(node: Node | None, *path: str) -> Node | None:
    """Return `node` with nothing in it but what stands at `path`."""
    if not path or not isinstance(node, Mapping):
        return node
    kept = ((key, _only(value, *path[1:])) for key, value in node.pairs if key.text == path[0])
    pairs = tuple((key, value) for key, value in kept if value is not None)
    return Mapping(node.line, node.column, pairs)


def _part(kind: type[T], node: Node | None) -> T | None:
    """Read a part that may be left out."""
    if node is None:
        return kind()
    if not _sound(node):
        return None
    collector = Collector("")
    value = Walker(collector).read(msgspec.inspect.type_info(kind), node)
    return value if isinstance(value, kind) and not collector.count else None


def _sound(node: Node) -> bool:
    if isinstance(node, Mapping):
        return all(_sound(value) for _, value in node.pairs)
    if isinstance(node, Sequence):
        return all(map(_sound, node.items))
    return not isinstance(node, Broken)
