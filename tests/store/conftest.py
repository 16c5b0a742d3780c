"""Objects to store."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tulle.model.documents import Key
from tulle.model.names import Name
from tulle.store.base import Stored


@pytest.fixture
def thing() -> Callable[..., Stored]:
    def make(name: str, text: str = "a: 1\n", kind: str = "native/service", namespace: str = "default") -> Stored:
        return Stored(key=Key(kind, Name(namespace, name)), text=text)

    return make
