"""`sealgate catalogue check` and `sealgate policy check`."""

import argparse
from pathlib import Path

from gateway.catalogue import read_catalogue
from gateway.catalogue.policies import read_policy_beside
from gateway.cli.sheets import register_sheets
from gateway.cli.words import add_command, add_group, read_input, report
from gateway.stores.files import read_folder
from masking.policy import read_policy

MAX_POLICY_BYTES = 4 * 1024 * 1024


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `catalogue check`, what the catalogue has beside it, and `policy check`."""
    catalogue = add_group(commands, "catalogue", "catalogue files 目录文件")
    check = add_command(catalogue, "check", _catalogue, "find every fault of a catalogue 检查目录")
    check.add_argument("folder", type=Path, metavar="DIR")
    register_sheets(catalogue)
    policy = add_group(commands, "policy", "masking policies 脱敏策略")
    check = add_command(policy, "check", _policy, "find every fault of a policy 检查脱敏策略")
    check.add_argument("file", type=Path, metavar="FILE")
    check.add_argument(
        "--catalogue",
        type=Path,
        metavar="DIR",
        help="check names against this 核对名称",
    )


def _catalogue(chosen: argparse.Namespace) -> int:
    catalogue = read_catalogue(read_folder(chosen.folder, (".yaml",)))
    fields = sum(len(resource.fields) for resource in catalogue.resources.values())
    report(
        chosen,
        {"resources": len(catalogue.resources), "fields": fields},
        f"{chosen.folder}: {len(catalogue.resources)} resources, {fields} fields, no fault "
        f"{len(catalogue.resources)} 个资源、{fields} 个字段，无错误",
    )
    return 0


def _policy(chosen: argparse.Namespace) -> int:
    text = read_input(chosen.file, MAX_POLICY_BYTES)
    name = str(chosen.file)
    if chosen.catalogue is None:
        policy = read_policy(text, name)
    else:
        catalogue = read_catalogue(read_folder(chosen.catalogue, (".yaml",)))
        policy = read_policy_beside(text, name, catalogue)
    report(
        chosen,
        {"policy": policy.id, "version": policy.version, "rules": len(policy.rules)},
        f"{chosen.file}: policy {policy.id} version {policy.version}, {len(policy.rules)} rules, "
        f"no fault {len(policy.rules)} 条规则，无错误",
    )
    return 0
