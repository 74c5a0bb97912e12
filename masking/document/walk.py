"""Build the value of a type from the tree of a document."""

from collections.abc import Callable, Iterable
from functools import partial

import msgspec.inspect as mi
from msgspec import NODEFAULT

from keys.errors import SealgateError
from masking.document import words
from masking.document.collector import Collector, Placed, Words
from masking.document.nodes import Broken, Mapping, Node, Scalar, Sequence
from masking.document.partial import (
    UNREAD,
    PartialList,
    PartialMapping,
    PartialStruct,
    is_whole,
)
from masking.document.scalars import ORDER, is_null, length_fits, read_scalar, reads
from masking.document.shapes import Listed, Shape, members, shape_of, spellings
from masking.faults import MAX_QUOTED, spell_path

Path = tuple[str | int, ...]

_BUILDERS: dict[type[mi.Type], Callable[[list[object]], object]] = {
    mi.ListType: list,
    mi.VarTupleType: tuple,
    mi.SetType: set,
    mi.FrozenSetType: frozenset,
}
# What a list in brackets does not take unquoted.
_BREAKS_LIST = frozenset("[]{},:#")
# Longest own text of a type's `__post_init__` that is repeated.
_MAX_REFUSAL = 300


class Walker:
    """Reads nodes by shapes; a part with a fault is told once, and reads as far as it goes."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector

    def read(self, kind: mi.Type, node: Node, path: Path = ()) -> object:
        shape = shape_of(kind)
        if isinstance(node, Scalar):
            return self._scalar(shape, node, path)
        if isinstance(node, Mapping):
            return self._mapping(shape, node, path)
        if isinstance(node, Sequence):
            return self._sequence(shape, node, path)
        return UNREAD

    def _fault(self, place: Placed, path: Path, say: Callable[..., Words], *parts: object) -> None:
        # The words are not made where nobody will read them: finding the nearest
        # name for each of a hundred thousand unknown keys takes minutes.
        if self._collector.full:
            self._collector.count += 1
            return
        found = say(*parts)
        if path:
            spelled = spell_path(path)
            found = found._replace(
                text=f"{spelled}: {found.text}", text_zh=f"{spelled}：{found.text_zh}"
            )
        self._collector.add(place, found, path)

    def _scalar(self, shape: Shape, node: Scalar, path: Path) -> object:
        options = members(shape)
        if is_null(node):
            return self._null(shape, options, node, path)
        told: Words | None = None
        for option in sorted(filter(reads, options), key=lambda o: ORDER.index(type(o.type))):
            value = read_scalar(option, node)
            if isinstance(value, Words):
                told = told or value
            elif value is not None:
                return value
        if told is not None:
            self._fault(node, path, lambda: told)
        elif all(isinstance(option.type, Listed | mi.NoneType) for option in options):
            self._fault(node, path, words.not_a_list, shape, node, _is_item(options, node))
        else:
            reads_as = partial(_reads, options)
            self._fault(node, path, words.wrong_scalar, shape, node, reads_as)
        return UNREAD

    def _null(self, shape: Shape, options: tuple[Shape, ...], node: Scalar, path: Path) -> object:
        for option in options:
            if node.text and node.text in spellings(option.type):
                return spellings(option.type)[node.text]
        if any(isinstance(option.type, mi.NoneType) for option in options):
            return None
        if node.text:
            self._fault(node, path, words.null_text, shape, node.text)
        else:
            self._fault(node, path, words.nothing_here, shape)
        return UNREAD

    def _sequence(self, shape: Shape, node: Sequence, path: Path) -> object:
        option = next((each for each in members(shape) if isinstance(each.type, Listed)), None)
        if option is None or not isinstance(option.type, Listed):
            self._fault(node, path, words.wrong_node, shape, node)
            return UNREAD
        kind = option.type
        before = self._collector.count
        complete = length_fits(kind, len(node.items))
        if not complete:
            self._fault(node, path, words.wrong_length, option, len(node.items))
        values = [
            self.read(kind.item_type, item, (*path, index)) for index, item in enumerate(node.items)
        ]
        if isinstance(kind, mi.SetType | mi.FrozenSetType):
            self._distinct(node, path)
        if self._collector.count == before and all(map(is_whole, values)):
            return _BUILDERS[type(kind)](values)
        return PartialList(values, complete)

    def _distinct(self, node: Sequence, path: Path) -> None:
        firsts: dict[str, Scalar] = {}
        for index, item in enumerate(node.items):
            if isinstance(item, Scalar):
                first = firsts.setdefault(item.text, item)
                if first is not item:
                    self._fault(item, (*path, index), words.repeated_item, item.text, first.line)

    def _mapping(self, shape: Shape, node: Mapping, path: Path) -> object:
        structs = [each.type for each in members(shape) if isinstance(each.type, mi.StructType)]
        if len(structs) == 1:
            return self._struct(structs[0], node, path)
        if structs:
            chosen = self._choose(structs, node, path)
            return UNREAD if chosen is None else self._struct(chosen, node, path)
        for option in members(shape):
            if isinstance(option.type, mi.DictType):
                return self._dict(option, option.type, node, path)
        self._fault(node, path, words.wrong_node, shape, node)
        return UNREAD

    def _choose(
        self, structs: list[mi.StructType], node: Mapping, path: Path
    ) -> mi.StructType | None:
        field = str(structs[0].tag_field)
        by_tag = {str(struct.tag): struct for struct in structs}
        tag = next((value for key, value in node.pairs if key.text == field), None)
        if tag is None:
            self._fault(node, path, words.missing_tag, field, list(by_tag), _fitting(by_tag, node))
        elif isinstance(tag, Scalar):
            if tag.text in by_tag:
                return by_tag[tag.text]
            self._fault(tag, (*path, field), words.unknown_tag, field, tag.text, list(by_tag))
        elif not isinstance(tag, Broken):
            self._fault(tag, (*path, field), words.unknown_tag, field, "…", list(by_tag))
        return None

    def _dict(self, shape: Shape, kind: mi.DictType, node: Mapping, path: Path) -> object:
        before = self._collector.count
        complete = not node.gaps
        if not length_fits(kind, len(node.pairs)):
            self._fault(node, path, words.wrong_length, shape, len(node.pairs))
            complete = False
        built: dict[object, object] = {}
        for key, value in node.pairs:
            name = self.read(kind.key_type, key, (*path, key.text))
            part = self.read(kind.value_type, value, (*path, key.text))
            if name is UNREAD:
                complete = False
            else:
                built[name] = UNREAD if key.text in node.twice else part
        if complete and self._collector.count == before and all(map(is_whole, built.values())):
            return built
        return PartialMapping(built, complete)

    def _struct(self, kind: mi.StructType, node: Mapping, path: Path) -> object:
        before = self._collector.count
        fields = {field.encode_name: field for field in kind.fields}
        meant = self._unknown_keys(kind, node, path)
        parts: dict[str, object] = {}
        for key, value in node.pairs:
            if key.text in fields:
                field = fields[key.text]
                part = self.read(field.type, value, (*path, key.text))
                parts[field.name] = UNREAD if key.text in node.twice else part
        for name, field in fields.items():
            if field.name in parts:
                continue
            if name in meant or node.gaps:
                parts[field.name] = UNREAD
            elif field.required:
                self._fault(node, path, words.missing_key, name, shape_of(field.type))
                parts[field.name] = UNREAD
        if self._collector.count == before and all(map(is_whole, parts.values())):
            return self._build(kind, parts, node, path)
        return PartialStruct(kind.cls, _defaults(kind) | parts)

    def _unknown_keys(self, kind: mi.StructType, node: Mapping, path: Path) -> set[str]:
        """Tell unknown keys; give the names they were likely meant to be."""
        tag = kind.tag_field if kind.tag is not None else None
        known = [field.encode_name for field in kind.fields]
        known = known if tag is None else [tag, *known]
        written = {key.text for key, _ in node.pairs}
        suggested: set[str] = set()
        for key, value in node.pairs:
            if key.text == tag:
                self._check_tag(kind, value, (*path, key.text))
            elif key.text not in known:
                free = [name for name in known if name not in written]
                near = None if self._collector.full else words.nearest(key.text, free)
                suggested.update(() if near is None else (near,))
                self._fault(key, path, words.unknown_key, key.text, known, near)
        return suggested

    def _check_tag(self, kind: mi.StructType, node: Node, path: Path) -> None:
        if isinstance(node, Broken):
            return
        text = node.text if isinstance(node, Scalar) else "…"
        if text != str(kind.tag):
            self._fault(node, path, words.unknown_tag, str(path[-1]), text, [str(kind.tag)])

    def _build(
        self, kind: mi.StructType, given: dict[str, object], node: Mapping, path: Path
    ) -> object:
        try:
            return kind.cls(**given)
        except SealgateError as refusal:
            said = refusal.message, refusal.message_zh
        except (ValueError, TypeError) as refusal:
            # A `__post_init__` of ours says why, in English and then in Chinese.
            said = str((*refusal.args, "")[0]), str((*refusal.args, "", "")[1])
        self._fault(node, path, words.refused, said[0][:_MAX_REFUSAL], said[1][:_MAX_REFUSAL])
        return PartialStruct(kind.cls, _defaults(kind) | given)


def _reads(options: Iterable[Shape], text: str) -> bool:
    """Tell whether a text, written without quotation marks, is of a type."""
    values = (read_scalar(option, Scalar(1, 1, text, True)) for option in options if reads(option))
    return any(value is not None and not isinstance(value, Words) for value in values)


def _is_item(lists: Iterable[Shape], node: Scalar) -> bool:
    """Tell whether a text that stands for a list only lacks the brackets."""
    if not node.plain or not len(node.text) <= MAX_QUOTED or _BREAKS_LIST & set(node.text):
        return False
    items = (shape_of(option.type.item_type) for option in lists if isinstance(option.type, Listed))
    return any(_reads(members(item), node.text) for item in items)


def _fitting(by_tag: dict[str, mi.StructType], node: Mapping) -> str | None:
    """Choose the alternative that most of the keys fit."""
    written = {key.text for key, _ in node.pairs}
    known = {
        tag: written & {field.encode_name for field in struct.fields}
        for tag, struct in by_tag.items()
    }
    best = max(known, key=lambda tag: len(known[tag]))
    return best if known[best] else None


def _defaults(kind: mi.StructType) -> dict[str, object]:
    return {
        field.name: field.default if field.default_factory is NODEFAULT else field.default_factory()
        for field in kind.fields
        if not field.required
    }
