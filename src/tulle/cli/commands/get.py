"""Show what is in the store."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from tulle.cli import stored
from tulle.cli.client import connect, segment
from tulle.cli.options import ApiAddress, Namespace, Token
from tulle.cli.output import note, plain, say, say_json, table
from tulle.kit.home import Home
from tulle.model.names import DEFAULT_NAMESPACE

PLACE = ("Change", 31)


class Form(StrEnum):
    """How objects are shown."""

    TEXT = "text"
    YAML = "yaml"
    JSON = "json"


def command(
    kind: Annotated[
        str | None, typer.Argument(metavar="[KIND]", help="service, virtualservice, httproute, …; all if not given.")
    ] = None,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="One object; all of the kind if not given.")
    ] = None,
    namespace: Namespace = "",
    revision: Annotated[
        int | None, typer.Option("--revision", min=0, help="As of an earlier revision.", show_default=False)
    ] = None,
    output: Annotated[
        Form | None,
        typer.Option(
            "-o",
            "--output",
            help="A table (text), what was applied (yaml), or JSON. [default: text; yaml for one object]",
            show_default=False,
        ),
    ] = None,
    api_address: ApiAddress = None,
    token: Token = None,
) -> None:
    """Show what is in the store, now or as of an earlier revision. What files say is not in it; see `tulle status`.

    \b
    Examples:
      tulle get
      tulle get service reviews
      tulle get routes -o yaml --revision 7 > routes.yaml
    """
    wanted = kind or ""
    api = connect(Home.from_environment(), api_address, token)
    if wanted and name and revision is None:
        key = stored.name(name, namespace)
        path = f"/v1/documents/{segment(wanted)}/{segment(key.name)}"
        one = api.get(path, namespace=key.namespace)
        _show([one], one, output or Form.YAML)
        return
    query = {"kind": wanted, "namespace": namespace, "revision": "" if revision is None else str(revision)}
    found = api.get("/v1/documents", **query)
    if name:
        key = stored.name(name, namespace)
        found["objects"] = [o for o in found["objects"] if (o["name"], o["namespace"]) == (key.name, key.namespace)]
    _show(found["objects"], found, output or Form.TEXT)


def _show(objects: list[dict[str, Any]], document: Any, form: Form) -> None:
    if form is Form.JSON:
        say_json(document)
    elif form is Form.YAML:
        say("---\n".join(entry["text"].rstrip("\n") + "\n" for entry in objects).rstrip("\n"))
    elif not objects:
        note("nothing of that is in the store; `tulle apply -f FILE` puts it there")
    else:
        rows = [
            (
                plain(o["kind"]),
                plain(o["name"]),
                o["namespace"] if o["namespace"] != DEFAULT_NAMESPACE else "",
                str(o["revision"]),
            )
            for o in objects
        ]
        say(*table(("KIND", "NAME", "NAMESPACE", "REVISION"), rows))
