"""Objects that no dialect reads: what a folder holds beside traffic is left alone, what was mistyped is a mistake."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from tulle.dialects.objects import ObjectKind
from tulle.kit.located import line_of
from tulle.model.documents import Document, Origin
from tulle.model.findings import Finding

API_VERSION = re.compile(r"(?:(?P<group>[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?)/)?v[0-9]+(?:(?:alpha|beta)[0-9]+)?")
KIND = re.compile(r"[A-Z][A-Za-z0-9]*")
NEIGHBOURS = frozenset(("networking.x-k8s.io",))
"""Groups that exist, are not read, and look like a known one with a slip of the finger."""
_NO_PACKETS = "nothing here filters packets; say who may call with an AuthorizationPolicy or allow"
_NO_MORE = "Istio has no such policies any more; write an AuthorizationPolicy or a PeerAuthentication"
NOT_ENFORCED = {
    ("networking.k8s.io", "NetworkPolicy"): _NO_PACKETS,
    ("policy.networking.k8s.io", "AdminNetworkPolicy"): _NO_PACKETS,
    ("policy.networking.k8s.io", "BaselineAdminNetworkPolicy"): _NO_PACKETS,
    ("rbac.istio.io", "ClusterRbacConfig"): _NO_MORE,
    ("rbac.istio.io", "ServiceRole"): _NO_MORE,
    ("rbac.istio.io", "ServiceRoleBinding"): _NO_MORE,
    ("authentication.istio.io", "Policy"): _NO_MORE,
    ("authentication.istio.io", "MeshPolicy"): _NO_MORE,
}
"""What people rely on and would miss, in words of its own."""


def finding(document: Document, kinds: Iterable[ObjectKind]) -> Finding:
    """About a document that looks like an object and that no dialect reads; `kinds` are those that one does."""
    version, kind = document.data.get("apiVersion"), document.data.get("kind")
    known = tuple(kinds)
    if version is None and isinstance(kind, str):
        hint = "; write " + _either(each for each in known if each.kind == kind) if _named(known, kind) else ""
        return Finding.error(_begin(document), f"{_subject(document, kind)} has no apiVersion{hint}")
    match = API_VERSION.fullmatch(version) if isinstance(version, str) else None
    if match is None or not isinstance(kind, str) or not KIND.fullmatch(kind):
        guess = _mistyped_kind(match["group"] or "", str(kind), known) if match is not None else None
        message = f'nothing here reads kind "{kind or ""}" of apiVersion "{version or ""}"'
        return Finding.error(_begin(document), message + (guess or ""))
    group = match["group"] or ""
    guess = _mistyped_kind(group, kind, known) or _mistyped_group(group, known) or _other_group(group, kind, known)
    if guess:
        return Finding.error(_begin(document), f'nothing here reads kind "{kind}" of apiVersion "{version}"{guess}')
    return Finding.warning(_begin(document), f"{_subject(document, kind)} {_predicate(document, group, kind)}")


def _predicate(document: Document, group: str, kind: str) -> str:
    """What becomes of it."""
    spec = document.data.get("spec")
    reason = NOT_ENFORCED.get((group, kind))
    is_attached = isinstance(spec, dict) and ("targetRef" in spec or "targetRefs" in spec)
    if reason is None and kind.endswith("Policy") and is_attached:
        # Attached to gateways, routes or services, as policies of all implementations of Gateway API are.
        reason = f"policies of {group} are not read here"
    return f"is not enforced: {reason}" if reason else "is left alone: nothing here reads it"


def _begin(document: Document) -> Origin:
    return document.origin.at(document.origin.line + line_of(document.data, ()))


def _subject(document: Document, kind: str) -> str:
    metadata = document.data.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return f"{kind} {name}" if isinstance(name, str) else kind


def _named(known: Iterable[ObjectKind], kind: str) -> bool:
    return any(each.kind == kind for each in known)


def _mistyped_kind(group: str, kind: str, known: tuple[ObjectKind, ...]) -> str | None:
    """A kind of a group that is read, nearly."""
    names = sorted({each.kind for each in known if each.group == group})
    return _nearest(kind, names, lambda name: f'; did you mean "{name}"?')


def _mistyped_group(group: str, known: tuple[ObjectKind, ...]) -> str | None:
    """A group that is read, nearly."""
    groups = sorted({each.group for each in known if each.group})
    if group in groups or group in NEIGHBOURS:
        return None
    return _nearest(group, groups, lambda name: f'; did you mean "{name}"?')


def _other_group(group: str, kind: str, known: tuple[ObjectKind, ...]) -> str | None:
    """A kind that is read, in a group of Kubernetes (or of a dialect) that does not have it.

    Groups of others may have kinds of the same name: a Service of Knative, a Gateway of whoever.
    """
    is_familiar = "." not in group or group.endswith(".k8s.io") or any(each.group == group for each in known)
    if not is_familiar or not _named(known, kind):
        return None
    return f"; did you mean {_either(each for each in known if each.kind == kind)}?"


def _either(kinds: Iterable[ObjectKind]) -> str:
    versions = sorted({f"{each.group}/{each.versions[0]}".lstrip("/") for each in kinds})
    return "apiVersion " + " or ".join(f'"{version}"' for version in versions)


def _nearest(word: str, known: list[str], hint: Callable[[str], str]) -> str | None:
    """The hint for the first known word that differs by a slip or two (or by case), if any."""
    folded = word.casefold()
    for name in known:
        most = 2 if min(len(word), len(name)) >= 8 else 1
        if word != name and _distance(folded, name.casefold()) <= most:
            return hint(name)
    return None


def _distance(one: str, other: str) -> int:
    """How many letters must be added, removed, replaced or swapped with their neighbours (Damerau, Levenshtein)."""
    if abs(len(one) - len(other)) > 2:
        return 3
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        older, before, row = before, row, [i]
        for j, wanted in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row[-1]
