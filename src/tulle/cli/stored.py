"""What is in the store, as commands name and show it."""

from __future__ import annotations

import getpass
from datetime import datetime
from typing import Any

from tulle.cli.output import paint, plain, table
from tulle.model.names import DEFAULT_NAMESPACE, Name
from tulle.model.routers import PROVIDER

_ACTIONS = {"added": ("+", "green"), "changed": ("~", "yellow"), "removed": ("-", "red")}


def author() -> str:
    """Who types the command, for the history."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def name(text: str, namespace: str) -> Name:
    """`name` in the namespace that was given, `name.namespace`, or `name@provider`."""
    own, at, provider = text.rpartition(PROVIDER)
    if at:
        return Name(f"{PROVIDER}{provider}", own)
    return Name.parse(text, namespace or DEFAULT_NAMESPACE)


def shown(thing: dict[str, Any]) -> str:
    """`service web`, with the namespace if it is not the default."""
    name = Name(thing["namespace"], thing["name"])
    return f"{thing['kind']} {name.name if name.namespace == DEFAULT_NAMESPACE else name}"


def revision(entry: dict[str, Any]) -> list[str]:
    """The lines for one revision after it was made: what changed."""
    changes = []
    for change in entry["changes"]:
        sign, style = _ACTIONS[change["action"]]
        changes.append(paint(f"{sign} {plain(shown(change))}", style))
    return [f"revision {entry['revision']}", *changes] if changes else ["nothing differs from what is stored already"]


def history(entries: list[dict[str, Any]]) -> list[str]:
    """The table of revisions."""
    rows = []
    for entry in entries:
        moment = datetime.fromisoformat(entry["time"]).astimezone()
        changes = [f"{_ACTIONS[change['action']][0]}{shown(change)}" for change in entry["changes"]]
        what = ", ".join(changes[:3]) + (f", … {len(changes) - 3} more" if len(changes) > 3 else "")
        rows.append(
            (str(entry["revision"]), f"{moment:%F %T}", plain(entry["author"]), plain(what), plain(entry["message"]))
        )
    return table(("REVISION", "TIME", "AUTHOR", "CHANGES", "MESSAGE"), rows)
