"""The runner of pages tells a page that says what happens from one that does not."""

from pathlib import Path

import pytest

from tests.docs.console import Page, check

PAGE = """
# A page

Write this into `notes/one.txt`:

> 写入文件：

```yaml
first: 1
```

```console
$ cat notes/one.txt
first: 1
$ word=kept
$ cat <<'EOF'
> a
>
> # no heading
> EOF
a

# no heading
$ false
$ echo $? $word 0123456789abcdef at 2026-01-31T08:30:00Z
1 kept fedcba9876543210 at 2027-12-31T00:00:00Z
$ seq 9
1
[…]
8
[…]
```

```python
print("printed", "by Python")
```

```text
printed […]
```

<!-- not run: it would never end -->
```sh
sleep infinity
```
"""


def page(folder: Path, text: str) -> Page:
    """Write a page and read it."""
    file = folder / "page.md"
    file.write_text(text, "utf-8")
    return Page(file)


def test_a_page_is_run_in_one_shell_from_top_to_bottom(tmp_path: Path) -> None:
    """Files are written, variables and exit status kept, and what is cut or volatile is passed."""
    read = page(tmp_path, PAGE)
    outputs = read.run(tmp_path)
    assert len(outputs) == len(read.steps) == 8
    for step, printed in zip(read.steps, outputs, strict=True):
        check(step, printed)
    assert [block.reason for block in read.shown_only] == ["it would never end"]


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("one\n", "two\n"),
        ("one\n", "one\ntwo\n"),
        ("one\ntwo\n", "one\n"),
        ("", "one\n"),
        ("one\n[…]\n", "one\n"),
        ("one […] three\n", "one two\n"),
        ("key 0123456789abcde\n", "key fedcba987654321\n"),
        ("1.5\n", "125\n"),
    ],
)
def test_other_output_than_shown_is_told(tmp_path: Path, shown: str, printed: str) -> None:
    """A line more or less, other text, a cut that cuts nothing, what only looks like a digest."""
    read = page(tmp_path, f"```console\n$ true\n{shown}```\n")
    with pytest.raises(AssertionError):
        check(read.steps[0], printed.splitlines())


@pytest.mark.parametrize("block", ["```\n$ true\n```\n", "- a\n  ```sh\n  true\n  ```\n"])
def test_a_block_that_would_be_overlooked_is_refused(tmp_path: Path, block: str) -> None:
    """One without a language, one that is indented."""
    with pytest.raises(ValueError, match="would not be run"):
        page(tmp_path, block)


def test_what_a_command_leaves_can_be_copied_in(tmp_path: Path) -> None:
    """In place of the command, and of no other."""
    left = tmp_path / "left"
    left.mkdir()
    (left / "made").write_text("by another run\n")
    text = "```console\n$ sleep infinity\n$ cat made\nby another run\n```\n"
    read = page(tmp_path, text)
    outputs = read.run(tmp_path, {"sleep infinity": left})
    check(read.steps[1], outputs[1])
