"""Say what is wrong with the YAML itself, in our own words.

libyaml's text names its grammar, and may quote the file; it is used only to
choose among the texts here.
"""

import re
from collections.abc import Callable

import yaml

from masking.document.collector import Collector, Words
from masking.faults import quote

# What an editor does not show: controls, other line ends than \n and \r\n
# (line numbers would drift), zero-width and direction marks (a key that looks
# right and is not), surrogates and noncharacters.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff]|\r(?!\n)"
)

EMPTY = Words(
    "the file is empty",
    "文件为空",
    "write the keys this file needs; an example stands in the documentation",
    "请写入本文件所需的各项；示例见文档",
)
DIRECTIVE = Words(
    "a line that begins with % (a YAML directive) is not allowed",
    "不允许以 % 开头的行（YAML 指令）",
    "delete the line",
    "请删除该行",
)
SEVERAL = Words(
    "a second document begins here; a file holds one",
    "此处开始了第二个文档；一个文件只能有一个文档",
    "delete the line ---, or move what follows into a file of its own",
    "请删除 --- 行，或将其后内容移入另一个文件",
)
KEY_NOT_TEXT = Words(
    "a key must be a text, not a list or a mapping",
    "键必须是文字，不能是列表或映射",
    "write `key: value`; quote the key if it begins with [ { or ?",
    "请写成 `键: 值`；键若以 [ { ? 开头，请加引号",
)
MERGE = Words(
    "the merge key << is not allowed",
    "不允许使用合并键 <<",
    "write the merged keys out where they are needed",
    "请在需要处直接写出各项",
)


def too_many(limit: int) -> Words:
    return Words(
        f"the file has more than {limit} values",
        f"文件中的值超过 {limit} 个",
        "split it into several files",
        "请拆分为多个文件",
    )


def too_deep(limit: int) -> Words:
    return Words(
        f"the nesting is deeper than {limit} levels",
        f"嵌套超过 {limit} 层",
        "check for brackets that are not closed; no file needs this depth",
        "请检查是否有未闭合的括号；正常文件不需要这样的深度",
    )


def alias(name: str) -> Words:
    return Words(
        f"the alias *{quote(name)} is not allowed",
        f"不允许使用别名 *{quote(name)}",
        "write the value out; quote a text that begins with *",
        "请直接写出该值；以 * 开头的文字请加引号",
    )


def anchor(name: str) -> Words:
    return Words(
        f"the anchor &{quote(name)} is not allowed",
        f"不允许使用锚点 &{quote(name)}",
        "delete it; quote a text that begins with &",
        "请删除；以 & 开头的文字请加引号",
    )


def tag(name: str) -> Words:
    return Words(
        f"the tag {quote(name)} is not allowed",
        f"不允许使用标签 {quote(name)}",
        "delete it; quote a text that begins with !",
        "请删除；以 ! 开头的文字请加引号",
    )


def repeated(key: str, line: int) -> Words:
    return Words(
        f"the key '{key}' stands here a second time (first in line {line})",
        f"键 '{key}' 重复出现（首次在第 {line} 行）",
        "keep one of the two",
        "请只保留一处",
    )


def scalar_fault(text: str, limit: int) -> Words | None:
    """Say what no text may hold, not even by an escape such as "\\0"."""
    if len(text) > limit:
        return Words(
            f"a text of {len(text)} characters is too long (at most {limit})",
            f"文字长达 {len(text)} 个字符（最多 {limit} 个）",
            "shorten it",
            "请缩短",
        )
    found = None if text.isprintable() else _INVISIBLE.search(text)
    return None if found is None else _invisible(found[0])


def _invisible(character: str) -> Words:
    code = f"U+{ord(character):04X}"
    return Words(
        f"the invisible character {code} is not allowed",
        f"不允许出现不可见字符 {code}",
        "delete it (it often comes with text pasted from a web page or a document)",
        "请删除（常随网页或文档中粘贴的文字带入）",
    )


def decode(data: bytes, limit: int, collector: Collector) -> str | None:
    """Read `data` as UTF-8 without a byte order mark or invisible characters."""
    if len(data) > limit:
        collector.add_at(1, 1, _too_large(len(data), limit))
        return None
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        collector.add_at(1, 1, _NOT_UTF8)
        return None
    if data.startswith(b"\xef\xbb\xbf"):
        collector.add_at(1, 1, _MARKED)
        data = data[3:]
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as failure:
        collector.add_at(*_place(data[: failure.start].decode("utf-8")), _NOT_UTF8)
        return None
    found = None if text.isprintable() else _INVISIBLE.search(text)
    if found is not None:
        collector.add_at(*_place(text[: found.start()]), _invisible(found[0][0]))
        return None
    return text


