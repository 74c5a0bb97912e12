"""Errors of `gateway`.

::

    GatewayError
    ├── RequestError
    │   ├── RequestMalformedError         REQUEST_MALFORMED
    │   ├── LimitExceededError            LIMIT_EXCEEDED
    │   ├── QuotaExceededError            QUOTA_EXCEEDED
    │   ├── RateExceededError             RATE_EXCEEDED
    │   ├── DeadlineExceededError         DEADLINE_EXCEEDED
    │   ├── RequestRepeatedError          REQUEST_REPEATED
    │   ├── RequestInProgressError        REQUEST_IN_PROGRESS
    │   └── TrustStaleError               TRUST_STALE
    ├── TokenError
    │   ├── TokenMalformedError           TOKEN_MALFORMED
    │   ├── TokenIssuerUnknownError       TOKEN_ISSUER_UNKNOWN
    │   ├── TokenSignatureInvalidError    TOKEN_SIGNATURE_INVALID
    │   ├── TokenClaimInvalidError        TOKEN_CLAIM_INVALID
    │   ├── TokenAudienceWrongError       TOKEN_AUDIENCE_WRONG
    │   ├── TokenExpiredError             TOKEN_EXPIRED
    │   ├── TokenNotYetValidError         TOKEN_NOT_YET_VALID
    │   ├── TokenRevokedError             TOKEN_REVOKED
    │   ├── TokenBlockedError             TOKEN_BLOCKED
    │   └── TokenIssuerScopeError         TOKEN_ISSUER_SCOPE
    ├── ResourceError
    │   ├── ResourceUncataloguedError     RESOURCE_UNCATALOGUED
    │   ├── ResourceNotOursError          RESOURCE_NOT_OURS
    │   ├── ResourceNotSharedError        RESOURCE_NOT_SHARED
    │   ├── ResourceStoppedError          RESOURCE_STOPPED
    │   ├── PurposeNotGrantedError        PURPOSE_NOT_GRANTED
    │   ├── ApprovalMissingError          APPROVAL_MISSING
    │   ├── AgreementMissingError         AGREEMENT_MISSING
    │   ├── ReviewMissingError            REVIEW_MISSING
    │   └── RegionOutOfScopeError         REGION_OUT_OF_SCOPE
    ├── FieldError
    │   ├── FieldNameError
    │   │   ├── FieldUncataloguedError    FIELD_UNCATALOGUED
    │   │   └── FieldOutOfScopeError      FIELD_OUT_OF_SCOPE
    │   ├── FieldInvalidError             FIELD_INVALID
    │   └── RecordMalformedError          RECORD_MALFORMED
    ├── CallerForbiddenError              CALLER_FORBIDDEN
    ├── ConfigurationInvalidError         CONFIGURATION_INVALID
    ├── DepartmentUnknownError            DEPARTMENT_UNKNOWN
    ├── EnvelopeError
    │   ├── EnvelopeMalformedError        ENVELOPE_MALFORMED
    │   ├── EnvelopeSignatureInvalidError ENVELOPE_SIGNATURE_INVALID
    │   ├── EnvelopeNotForUsError         ENVELOPE_NOT_FOR_US
    │   ├── EnvelopeExpiredError          ENVELOPE_EXPIRED
    │   ├── EnvelopeFromFutureError       ENVELOPE_FROM_FUTURE
    │   ├── EnvelopeUndecryptableError    ENVELOPE_UNDECRYPTABLE
    │   ├── EnvelopeManifestWrongError    ENVELOPE_MANIFEST_WRONG
    │   ├── EnvelopeReplayedError         ENVELOPE_REPLAYED
    │   └── StreamBrokenError             STREAM_BROKEN
    ├── CheckpointInvalidError            CHECKPOINT_INVALID
    ├── LedgerInvalidError                LEDGER_INVALID
    ├── ReceiptInvalidError               RECEIPT_INVALID
    ├── ReceiptMismatchError              RECEIPT_MISMATCH
    └── LedgerUnavailableError            LEDGER_UNAVAILABLE

`CatalogueInvalidError` (CATALOGUE_INVALID) hangs under `masking.errors.DocumentInvalidError`,
since it carries the faults of a document.
"""

from collections.abc import Mapping
from types import MappingProxyType

from keys.errors import SealgateError
from masking.errors import DocumentInvalidError


class GatewayError(SealgateError):
    """Any error of `gateway`."""


class CatalogueInvalidError(DocumentInvalidError):
    code = "CATALOGUE_INVALID"


class RequestError(GatewayError):
    """Raised when the request or this node cannot be served."""


class RequestMalformedError(RequestError):
    code = "REQUEST_MALFORMED"
    text = "{reason}"
    text_zh = "{reason_zh}"


class LimitExceededError(RequestError):
    code = "LIMIT_EXCEEDED"
    text = "{what} is {actual}, over the limit of {limit}"
    text_zh = "{what_zh}为 {actual}，超过上限 {limit}"


