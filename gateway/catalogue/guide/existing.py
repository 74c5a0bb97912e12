"""The catalogue that a workbook is brought into: its files, and what each of them holds."""

from collections.abc import Mapping

from gateway.catalogue.guide.columns import Form
from gateway.catalogue.guide.drafts import FOLDERS, Draft
from gateway.catalogue.guide.forms import CODE_LISTS, GRADES, PURPOSES, RESOURCES
from gateway.catalogue.reading import read_catalogue
from gateway.errors import CatalogueInvalidError
from gateway.model.resource import CodeList, Resource
from gateway.model.trust import Catalogue
from masking import document


class Existing:
    """Another catalogue by its files; none of them is a catalogue too, an empty one.

    Raises: CatalogueInvalidError where they are no catalogue.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(files)
        self._catalogue = read_catalogue(files) if files else None
        self._names: dict[tuple[str, str], str] = {}
        for name, text in self.files.items():
            if not name.endswith(".yaml"):
                continue
            if name.startswith(FOLDERS[RESOURCES.sheet]):
                entry = document.read(text, Resource, file=name, error=CatalogueInvalidError)
                self._names[RESOURCES.sheet, entry.value.code] = name
            elif name.startswith(FOLDERS[CODE_LISTS.sheet]):
                listed = document.read(text, CodeList, file=name, error=CatalogueInvalidError)
                self._names[CODE_LISTS.sheet, listed.value.id] = name

    def name(self, form: Form, entry_id: str) -> str | None:
        """Return the file that holds an entry."""
        return self._names.get((form.sheet, entry_id))

    def unchanged(self, drafts: Mapping[str, Draft], after: Catalogue) -> dict[str, bytes]:
        """Return those files that say what the drafts in their place say.

        So what nobody changed keeps its comments and its spelling.
        """
        before = self._catalogue
        if before is None:
            return {}
        same = {name for name, made in drafts.items() if _part(before, made) == _part(after, made)}
        return {name: text for name, text in self.files.items() if name in same}


def _part(catalogue: Catalogue, made: Draft) -> object:
    match made.form:
        case form if form is RESOURCES:
            return catalogue.resources.get(made.id)
        case form if form is CODE_LISTS:
            return catalogue.code_lists.get(made.id)
        case form if form is PURPOSES:
            return list(catalogue.purposes.values())
        case form if form is GRADES:
            return catalogue.grades
    return None
