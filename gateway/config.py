"""The folder of a node: where its files lie, and its `node.yaml`."""

import re
from collections.abc import Callable, Iterable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, TypeVar

from msgspec import Meta, Struct

from gateway.errors import ConfigurationInvalidError
from gateway.model.certificate import CertificateId
from gateway.model.resource import DepartmentId, Id, Name, ResourceCode
from masking import document
from masking.errors import DocumentInvalidError
from masking.examples import such_as

T = TypeVar("T")
# Each has a socket and a server of its own.
MAX_CALLERS = 64
# One that is in use, one that follows it, and so for each machine of the caller.
MAX_CALLER_CERTIFICATES = 64


class NodeInvalidError(DocumentInvalidError):
    """A `node.yaml` or `authority.yaml` that breaks its schema."""

    code = "CONFIGURATION_INVALID"


Right = Literal["seal", "open", "explain", "read_ledger", "administer"]


class CallerFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A system that may call this node's sidecar, over a socket of its own.

    `group` is the group of the operating system that may enter the socket's
    folder. Without `resources` it may use all of them. By one of `certificates` it
    is known where the sidecar listens on TCP.
    """

    name: Annotated[Id, such_as("case-system")]
    calls_per_second: Annotated[int, Meta(ge=1, le=100_000), such_as("100")] | None = None
    may: Annotated[tuple[Right, ...], Meta(min_length=1, max_length=5), such_as("[seal, open]")]
    group: Annotated[Id, such_as("case-system")] | None = None
    resources: (
        Annotated[
            tuple[Annotated[ResourceCode, such_as("3070010010001/000001")], ...],
            Meta(min_length=1, max_length=1_000),
        ]
        | None
    ) = None
    certificates: (
        Annotated[tuple[CertificateId, ...], Meta(min_length=1, max_length=MAX_CALLER_CERTIFICATES)]
        | None
    ) = None


Address = Annotated[
    str,
    Meta(
        pattern=r"^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\]):"
        r"(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])\Z",
        description="a host or an address, a colon and a port from 1 to 65535",
        extra={"zh": "主机名或地址，加冒号和 1 至 65535 的端口"},
        examples=["127.0.0.1:8443"],
    ),
]


class ListenFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the sidecar listens on TCP, and the files of its TLS, relative to the folder.

    `clients` holds the certificates of those that issue callers' certificates.
    """

    address: Address
    certificate: Annotated[Name, such_as("tls/server.crt")] = "tls/server.crt"
    key: Annotated[Name, such_as("tls/server.key")] = "tls/server.key"
    clients: Annotated[Name, such_as("tls/ca.crt")] = "tls/ca.crt"


Endpoint = Annotated[
    str,
    Meta(
        pattern=r"^https?://(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])"
        r"(?::[1-9][0-9]{0,3}|:[1-5][0-9]{4}|:6[0-4][0-9]{3}|:65[0-4][0-9]{2})?(?:/[A-Za-z0-9._-]{1,64}){0,8}\Z",
        description="http or https, a host or an address, and a port",
        extra={"zh": "http 或 https 地址，可带端口"},
        examples=["http://127.0.0.1:4318"],
    ),
]


class TracingFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The collector that spans are sent to, and the share of calls that is traced."""

    endpoint: Endpoint
    sample: Annotated[float, Meta(ge=0, le=1), such_as("0.1")] = 0.1


class NodeFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file `node.yaml`.

    `passphrase_file` is relative to the folder; without it the passphrase comes
    from the environment variable SEALGATE_PASSPHRASE, or is asked for. `node` tells
    the department's nodes apart; it stands in the origin of each ledger. `ledger forget`
    erases whom entries are about once they are `subject_days` old.
    """

    department: DepartmentId
    name: Annotated[Name, such_as("青岚市民政局")]
    name_en: Annotated[Name, such_as("Qinglan Civil Affairs Bureau")] | None = None
    node: Annotated[Id, such_as("main")] = "main"
    subject_days: Annotated[int, Meta(ge=1, le=36_500), such_as("1096")] = 1_096
    suites: Annotated[tuple[int, ...], Meta(min_length=1, max_length=8), such_as("[1, 2]")] = (1, 2)
    passphrase_file: Annotated[Name, such_as("passphrase")] | None = None
    callers: (
        Annotated[tuple[CallerFile, ...], Meta(min_length=1, max_length=MAX_CALLERS)] | None
    ) = None
    listen: ListenFile | None = None
    metrics: Annotated[Address, such_as("127.0.0.1:9464")] | None = None
    tracing: TracingFile | None = None


