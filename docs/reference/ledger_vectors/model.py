"""What docs/reference/vectors/ledger.json holds; section 14 of ledger.md describes it."""

from msgspec import Struct

FORMAT = "sealgate ledger vectors 1"


class LedgerKey(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A ledger key with its private half, and the key hashes of its name."""

    name: str
    department: str
    note_name: str
    key_id: str
    private: str
    public: str
    note_hash: str
    cosignature_hash: str


class Digest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A digest of one identifier, under a pseudonym key that stands here whole."""

    kind: str
    value: str
    digest: str


class PseudonymKey(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A pseudonym key, and what it makes of identifiers."""

    key_id: str
    private: str
    digests: tuple[Digest, ...]


class Subject(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom an entry is about: digests in hex, joined in their order."""

    key_id: str
    digests: tuple[str, ...]


class SettledLeaf(
    Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """An entry, its leaf and all that is hashed on the way; `leaf` and `private` are JSON."""

    name: str
    about: str
    about_zh: str
    salt: str
    private: str
    private_hash: str
    subjects: Subject | None = None
    subjects_hash: str | None = None
    leaf: str
    leaf_hash: str


class Tree(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The root over the first `size` of the synthetic leaves."""

    size: int
    root: str


class Inclusion(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A path from a leaf to the root of a tree."""

    index: int
    size: int
    path: tuple[str, ...]


class Consistency(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What proves that the newer tree begins with all of the older."""

    old: int
    new: int
    path: tuple[str, ...]


class TileName(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a tile is called, and the bundle of the same number where it is of level 0."""

    level: int
    number: int
    width: int
    path: str
    entries: str | None


class SignedTree(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A checkpoint over the first `size` entries: what is signed, and the note."""

    size: int
    root: str
    body: str
    note: str


class Witnessed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A cosignature: the message that is signed, the line, and the note with it."""

    key: str
    time: int
    message: str
    line: str
    note: str


class Kept(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A receipt that holds, of the entry of that number."""

    name: str
    index: int
    size: int
    receipt: str


class Refused(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A receipt that does not hold."""

    name: str
    code: str
    about: str
    about_zh: str
    receipt: str


class LedgerFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    format: str = FORMAT
    about: str = "docs/reference/ledger.md, section 14; written by docs/reference/vectors.py"
    department: str
    node: str
    shard: str
    origin: str
    keys: tuple[LedgerKey, ...]
    pseudonym_key: PseudonymKey
    entries: tuple[SettledLeaf, ...]
    trees: tuple[Tree, ...]
    inclusion: tuple[Inclusion, ...]
    consistency: tuple[Consistency, ...]
    tiles: tuple[TileName, ...]
    bundle: str
    checkpoints: tuple[SignedTree, ...]
    cosigned: Witnessed
    receipts: tuple[Kept, ...]
    refused: tuple[Refused, ...]