class QuotaExceededError(RequestError):
    code = "QUOTA_EXCEEDED"
    text = "the grant's limit of rows {period} is {limit}; {used} used, {asked} asked for"
    text_zh = "授权允许{period_zh}{limit} 行，已用 {used} 行，本次请求 {asked} 行"


class RateExceededError(RequestError):
    code = "RATE_EXCEEDED"
    text = "caller {caller} may begin {rate} calls a second, and has begun as many"
    text_zh = "调用方 {caller} 每秒可发起 {rate} 次调用，已达上限"


class DeadlineExceededError(RequestError):
    code = "DEADLINE_EXCEEDED"
    text = "the call did not end in its time; nothing left the node"
    text_zh = "调用未在时限内完成，未放出任何数据"


class RequestRepeatedError(RequestError):
    code = "REQUEST_REPEATED"
    text = "{reason}"
    text_zh = "{reason_zh}"


class RequestInProgressError(RequestError):
    code = "REQUEST_IN_PROGRESS"
    text = "a request with this id is being worked on"
    text_zh = "相同编号的请求正在处理"


class TrustStaleError(RequestError):
    code = "TRUST_STALE"
    text = "{reason}; import newer trust data"
    text_zh = "{reason_zh}，请导入新的信任数据"


class TokenError(GatewayError):
    """Raised when the grant token is refused (RFC 7519, RFC 9068, RFC 9396)."""


class TokenMalformedError(TokenError):
    code = "TOKEN_MALFORMED"
    text = "the grant token is malformed: {reason}"
    text_zh = "授权令牌格式错误：{reason_zh}"


class TokenIssuerUnknownError(TokenError):
    code = "TOKEN_ISSUER_UNKNOWN"
    text = "no issuer and key of trust data match this grant: {reason}"
    text_zh = "信任数据中没有与该授权相符的签发者和密钥：{reason_zh}"


class TokenSignatureInvalidError(TokenError):
    code = "TOKEN_SIGNATURE_INVALID"
    text = "the grant's signature does not hold"
    text_zh = "授权令牌签名无效"


class TokenClaimInvalidError(TokenError):
    code = "TOKEN_CLAIM_INVALID"
    text = "claim {claim}: {reason}"
    text_zh = "声明 {claim}：{reason_zh}"


class TokenAudienceWrongError(TokenError):
    code = "TOKEN_AUDIENCE_WRONG"
    text = "the grant is addressed to another provider"
    text_zh = "该授权是发给另一提供部门的"


class TokenExpiredError(TokenError):
    code = "TOKEN_EXPIRED"
    text = "the grant ended at {expired}"
    text_zh = "授权已于 {expired} 到期"


class TokenNotYetValidError(TokenError):
    code = "TOKEN_NOT_YET_VALID"
    text = "the grant begins at {begins}"
    text_zh = "授权自 {begins} 起生效"


class TokenRevokedError(TokenError):
    code = "TOKEN_REVOKED"
    text = "the grant was revoked by its issuer"
    text_zh = "授权已被签发者撤销"


class TokenBlockedError(TokenError):
    code = "TOKEN_BLOCKED"
    text = "the provider has blocked this {what}"
    text_zh = "提供部门已封禁该{what_zh}"


class TokenIssuerScopeError(TokenError):
    code = "TOKEN_ISSUER_SCOPE"
    text = "the issuer may not grant this: {reason}"
    text_zh = "签发者无权作此授权：{reason_zh}"


class ResourceError(GatewayError):
    """Raised when the resource may not go to this requester."""


class ResourceUncataloguedError(ResourceError):
    code = "RESOURCE_UNCATALOGUED"
    text = "resource {resource} is not in the catalogue"
    text_zh = "目录中没有资源 {resource}"


class ResourceNotOursError(ResourceError):
    code = "RESOURCE_NOT_OURS"
    text = "resource {resource} belongs to department {provider}"
    text_zh = "资源 {resource} 属于部门 {provider}"


class ResourceNotSharedError(ResourceError):
    code = "RESOURCE_NOT_SHARED"
    text = "resource {resource} is of share class {share_class}: {reason}"
    text_zh = "资源 {resource} 的共享类型为 {share_class}：{reason_zh}"


class ResourceStoppedError(ResourceError):
    code = "RESOURCE_STOPPED"
    text = "resource {resource} is {status}{instead}"
    text_zh = "资源 {resource} 已{status_zh}{instead_zh}"


class PurposeNotGrantedError(ResourceError):
    code = "PURPOSE_NOT_GRANTED"
    text = "{reason}"
    text_zh = "{reason_zh}"


class ApprovalMissingError(ResourceError):
    code = "APPROVAL_MISSING"
    text = "resource {resource} is conditional and the grant carries no approval"
    text_zh = "资源 {resource} 属有条件共享，授权中没有提供部门的审批"


class AgreementMissingError(ResourceError):
    code = "AGREEMENT_MISSING"
    text = "resource {resource} asks for a security agreement and the grant names none"
    text_zh = "资源 {resource} 要求签订安全协议，授权中未载明"


class ReviewMissingError(ResourceError):
    code = "REVIEW_MISSING"
    text = "resource {resource} has no recorded secrecy review"
    text_zh = "资源 {resource} 没有保密审查记录"


