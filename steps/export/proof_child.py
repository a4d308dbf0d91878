"""Asks llama.cpp (xllamacpp) what it makes of a GGUF file. Runs as a process of its own: a bad file makes llama.cpp end its process.

Reads a question from standard input, writes the answer to the file that the question names. Knows nothing of recipe but this.
"""

import json
import os
import sys
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


def main() -> None:
    """The question: {gguf, texts, marked, sequences, context, threads, answer}. The answer: {ids: [[...]], marked: [[...]], top: [[...]]}.

    marked: texts in which the names of control tokens are those tokens. top: one top-1 id a prefix.
    """
    question = json.load(sys.stdin)
    server = _server(question["gguf"], question["context"], question["threads"])
    wire = HTTPConnection(urlsplit(server.listening_address).netloc, timeout=60)  # on this machine: no proxy is asked
    answer = {
        "ids": [_ids(wire, text) for text in question["texts"]],
        "marked": [_ids(wire, text, marks=True) for text in question["marked"]],
        "top": [[_top(wire, ids[: n + 1]) for n in range(len(ids))] for ids in question["sequences"]],
    }
    Path(question["answer"]).write_text(json.dumps(answer), "utf-8")
    sys.stdout.flush()
    os._exit(0)  # the server's threads need seconds to wind down, and have nothing left to do


def _server(gguf: str, context: int, threads: int) -> Any:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = gguf
    params.cache_type_k = params.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32  # the default, F16, alone differs by 1e-2
    params.n_ctx, params.n_parallel, params.n_gpu_layers, params.warmup = context, 1, 0, False
    params.swa_full = True  # a trap: else a reused prefix loses what lies in the windows of Gemma 2 and 3
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    return xllamacpp.Server(params)


def _ids(wire: HTTPConnection, text: str, marks: bool = False) -> list[int]:
    """Ids of a text, nothing added, names of control tokens in it taken as text unless `marks`."""
    ids: list[int] = _ask(wire, "/tokenize", {"content": text, "add_special": False, "parse_special": marks})["tokens"]
    return ids


def _top(wire: HTTPConnection, ids: list[int]) -> int:
    """The likeliest next id. The state of the shorter prefix is reused, so that each call costs one token.

    The token itself is asked for, not its log probability: half a character has none.
    """
    asked = {"prompt": ids, "n_predict": 1, "temperature": 0.0, "samplers": ["temperature"], "cache_prompt": True, "return_tokens": True}
    token: int = _ask(wire, "/completion", asked)["tokens"][0]
    return token


def _ask(wire: HTTPConnection, path: str, question: dict[str, Any]) -> dict[str, Any]:
    wire.request("POST", path, json.dumps(question).encode(), {"Content-Type": "application/json"})
    reply = wire.getresponse()
    body = reply.read()
    if reply.status != 200:
        raise RuntimeError(f"llama.cpp answers {reply.status}: {body[:300].decode(errors='replace')}")
    answer: dict[str, Any] = json.loads(body)
    return answer


if __name__ == "__main__":
    main()
