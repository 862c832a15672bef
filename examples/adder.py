#!/usr/bin/env python3
"""An MCP server with one tool, which adds numbers. Each line that it reads or writes is a message."""
import json
import sys

ADD = {
    "name": "add",
    "description": "Add two numbers",
    "inputSchema": {
        "type": "object",
        "properties": {"a": {"type": "number"}, "b": {"type": "number"}},
        "required": ["a", "b"],
    },
}


def answer(method, params):
    if method == "initialize":
        return {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}},
                "serverInfo": {"name": "adder", "version": "1"}}
    if method == "tools/list":
        return {"tools": [ADD]}
    if method == "tools/call":
        sum_of_both = params["arguments"]["a"] + params["arguments"]["b"]
        return {"content": [{"type": "text", "text": str(sum_of_both)}]}
    return None


for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message:
        continue
    result = answer(message["method"], message.get("params"))
    reply = {"result": result} if result else {"error": {"code": -32601, "message": "no such method"}}
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **reply}), flush=True)