class RegionOutOfScopeError(ResourceError):
    code = "REGION_OUT_OF_SCOPE"
    text = "records outside the grant's region {region} (field {field}): {count}"
    text_zh = "{count} 条记录不在授权区域 {region} 内（字段 {field}）"


class FieldError(GatewayError):
    """Raised when fields or records are refused."""


class FieldNameError(FieldError):
    """Raised when records hold a field that they must not.

    `counts` tells of each field listed how many records hold it, as far as that was counted.
    """

    counts: Mapping[str, int] = MappingProxyType({})


class FieldUncataloguedError(FieldNameError):
    code = "FIELD_UNCATALOGUED"
    text = "fields not in the catalogue of {resource}: {names}"
    text_zh = "{resource} 的目录中没有这些字段：{names}"


class FieldOutOfScopeError(FieldNameError):
    code = "FIELD_OUT_OF_SCOPE"
    text = "fields not named in the grant: {names}"
    text_zh = "授权未包含这些字段：{names}"


class FieldInvalidError(FieldError):
    code = "FIELD_INVALID"
    text = "{values} of the wrong type, in {among}"
    text_zh = "{record_count} 条记录中有 {count} 个值不符合类型"


class RecordMalformedError(FieldError):
    code = "RECORD_MALFORMED"
    text = "the records cannot be read: {reason}"
    text_zh = "无法读取记录：{reason_zh}"


class CallerForbiddenError(GatewayError):
    code = "CALLER_FORBIDDEN"
    text = "caller {caller} {reason}"
    text_zh = "调用方 {caller} {reason_zh}"


class ConfigurationInvalidError(GatewayError):
    code = "CONFIGURATION_INVALID"
    text = "{reason}"
    text_zh = "{reason_zh}"


class DepartmentUnknownError(GatewayError):
    code = "DEPARTMENT_UNKNOWN"
    text = "department {department} is not in trust data"
    text_zh = "信任数据中没有部门 {department}"


class EnvelopeError(GatewayError):
    """Raised when an envelope is refused."""


class EnvelopeMalformedError(EnvelopeError):
    code = "ENVELOPE_MALFORMED"
    text = "the envelope is malformed: {reason}"
    text_zh = "信封格式错误：{reason_zh}"


class EnvelopeSignatureInvalidError(EnvelopeError):
    code = "ENVELOPE_SIGNATURE_INVALID"
    text = "the envelope's signature does not hold"
    text_zh = "信封签名无效"


class EnvelopeNotForUsError(EnvelopeError):
    code = "ENVELOPE_NOT_FOR_US"
    text = "the envelope is addressed to department {recipient}"
    text_zh = "信封是发给部门 {recipient} 的"


class EnvelopeExpiredError(EnvelopeError):
    code = "ENVELOPE_EXPIRED"
    text = "the envelope ended at {expired}"
    text_zh = "信封已于 {expired} 过期"


class EnvelopeFromFutureError(EnvelopeError):
    code = "ENVELOPE_FROM_FUTURE"
    text = "the envelope carries a time {seconds} s ahead of this clock"
    text_zh = "信封时间比本机时钟超前 {seconds} 秒"


class EnvelopeUndecryptableError(EnvelopeError):
    code = "ENVELOPE_UNDECRYPTABLE"
    text = "the envelope cannot be decrypted with our key"
    text_zh = "无法用我方密钥解密信封"


class EnvelopeManifestWrongError(EnvelopeError):
    code = "ENVELOPE_MANIFEST_WRONG"
    text = "the manifest is wrong: {reason}"
    text_zh = "信封清单有误：{reason_zh}"


class EnvelopeReplayedError(EnvelopeError):
    code = "ENVELOPE_REPLAYED"
    text = "the envelope was opened before"
    text_zh = "该信封已被打开过"


class StreamBrokenError(EnvelopeError):
    code = "STREAM_BROKEN"
    text = "the stream breaks at part {part}: {reason}"
    text_zh = "数据流在第 {part} 部分中断：{reason_zh}"


class LedgerUnavailableError(GatewayError):
    code = "LEDGER_UNAVAILABLE"
    text = "the ledger cannot be written; nothing was released"
    text_zh = "无法写入日志，未放出任何数据"


class CheckpointInvalidError(GatewayError):
    code = "CHECKPOINT_INVALID"
    text = "the checkpoint is invalid: {reason}"
    text_zh = "检查点无效：{reason_zh}"


class LedgerInvalidError(GatewayError):
    code = "LEDGER_INVALID"
    text = "the ledger is not what was written: {reason}"
    text_zh = "日志与写入时不符：{reason_zh}"


class ReceiptInvalidError(GatewayError):
    code = "RECEIPT_INVALID"
    text = "the receipt proves nothing: {reason}"
    text_zh = "凭证无效：{reason_zh}"


class ReceiptMismatchError(GatewayError):
    code = "RECEIPT_MISMATCH"
    text = "the two receipts do not agree: {members}"
    text_zh = "两份凭证不一致：{members}"
