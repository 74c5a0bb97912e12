"""What a certificate says of its holder, spelled as in `node.yaml`."""

from typing import Annotated

from msgspec import Meta

# RFC 1123: labels of letters, digits and hyphens.
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
HOST_PATTERN = rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*"
# SPIFFE-ID, sections 2.1 and 2.2: a trust domain in lower case, and a path whose parts are
# neither empty nor dots.
SPIFFE_PATTERN = (
    r"(?=.{1,2000}\Z)spiffe://[a-z0-9._-]{1,255}(?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._-]+)+"
)
FINGERPRINT_PATTERN = "sha256:[0-9a-f]{64}"

CertificateId = Annotated[
    str,
    Meta(
        pattern=rf"^(?:{SPIFFE_PATTERN}|{FINGERPRINT_PATTERN})\Z",
        description="a SPIFFE URI, or sha256: and the 64 lower-case hexadecimal digits of a "
        "certificate's fingerprint",
        extra={"zh": "一个 SPIFFE URI，或 sha256: 加证书指纹的 64 位小写十六进制数"},
        examples=["spiffe://qinglan.example/case-system"],
    ),
]
