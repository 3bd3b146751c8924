"""How the morning calls the hub, waits for it, and says what is not as it should be."""

from __future__ import annotations

import functools
import os
import pathlib
import queue
import time
import uuid
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message
from mash.delivery.v1 import delivery_service_pb2 as delivery

ADDRESS = os.environ["MASH_ADDRESS"]
DATA = pathlib.Path(os.environ["MASH_DATA"])
PATIENCE_SECONDS = 30.0
CALL_SECONDS = 20.0

Found = TypeVar("Found")


class Wrong(Exception):
    """Something is not as it should be."""


def expect(what: str, found: Any, wanted: Any) -> None:
    """Stops the morning, in words, unless what was found is what was wanted."""
    if found != wanted:
        raise Wrong(f"{what}: {found!r}, and not {wanted!r}")


def until(what: str, look: Callable[[], Found | None]) -> Found:
    """Asks again until there is something: what crosses the bus takes a moment, and no longer."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise Wrong(f"{what} did not come within {PATIENCE_SECONDS:.0f} s")


def request_id(step: str) -> str:
    """The id of a request: the same for the same step in every run."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"mash-tests/morning/{step}"))


def told(step: str) -> None:
    """One line for each thing that was done and seen."""
    print(f"  {step}")


class Desk:
    """A service, called with the certificate of an organisation and in the name of a person."""

    def __init__(self, stub: Callable[[grpc.Channel], Any], certificate: str, person: str) -> None:
        self._stub = stub(channel(certificate))
        self._metadata = (("mash-practitioner", person),) if person else ()

    def __getattr__(self, call: str) -> Callable[[Message], Any]:
        method = getattr(self._stub, call)
        return functools.partial(method, metadata=self._metadata, timeout=CALL_SECONDS)


@functools.cache
def channel(certificate: str) -> grpc.Channel:
    """A channel with the certificate of an organisation, such as `police-62`."""
    folder = DATA / "certificates"
    credentials = grpc.ssl_channel_credentials(
        root_certificates=(DATA / "ca" / "ca.pem").read_bytes(),
        private_key=(folder / f"{certificate}-key.pem").read_bytes(),
        certificate_chain=(folder / f"{certificate}.pem").read_bytes(),
    )
    return grpc.secure_channel(ADDRESS, credentials)


def refused(
    what: str, call: Callable[[Message], Any], request: Message, status: grpc.StatusCode, code: str
) -> grpc.RpcError:
    """The call is refused with this status and this code of the hub, and with nothing else."""
    try:
        answer = call(request)
    except grpc.RpcError as error:
        expect(f"{what}, status", error.code(), status)
        expect(f"{what}, code", error.details().partition(":")[0], code)
        return error
    raise Wrong(f"{what} was answered: {answer}")


def parts(content: Message) -> set[str]:
    """Which parts of what may be known are there."""
    return {field.name for field, _ in content.ListFields()}


def named(found: Iterable[Any], name: str) -> Any:
    """The one with this name."""
    ours = [one for one in found if one.name == name]
    expect(f"how many are called {name}", len(ours), 1)
    return ours[0]


def receive_all(mailbox: Desk) -> list[int]:
    """Receives what waits, acknowledges each item on the same call, and gives their kinds."""
    say: queue.SimpleQueue[delivery.ReceiveRequest | None] = queue.SimpleQueue()
    say.put(delivery.ReceiveRequest(open=delivery.Open(window=10, until_empty=True)))
    kinds = []
    for one in mailbox.Receive(iter(say.get, None)):
        kinds.append(one.released.kind)
        acknowledge = delivery.Acknowledge(names=[one.name])
        say.put(delivery.ReceiveRequest(acknowledge=acknowledge))
    say.put(None)
    return kinds
