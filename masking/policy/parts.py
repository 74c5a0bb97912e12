"""The parts of a policy file that can be read, even where others cannot."""

from typing import TypeVar

import msgspec.inspect
from msgspec import Struct

from masking.document import Document
from masking.document.collector import Collector
from masking.document.nodes import Broken, Mapping, Node, Scalar, Sequence, compose
from masking.document.walk import Walker
from masking.errors import PolicyInvalidError
from masking.policy.model import Defaults, Policy, Pseudonyms, Rule, Sealing

T = TypeVar("T", bound=Struct)


class Parts(Struct, frozen=True, kw_only=True):
    """What there is to check; None: not readable. `rules` go by their place in the file."""

    provider: str | None
    defaults: Defaults | None
    pseudonyms: Pseudonyms | None
    rules: dict[int, Rule]
    sealing: Sealing | None


def whole(policy: Policy) -> Parts:
    """Return a policy as its parts."""
    return Parts(
        provider=policy.provider,
        defaults=policy.defaults,
        pseudonyms=policy.pseudonyms,
        rules=dict(enumerate(policy.rules)),
        sealing=policy.sealing,
    )


def salvaged(text: bytes, file: str) -> Document[Parts] | None:
    """Read what can be read of a file that is no policy as a whole, so that all
    its faults can be told at once; None where it is no mapping.
    """
    root = compose(text, Collector(file))
    if not isinstance(root, Mapping):
        return None
    nodes = {key.text: node for key, node in root.pairs}
    provider, rules = nodes.get("provider"), nodes.get("rules")
    items = rules.items if isinstance(rules, Sequence) else ()
    read = {index: _part(Rule, item) for index, item in enumerate(items)}
    parts = Parts(
        provider=provider.text if isinstance(provider, Scalar) else None,
        defaults=_part(Defaults, nodes.get("defaults")),
        pseudonyms=_part(Pseudonyms, nodes.get("pseudonyms")),
        rules={index: rule for index, rule in read.items() if rule is not None},
        sealing=_part(Sealing, nodes.get("sealing")),
    )
    return Document(parts, file, root, PolicyInvalidError)


def _part(kind: type[T], node: Node | None) -> T | None:
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
