"""Configuration of Traefik that the cases compare with the real one, as documents of ours."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.e2e.traefik import merging
from tests.e2e.traefik.cases import Case, cases_of, topics
from tests.e2e.traefik.filling import Words
from tulle.kit.located_yaml import parse
from tulle.model.documents import Document, Key, Origin
from tulle.model.names import Name

PAIR = {"crt": "/folder/x.crt", "key": "/folder/x.key"}


def documents() -> Iterator[tuple[str, Document]]:
    """Those of every case, with its topic; what cases have as text is none."""
    for topic in topics():
        for case in cases_of(topic):
            if not isinstance(case.config, str):
                data = parse(json.dumps(_filled(case)))
                assert isinstance(data, dict)
                yield topic, Document(Origin("file", "in.yaml"), Key("file", Name("", case.id)), data, "/folder")


def _filled(case: Case) -> object:
    """The configuration of a case with something in the place of each word."""
    config = merging.complete(case)
    known = {"prefix": "", "folder": "/folder", "ca": "/folder/ca.crt", "stranger": "/folder/ca.crt"}
    known |= {name: str(8000 + index) for index, name in enumerate(config["entryPoints"])}
    for index, name in enumerate(case.backends):
        address = f"127.0.0.1:{9000 + index}"
        known |= {f"{name}.url": f"http://{address}", f"{name}.address": address, f"{name}.port": str(9000 + index)}
    for name in case.certificates:
        known |= {f"{name}.{kind}": file for kind, file in PAIR.items()}
    known |= {f"file.{name}": "/folder/x" for name in case.files}
    return Words(known).fill(config)
