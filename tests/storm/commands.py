"""Commands between the process that directs a storm and those that make it: one JSON line each way."""

import asyncio
import sys
from typing import Any, Final

import msgspec

LONGEST_COMMAND: Final = 2**26
LONGEST_ANSWER: Final = 2**28
ANSWER_SECONDS: Final = 600.0


async def answer_commands(target: Any) -> None:
    """Call the target's methods as the lines of standard input say, until that ends."""
    reader = asyncio.StreamReader(limit=LONGEST_COMMAND)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        command = msgspec.json.decode(line)
        answer = await getattr(target, command.pop("do"))(**command)
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        sys.stdout.buffer.flush()


async def commanded(module: str, port: int) -> asyncio.subprocess.Process:
    """Start a process that answers commands against the server on this port."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        str(port),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LONGEST_ANSWER,
    )


async def ask(process: asyncio.subprocess.Process, do: str, **given: Any) -> Any:
    """Return the answer of such a process to one command."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(msgspec.json.encode({"do": do, **given}) + b"\n")
    async with asyncio.timeout(ANSWER_SECONDS):
        await process.stdin.drain()
        return msgspec.json.decode(await process.stdout.readline())