def callers_apart(file: NodeFile) -> Iterator[document.Found]:
    """Find callers that cannot be told apart: by name, or by certificate."""
    callers = file.callers or ()
    for place, _ in document.repeated(document.each(callers, lambda caller: caller.name)):
        yield document.Found(
            ("callers", place, "name"),
            "this caller stands twice",
            "调用方重复",
            "give each its own name",
            "请使用不同的名称",
        )
    known = (
        ((place, index), certificate)
        for place, certificates in document.each(callers, lambda caller: caller.certificates)
        for index, certificate in document.each(certificates or ())
    )
    for (place, index), _ in document.repeated(known):
        yield document.Found(
            ("callers", place, "certificates", index),
            "this certificate stands twice",
            "证书重复",
            "keep one, under the one caller that holds it",
            "请只保留一处，写在持有该证书的调用方下",
        )


def _sound(file: NodeFile) -> Iterator[document.Found]:
    return document.judged(callers_apart(file), sent_in_the_clear(file))


def host_and_port(address: str) -> tuple[str, int]:
    """Take an `Address` apart; the host without the brackets of IPv6."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def sent_in_the_clear(file: NodeFile) -> Iterator[document.Found]:
    """Find what would leave the machine without TLS."""
    if file.metrics is not None and not _is_loopback(host_and_port(file.metrics)[0]):
        yield document.Found(
            ("metrics",),
            "metrics are served without TLS, and this is no address of the machine's own",
            "指标以明文提供，该地址不是本机回环地址",
            "write 127.0.0.1 or [::1] with a port, such as 127.0.0.1:9464",
            "请写 127.0.0.1 或 [::1] 加端口，例如 127.0.0.1:9464",
        )
    if file.tracing is not None and _is_open(file.tracing.endpoint):
        yield document.Found(
            ("tracing", "endpoint"),
            "spans would leave the machine without TLS",
            "追踪数据将以明文离开本机",
            "write https://, or a collector of this machine, such as http://127.0.0.1:4318",
            "请使用 https://，或使用本机采集器，例如 http://127.0.0.1:4318",
        )


def _is_open(endpoint: str) -> bool:
    """Tell whether an endpoint is asked for in the clear by more than this machine."""
    scheme, _, rest = endpoint.partition("://")
    host = re.match(r"\[[^]]*\]|[^:/]*", rest)
    return scheme == "http" and not (host and _is_loopback(host[0].strip("[]")))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        # A name is whatever it is resolved to.
        return False


class AuthorityFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file `authority.yaml`: the issuer, and how long trust data stays fresh."""

    iss: Annotated[str, Meta(min_length=1, max_length=200), such_as("urn:example:authority")]
    name: Annotated[Name, such_as("市数据局")]
    status_uri: Annotated[
        str, Meta(min_length=1, max_length=200), such_as("urn:example:authority/status/1")
    ]
    fresh_days: Annotated[int, Meta(ge=1, le=366), such_as("30")] = 30
    passphrase_file: Annotated[Name, such_as("passphrase")] | None = None


class Places(NamedTuple):
    """Where the files of a node or an authority lie."""

    folder: Path

    @property
    def keys(self) -> Path:
        """Key file."""
        return self.folder / "keys.json"

    @property
    def trust(self) -> Path:
        """Trust data: the folder `versions`, and `current` that points into it."""
        return self.folder / "trust"

    @property
    def policy(self) -> Path:
        """Masking policy of a provider."""
        return self.folder / "policy.yaml"

    @property
    def blocks(self) -> Path:
        """What the provider cut off itself."""
        return self.folder / "blocks.yaml"

    @property
    def grants(self) -> Path:
        """Grants given to this department."""
        return self.folder / "grants"

    @property
    def state(self) -> Path:
        """Quotas and claims."""
        return self.folder / "state.sqlite"

    @property
    def repeats(self) -> Path:
        """Requests that a sidecar answered, for who sends them again."""
        return self.folder / "repeats.sqlite"

    @property
    def ledger(self) -> Path:
        """The ledger: a folder of shards."""
        return self.folder / "ledger"

    @property
    def published(self) -> Path:
        """Digest of the trust data that an authority published last."""
        return self.folder / "published"

    @property
    def register(self) -> Path:
        """Register of the grants that an authority issued."""
        return self.folder / "grants.ndjson"

    def node_file(self) -> NodeFile:
        """Read `node.yaml`. Raises: ConfigurationInvalidError, NodeInvalidError."""
        return self._read("node.yaml", NodeFile, "init DIR --department USCC", _sound)

    def authority_file(self) -> AuthorityFile:
        """Read `authority.yaml`. Raises: ConfigurationInvalidError, NodeInvalidError."""
        return self._read("authority.yaml", AuthorityFile, "init DIR --authority ISSUER")

    def _read(
        self,
        name: str,
        shape: type[T],
        make: str,
        check: Callable[[T], Iterable[document.Found]] = lambda _: (),
    ) -> T:
        path = self.folder / name
        try:
            text = path.read_bytes()
        except OSError:
            raise ConfigurationInvalidError(
                reason=f"{self.folder} holds no {name}; make it with `sealgate {make}`",
                reason_zh=f"{self.folder} 中没有 {name}，请用 `sealgate {make}` 创建",
            ) from None
        read = document.salvage(text, shape, file=str(path), error=NodeInvalidError)
        return read.with_faults(read.found(check)).value
