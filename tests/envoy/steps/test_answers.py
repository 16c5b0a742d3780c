from __future__ import annotations

from typing import Any

from tulle.envoy.steps import answers
from tulle.envoy.steps.parts import Native, Where, Work
from tulle.model import steps

HERE = Where("0", "router/1")


def compressed(**more: Any) -> tuple[Any, Any, Any]:
    before, native, after = answers.compress(steps.Compress(**more), HERE)
    assert isinstance(before, Work)
    assert isinstance(native, Native)
    assert isinstance(after, Work)
    return before.request[0], native.filters, after.answer[0]


def test_every_encoding_is_a_filter_that_only_knows_one_type() -> None:
    _, filters, marking = compressed(encodings=("br", "gzip"), minimum=7, excluded=("Text/HTML; charset=x",))
    assert [each["name"] for each in filters] == ["compress-0-br", "compress-0-gzip"]
    common = filters[0]["typed_config"]["response_direction_config"]["common_config"]
    assert common == {"min_content_length": 7, "content_type": [answers.FIT]}
    assert (marking["excluded"], marking["included"]) == (["text/html"], [])


def test_a_default_must_be_one_of_the_encodings() -> None:
    assert compressed(encodings=("gzip",), default="br")[0]["default"] == ""
    assert compressed(default="br")[0]["default"] == "br"


def test_types_are_guessed_of_short_answers() -> None:
    (work,) = answers.guess_types(steps.GuessTypes(), HERE)
    assert work == Work(answer=({"op": "guess_type", "waits": True, "most": answers.SHORT},))


def test_browsers_speak_grpc_through_envoy() -> None:
    work, native = answers.bridge_grpc(steps.BridgeGrpc(origins=("*",)), HERE)
    assert isinstance(work, Work)
    assert work.request[0]["origins"] == ["*"]
    assert isinstance(native, Native)
    assert native.filters[0]["typed_config"]["@type"].endswith("GrpcWeb")
