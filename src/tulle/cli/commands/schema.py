"""Print the JSON Schema of tulle.yaml, for editors."""

from __future__ import annotations

from tulle.cli.output import say_json

PLACE = ("Parts", 43)


def command() -> None:
    """Print the JSON Schema of the native file: editors complete and explain its fields, and mark mistakes.

    \b
    Example, for editors with the YAML language server:
      tulle schema > tulle.schema.json
      sed -i '1i # yaml-language-server: $schema=tulle.schema.json' tulle.yaml
    """
    from tulle.dialects.native.schema import json_schema  # here, so that --help and completion do not wait for it

    say_json(json_schema())
