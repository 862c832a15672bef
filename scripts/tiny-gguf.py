#!/usr/bin/env python3
"""Write a tiny language model with random weights, for the real server to which the tests talk.

    scripts/tiny-gguf.py OUT.gguf

Two llama layers with random weights over a byte vocabulary, half a megabyte. The text is noise, but the
server's protocol, tokens and grammars are real. One dimension of every embedding is held constant, so that
the output matrix can prefer letters, close a JSON string now and then, and end the text. The beginning of a
tool call is a single token, which is likely enough to come soon if tools are offered. Needs only Python 3.
"""
import random
import struct
import sys

WIDTH, LAYERS, HEADS, FEED_FORWARD, CONTEXT = 64, 2, 4, 128, 4096
SPREAD = 0.08
ALIGNMENT = 32
# How much more likely a token is than a neutral byte, in units of the constant dimension after normalisation.
LIKES = {"letter": 1.0, "space": 1.6, "quote": 2.0, "brace": 1.2, "end": 1.3, "call": 1.5, "other": -2.0}

TYPE_U32, TYPE_I32, TYPE_F32, TYPE_BOOL, TYPE_STRING, TYPE_ARRAY = 4, 5, 6, 7, 8, 9
TOKEN_NORMAL, TOKEN_CONTROL = 1, 3
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool_call>"]
MERGED = ["th", "he", "in"]
CHAT_TEMPLATE = """
{%- if tools %}
{{- '<|im_start|>system\\nTools:\\n' }}
{%- for tool in tools %}{{- (tool | tojson) + '\\n' }}{%- endfor %}
{{- '<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
{{- '<|im_start|>' + message.role + '\\n' }}
{%- if message.content %}{{- message.content }}{%- endif %}
{%- if message.tool_calls %}
{{- '<tool_call>{"name": "' + message.tool_calls[0].function.name + '", "arguments": ' }}
{{- (message.tool_calls[0].function.arguments | tojson) + '}</tool_call>' }}
{%- endif %}
{{- '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}
"""


def byte_names():
    """Return the character that byte-level BPE writes for each byte: the byte itself if printable, else a character above 255."""
    shown = set(range(0x21, 0x7F)) | set(range(0xA1, 0xAD)) | set(range(0xAE, 0x100))
    unshown = iter(range(256))
    return [chr(byte) if byte in shown else chr(256 + next(unshown)) for byte in range(256)]


def liking(token):
    """Return the preference for one entry of the vocabulary."""
    special = token - 256 - len(MERGED)
    if special >= 0:
        return LIKES["call"] if SPECIAL[special] == "<tool_call>" else LIKES["end"]
    if token >= 256:
        return LIKES["letter"]
    character = chr(token)
    if character in '"':
        return LIKES["quote"]
    if character in "}],:":
        return LIKES["brace"]
    if character == " ":
        return LIKES["space"]
    return LIKES["letter"] if token < 128 and character.isalnum() else LIKES["other"]


def packed_string(text):
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def packed_value(value):
    """Return a metadata value with its type before it. A list becomes an array of its first element's type."""
    if isinstance(value, bool):
        return struct.pack("<I?", TYPE_BOOL, value)
    if isinstance(value, int):
        return struct.pack("<II", TYPE_U32, value)
    if isinstance(value, float):
        return struct.pack("<If", TYPE_F32, value)
    if isinstance(value, str):
        return struct.pack("<I", TYPE_STRING) + packed_string(value)
    if isinstance(value[0], str):
        return struct.pack("<IIQ", TYPE_ARRAY, TYPE_STRING, len(value)) + b"".join(map(packed_string, value))
    return struct.pack(f"<IIQ{len(value)}i", TYPE_ARRAY, TYPE_I32, len(value), *value)


def metadata(tokens):
    special = len(tokens) - len(SPECIAL)
    return {
        "general.architecture": "llama",
        "general.name": "tiny noise",
        "general.file_type": 0,
        "general.alignment": ALIGNMENT,
        "llama.context_length": CONTEXT,
        "llama.embedding_length": WIDTH,
        "llama.block_count": LAYERS,
        "llama.feed_forward_length": FEED_FORWARD,
        "llama.attention.head_count": HEADS,
        "llama.attention.head_count_kv": HEADS,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.dimension_count": WIDTH // HEADS,
        "llama.vocab_size": len(tokens),
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": [TOKEN_NORMAL] * special + [TOKEN_CONTROL] * len(SPECIAL),
        "tokenizer.ggml.merges": [" ".join(pair) for pair in MERGED],
        "tokenizer.ggml.bos_token_id": special,
        "tokenizer.ggml.eos_token_id": special + 2,
        "tokenizer.ggml.add_bos_token": False,
        "tokenizer.chat_template": CHAT_TEMPLATE.strip(),
    }


def noise(columns, rows):
    return [[random.gauss(0, SPREAD) for _ in range(columns)] for _ in range(rows)]


def still(matrix):
    """Return the matrix changed so that it adds nothing to the constant dimension."""
    return [[0.0] * len(matrix[0])] + matrix[1:]


def weights(count):
    """Return all tensors as {name: rows}."""
    embedding, output = noise(WIDTH, count), noise(WIDTH, count)
    for token in range(count):
        embedding[token][0] = 1.0
        output[token][0] = liking(token)
    yield "token_embd.weight", embedding
    yield "output_norm.weight", [[1.0] * WIDTH]
    yield "output.weight", output
    for layer in range(LAYERS):
        prefix = f"blk.{layer}."
        yield prefix + "attn_norm.weight", [[1.0] * WIDTH]
        yield prefix + "ffn_norm.weight", [[1.0] * WIDTH]
        for name in ("attn_q", "attn_k", "attn_v"):
            yield f"{prefix}{name}.weight", noise(WIDTH, WIDTH)
        yield prefix + "attn_output.weight", still(noise(WIDTH, WIDTH))
        yield prefix + "ffn_gate.weight", noise(WIDTH, FEED_FORWARD)
        yield prefix + "ffn_up.weight", noise(WIDTH, FEED_FORWARD)
        yield prefix + "ffn_down.weight", still(noise(FEED_FORWARD, WIDTH))


def aligned(data):
    return data + bytes(-len(data) % ALIGNMENT)


def model():
    random.seed(20)
    tokens = byte_names() + MERGED + SPECIAL
    entries = metadata(tokens)
    index, body = b"", b""
    tensors = list(weights(len(tokens)))
    for name, rows in tensors:
        shape = [len(rows[0])] + ([len(rows)] if len(rows) > 1 else [])
        index += packed_string(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, len(body))
        body += aligned(b"".join(struct.pack(f"<{len(row)}f", *row) for row in rows))
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(entries))
    head += b"".join(packed_string(key) + packed_value(value) for key, value in entries.items())
    return aligned(head + index) + body


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1], "wb") as out:
        out.write(model())
