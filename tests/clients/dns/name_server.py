"""A name server that knows what a test tells it, and takes updates from whoever has its key."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.tsig
import dns.update

KEY = dns.tsig.Key("tulle.", "c2VjcmV0c2VjcmV0", "hmac-sha256")


@dataclass
class Server(asyncio.DatagramProtocol):
    """Records by name and type: texts as a zone file has them."""

    records: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    rcode: dns.rcode.Rcode = dns.rcode.NOERROR
    """What is answered instead."""
    is_silent: bool = False
    asked: list[tuple[str, str, bool]] = field(default_factory=list)
    """Name, type, and whether it was to ask others."""
    port: int = 0
    transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, client: tuple[str, int]) -> None:
        assert self.transport is not None
        if not self.is_silent:
            message = dns.message.from_wire(data, keyring={KEY.name: KEY})
            self.transport.sendto(self.answer(message).to_wire(), client)

    def answer(self, message: dns.message.Message) -> dns.message.Message:
        answer = dns.message.make_response(message)
        answer.set_rcode(self.rcode)
        if isinstance(message, dns.update.UpdateMessage):
            if not message.had_tsig:
                answer.set_rcode(dns.rcode.NOTAUTH)
            else:
                self.update(message)
            return answer
        (question,) = message.question
        name, kind = question.name.to_text(), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind, bool(message.flags & dns.flags.RD)))
        if found := self.records.get((name, kind)):
            answer.answer.append(dns.rrset.from_text_list(name, 60, "IN", kind, found))
        return answer

    def update(self, message: dns.update.UpdateMessage) -> None:
        for each in message.update:
            texts = self.records.setdefault((each.name.to_text(), "TXT"), [])
            for item in each:
                if each.deleting is None:
                    texts.append(item.to_text())
                else:
                    texts.remove(item.to_text())

    def knows(self, zone: str, host: str = "ns") -> None:
        """A zone and its server, which is this one."""
        self.records[zone, "SOA"] = [f"{host}.{zone} admin.{zone} 1 60 60 60 60"]
        self.records[zone, "NS"] = [f"{host}.{zone}"]
        self.records[f"{host}.{zone}", "A"] = ["127.0.0.1"]

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"


@asynccontextmanager
async def name_server() -> AsyncIterator[Server]:
    transport, server = await asyncio.get_running_loop().create_datagram_endpoint(Server, ("127.0.0.1", 0))
    yield server
    transport.close()
