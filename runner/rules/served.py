"""Served: which weights are proved and which exported, and names that Ollama's own library has."""

from collections.abc import Iterator

from runner.rules import View, at, path, rule, say
from schemas.findings import Edit, Finding, RulePage

LIBRARY = (  # ollama.com/library, names that are pulled most
    "llama2", "llama3", "llama3.1", "llama3.2", "llama3.3", "llama4", "codellama", "mistral", "mistral-nemo", "mistral-small",
    "mistral-large", "mixtral", "gemma", "gemma2", "gemma3", "gemma3n", "codegemma", "qwen", "qwen2", "qwen2.5", "qwen2.5-coder",
    "qwen3", "qwen3-coder", "qwq", "phi", "phi3", "phi3.5", "phi4", "phi4-mini", "deepseek-r1", "deepseek-coder", "deepseek-v3",
    "tinyllama", "smollm", "smollm2", "orca-mini", "vicuna", "zephyr", "openhermes", "dolphin-mistral", "nous-hermes2", "neural-chat",
    "starcoder2", "yi", "falcon3", "command-r", "granite3.3", "olmo2", "stablelm2", "solar", "wizardlm2", "gpt-oss", "llava",
    "nomic-embed-text", "mxbai-embed-large",
)  # fmt: skip


@rule(
    RulePage(
        "E031",
        "one model is proved, another exported",
        "weights: best takes the weights of the best validation, last those of the end. Where validate_checkpoint looks at the best and "
        "export_ollama takes the last, what is served is not what was proved.",
        wrong="- {type: validate_checkpoint, weights: best}\n- {type: export_ollama}",
        right="- {type: validate_checkpoint, weights: best}\n- {type: export_ollama, weights: best}",
        source="huggingface/transformers#28539: the best model and the last are not the same",
        severity="warning",
    )
)
def what_is_proved_is_exported(view: View) -> Iterator[Finding]:
    """E031: `weights: best` of a validate_checkpoint, and an export of the same training that says nothing of it."""
    exports = list(view.of_type("export_ollama"))
    for proof in view.of_type("validate_checkpoint"):
        trained = view.makers(proof, "checkpoint")
        if at(proof.raw, "weights") != "best" or not trained:
            continue
        same = [each for each in exports if view.makers(each, "checkpoint") == trained]
        if same and all(at(each.raw, "weights") is None for each in same):
            edits = tuple(Edit("set", path(each, "weights"), "best") for each in same)
            message = f"{proof.id} proves the best weights, and {same[0].id} exports the last"
            yield say("E031", same[0], "", message, "write weights: best there too", severity="warning", edits=edits)


@rule(
    RulePage(
        "E032",
        "the name of a model of Ollama's library",
        "ollama create makes the model of that name: one of the library that was pulled is replaced by it on this machine, and a later "
        "ollama pull replaces it in turn. A name of its own, or a tag, keeps both.",
        wrong="name: llama3.1",
        right="name: clinic-llama3.1   # or llama3.1:clinic",
        source="ollama.com/library; Ollama's documentation of create",
        severity="warning",
    )
)
def names_are_ones_own(view: View) -> Iterator[Finding]:
    """E032: a name of LIBRARY without a tag, or with the tag that is meant without one."""
    for step in view.of_type("export_ollama"):
        name = at(step.raw, "name")
        if not isinstance(name, str) or name.removesuffix(":latest").lower() not in LIBRARY:
            continue
        bare, own = name.removesuffix(":latest"), view.meant.data.get("recipe")
        better = f"{own}-{bare}" if isinstance(own, str) and own and own != bare else f"{bare}:mine"
        message = f"Ollama's library has a model called {bare}: ollama create takes its place"
        yield say("E032", step, "name", message, f"write name: {better}", severity="warning")
