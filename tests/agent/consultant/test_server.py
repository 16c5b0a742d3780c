"""The server, asked over its socket."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import grpc.aio
import pytest
from envoy.service.auth.v3.external_auth_pb2 import CheckRequest, CheckResponse
from envoy.service.ext_proc.v3.external_processor_pb2 import ProcessingRequest, ProcessingResponse

from tulle.agent.consultant import authorizing, processing
from tulle.agent.consultant.server import Consultant
from tulle.kit.clock import ManualClock
from tulle.model.consulting import QUESTION, InFlight, Passwords, to_text


async def test_everything_is_asked_in_one_place(tasks: Any, eventually: Any) -> None:
    with tempfile.TemporaryDirectory() as directory:
        socket = Path(directory) / "s"
        tasks(Consultant(socket, ManualClock()).run())
        await eventually(socket.exists)
        async with grpc.aio.insecure_channel(f"unix:{socket}") as channel:
            check = CheckRequest()
            check.attributes.context_extensions[QUESTION] = to_text(Passwords(id="x", realm="r" * 10_000))
            ask: Any = channel.unary_unary(authorizing.METHOD)
            checked = CheckResponse.FromString(await ask(check.SerializeToString()))
            assert checked.denied_response.status.code == 401

            for many, expected in ((1, "request_headers"), (0, "immediate_response")):
                # Far more than the metadata that gRPC takes of itself.
                text = to_text(InFlight(id="x" * 50_000, amount=many))
                stream: Any = channel.stream_stream(processing.METHOD)(metadata=((QUESTION, text),))
                message = ProcessingRequest()
                message.request_headers.SetInParent()
                await stream.write(message.SerializeToString())
                assert ProcessingResponse.FromString(await stream.read()).WhichOneof("response") == expected
                await stream.done_writing()
                assert await stream.read() is grpc.aio.EOF


async def test_who_is_connected_when_it_ends_is_told() -> None:
    with tempfile.TemporaryDirectory() as directory:
        socket = Path(directory) / "s"
        async with Consultant(socket, ManualClock()).serving():
            reader, writer = await asyncio.open_unix_connection(socket)
            assert await reader.read(9)
        assert await asyncio.wait_for(reader.read(), 5)
        assert reader.at_eof()
        writer.close()
        await writer.wait_closed()


async def test_a_socket_that_cannot_be_made() -> None:
    with pytest.raises(OSError):
        await Consultant(Path("/no/such/directory"), ManualClock()).run()
