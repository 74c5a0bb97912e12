"""`sealgate init` and `sealgate trust`: a node's first steps, and its peers' keys."""

import argparse
from pathlib import Path

from msgspec.structs import replace

from gateway.authority import Authority
from gateway.authority.authority import dump_yaml
from gateway.catalogue import read_catalogue
from gateway.cli.words import (
    WrongUseError,
    add_command,
    add_group,
    check_outputs,
    read_input,
    report,
)
from gateway.config import AuthorityFile, NodeFile, NodeInvalidError, Places
from gateway.errors import CatalogueInvalidError
from gateway.installation import department_entry, found_authority, found_node
from gateway.model.trust import Department
from gateway.stores.clock import system_clock
from gateway.stores.files import read_folder, write_whole
from gateway.stores.keyfile import open_keys
from gateway.stores.snapshots import TRUST_SUFFIXES
from gateway.stores.trust_folder import copy_out, install_trust
from gateway.world import catalogue_files
from masking import document

MAX_ENTRY_BYTES = 1024 * 1024


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `init` and `trust`."""
    init = add_command(
        commands, "init", _init, "make the folder of a node or an authority 创建节点或主管部门目录"
    )
    init.add_argument("folder", type=Path, metavar="DIR")
    who = init.add_mutually_exclusive_group(required=True)
    who.add_argument("--department", metavar="USCC", help="a node of this department 部门代码")
    who.add_argument(
        "--authority", metavar="ISSUER", help="an authority with this issuer id 签发者"
    )
    init.add_argument("--name", help="name of the department or issuer 名称")
    init.add_argument(
        "--catalogue",
        type=Path,
        metavar="DIR",
        help="authority: catalogue to begin with, by default the packaged one 初始目录",
    )
    init.add_argument(
        "--passphrase-file",
        metavar="NAME",
        help="file in DIR that holds the passphrase of the keys; without it, "
        "SEALGATE_PASSPHRASE or a prompt 口令文件",
    )
    _register_trust(add_group(commands, "trust", "hand trust data around 传递信任数据"))


def _register_trust(trust: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    for name, run, text in (
        ("export", _export, "write a node's public entry, or an authority's trust data 导出"),
        (
            "import",
            _import,
            "take trust data into a node, or a public entry into an authority 导入",
        ),
    ):
        command = add_command(trust, name, run, text)
        side = command.add_mutually_exclusive_group(required=True)
        side.add_argument("--node", type=Path, metavar="DIR")
        side.add_argument("--authority", type=Path, metavar="DIR")
        if name == "export":
            command.add_argument("--out", type=Path, required=True, metavar="PATH")
        else:
            command.add_argument("source", type=Path, metavar="PATH")
    revoke = add_command(
        trust, "revoke-key", _revoke_key, "revoke a department's key for good 撤销部门密钥"
    )
    revoke.add_argument("--authority", type=Path, required=True, metavar="DIR")
    revoke.add_argument("--department", required=True, metavar="USCC", help="部门代码")
    revoke.add_argument("--key", required=True, metavar="KEY_ID", help="密钥编号")


def _init(chosen: argparse.Namespace) -> int:
    now = system_clock() // 1000
    if chosen.department:
        name = chosen.name or chosen.department
        file = NodeFile(
            department=chosen.department, name=name, passphrase_file=chosen.passphrase_file
        )
        # What is written is held to the schema of what is read.
        document.read(dump_yaml(file), NodeFile, file="node.yaml", error=NodeInvalidError)
        found_node(chosen.folder, file, now)
        report(
            chosen,
            {"department": file.department, "folder": str(chosen.folder)},
            f"{chosen.folder}: node of {name} 节点已创建",
        )
        return 0
    catalogue = (
        read_folder(chosen.catalogue, TRUST_SUFFIXES) if chosen.catalogue else catalogue_files()
    )
    authority = AuthorityFile(
        iss=chosen.authority,
        name=chosen.name or chosen.authority,
        status_uri=f"{chosen.authority}/status/1",
        passphrase_file=chosen.passphrase_file,
    )
    document.read(
        dump_yaml(authority), AuthorityFile, file="authority.yaml", error=NodeInvalidError
    )
    read_catalogue(catalogue)
    keys = found_authority(chosen.folder, authority, catalogue, now)
    Authority(chosen.folder, keys=keys).publish()
    report(
        chosen,
        {"issuer": authority.iss, "folder": str(chosen.folder)},
        f"{chosen.folder}: authority {authority.iss} 主管部门目录已创建",
    )
    return 0


def _export(chosen: argparse.Namespace) -> int:
    if chosen.authority:
        copy_out(Authority(chosen.authority).renew(), chosen.out)
    else:
        check_outputs([chosen.out])
        places = Places(chosen.node)
        file = places.node_file()
        keys = open_keys(places, file.passphrase_file).list_keys()
        entry = replace(department_entry(file, keys), issued=system_clock() // 1000)
        write_whole(chosen.out, dump_yaml(entry))
    report(chosen, {"out": str(chosen.out)}, f"{chosen.out} is written 已导出")
    return 0


def _import(chosen: argparse.Namespace) -> int:
    if chosen.authority:
        text = read_input(chosen.source, MAX_ENTRY_BYTES)
        entry = document.read(
            text, Department, file=str(chosen.source), error=CatalogueInvalidError
        )
        Authority(chosen.authority).admit(entry.value)
        department = entry.value
        report(
            chosen,
            {"department": department.id},
            f"{department.id} {department.name} is in the directory 已纳入目录",
        )
        return 0
    if not chosen.source.is_dir():
        raise WrongUseError(f"{chosen.source} is no folder 不是文件夹")
    places = Places(chosen.node)
    places.node_file()
    files = read_folder(chosen.source, TRUST_SUFFIXES)
    trust = install_trust(places.trust, files, system_clock() // 1000)
    report(
        chosen,
        {"version": trust.version},
        f"trust data version {trust.version} 信任数据版本 {trust.version}",
    )
    return 0


def _revoke_key(chosen: argparse.Namespace) -> int:
    Authority(chosen.authority).revoke_key(chosen.department, chosen.key)
    report(
        chosen,
        {"department": chosen.department, "key": chosen.key, "revoked": True},
        f"{chosen.key} is revoked; nodes learn it with the next `sealgate trust import` "
        "密钥已撤销，各节点下次导入信任数据后生效",
    )
    return 0
