"""The folder of a node: where its files lie, and its `node.yaml`."""

from pathlib import Path
from typing import Annotated, Literal, NamedTuple, TypeVar

from msgspec import Meta, Struct

from gateway.errors import ConfigurationInvalidError
from gateway.model.resource import DepartmentId, Id, Name, ResourceCode
from masking import document
from masking.errors import DocumentInvalidError
from masking.examples import such_as

T = TypeVar("T")
# Each has a socket and a server of its own.
MAX_CALLERS = 64


class NodeInvalidError(DocumentInvalidError):
    """A `node.yaml` or `authority.yaml` that breaks its schema."""

    code = "CONFIGURATION_INVALID"


Right = Literal["seal", "open", "explain"]


class CallerFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A system that may call this node's sidecar, over a socket of its own.

    `group` is the group of the operating system that may enter the socket's
    folder. Without `resources` it may use all of them.
    """

    name: Annotated[Id, such_as("case-system")]
    may: Annotated[tuple[Right, ...], Meta(min_length=1, max_length=3), such_as("[seal, open]")]
    group: Annotated[Id, such_as("case-system")] | None = None
    resources: (
        Annotated[
            tuple[Annotated[ResourceCode, such_as("3070010010001/000001")], ...],
            Meta(min_length=1, max_length=1_000),
        ]
        | None
    ) = None


class NodeFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file `node.yaml`.

    `passphrase_file` is relative to the folder; without it the passphrase comes
    from the environment variable SEALGATE_PASSPHRASE, or is asked for.
    """

    department: DepartmentId
    name: Annotated[Name, such_as("青岚市民政局")]
    name_en: Annotated[Name, such_as("Qinglan Civil Affairs Bureau")] | None = None
    suites: Annotated[tuple[int, ...], Meta(min_length=1, max_length=8), such_as("[1, 2]")] = (1, 2)
    passphrase_file: Annotated[Name, such_as("passphrase")] | None = None
    callers: (
        Annotated[tuple[CallerFile, ...], Meta(min_length=1, max_length=MAX_CALLERS)] | None
    ) = None


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
    def ledger(self) -> Path:
        """Ledger."""
        return self.folder / "ledger.ndjson"

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
        return self._read("node.yaml", NodeFile, "init DIR --department USCC")

    def authority_file(self) -> AuthorityFile:
        """Read `authority.yaml`. Raises: ConfigurationInvalidError, NodeInvalidError."""
        return self._read("authority.yaml", AuthorityFile, "init DIR --authority ISSUER")

    def _read(self, name: str, shape: type[T], make: str) -> T:
        path = self.folder / name
        try:
            text = path.read_bytes()
        except OSError:
            raise ConfigurationInvalidError(
                reason=f"{self.folder} holds no {name}; make it with `sealgate {make}`",
                reason_zh=f"{self.folder} 中没有 {name}，请用 `sealgate {make}` 创建",
            ) from None
        return document.read(text, shape, file=str(path), error=NodeInvalidError).value
