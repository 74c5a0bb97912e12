"""Give an example of what a key of a file may hold, for messages to show."""

from msgspec import Meta


def such_as(example: str) -> Meta:
    """Note an example beside a type, spelled as in a file: `Annotated[Name, such_as("每月")]`.

    It stands in remedies, so that whoever copies it from there has healed the fault.
    """
    return Meta(examples=[example])
