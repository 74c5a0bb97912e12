"""`sealgate certs`: a private authority and certificates, for a first installation with TCP."""

import argparse
import re
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from msgspec.structs import asdict

from gateway.certificates.issuing import (
    AUTHORITY_DAYS,
    BACKDATED,
    LEAF_DAYS,
    MAX_AUTHORITY_DAYS,
    MAX_COMMON_NAME,
    MAX_LEAF_DAYS,
    Address,
    Issue,
    Issuer,
    issue_authority,
    issue_client,
    issue_server,
)
from gateway.certificates.reading import (
    Described,
    begins,
    describe,
    ends,
    is_authority,
    read_certificates,
)
from gateway.cli.terminal import one_line, print_json, table
from gateway.cli.words import WrongUseError, add_command, add_group, report
from gateway.errors import ConfigurationInvalidError
from gateway.model.certificate import HOST_PATTERN, SPIFFE_PATTERN
from gateway.model.times import utc
from gateway.stores.certificates import NewFile, create_files, read_pem
from gateway.stores.clock import system_clock
from gateway.stores.issuing_key import open_issuing_key, seal_issuing_key
from gateway.stores.keyfile import passphrase_source
from keys.stores.passphrase import PassphraseSource

DAY = 86_400
CERTIFICATE, KEY = "ca.crt", "ca-key.json"
_HOST = re.compile(rf"(?:\*\.)?{HOST_PATTERN}")
_SPIFFE = re.compile(SPIFFE_PATTERN)
Make = Callable[[Issuer, Issue], x509.Certificate]


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `certs` group."""
    certs = add_group(commands, "certs", "certificates for TCP 用于 TCP 的证书")
    init = add_command(certs, "init", _init, "make a private authority 创建私有证书机构")
    init.add_argument("folder", type=Path, metavar="DIR")
    init.add_argument("--name", default="sealgate", help="its common name 名称")
    _add_term(init, AUTHORITY_DAYS)
    server = add_command(certs, "server", _server, "issue a server certificate 签发服务器证书")
    _add_issuing(server)
    for option, text in (
        ("--dns", "a name by which clients call it, may be repeated 域名，可重复"),
        ("--ip", "an address by which they do, may be repeated 地址，可重复"),
    ):
        server.add_argument(option, action="append", metavar=option[2:].upper(), help=text)
    client = add_command(certs, "client", _client, "issue a client certificate 签发客户端证书")
    _add_issuing(client)
    client.add_argument("--name", required=True, help="name of the caller 调用方名称")
    client.add_argument("--spiffe", metavar="URI", help="its SPIFFE URI 其 SPIFFE 标识")
    show = add_command(certs, "show", _show, "tell whose certificates are, and until when 查看证书")
    show.add_argument("file", type=Path, metavar="FILE")


def _add_issuing(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--ca", type=Path, required=True, metavar="DIR", help="folder of the authority 机构目录"
    )
    command.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for the files 输出目录"
    )
    _add_term(command, LEAF_DAYS)


def _add_term(command: argparse.ArgumentParser, days: int) -> None:
    command.add_argument(
        "--days", type=int, default=days, metavar="N", help=f"validity, by default {days} 有效天数"
    )
    command.add_argument(
        "--passphrase-file",
        type=Path,
        metavar="FILE",
        help="passphrase of the authority's key; else SEALGATE_PASSPHRASE or a prompt 口令文件",
    )


def _init(chosen: argparse.Namespace) -> int:
    _check(chosen.days, MAX_AUTHORITY_DAYS)
    _check_name(chosen.name)
    key = ec.generate_private_key(ec.SECP256R1())
    now = system_clock() // 1000
    issue = Issue(key.public_key(), x509.random_serial_number(), now - BACKDATED, 0)
    issue = issue._replace(ends=now + chosen.days * DAY)
    certificate = issue_authority(chosen.name, key, issue)
    made, hidden = chosen.folder / CERTIFICATE, chosen.folder / KEY
    sealed = seal_issuing_key(key, _passphrase(chosen, chosen.folder, confirm=True))
    create_files([NewFile(hidden, sealed, 0o600), NewFile(made, _pem(certificate))])
    return _tell(chosen, made, hidden, certificate, "private authority 私有证书机构已创建")


def _server(chosen: argparse.Namespace) -> int:
    names, addresses = chosen.dns or [], [_address(each) for each in chosen.ip or []]
    if not names and not addresses:
        raise WrongUseError("name a server by --dns or --ip 请用 --dns 或 --ip 指明服务器")
    for name in names:
        if not _HOST.fullmatch(name):
            raise WrongUseError("--dns is a host's name in ASCII 域名格式不对")

    def make(issuer: Issuer, issue: Issue) -> x509.Certificate:
        return issue_server(issuer, issue, names, addresses)

    return _issue(chosen, "server", make, "server certificate 服务器证书已签发")


def _client(chosen: argparse.Namespace) -> int:
    _check_name(chosen.name)
    if chosen.spiffe is not None and not _SPIFFE.fullmatch(chosen.spiffe):
        raise WrongUseError(
            "--spiffe is like spiffe://qinglan.example/case-system SPIFFE 标识格式不对"
        )

    def make(issuer: Issuer, issue: Issue) -> x509.Certificate:
        return issue_client(issuer, issue, chosen.name, chosen.spiffe)

    return _issue(chosen, "client", make, "client certificate 客户端证书已签发")


def _issue(chosen: argparse.Namespace, name: str, make: Make, text: str) -> int:
    """Issue a certificate, and write it with its key and the authority's certificate."""
    _check(chosen.days, MAX_LEAF_DAYS)
    now = system_clock() // 1000
    authority, pem = _authority(chosen.ca, now)
    if now + chosen.days * DAY > ends(authority):
        left = max(0, (ends(authority) - now) // DAY)
        raise WrongUseError(
            f"the authority itself ends before: --days is at most {left} 超过证书机构的有效期"
        )
    signing = open_issuing_key(chosen.ca / KEY, _passphrase(chosen, chosen.ca))
    if signing.public_key() != authority.public_key():
        raise ConfigurationInvalidError(
            reason=f"{chosen.ca / KEY} is not the key of {CERTIFICATE} beside it",
            reason_zh=f"{chosen.ca / KEY} 与同目录的 {CERTIFICATE} 不配套",
        )
    key = ec.generate_private_key(ec.SECP256R1())
    begun = max(now - BACKDATED, begins(authority))
    issue = Issue(key.public_key(), x509.random_serial_number(), begun, now + chosen.days * DAY)
    certificate = make(Issuer(authority, signing), issue)
    made, hidden = (chosen.out / f"{name}.{end}" for end in ("crt", "key"))
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    files = [NewFile(hidden, plain, 0o600), NewFile(made, _pem(certificate))]
    beside = chosen.out / CERTIFICATE
    # A bundle that has the authority already serves as it is.
    if not beside.exists() or authority not in read_certificates(read_pem(beside), str(beside)):
        files.append(NewFile(beside, pem))
    create_files(files)
    return _tell(chosen, made, hidden, certificate, text)


def _authority(folder: Path, now: int) -> tuple[x509.Certificate, bytes]:
    """Read an authority's certificate. Raises: ConfigurationInvalidError."""
    path = folder / CERTIFICATE
    pem = read_pem(path)
    found = read_certificates(pem, str(path))[0]
    if not is_authority(found) or not begins(found) <= now <= ends(found):
        raise ConfigurationInvalidError(
            reason=f"{path} is no authority's, or does not count now; "
            "make one with `sealgate certs init`",
            reason_zh=f"{path} 不是有效的机构证书；请用 `sealgate certs init` 创建",
        )
    return found, pem


def _passphrase(
    chosen: argparse.Namespace, folder: Path, *, confirm: bool = False
) -> PassphraseSource:
    file = chosen.passphrase_file
    name = None if file is None else str(file.absolute())
    return passphrase_source(folder.absolute(), name, confirm=confirm)


def _check(days: int, most: int) -> None:
    if not 1 <= days <= most:
        raise WrongUseError(f"--days is from 1 to {most} 有效天数超出范围")


def _check_name(name: str) -> None:
    if not name.isprintable() or not 1 <= len(name.encode()) <= MAX_COMMON_NAME:
        raise WrongUseError(f"--name has 1 to {MAX_COMMON_NAME} bytes of text 名称过长或无效")


def _address(text: str) -> Address:
    try:
        return ip_address(text)
    except ValueError:
        raise WrongUseError("--ip is an IPv4 or IPv6 address 地址格式不对") from None


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def _tell(
    chosen: argparse.Namespace,
    made: Path,
    hidden: Path,
    certificate: x509.Certificate,
    text: str,
) -> int:
    told = describe(certificate)
    plain: dict[str, object] = {
        "certificate": str(made),
        "key": str(hidden),
        "names": told.names,
        "not_after": utc(told.ends),
        "fingerprint": told.fingerprint,
        "identity": told.identity,
    }
    lines = [f"{made}: {text}, until {utc(told.ends)}"]
    if told.use == "client":
        lines.append(f"  node.yaml: certificates: ['{told.identity}']")
    report(chosen, plain, "\n".join(lines))
    return 0


def _show(chosen: argparse.Namespace) -> int:
    found = read_certificates(read_pem(chosen.file), str(chosen.file))
    told = [_spelled(describe(each), system_clock() // 1000) for each in found]
    if chosen.json:
        print_json(told)
        return 0
    for number, each in enumerate(told):
        rows = [(name, one_line(_text(value))) for name, value in each.items()]
        print("\n" * (number > 0) + table(("certificate 证书", chosen.file.name), rows))
    return 0


def _spelled(told: Described, now: int) -> dict[str, object]:
    spelled = asdict(told)
    start, end = spelled.pop("begins"), spelled.pop("ends")
    return {
        **spelled,
        "not_before": utc(start),
        "not_after": utc(end),
        "days": (end - now) // DAY,
    }


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
