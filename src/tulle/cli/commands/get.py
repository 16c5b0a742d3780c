"""Show objects, and what became of them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from tulle.cli import stored
from tulle.cli.client import connect, segment
from tulle.cli.options import ApiAddress, Namespace, Token
from tulle.cli.output import note, paint, plain, say, say_json, table
from tulle.kit.home import Home
from tulle.model.names import DEFAULT_NAMESPACE, SYSTEM_NAMESPACE

PLACE = ("Change", 31)
HOLDERS = ("parents", "ancestors", "listeners")
"""Parts of a status that have conditions of their own."""
BAD = frozenset(("Conflicted", "OverlappingTLSConfig"))
"""Conditions that are no good news if they hold."""


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
        int | None,
        typer.Option("--revision", min=0, help="As of an earlier revision of the store.", show_default=False),
    ] = None,
    output: Annotated[
        Form | None,
        typer.Option(
            "-o",
            "--output",
            help="A table (text), YAML with the status, or JSON. [default: text; yaml for one object]",
            show_default=False,
        ),
    ] = None,
    api_address: ApiAddress = None,
    token: Token = None,
) -> None:
    """Show the objects that count now, of files and of the store, with their status; or what was stored once.

    \b
    Examples:
      tulle get
      tulle get service reviews
      tulle get httproute shop -o yaml
      tulle get router shop@docker
      tulle get routes -o yaml --revision 7 > routes.yaml
    """
    wanted = kind or ""
    api = connect(Home.from_environment(), api_address, token)
    if wanted and name and revision is None:
        key = stored.name(name, namespace)
        path = f"/v1/objects/{segment(wanted)}/{segment(key.name)}"
        one = api.get(path, namespace=key.namespace)
        _show([one], one, output or Form.YAML)
        return
    query = {"kind": wanted, "namespace": namespace}
    if revision is None:
        found = api.get("/v1/objects", **query)
    else:
        found = api.get("/v1/documents", **query, revision=str(revision))
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
        note("there is nothing of that; write it to a file of `tulle up`, or store it with `tulle apply -f FILE`")
    else:
        say(*table(("KIND", "NAME", "NAMESPACE", "STATUS", "FROM"), [_row(entry) for entry in objects]))


def _row(entry: dict[str, Any]) -> tuple[str, ...]:
    namespace = "" if entry["namespace"] in {DEFAULT_NAMESPACE, SYSTEM_NAMESPACE} else plain(entry["namespace"])
    origin, revision = entry.get("origin"), entry["revision"]
    place = f"revision {revision}" if revision is not None else f"{origin['file']}:{origin['line']}" if origin else ""
    return plain(entry["kind"]), plain(entry["name"]), namespace, _word(entry.get("status")), plain(place)


def _word(status: dict[str, Any] | None) -> str:
    """The status in a word: `accepted`, or the reasons why it is not all well."""
    if status is None:
        return ""
    holders = [status, *(holder for name in HOLDERS for holder in status.get(name, []))]
    conditions = [each for holder in holders for each in holder.get("conditions", [])]
    reasons = dict.fromkeys(
        each["reason"] for each in conditions if (each["status"] == "True") == (each["type"] in BAD)
    )
    if not conditions:
        return paint("no parent", "yellow")
    return paint(", ".join(map(plain, reasons)), "red") if reasons else paint("accepted", "green")
