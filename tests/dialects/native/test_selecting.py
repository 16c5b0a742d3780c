from __future__ import annotations

import pytest
from pydantic import ValidationError

from tulle.dialects.native.selecting import Selecting
from tulle.model.names import SYSTEM_NAMESPACE, Name
from tulle.model.security import LISTENER, Target


def _selecting(data: dict[str, object]) -> Selecting:
    return Selecting.model_validate(data)


def test_a_policy_is_for_all_of_its_namespace_or_some_labels_or_some_services() -> None:
    everything = _selecting({})
    assert (everything.selector, everything.targets("shop")) == ((), ())
    assert _selecting({"labels": {"b": "c", "a": "b"}}).selector == (("a", "b"), ("b", "c"))
    assert _selecting({"services": "web"}).targets("shop") == (Target(kind="Service", name=Name("shop", "web")),)
    with pytest.raises(ValidationError, match="takes only one of labels, services"):
        _selecting({"labels": {"a": "b"}, "services": "web"})


def test_or_for_some_listeners_of_the_gateway() -> None:
    found = _selecting({"listeners": "http"}).targets("shop")
    assert found == (Target(kind=LISTENER, name=Name(SYSTEM_NAMESPACE, "http")),)
    both = _selecting({"listeners": "http", "services": "web"}).targets("shop")
    assert [each.kind for each in both] == ["Service", "Listener"]
    with pytest.raises(ValidationError, match="takes only one of labels, listeners"):
        _selecting({"labels": {"a": "b"}, "listeners": "http"})
