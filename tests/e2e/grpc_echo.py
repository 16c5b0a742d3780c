"""A gRPC server whose one method says what it was told: an application of end-to-end tests."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc


class Echo(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Answers every method."""

    def service(self, details: Any) -> Any:
        return grpc.unary_unary_rpc_method_handler(lambda data, context: data)


if __name__ == "__main__":
    server = grpc.server(ThreadPoolExecutor(4), handlers=[Echo()])
    server.add_insecure_port(f"127.0.0.1:{os.environ['PORT']}")
    server.start()
    server.wait_for_termination()
