"""`sealgate health`: tell whether a node can work, and if not, why."""

import argparse
from collections.abc import Iterator

from gateway.cli.main import describe
from gateway.cli.terminal import one_line, print_json, table
from gateway.cli.words import add_command
from gateway.conditions import Condition
from gateway.readiness import check_folder

_STATES = {"ok": "ok 正常", "warning": "warning 注意", "failed": "failed 失败"}


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `health`."""
    add_command(
        commands, "health", _health, "tell whether a node can work 检查节点能否工作", node=True
    )


def _health(chosen: argparse.Namespace) -> int:
    """Show every condition; the first that fails gives code and exit status."""
    conditions = check_folder(chosen.node)
    refusal = next((one.refusal for one in conditions if one.refusal is not None), None)
    if chosen.json:
        told = {} if refusal is None else describe(refusal)
        described = [_describe(one) for one in conditions]
        print_json({"healthy": refusal is None, **told, "conditions": described})
        # This is the one object on standard output.
        chosen.json = False
    else:
        rows = [row for one in conditions for row in _rows(one)]
        print(table(("condition 条件", "state 状态", "found 情况"), rows))
    if refusal is not None:
        raise refusal
    return 0


def _rows(condition: Condition) -> Iterator[tuple[str, str, str]]:
    name = f"{condition.name} {condition.title_zh}"
    yield name, _STATES[condition.state], one_line(condition.text)
    yield "", "", one_line(condition.text_zh)


def _describe(condition: Condition) -> dict[str, object]:
    refusal = condition.refusal
    return {
        "name": condition.name,
        "state": condition.state,
        "code": None if refusal is None else refusal.code,
        "text": condition.text,
        "text_zh": condition.text_zh,
        "days": condition.days,
    }
