"""The access log: a line for each request."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator

from tulle.dialects.fields import shown
from tulle.dialects.objects import validated
from tulle.dialects.sections import Kind, Shape
from tulle.dialects.traefik.observing_specs import AccessLogSpec, HeaderFieldsSpec, LogFieldsSpec, LogFiltersSpec
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.observing import STDOUT, LogFields, LogForm, Observing, RequestLog, Telling
from tulle.model.routers import STATIC

_RANGE = re.compile(r"([1-9][0-9]{2})(?:-([1-9][0-9]{2}))?")
_FORMS = {"common": LogForm.COMMON, "genericCLF": LogForm.GENERIC, "json": LogForm.JSON}
_HEADER = re.compile(r"[A-Za-z0-9_-]+")


def read(part: Written) -> Fragment:
    """What is logged, and where."""
    spec = validated(part, AccessLogSpec)
    if spec is None:
        return Fragment(findings=tuple(part.findings))
    filters = spec.filters or LogFiltersSpec.model_validate({})
    log = RequestLog(
        file=os.path.normpath(os.path.join(part.document.folder, spec.file_path)) if spec.file_path else STDOUT,
        form=_FORMS[spec.format],
        statuses=tuple(_statuses(part, filters.status_codes)),
        is_repeated=filters.retry_attempts,
        longer_than=filters.min_duration,
        has_internal=spec.add_internals,
        fields=_fields(part, spec.fields_ or LogFieldsSpec.model_validate({})),
    )
    if any(each.is_error for each in part.findings):
        return Fragment(findings=tuple(part.findings))
    found = Observing(name=Name(STATIC, "log"), origin=part.origin, what=log)
    return Fragment(objects=(found,), findings=tuple(part.findings))


def _statuses(part: Written, texts: Iterable[str]) -> Iterator[tuple[int, int]]:
    for text in texts:
        found = _RANGE.fullmatch(text)
        if found is None:
            part.error(("filters", "statusCodes"), f"must be statuses and ranges such as 500-599, not {shown(text)}")
        else:
            yield int(found[1]), int(found[2] or found[1])


def _fields(part: Written, spec: LogFieldsSpec) -> LogFields:
    headers = spec.headers or HeaderFieldsSpec.model_validate({})
    if headers.default_mode != "drop":
        part.warning(("fields", "headers", "defaultMode"), "has no effect: only headers are logged that `names` has")
    for name in headers.names:
        if not _HEADER.fullmatch(name):
            part.error(("fields", "headers", "names", name), "is no name of a header")
    return LogFields(
        default=Telling(spec.default_mode),
        names=tuple(sorted((name, Telling(mode)) for name, mode in spec.names.items())),
        headers=tuple(sorted((name, Telling(mode)) for name, mode in headers.names.items() if mode != "drop")),
        has_query=spec.query_parameters is None or spec.query_parameters.default_mode == "keep",
    )


KIND = Kind(
    name="traefik/access-log",
    noun="accessLog",
    section=("accessLog",),
    shape=Shape.WHOLE,
    schema=AccessLogSpec,
    read=read,
    is_global=True,
)
