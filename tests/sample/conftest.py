"""The packaged world, read as a node reads it, and a maker of entries."""

from collections.abc import Callable, Mapping
from datetime import date

import pytest

from gateway import world
from gateway.catalogue import read_catalogue
from gateway.model.resource import (
    Classification,
    Field,
    OpenClass,
    Opening,
    Protection,
    Resource,
    ResourceProvider,
    Share,
    ShareClass,
)
from gateway.model.trust import Catalogue

MakeResource = Callable[..., Resource]


@pytest.fixture(scope="session")
def world_files() -> Mapping[str, bytes]:
    """Read every file of the packaged world."""
    return world.files()


@pytest.fixture(scope="session")
def catalogue(world_files: Mapping[str, bytes]) -> Catalogue:
    """Read the catalogue of the packaged world."""
    prefix = "catalogue/"
    found = {
        name.removeprefix(prefix): content
        for name, content in world_files.items()
        if name.startswith(prefix)
    }
    return read_catalogue(found)


@pytest.fixture(scope="session")
def entry() -> MakeResource:
    """Make a resource of the given fields, the rest of it filled in."""

    def make(*fields: Field, region_field: str | None = None) -> Resource:
        return Resource(
            code="3070019990001/000001",
            name="示例资源",
            abstract="示例",
            classification=Classification(category="部门", item="民政", detail="示例"),
            provider=ResourceProvider(department="11149900MB0C12002H", name="青岚市民政局"),
            format="数据库",
            share=Share(share_class=ShareClass.UNCONDITIONAL),
            open=Opening(open_class=OpenClass.NONE),
            use_requirements="示例",
            update_cycle="每日",
            source_business="示例",
            grade="G1",
            published=date(2026, 3, 2),
            protection=Protection(
                users="示例",
                region="示例",
                scope="示例",
                masking="示例",
                authorization="示例",
                tracing="示例",
            ),
            region_field=region_field,
            fields=fields,
        )

    return make
