"""Steps that change answers."""

from __future__ import annotations

from typing import Any

from tulle.envoy.protos import UNLIMITED
from tulle.envoy.steps.consulted import TYPE
from tulle.envoy.steps.parts import Native, NativeFilter, Part, Where, Work
from tulle.model import steps

FIT = "text/x-tulle-fit"
"""The type that answers have on their way through compressors, if they may be compressed."""
LIBRARY = "type.googleapis.com/envoy.extensions.compression"
LIBRARIES: dict[str, dict[str, Any]] = {
    "gzip": {"@type": f"{LIBRARY}.gzip.compressor.v3.Gzip", "window_bits": 15, "memory_level": 8},
    "br": {"@type": f"{LIBRARY}.brotli.compressor.v3.Brotli", "quality": 4},
    "zstd": {"@type": f"{LIBRARY}.zstd.compressor.v3.Zstd"},
}


SHORT = 16 * 1024
"""Bytes of an answer that is read whole to guess its type."""


def guess_types(step: steps.GuessTypes, where: Where) -> tuple[Part, ...]:
    """Of short answers that say how long they are."""
    return (Work(answer=({"op": "guess_type", "waits": True, "most": SHORT},)),)


def bridge_grpc(step: steps.BridgeGrpc, where: Where) -> tuple[Part, ...]:
    """By Envoy; and pages of others may read the answers."""
    origins: dict[str, Any] = {
        "op": "grpc_origins",
        "note": where.note,
        "origins": list(step.origins),
    }
    native = {"name": f"grpc-web-{where.note}", "typed_config": {"@type": f"{TYPE}.grpc_web.v3.GrpcWeb"}}
    return Work(request=(origins,), answer=(origins,)), Native((native,))


def compress(step: steps.Compress, where: Where) -> tuple[Part, ...]:
    """Which types are compressed is decided by a type that only compressors see: Envoy only knows lists of types."""
    types: dict[str, Any] = {"excluded": _plain(step.excluded), "included": _plain(step.included)}
    default = step.default if step.default in step.encodings else ""
    before = {"op": "accept", "note": where.note, "default": default, "encodings": list(step.encodings)}
    marking = {"op": "mark_type", "note": where.note, "fit": FIT, **types}
    filters = tuple(_compressor(step, each, where) for each in step.encodings)
    return (
        Work(
            request=(before,),
            answer=({"op": "unmark_type", "note": where.note, "fit": FIT},),
            headers=frozenset(("accept-encoding",)),
        ),
        Native(filters),
        Work(request=({"op": "accepted", "note": where.note},), answer=(marking,)),
    )


def _plain(types: tuple[str, ...]) -> list[str]:
    return [each.partition(";")[0].strip().lower() for each in types]


def _compressor(step: steps.Compress, encoding: str, where: Where) -> NativeFilter:
    config = {
        "@type": f"{TYPE}.compressor.v3.Compressor",
        "compressor_library": {"name": encoding, "typed_config": LIBRARIES[encoding]},
        "response_direction_config": {
            "common_config": {"min_content_length": min(step.minimum, UNLIMITED), "content_type": [FIT]},
            "remove_accept_encoding_header": False,
        },
    }
    return {"name": f"compress-{where.note}-{encoding}", "typed_config": config}
