"""A new operator is one new file."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

INITIAL = '''
"""Show the first character alone."""

from masking.grades import Disclosure
from masking.operators._contract import Binding, Kernel, Operator


class Initial(Operator, frozen=True, kw_only=True):
    """Show the first character, and not how many follow."""

    name = "initial"
    title = "initial"
    title_zh = "首字"
    disclosure = Disclosure.PARTIAL
    accepts = frozenset(("string",))

    rest: str = "某某"

    def shown(self) -> float:
        return 1.0

    def kernel(self, _bind: Binding) -> Kernel:
        return lambda column: [value[:1] + self.rest for value in column]
'''

USE = """
import json, msgspec
from masking.document import read
from masking.operators import AnyOperator, Binding, Scope, operator_types

class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    treatment: AnyOperator

operator = read("treatment: {op: initial, rest: 氏}".encode(), Rule, file="p.yaml").value.treatment
scope = Scope(requester="r", purpose="p", resource="s")
bind = Binding(field="f", type="string", kind="general", scope=scope, mac=None)
print(json.dumps([[each.name for each in operator_types()], operator.kernel(bind)(["王芳"])]))
"""


def _installed_with(tmp_path: Path, name: str, source: str) -> Path:
    for package in ("keys", "masking"):
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    (tmp_path / "masking" / "operators" / name).write_text(source, encoding="utf-8")
    return tmp_path


def _run(folder: Path, program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_file_dropped_in_is_an_operator(tmp_path: Path) -> None:
    """Discovery finds it, the policy's reader takes it with its parameters, and it masks."""
    done = _run(_installed_with(tmp_path, "initial.py", INITIAL), USE)
    assert done.returncode == 0, done.stderr
    names, masked = json.loads(done.stdout)
    assert "initial" in names
    assert "keep" in names
    assert masked == ["王氏"]


@pytest.mark.parametrize(
    "source",
    [
        "",
        INITIAL.replace('"initial"', '"first"', 1),
        INITIAL.replace("class Initial", "class Keep"),
    ],
)
def test_a_file_that_holds_no_operator_of_its_own_is_refused(tmp_path: Path, source: str) -> None:
    """A file that is forgotten, misnamed or takes another's word fails at import."""
    done = _run(_installed_with(tmp_path, "initial.py", source), "import masking.operators")
    assert done.returncode != 0
    assert "masking.operators.initial must hold one operator" in done.stderr


def test_an_operator_without_a_kernel_is_refused_at_once(tmp_path: Path) -> None:
    """At the import, not in the middle of a department's first call."""
    source = INITIAL[: INITIAL.index("    def kernel")]
    done = _run(_installed_with(tmp_path, "initial.py", source), USE)
    assert done.returncode != 0
    assert "does not say how to compile its operator" in done.stderr
