#!/usr/bin/env python3
"""A real MCP client, of whichever package its environment holds, against a running server.

usage: clients.py [--client sdk|fastmcp] [--mode auto|legacy|VERSION] [--key KEY] [--expect-version VERSION]
                  [--calls JSON] (--url URL | --command PROGRAM [ARGUMENT...])

--calls is a list of {"tool", "arguments"?, "error"?: true, "contains"?: TEXT, "progress"?: true}; each is made, and its result
compared: `isError`, TEXT somewhere in the text content, at least one progress notification. All of them are then made once
more side by side. The tools are listed first, and every tool that is called must be among them.

--mode is for the SDK from 2.0 on. Exit code 0 and a line that begins with "ok", or 1 and a line that says what was wrong.
"""

import argparse
import asyncio
import contextlib
import importlib.metadata
import json
import sys


class Wrong(Exception):
    """The server did not do what a client may expect of it."""


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--client", choices=["sdk", "fastmcp"], default="sdk")
    parser.add_argument("--mode", default="auto")
    parser.add_argument("--key")
    parser.add_argument("--expect-version")
    parser.add_argument("--calls", type=json.loads, default=[])
    parser.add_argument("--url")
    parser.add_argument("--command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if bool(options.url) == bool(options.command):
        parser.error("one of --url and --command")
    return options


def major():
    return int(importlib.metadata.version("mcp").split(".")[0])


def field(result, snake, camel):
    """A field by its name in the newer or in the older packages."""
    return getattr(result, snake) if hasattr(result, snake) else getattr(result, camel)


class Session:
    """What differs between the packages: how tools are listed and called, and which version was agreed on."""

    def __init__(self, tools, call, version, has_progress=True):
        self.tools = tools
        self.call = call
        self.version = version
        self.has_progress = has_progress


@contextlib.asynccontextmanager
async def old_sdk(options):
    """mcp 1.x: a transport and a ClientSession."""
    from mcp import ClientSession

    async with contextlib.AsyncExitStack() as stack:
        if options.url:
            from mcp.client.streamable_http import streamablehttp_client

            headers = {"X-API-Key": options.key} if options.key else None
            streams = await stack.enter_async_context(streamablehttp_client(options.url, headers=headers))
        else:
            from mcp.client.stdio import StdioServerParameters, stdio_client

            server = StdioServerParameters(command=options.command[0], args=options.command[1:])
            streams = await stack.enter_async_context(stdio_client(server))
        session = await stack.enter_async_context(ClientSession(streams[0], streams[1]))
        agreed = await session.initialize()
        await session.send_ping()
        # 1.6.0 can send no progress token.
        has_progress = "progress_callback" in session.call_tool.__code__.co_varnames

        async def call(tool, given, progress):
            if has_progress:
                return await session.call_tool(tool, given, progress_callback=progress)
            return await session.call_tool(tool, given)

        async def tools():
            return (await session.list_tools()).tools

        yield Session(tools, call, agreed.protocolVersion, has_progress)


@contextlib.asynccontextmanager
async def new_sdk(options):
    """mcp 2.x: one Client for both eras."""
    from mcp import Client

    async with contextlib.AsyncExitStack() as stack:
        if options.url and options.key:
            import httpx2
            from mcp.client.streamable_http import streamable_http_client

            http = await stack.enter_async_context(httpx2.AsyncClient(headers={"X-API-Key": options.key}))
            server = streamable_http_client(options.url, http_client=http)
        elif options.url:
            server = options.url
        else:
            from mcp.client.stdio import StdioServerParameters

            server = StdioServerParameters(command=options.command[0], args=options.command[1:])
        client = await stack.enter_async_context(Client(server, mode=options.mode))

        async def call(tool, given, progress):
            return await client.call_tool(tool, given, progress_callback=progress)

        async def tools():
            return (await client.list_tools()).tools

        yield Session(tools, call, client.protocol_version)


@contextlib.asynccontextmanager
async def fastmcp(options):
    from fastmcp import Client
    from fastmcp.client.transports import StdioTransport, StreamableHttpTransport

    if options.url:
        headers = {"X-API-Key": options.key} if options.key else {}
        transport = StreamableHttpTransport(options.url, headers=headers)
    else:
        transport = StdioTransport(options.command[0], options.command[1:])
    async with Client(transport) as client:

        async def call(tool, given, progress):
            return await client.call_tool_mcp(tool, given, progress_handler=progress)

        yield Session(client.list_tools, call, client.protocol_version)


def texts(result):
    return "\n".join(getattr(part, "text", "") for part in result.content)


async def one(session, wanted):
    heard = []

    async def progress(done, total, message=None):
        heard.append(done)

    name = wanted["tool"]
    result = await session.call(name, wanted.get("arguments", {}), progress)
    is_error = bool(field(result, "is_error", "isError"))
    if is_error != wanted.get("error", False):
        raise Wrong(f"{name}: isError is {is_error}: {texts(result)[:300]}")
    if wanted.get("contains", "") not in texts(result):
        raise Wrong(f"{name}: {wanted['contains']!r} is not in {texts(result)[:300]!r}")
    if wanted.get("progress") and session.has_progress:
        if not heard:
            raise Wrong(f"{name}: no progress was reported")
        if heard != sorted(set(heard)):
            raise Wrong(f"{name}: progress does not increase: {heard}")


async def check(options):
    client = fastmcp if options.client == "fastmcp" else old_sdk if major() < 2 else new_sdk
    async with client(options) as session:
        if options.expect_version and session.version != options.expect_version:
            raise Wrong(f"the version agreed on is {session.version}, not {options.expect_version}")
        names = [tool.name for tool in await session.tools()]
        for wanted in options.calls:
            if wanted["tool"] not in names:
                raise Wrong(f"{wanted['tool']} is not among the tools listed: {names}")
            await one(session, wanted)
        await asyncio.gather(*(one(session, wanted) for wanted in options.calls))
        return f"ok: {session.version}, {len(names)} tools, {2 * len(options.calls)} calls"


def leaves(error):
    """The errors inside exception groups."""
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in leaves(inner)]
    return [error]


def main():
    options = arguments()
    try:
        print(asyncio.run(asyncio.wait_for(check(options), 60)))
    except Exception as error:  # whatever a client raises is a finding
        for leaf in leaves(error):
            print(f"clients.py: {type(leaf).__name__}: {leaf}")
        sys.exit(1)


if __name__ == "__main__":
    main()
