"""The rule of routers that have none: a template of Go, filled with names and labels of what is exposed. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from tulle.kit.go_syntax import BadTemplate
from tulle.kit.go_template import Template
from tulle.kit.go_values import Structure, Texts
from tulle.sources.labels.names import normalized


class DefaultRule:
    """A template for rules; one that cannot be read fails only where it is needed."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.problem = ""
        """What is wrong with it, as a sentence; empty if nothing is."""
        self._template: Template | None = None
        try:
            self._template = Template(text, {"normalize": normalized, "strsToItfs": lambda value: value})
        except BadTemplate as error:
            self.problem = str(error)

    def rule(self, values: Mapping[str, str], labels: Mapping[str, str]) -> str:
        """The rule for something with these names and labels.

        Raises:
            BadTemplate: it cannot be made.
        """
        if self._template is None:
            raise BadTemplate(self.problem)
        return self._template.filled(Structure({**values, "Labels": Texts(labels)}))
