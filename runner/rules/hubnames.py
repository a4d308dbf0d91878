"""Names on the hub: those that can be none, before anything is fetched by them."""

import re
from collections.abc import Iterator

from runner.rules import View, at, path, rule, say
from runner.rules.paths import HUB_ADDRESS, hub_id, hub_names
from schemas.findings import Edit, Finding, RulePage

NAME = re.compile(r"[A-Za-z0-9][\w.-]*(?:/[A-Za-z0-9][\w.-]*)?")
MODELS = ("model.base", "checkpoint", "init_from", "resume_from", "model", "reference")
OLLAMA = {  # what Ollama's library calls them, and the weights that one of its tags was made from
    "llama3.2": "meta-llama/Llama-3.2-3B-Instruct", "llama3.1": "meta-llama/Llama-3.1-8B-Instruct",
    "llama3": "meta-llama/Meta-Llama-3-8B-Instruct", "llama2": "meta-llama/Llama-2-7b-chat-hf",
    "mistral": "mistralai/Mistral-7B-Instruct-v0.3", "qwen2.5": "Qwen/Qwen2.5-7B-Instruct", "qwen2": "Qwen/Qwen2-7B-Instruct",
    "qwen3": "Qwen/Qwen3-8B", "gemma": "google/gemma-7b-it", "gemma2": "google/gemma-2-9b-it", "gemma3": "google/gemma-3-4b-it",
    "phi3": "microsoft/Phi-3-mini-4k-instruct", "tinyllama": "TinyLlama/TinyLlama-1.1B-Chat-v1.0",
    "smollm2": "HuggingFaceTB/SmolLM2-1.7B-Instruct",
}  # fmt: skip


@rule(
    RulePage(
        "H036",
        "no name on the hub",
        "A model or data set on the hub is called owner/name, with one slash, and its commit stands beside it as revision. name:tag is how "
        "Ollama calls a model; what it serves is a GGUF, which cannot be trained: its weights are on the hub under another name.",
        wrong='model: {base: {hub: "llama3.2:1b"}}',
        right="model: {base: {hub: meta-llama/Llama-3.2-1B-Instruct}}",
        source="huggingface_hub: validate_repo_id; docs.ollama.com: model names",
        needs="the recipe",
    )
)
def hub_names_are_names(view: View) -> Iterator[Finding]:
    """H036: Ollama's names, owner/name@commit, owner/name/file, and what has a blank or another sign in it."""
    for step in view.meant.steps:
        for where, source in hub_names(step.raw):
            name = source["hub"]
            if NAME.fullmatch(name) and not (where in MODELS and name.lower() in OLLAMA):
                continue
            if not name or name.startswith((".", "/", "~", "$")) or HUB_ADDRESS.fullmatch(name) or (view.facts.project / name).exists():
                continue  # H023
            if hub_id(name) not in (name, ""):
                continue  # H023, with the name that is in it
            place, model = f"{where}.hub", name.partition(":")[0]
            if (pinned := re.fullmatch(r"([\w.-]+/[\w.-]+)@([\w./-]+)", name)) is not None:
                edits = (Edit("set", path(step, place), pinned[1]), Edit("set", path(step, f"{where}.revision"), pinned[2]))
                fix = f"write hub: {pinned[1]}, revision: {pinned[2]}"
                free = at(step.raw, f"{where}.revision") is None
                yield say("H036", step, place, f"{name} holds a revision, which stands beside the name", fix, edits=edits if free else ())
            elif where in MODELS and (":" in name or model.lower() in OLLAMA) and "/" not in model:
                known = OLLAMA.get(model.lower())
                fix = "write the name on the hub of the weights that it was made from" + (f", such as {known}" if known else ": owner/name")
                yield say("H036", step, place, f"{name} is Ollama's name of a model, whose GGUF cannot be trained", fix)
            elif (file := re.fullmatch(r"([\w.-]+/[\w.-]+)/[\w./-]+", name)) is not None:
                message = f"{name} is no name on the hub, which has one slash"
                yield say("H036", step, place, message, f"write hub: {file[1]}, or path: {name} for a folder here")
            else:
                yield say("H036", step, place, f"{name!r} is no name on the hub", "write owner/name, as its page is called")
