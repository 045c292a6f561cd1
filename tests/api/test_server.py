"""What the server does beside answering: tried in a process of its own, whose signals it takes."""

import subprocess
import sys

KNOCKING = """
import asyncio, socket
from labeling.api import prepare_server
from labeling.api.server import LET_IN

listening = socket.socket()  # as Streamlit makes it, which asyncio does not take for TCP
listening.bind(("127.0.0.1", 0))
listening.listen()
early = socket.create_connection(listening.getsockname())

async def main():
    let_in = []
    prepare_server()
    late = socket.create_connection(listening.getsockname())
    enter = lambda reader, writer: let_in.append(writer.get_extra_info("socket"))
    server = await asyncio.start_server(enter, sock=listening)
    await asyncio.sleep(3 * LET_IN)
    print([bool(one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)) for one in let_in])

asyncio.run(main())
"""


def test_replies_are_sent_at_once_also_to_whoever_knocked_before_the_server_was_ready() -> None:
    command = [sys.executable, "-c", KNOCKING]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert told.stdout.strip() == "[True, True]"
