"""Who may call, and for what: a caller is the socket that its calls come by."""

from gateway.config import CallerFile, Right
from gateway.errors import CallerForbiddenError


class Caller:
    """One caller of node.yaml, as the service asks about it."""

    __slots__ = ("_resources", "_rights", "name")

    def __init__(self, file: CallerFile) -> None:
        self.name = file.name
        self._rights = frozenset(file.may)
        self._resources = None if file.resources is None else frozenset(file.resources)

    def check(self, right: Right, resource: str | None = None) -> None:
        """Check that the caller may do a thing, for a resource.

        Raises: CallerForbiddenError.
        """
        if right not in self._rights:
            raise CallerForbiddenError(
                caller=self.name,
                reason=f"may not {right}; node.yaml gives it no such right",
                reason_zh=f"未被授予“{right}”权限（见 node.yaml）",
            )
        if resource is not None and self._resources is not None and resource not in self._resources:
            raise CallerForbiddenError(
                caller=self.name,
                reason="may not use this resource; node.yaml lists others",
                reason_zh="不得使用该资源（见 node.yaml）",
            )

    def may_see(self, resource: str) -> bool:
        """Tell whether a resource is among those that it may use."""
        return self._resources is None or resource in self._resources
