"""A deliberately bad product: every channel is a call to it, and what it heard before it was started never was.

This is how the published test shows that it can fail; it is 40 lines because that is all such a product takes.
"""

import contextlib
import json
import os
import socket
import sys
from typing import TextIO

Headers = dict[str, str]


def listen(stream: TextIO) -> None:
    """Follow one AMI session until it ends."""
    numbers: dict[str, str] = {}
    answered: set[str] = set()
    seen: Headers = {}
    for line in stream:
        if line.strip():
            name, _, value = line.strip().partition(": ")
            seen[name] = value
            continue
        event, channel = seen.get("Event"), seen.get("Uniqueid", "")
        if event == "Newchannel":
            numbers[channel] = seen["CallerIDNum"]
        elif event == "DialBegin":
            numbers[seen["DestUniqueid"]] = seen["CallerIDNum"]
        elif event == "AgentConnect":
            answered.add(channel)
        elif event == "Hangup" and channel in numbers:
            outcome = "answered" if channel in answered else "abandoned"
            sys.stdout.write(json.dumps({"number": numbers.pop(channel), "outcome": outcome}) + "\n")
            sys.stdout.flush()
        seen = {}


while True:
    with (
        contextlib.suppress(OSError),
        socket.create_connection((os.environ["AMI_HOST"], int(os.environ["AMI_PORT"]))) as s,
    ):
        username, secret = os.environ["AMI_USERNAME"], os.environ["AMI_SECRET"]
        s.sendall(f"Action: Login\r\nUsername: {username}\r\nSecret: {secret}\r\n\r\n".encode())
        listen(s.makefile("r", encoding="utf-8", errors="replace", newline="\n"))
