"""What the reports of a model have in common, however it came to be: as data, as text, as a page."""

from __future__ import annotations

import io
from typing import ClassVar

from paramlint.frontends.report.plain import indented_json
from paramlint.verify.document.schema import Document


class ModelReport:
    """What was found about a model; printed, and in a notebook, the report.

    Attributes:
        CALL: what the page says that it was made by.
        document: the report as data.
    """

    CALL: ClassVar[str]

    def __init__(self, document: Document) -> None:
        self.document = document

    def to_json(self) -> str:
        """The report as JSON."""
        return indented_json(self.document)

    def save(self, path: str) -> None:
        """Write the report as a page."""
        from paramlint.frontends.python.pages import model_page

        with open(path, "w", encoding="utf-8") as file:
            file.write(model_page(self.document, self.CALL))

    def _repr_html_(self) -> str:
        from paramlint.frontends.python.pages import framed, model_page

        return framed(model_page(self.document, self.CALL))

    def __str__(self) -> str:
        from paramlint.frontends.report.models.verified import print_document

        stream = io.StringIO()
        print_document(self.document, stream)
        return stream.getvalue().rstrip("\n")
