"""Names on the hub that are another library's, or hold a commit, before anything is fetched by them."""

import re
from collections.abc import Iterator

from runner.rules import View, at, path, rule, say
from runner.rules.paths import hub_names
from schemas.findings import Edit, Finding, RulePage

EXAMPLE = re.compile(  # names that manuals write for a reader's own
    r"(?i)<[^<>]*>(?:/.*)?|[\w.-]+/<[^<>]*>|(?:your|hf)[-_]?(?:hf[-_]?)?(?:user[-_]?name|user|name|org\w*|account|namespace|repo|id)/.+"
    r"|.+/your[-_].+|(?:user[-_]?name|owner|namespace|org(?:ani[sz]ation)?|user)/(?:[\w-]*[-_])?(?:model|name|repo|data(?:set)?)(?:[-_](?:name|id))?"
)
PINNED = re.compile(r"([\w.-]+/[\w.-]+)@([\w./-]+)")
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
        "Ollama's name of a model, a commit in a name, or a name of a manual",
        "A model on the hub is called owner/name, and its commit stands beside it as revision. name:tag is how Ollama calls a model; what "
        "it serves is a GGUF, which cannot be trained: the weights that it was made from are on the hub under another name.",
        wrong='model: {base: {hub: "llama3.2:1b"}}',
        right="model: {base: {hub: meta-llama/Llama-3.2-1B-Instruct}}",
        source="huggingface_hub: validate_repo_id; docs.ollama.com: model names",
        needs="the recipe",
    )
)
def hub_names_are_names(view: View) -> Iterator[Finding]:
    """H036: of a model, name:tag and names of Ollama's library; owner/name@commit; of data, a loader. H023 tells the rest."""
    for step in view.meant.steps:
        for where, source in hub_names(step.raw):
            name, place = source["hub"], f"{where}.hub"
            if EXAMPLE.fullmatch(name.strip()):
                message = f"{name} stands for a name of your own, as manuals write it"
                yield say("H036", step, place, message, "write owner/name as huggingface.co has it, or path: for a folder")
            elif (pinned := PINNED.fullmatch(name)) is not None:
                edits = (Edit("set", path(step, place), pinned[1]), Edit("set", path(step, f"{where}.revision"), pinned[2]))
                fix = f"write hub: {pinned[1]}, revision: {pinned[2]}"
                free = at(step.raw, f"{where}.revision") is None
                yield say("H036", step, place, f"{name} holds a revision, which stands beside the name", fix, edits=edits if free else ())
            elif where in MODELS and is_ollamas(name) and not (view.facts.project / name).exists():
                known = _of_its_size(*name.lower().partition(":")[::2])
                fix = "write the name on the hub of the weights that it was made from" + (f", such as {known}" if known else ": owner/name")
                yield say("H036", step, place, f"{name} is Ollama's name of a model, whose GGUF cannot be trained", fix)
            elif where.startswith("sources") and _is_loader(name) and not (view.facts.project / name).exists():
                message = f"{name} is a loader of the library datasets, which reads files, and no data set on the hub"
                yield say("H036", step, place, message, "write path: and the files; their kind goes by their names")


def _is_loader(name: str) -> bool:
    if "/" in name:
        return False
    from runner.conversions import LOADERS

    return name in LOADERS


def is_ollamas(name: str) -> bool:
    """Whether a model is named as Ollama does: by a tag, or by a word of its library that is nobody's name on the hub."""
    return re.fullmatch(r"[\w.-]+:[\w.-]+", name) is not None or name.lower() in OLLAMA


def _of_its_size(model: str, tag: str) -> str | None:
    """The weights behind one of Ollama's names, of the size that its tag begins with (`1b`, `70b-instruct-q4_0`)."""
    known, size = OLLAMA.get(model), re.match(r"(\d+(?:\.\d+)?)b(?![a-z\d])", tag)
    return known and (re.sub(r"(?<=-)\d+(?:\.\d+)?(?=[bB](?:-|$))", size[1], known) if size else known)


def belongs_elsewhere(where: str, name: str) -> bool:
    """Whether H036 says what is wrong with a name."""
    return PINNED.fullmatch(name) is not None or EXAMPLE.fullmatch(name.strip()) is not None or (where in MODELS and is_ollamas(name))