_MARKED = Words(
    "the file begins with a byte order mark",
    "文件以字节顺序标记（BOM）开头",
    "save it as UTF-8 without BOM",
    "请另存为不带 BOM 的 UTF-8",
)
_NOT_UTF8 = Words(
    "the file is not UTF-8 from here on",
    "自此处起文件不是 UTF-8 编码",
    "save it as UTF-8 without BOM (Chinese editors may have saved it as GBK or as 'Unicode')",
    "请另存为不带 BOM 的 UTF-8（编辑器可能存成了 GBK 或“Unicode”）",
)


def _too_large(size: int, limit: int) -> Words:
    return Words(
        f"the file has {size} bytes (at most {limit})",
        f"文件有 {size} 字节（最多 {limit}）",
        "split it into several files",
        "请拆分为多个文件",
    )


def _place(before: str) -> tuple[int, int]:
    """Give line and column behind `before`."""
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def explain(failure: yaml.YAMLError, text: str, collector: Collector) -> None:
    """Add the fault behind an error of the YAML parser."""
    mark = getattr(failure, "problem_mark", None) or getattr(failure, "context_mark", None)
    if mark is None:
        collector.add_at(1, 1, _GENERAL)
        return
    lines = text.split("\n")
    line, column = int(mark.line), int(mark.column)
    here = lines[line] if line < len(lines) else ""
    problem = str(getattr(failure, "problem", ""))
    words = next((words for fits, words in _CAUSES if fits(problem, here, column)), _GENERAL)
    if words is _COLON and line and _full_width(lines[line - 1]):
        # A line without a colon is taken for a key that goes on in the next.
        words, line, column = _FULL_WIDTH, line - 1, lines[line - 1].index("：")
    opened = getattr(failure, "context_mark", None)
    if words is _UNCLOSED and opened is not None:
        line, column = int(opened.line), int(opened.column)
    collector.add_at(line + 1, column + 1, words)


def _full_width(line: str) -> bool:
    return "：" in line and ": " not in line and not line.endswith(":")


def _tabbed(line: str, column: int) -> bool:
    return "\t" in line[: len(line) - len(line.lstrip())] or line[column : column + 1] == "\t"


_GENERAL = Words(
    "this is not valid YAML",
    "此处不是有效的 YAML",
    "write `key: value`, one to a line, with the same indentation for keys of one level",
    "请每行写一个 `键: 值`，同级的键缩进相同",
)
_TAB = Words(
    "a tab stands in the indentation",
    "缩进中有制表符",
    "indent with spaces, two for each level",
    "请用空格缩进，每级两个",
)
_UNCLOSED = Words(
    "the bracket or quotation mark that opens here is not closed",
    "此处开始的括号或引号没有闭合",
    "close it with the matching ] } \" or ', and separate items by commas",
    "请用对应的 ] } \" 或 ' 闭合，各项之间用逗号分隔",
)
_FULL_WIDTH = Words(
    "a full-width colon ： does not separate a key from its value",
    "全角冒号 ： 不能分隔键和值",
    "write a half-width colon and a space: `key: value`",
    "请写半角冒号加空格：`key: value`",
)
_COLON = Words(
    "a colon is missing or one too many stands in this line",
    "此行缺少冒号，或多了一个冒号",
    "write `key: value` with a space after the colon; quote a value that holds `: `, and "
    "begin keys of one level in the same column",
    "请写成 `键: 值`，冒号后加空格；值中若有 `: ` 请加引号；同级的键请从同一列开始",
)
_ESCAPE = Words(
    "an unknown \\ escape stands in a text in double quotes",
    "双引号文字中有无效的 \\ 转义",
    "use single quotes, or write \\\\ for a backslash",
    "请改用单引号，或将反斜线写成 \\\\",
)
_START = Words(
    "a value cannot begin with this character",
    "值不能以此字符开头",
    "put the value into quotation marks",
    "请给该值加引号",
)
_INDENT = Words(
    "the indentation does not fit the lines above",
    "缩进与上文不一致",
    "begin keys of one level in the same column, and list items with `- `",
    "同级的键请从同一列开始，列表项以 `- ` 开头",
)

_CAUSES: tuple[tuple[Callable[[str, str, int], bool], Words], ...] = (
    (lambda _, here, column: _tabbed(here, column), _TAB),
    (lambda _problem, here, _column: _full_width(here), _FULL_WIDTH),
    (lambda problem, *_: "expected ':'" in problem or "mapping values" in problem, _COLON),
    (lambda problem, *_: "escape" in problem or "hexadecimal" in problem, _ESCAPE),
    (lambda problem, *_: "cannot start any token" in problem, _START),
    (lambda problem, *_: "end of stream" in problem or "',' or" in problem, _UNCLOSED),
    (lambda problem, *_: "block end" in problem or "expected '-'" in problem, _INDENT),
)
