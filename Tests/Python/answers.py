#!/usr/bin/env python3
"""Holds a running server's answers to the official schemas, message by message, in every revision.

usage: answers.py --calls JSON --url URL

--calls is a list of {"tool", "arguments"?}. In each revision the server is greeted, its tools are listed, and each call is made
with a progress token and, where the revision has that, a wish for log messages. What comes back is validated by `mcp_types` (the
schemas of each revision); since a schema takes members that it does not know, what validating loses counts as wrong. Structured
content is validated by the tool's own output schema, in which an object that names its members has no others.

Exit code 0 and a line that begins with "ok", or 1 and a line that says what was wrong.
"""

import argparse
import json
import sys
import urllib.error
import urllib.request

import jsonschema
from mcp_types import methods

MODERN = "2026-07-28"
REVISIONS = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", MODERN]
ENVELOPE = {"jsonrpc", "id", "result"}


class Wrong(Exception):
    """The server sent what its revision does not define."""


class Server:
    """One conversation in one revision."""

    def __init__(self, url, revision):
        self.url = url
        self.revision = revision
        self.session = None
        self.heard = []

    @property
    def is_modern(self):
        return self.revision == MODERN

    def ask(self, method, params=None, name=None):
        """The result of a request; notifications that came before it go to `heard`."""
        params = dict(params or {})
        meta = {"progressToken": "p"} if method == "tools/call" else {}
        if self.is_modern:
            meta |= {
                "io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {},
                "io.modelcontextprotocol/logLevel": "debug",
            }
        if meta:
            params["_meta"] = meta
        messages = self.post({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}, method, name)
        for message in messages[:-1]:
            self.heard.append(message["method"])
            check(self.revision, message["method"], message, methods.SERVER_NOTIFICATIONS)
        answer = messages[-1]
        if set(answer) != ENVELOPE or answer["id"] != 1:
            raise Wrong(f"{self.revision} {method}: {json.dumps(answer)[:300]}")
        check(self.revision, method, answer["result"], methods.SERVER_RESULTS)
        return answer["result"]

    def post(self, body, method=None, name=None):
        headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        if method != "initialize":
            headers["MCP-Protocol-Version"] = self.revision
        if self.is_modern:
            headers["Mcp-Method"] = method
            if name:
                headers["Mcp-Name"] = name
        if self.session:
            headers["Mcp-Session-Id"] = self.session
        request = urllib.request.Request(self.url, json.dumps(body).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                self.session = response.headers.get("Mcp-Session-Id", self.session)
                text = response.read().decode()
                if response.headers.get_content_type() == "text/event-stream":
                    return [json.loads(line[5:]) for line in text.splitlines() if line.startswith("data:") and line[5:].strip()]
                return [json.loads(text)] if text else []
        except urllib.error.HTTPError as error:
            raise Wrong(f"{self.revision} {method}: HTTP {error.code}: {error.read()[:300]}")

    def greet(self):
        """What it declares."""
        if self.is_modern:
            return self.ask("server/discover")["capabilities"]
        info = {"protocolVersion": self.revision, "capabilities": {}, "clientInfo": {"name": "answers", "version": "1"}}
        result = self.ask("initialize", info)
        if result["protocolVersion"] != self.revision:
            raise Wrong(f"{self.revision}: initialize answered {result['protocolVersion']}")
        self.post({"jsonrpc": "2.0", "method": "notifications/initialized"}, "notifications/initialized")
        self.ask("ping")
        self.ask("logging/setLevel", {"level": "debug"})
        return result["capabilities"]


def check(revision, method, data, surface):
    """Validates, and compares with what is left of it."""
    kept = methods.serialize_server_result(method, revision, data, surface=surface)
    for path in lost(data, kept):
        raise Wrong(f"{revision} {method}: {path} is no member of this revision")


def lost(given, kept, path=""):
    """Paths of members that are in the first and not in the second."""
    if isinstance(given, dict) and isinstance(kept, dict):
        for name, member in given.items():
            if name not in kept:
                yield f"{path}/{name}"
            else:
                yield from lost(member, kept[name], f"{path}/{name}")
    elif isinstance(given, list) and isinstance(kept, list):
        for index, (one, other) in enumerate(zip(given, kept)):
            yield from lost(one, other, f"{path}/{index}")


def closed(schema):
    """The schema where an object that names its members has no others."""
    if not isinstance(schema, dict):
        return schema
    schema = {word: closed(value) for word, value in schema.items()}
    if "properties" in schema:
        schema["properties"] = {name: closed(value) for name, value in schema["properties"].items()}
        schema.setdefault("additionalProperties", False)
    return schema


def conversation(url, revision, calls):
    server = Server(url, revision)
    capabilities = server.greet()
    # 2026-07-28 deprecates `logging`: a request asks for log messages itself.
    if set(capabilities) != ({"tools"} if server.is_modern else {"tools", "logging"}):
        raise Wrong(f"{revision}: the capabilities are {capabilities}")
    tools = {tool["name"]: tool for tool in server.ask("tools/list")["tools"]}
    for call in calls:
        name = call["tool"]
        result = server.ask("tools/call", {"name": name, "arguments": call.get("arguments", {})}, name)
        schema = tools[name].get("outputSchema")
        if schema and not result.get("isError"):
            try:
                jsonschema.validate(result["structuredContent"], closed(schema))
            except jsonschema.ValidationError as error:
                raise Wrong(f"{revision} {name}: structuredContent{error.json_path[1:]}: {error.message[:300]}")
    return server.heard


def checks_itself():
    """What no revision defines must be seen."""
    good = {"content": [{"type": "text", "text": "x"}], "isError": False}
    check("2025-11-25", "tools/call", good, methods.SERVER_RESULTS)
    for wrong in [good | {"iserror": True}, good | {"content": [{"type": "text", "text": "x", "txt": ""}]}, {"content": "x"}]:
        try:
            check("2025-11-25", "tools/call", wrong, methods.SERVER_RESULTS)
        except (Wrong, ValueError):
            continue
        raise Wrong(f"{wrong} passes")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=json.loads, required=True)
    parser.add_argument("--url", required=True)
    options = parser.parse_args()
    try:
        checks_itself()
        heard = {revision: set(conversation(options.url, revision, options.calls)) for revision in REVISIONS}
        # Without progress and log messages nothing was said of their form.
        for wanted in ["notifications/progress", "notifications/message"]:
            if wanted not in heard[MODERN]:
                raise Wrong(f"no {wanted} came")
        print(f"ok: {len(REVISIONS)} revisions, {len(options.calls)} calls each")
    except Exception as error:  # whatever is raised is a finding
        print(f"answers.py: {type(error).__name__}: {error}")
        sys.exit(1)


if __name__ == "__main__":
    main()
