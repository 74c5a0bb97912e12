"""`sealgate catalogue show`: one entry of a catalogue, as people read it."""

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from gateway.catalogue import read_catalogue
from gateway.cli.terminal import fit, one_line, print_json, table
from gateway.cli.words import add_command
from gateway.config import Places
from gateway.errors import ResourceUncataloguedError, TrustStaleError
from gateway.model.resource import Field, FieldType, Resource, ShareClass
from gateway.stores.files import read_folder
from gateway.world import catalogue_files
from masking.counting import counted

Line = tuple[str, str | None]
_LABEL_COLUMNS = 26
_HEADERS = ("field 信息项", "title 名称", "type 类型", "kind 类别", "grade 级别", "form 形式")


def register_entries(catalogue: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `catalogue show`."""
    show = add_command(catalogue, "show", _show, "show one entry of a catalogue 显示一个目录条目")
    show.add_argument("resource", metavar="CODE", help="资源代码")
    whose = show.add_mutually_exclusive_group()
    whose.add_argument(
        "--catalogue", type=Path, metavar="DIR", help="by default the packaged one 目录"
    )
    whose.add_argument(
        "--node", type=Path, metavar="DIR", help="the one that this node goes by 节点现用的目录"
    )


def _show(chosen: argparse.Namespace) -> int:
    entry = read_catalogue(_files(chosen)).resources.get(chosen.resource)
    if entry is None:
        raise ResourceUncataloguedError(resource=chosen.resource)
    if chosen.json:
        print_json(_plain(entry))
        return 0
    for label, text in _lines(entry):
        if text is not None:
            print(fit(label, _LABEL_COLUMNS) + one_line(text))
    print()
    print(table(_HEADERS, map(_row, entry.fields)))
    return 0


def _files(chosen: argparse.Namespace) -> dict[str, bytes]:
    if chosen.catalogue is not None:
        return read_folder(chosen.catalogue, (".yaml",))
    if chosen.node is None:
        return catalogue_files()
    places = Places(chosen.node)
    places.node_file()
    # What the link leads to now, since it may come to lead elsewhere meanwhile.
    current = Path(os.path.realpath(places.trust / "current"))
    if not current.is_dir():
        raise TrustStaleError(reason="there is no trust data here", reason_zh="此处没有信任数据")
    return read_folder(current / "catalogue", (".yaml",))


def _plain(entry: Resource) -> dict[str, object]:
    """Return the entry as YAML spells it."""
    plain: dict[str, object] = msgspec.to_builtins(entry)
    plain["fields"] = [
        {**msgspec.to_builtins(field), "cap": None if field.cap is None else field.cap.label}
        for field in entry.fields
    ]
    return plain


def _lines(entry: Resource) -> Iterator[Line]:
    """Yield what the entry says of itself and of sharing it; None where it says nothing."""
    from gateway.catalogue.guide.vocabulary import OPEN_CLASS, SHARE_CLASS, STATUS

    share, review = entry.share, entry.secrecy_review
    yield "code 代码", entry.code
    yield "name 名称", " ".join(filter(None, (entry.name, entry.name_en)))
    yield "abstract 摘要", entry.abstract
    yield "provider 提供部门", f"{entry.provider.department} {entry.provider.name}"
    yield "status 状态", f"{entry.status} {STATUS.write(str(entry.status))}"
    yield "replaced by 替代资源", entry.replaced_by
    yield "grade 级别", entry.grade
    yield "share 共享类型", f"{share.share_class} {SHARE_CLASS.write(str(share.share_class))}"
    yield "condition 共享条件", share.condition
    yield "departments 专用部门", ", ".join(share.departments) or None
    yield "modes 共享方式", ", ".join(share.mode) or None
    yield "basis 依据", share.basis
    yield "a grant needs 授权须有", ", ".join(_needs(entry)) or None
    yield (
        "secrecy review 保密审查",
        f"{review.date} {review.reference}" if review else "none: nothing can leave 无，不能提供",
    )
    yield "region field 区域字段", entry.region_field
    yield "open 开放类型", f"{entry.open.open_class} {OPEN_CLASS.write(str(entry.open.open_class))}"
    yield "use 使用要求", entry.use_requirements
    yield "updated 更新周期", entry.update_cycle


def _needs(entry: Resource) -> Iterator[str]:
    """Yield what a grant has to bear before this resource can leave."""
    if entry.share.share_class is ShareClass.CONDITIONAL:
        yield "an approval 提供部门审批"
    if entry.protection.agreement:
        yield "a security agreement 安全协议"


def _row(field: Field) -> tuple[str, ...]:
    form = ", ".join(_form(field))
    return field.id, field.name, str(field.type), field.kind, field.grade, form


def _form(field: Field) -> Iterator[str]:
    """Yield what else a value must be like, and whether there has to be one."""
    if field.length is not None:
        unit = "byte" if field.type is FieldType.BINARY else "character"
        yield f"up to {counted(field.length, unit)}"
    if field.precision is not None:
        yield f"{counted(field.precision, 'digit')}, {field.scale or 0} behind the point"
    if field.format is not None:
        yield field.format + (" or 长期" if field.open_end else "")
    if field.code_list is not None:
        yield f"list {field.code_list}"
    if not field.required:
        yield "optional 可缺省"
    if field.null:
        yield "or null 可为空"
    if field.cap is not None:
        yield f"at most {field.cap.label} 至多{field.cap.label_zh}"
