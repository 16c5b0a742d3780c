"""Settings of DNS providers: variables of the environment, by the names that lego has for them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


class Unconfigured(Exception):
    """A provider cannot work with what the environment says; the message is a sentence."""


class Variables:
    """Variables with a prefix; the first of several prefixes counts that has the variable."""

    def __init__(self, environment: Mapping[str, str], *prefixes: str) -> None:
        self._environment = environment
        self._prefixes = prefixes

    def text(self, name: str, default: str = "") -> str:
        """A value, or the content of the file that `<name>_FILE` names.

        Raises:
            Unconfigured: there is no such file.
        """
        for prefix in self._prefixes:
            if value := self._environment.get(prefix + name):
                return value
            if path := self._environment.get(f"{prefix}{name}_FILE"):
                try:
                    return Path(path).read_text().rstrip("\n")
                except (OSError, ValueError) as error:
                    raise Unconfigured(f"{prefix}{name}_FILE names a file that cannot be read: {path}") from error
        return default

    def needed(self, name: str) -> str:
        """A value that must be there.

        Raises:
            Unconfigured: it is not.
        """
        found = self.text(name)
        if not found:
            raise Unconfigured(f"the variable {self._prefixes[0]}{name} of the environment is not set")
        return found

    def seconds(self, name: str, default: float) -> float:
        """A number of seconds; something else counts as nothing, as in lego."""
        try:
            return float(self.text(name) or default)
        except ValueError:
            return default
