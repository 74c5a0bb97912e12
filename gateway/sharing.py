"""Whether a resource may go to a requester: its share class and its conditions."""

from gateway.errors import (
    AgreementMissingError,
    ApprovalMissingError,
    ResourceNotOursError,
    ResourceNotSharedError,
    ResourceStoppedError,
    ResourceUncataloguedError,
    ReviewMissingError,
)
from gateway.grants.claims import AuthorizationDetail
from gateway.model.resource import Resource, ShareClass, Status
from gateway.model.trust import Catalogue


def find_resource(
    code: str, provider: str, requester: str, detail: AuthorizationDetail, catalogue: Catalogue
) -> Resource:
    """Return the resource if it is the provider's and may go to this requester.

    Raises: a ResourceError.
    """
    resource = catalogue.resources.get(code)
    if resource is None:
        raise ResourceUncataloguedError(resource=code)
    if resource.provider.department != provider:
        raise ResourceNotOursError(resource=code, provider=resource.provider.department)
    if resource.status is not Status.ACTIVE:
        raise _stopped(resource)
    _check_share(resource, requester, detail)
    if resource.secrecy_review is None:
        raise ReviewMissingError(resource=code)
    if resource.protection.agreement and detail.agreement is None:
        raise AgreementMissingError(resource=code)
    return resource


def _stopped(resource: Resource) -> ResourceStoppedError:
    instead = resource.replaced_by
    return ResourceStoppedError(
        resource=resource.code,
        status=resource.status,
        status_zh="被替代" if instead else "停用",
        instead=f"; use {instead}" if instead else "",
        instead_zh=f"，请使用 {instead}" if instead else "",
    )


def _check_share(resource: Resource, requester: str, detail: AuthorizationDetail) -> None:
    share = resource.share
    if share.share_class is ShareClass.NONE:
        raise ResourceNotSharedError(
            resource=resource.code,
            share_class=share.share_class,
            reason="it is not shared",
            reason_zh="不予共享",
        )
    if share.share_class is ShareClass.DEDICATED and requester not in share.departments:
        raise ResourceNotSharedError(
            resource=resource.code,
            share_class=share.share_class,
            reason="the requester is not among its departments",
            reason_zh="使用部门不在专用名单内",
        )
    if share.share_class is ShareClass.CONDITIONAL and detail.approval is None:
        raise ApprovalMissingError(resource=resource.code)
