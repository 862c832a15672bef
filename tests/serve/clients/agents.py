"""Codex and Claude Code: each does a round with a tool, through `beluga serve`, with services of each protocol behind it.

They run without a network but loopback: check_gateway.py is in a network namespace of its own, or they are skipped.
"""
import json
import os
import re
import subprocess
import tempfile

import gateway
import shapes

SECRET = re.compile(r"the-word-is-[a-z]+")
NOTE = "the-word-is-samphire"
PROMPT = "Read the file note.txt here and tell the word in it."
AGENT_SECONDS = 120
FETCH = os.path.join(gateway.ROOT, "scripts", "fetch-clients")


# ---- what the service behind the gateway answers

def tools_of(protocol, body):
    """The tools that were offered: name and schema."""
    for tool in body.get("tools") or []:
        if protocol == shapes.GEMINI:
            for one in tool.get("functionDeclarations", []):
                yield one["name"], one.get("parameters") or one.get("parametersJsonSchema") or {}
        elif protocol == shapes.CHAT:
            yield tool["function"]["name"], tool["function"].get("parameters") or {}
        elif tool.get("type") in ("function", None, "custom"):
            yield tool["name"], tool.get("parameters") or tool.get("input_schema") or {}


def arguments_for(name, schema):
    """What a model would say to a tool that runs a command, or reads a file."""
    properties = schema.get("properties", {})
    for member in ("command", "cmd"):
        if member in properties:
            is_list = properties[member].get("type") == "array"
            return {member: ["bash", "-lc", "cat note.txt"] if is_list else "cat note.txt"}
    return {"file_path": "note.txt"} if "file_path" in properties else None


def answer(protocol, body):
    found = SECRET.search(json.dumps(body))
    if found:
        return shapes.Answer(pieces=["The word: ", found.group(0), "."])
    preferred = ("Bash", "exec_command", "shell_command", "shell", "local_shell", "Read")
    offered = dict(tools_of(protocol, body))
    for name in preferred:
        arguments = arguments_for(name, offered[name]) if name in offered else None
        if arguments:
            return shapes.Answer(pieces=["I look. "], tools=[("call_1", name, json.dumps(arguments))], finish="tools")
    return shapes.Answer(pieces=["No tool runs commands: ", ", ".join(offered)])


# ---- the agents

def claude(folder, home, origin, model):
    binary = next((os.path.join(at, "claude") for at, _, names in os.walk(os.path.join(folder, "node_modules", "@anthropic-ai"))
                   if "claude" in names and not at.endswith("musl")), None)
    environment = {"ANTHROPIC_BASE_URL": origin, "ANTHROPIC_AUTH_TOKEN": "any", "DISABLE_AUTOUPDATER": "1",
                   "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "ANTHROPIC_SMALL_FAST_MODEL": model,
                   "CLAUDE_CONFIG_DIR": os.path.join(home, ".claude")}
    return [binary, "-p", PROMPT, "--model", model, "--allowedTools", "Bash", "Read", "--output-format", "json"], environment


def codex(folder, home, origin, model):
    with open(os.path.join(home, "config.toml"), "w", encoding="utf-8") as f:
        f.write(f'model = "{model}"\nmodel_provider = "beluga"\n\n[model_providers.beluga]\nname = "beluga"\n'
                f'base_url = "{origin}/v1"\nwire_api = "responses"\nenv_key = "BELUGA_KEY"\n')
    command = ["node", os.path.join(folder, "node_modules", "@openai", "codex", "bin", "codex.js"), "exec",
               "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "--color", "never", PROMPT]
    return command, {"CODEX_HOME": home, "BELUGA_KEY": "any"}


AGENTS = {"Claude Code": claude, "Codex": codex}


def run(agent, folder, origin, model):
    """Run an agent in an empty home and a folder with a note. Returns what it printed."""
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as work:
        with open(os.path.join(work, "note.txt"), "w", encoding="utf-8") as f:
            f.write(NOTE + "\n")
        command, more = agent(folder, home, origin, model)
        environment = {"HOME": home, "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TERM": "dumb", **more}
        try:
            done = subprocess.run(command, cwd=work, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  timeout=AGENT_SECONDS, check=False)
        except subprocess.TimeoutExpired as late:
            return -1, f"{late.stdout}\n{late.stderr}\nno end within {AGENT_SECONDS} s"
        return done.returncode, done.stdout + done.stderr


def wire(upstream):
    """What went over the wire, in brief."""
    seen = upstream.job(0)
    return "\n".join(f"    <- {json.dumps(body)[:3000]}" for body in seen.requests)


def judge(upstream, protocol, status, said):
    if status:
        return f"it ended with status {status}"
    if NOTE not in said:
        return "it did not tell the word"
    return None if len(upstream.job(0).requests) >= 2 else "there was no round with a tool"


def check_one(name, folder, origin, upstream, protocol, report, verbose):
    upstream.jobs.clear()
    status, said = run(AGENTS[name], folder, origin, f"{protocol}-shell" if protocol else "shell")
    wrong = judge(upstream, protocol, status, said)
    report(wrong, f"{name} does a round with a tool, {protocol} upstream", f"{said[-3000:]}\n{wire(upstream)}", verbose)


# What an agent must say, for a fault that it can't mend.
SAYS = {"Claude Code": {"too-long": "prompt_too_long", "cut": "the server closed the connection in the middle of its answer"},
        "Codex": {"too-long": "ran out of room", "cut": "the server closed the connection in the middle of its answer"}}


def check_fault(name, folder, origin, upstream, protocol, fault, report, verbose):
    """An agent tells a failure as one, and why; what can't pass is asked for once."""
    upstream.jobs.clear()
    status, said = run(AGENTS[name], folder, origin, f"{protocol}-{fault}")
    asked = len(upstream.job(0).requests)
    wrong = None if status else "it did not fail"
    if not wrong and SAYS[name][fault] not in said:
        wrong = "it does not say why"
    if not wrong and fault == "too-long" and asked != 1:
        wrong = f"the upstream was asked {asked} times"
    report(wrong, f"{name} tells of {fault}, {protocol} upstream", f"{said[-3000:]}\n{wire(upstream)}", verbose)


def check(options, upstream, report, skip):
    reason = None if os.environ.get("BELUGA_LOOPBACK_ONLY") else "no network namespace of its own can be made"
    here = subprocess.run([FETCH, "--installed", "agents"], capture_output=True, text=True, check=False)
    if here.returncode:
        reason = here.stderr.strip()
    if reason:
        return skip("Codex and Claude Code", reason)
    folder = subprocess.run([FETCH, "--path", "agents"], capture_output=True, text=True, check=True).stdout.strip()
    upstream.answers = answer
    with gateway.serving(options.beluga, upstream.origin) as (origin, _):
        for name in AGENTS:
            for protocol in options.upstreams:
                check_one(name, folder, origin, upstream, protocol, report, options.verbose)
        upstream.answers = None
        for name in AGENTS:
            for protocol in options.upstreams:
                for fault in SAYS[name]:
                    check_fault(name, folder, origin, upstream, protocol, fault, report, options.verbose)
    return None
