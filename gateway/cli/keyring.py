"""`sealgate keys`: make, list, rotate, retire and publish keys, change the passphrase."""

import argparse
from base64 import b64encode
from pathlib import Path

from gateway.cli.terminal import print_json, table
from gateway.cli.words import add_command, add_group, report
from gateway.config import Places
from gateway.installation import KEY_DAYS, PSEUDONYM_DAYS
from gateway.model.times import utc
from gateway.stores.clock import system_clock
from gateway.stores.keyfile import open_keys
from keys.material import Purpose
from keys.ports import KeyInfo
from keys.stores.file import FileStore
from keys.stores.passphrase import PassphraseFile, PassphrasePrompt


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `keys` group."""
    keys = add_group(commands, "keys", "keys of a node 节点密钥")
    purposes = [purpose.value for purpose in Purpose]
    new = _add(keys, "new", _new, "make a key, next in line for its purpose 新建密钥")
    rotate = _add(keys, "rotate", _rotate, "retire the active key, activate the next one 轮换密钥")
    for command in (new, rotate):
        command.add_argument("--purpose", required=True, choices=purposes, help="用途")
        command.add_argument("--suite", type=int, default=1, help="suite number 密码套件")
        command.add_argument("--days", type=int, help="validity of a new key in days 有效天数")
    _add(keys, "list", _list, "list keys, without what is secret 列出密钥")
    retire = _add(keys, "retire", _retire, "take a key out of use 停用密钥")
    retire.add_argument("--key", required=True, metavar="KEY_ID")
    _add(keys, "public", _public, "print the public halves 输出公钥")
    passwd = _add(keys, "passwd", _passwd, "change the passphrase 修改口令")
    passwd.add_argument(
        "--new-passphrase-file", type=Path, metavar="FILE", help="else it is asked for 新口令文件"
    )


def _add(
    group: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: "object",
    text: str,
) -> argparse.ArgumentParser:
    return add_command(group, name, run, text, node=True)  # type: ignore[arg-type]


def _open(chosen: argparse.Namespace) -> FileStore:
    places = Places(chosen.node)
    if (chosen.node / "authority.yaml").exists():
        return open_keys(places, places.authority_file().passphrase_file)
    return open_keys(places, places.node_file().passphrase_file)


def _describe(key: KeyInfo) -> dict[str, object]:
    return {
        "key_id": key.key_id,
        "purpose": key.purpose.value,
        "suite": key.suite,
        "state": key.state,
        "not_before": utc(key.not_before),
        "not_after": utc(key.not_after),
        "retired_at": None if key.retired_at is None else utc(key.retired_at),
    }


def _show(keys: tuple[KeyInfo, ...], *, as_json: bool) -> int:
    described = [_describe(key) for key in keys]
    if as_json:
        print_json(described)
        return 0
    headers = ("key_id", "purpose", "suite", "state", "not_before", "not_after", "retired_at")
    print(table(headers, [[str(key[name] or "") for name in headers] for key in described]))
    return 0


def _new(chosen: argparse.Namespace) -> int:
    return _show((_make(_open(chosen), chosen),), as_json=chosen.json)


def _make(store: FileStore, chosen: argparse.Namespace) -> KeyInfo:
    purpose = Purpose(chosen.purpose)
    days = PSEUDONYM_DAYS if purpose is Purpose.PSEUDONYM else KEY_DAYS
    if chosen.days is not None:
        days = chosen.days
    return store.new(purpose, chosen.suite, system_clock() // 1000, days)


def _rotate(chosen: argparse.Namespace) -> int:
    store = _open(chosen)
    waiting = [
        key
        for key in store.list_keys()
        if key.state == "next" and key.purpose == chosen.purpose and key.suite == chosen.suite
    ]
    if not waiting:
        _make(store, chosen)
    key = store.rotate(Purpose(chosen.purpose), chosen.suite, system_clock() // 1000)
    return _show((key,), as_json=chosen.json)


def _list(chosen: argparse.Namespace) -> int:
    return _show(_open(chosen).list_keys(), as_json=chosen.json)


def _retire(chosen: argparse.Namespace) -> int:
    key = _open(chosen).retire(chosen.key, system_clock() // 1000)
    return _show((key,), as_json=chosen.json)


def _public(chosen: argparse.Namespace) -> int:
    public = [
        {**_describe(key), "public": b64encode(key.public).decode()}
        for key in _open(chosen).list_keys()
        if key.public
    ]
    print_json(public, indent=None if chosen.json else 2)
    return 0


def _passwd(chosen: argparse.Namespace) -> int:
    store = _open(chosen)
    if chosen.new_passphrase_file is not None:
        store.change_passphrase(PassphraseFile(chosen.new_passphrase_file))
    else:
        # Not from the environment: what stands there is the old one.
        store.change_passphrase(PassphrasePrompt("新口令 / new passphrase: ", confirm=True))
    report(
        chosen,
        {"changed": True},
        "the passphrase is changed; give the new one from now on, in the passphrase file too if "
        "there is one 口令已修改，今后请使用新口令（若使用口令文件，请一并更新）",
    )
    return 0
