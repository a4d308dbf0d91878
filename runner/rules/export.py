"""Export: what GGUF and Ollama cannot hold is found before anything is trained."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from runner.meant import StepMeant
from runner.rules import View, at, number, param, path, rule, say
from schemas.artifacts import CheckpointForecast, TokenizerForecast
from schemas.findings import Edit, Finding, RecipeError, RulePage, Severity
from steps.export.architectures import FAMILIES, metadata, within_reach
from steps.export.tokenizer_kinds import Refusal, gguf_tokenizer

if TYPE_CHECKING:
    from runner.modelfolder import ModelFolder
    from steps.export.spoken import Spoken

EXACT_FIX: dict[str, dict[str, bool | str]] = {
    "byte_fallback": {"unigram": False, "bpe": True},
    "normalization": {"bpe": "identity", "byte_bpe": "identity"},
}


@rule()
def tokenizer_is_exact(view: View) -> Iterator[Finding]:
    """E001, E002: the tokenizer of an exported model gets other ids in llama.cpp. Said at the tokenizer, where it is put right."""
    said: set[str] = set()
    for step in view.of_type("export_ollama"):
        checkpoint = view.reaches(step, "checkpoint")
        tokenizer = checkpoint.tokenizer if isinstance(checkpoint, CheckpointForecast) else None
        if not isinstance(tokenizer, TokenizerForecast) or not tokenizer.model:
            continue
        kind = gguf_tokenizer(tokenizer.model, tokenizer.byte_fallback, tokenizer.normalization)
        if not isinstance(kind, Refusal):
            continue
        makers = [t for c in view.makers(step, "checkpoint") for t in _tokenizers(view, c)]
        if not makers:
            yield say(kind.code, step, "", f"this model cannot be exported: {kind.why}", "export a model with another tokenizer")
        elif makers[0].id not in said:
            said.add(makers[0].id)
            value = EXACT_FIX.get(kind.field, {}).get(tokenizer.model)
            edits = () if value is None else (Edit("set", ("steps", makers[0].id, kind.field), value),)
            yield say(kind.code, makers[0], kind.field, f"{step.id} cannot export this tokenizer: {kind.why}", kind.fix, edits=edits)


def _tokenizers(view: View, checkpoint: StepMeant) -> list[StepMeant]:
    return [t for t in view.makers(checkpoint, "tokenizer") if t.type == "train_tokenizer"]


@rule()
def family_has_an_architecture(view: View) -> Iterator[Finding]:
    """E004: a network of ours that llama.cpp has no architecture for; said at the model, before it is trained."""
    for export in view.of_type("export_ollama"):
        for step in view.makers(export, "checkpoint"):
            made = step.forecast
            model = made.model if isinstance(made, CheckpointForecast) else None
            if model is None or model.family in FAMILIES or view.base(step) is not None:
                continue
            where = "model.family" if at(step.raw, "model.family") is not None else "model"
            message = f"{export.id} cannot export a {model.family}: llama.cpp has no such architecture, it has {', '.join(FAMILIES)}"
            yield say("E004", step, where, message, f"delete {export.id}; recipe generate writes with the checkpoint itself")


@rule()
def base_can_be_exported(view: View) -> Iterator[Finding]:
    """E001 to E004: the base's tokenizer, architecture or config has no place in GGUF; said at the base, before it is trained."""
    for export in view.of_type("export_ollama"):
        for step in view.makers(export, "checkpoint"):
            folder = view.base(step)
            if folder is None or not folder.kind or _writes_nothing(folder):  # C042 says it all
                continue
            try:
                metadata(folder.config, 1)
            except RecipeError as error:
                yield say(error.code, step, "model.base", f"{export.id} cannot export {folder.name}: {error.message}", error.fix)
                continue
            except (KeyError, TypeError, ValueError):
                continue  # a size is missing: config.json is judged elsewhere
            yield from _lengths(export, step, folder)
            for code, message, fix in _refused(view, folder):
                yield say(code, step, "model.base", f"{export.id} cannot export {folder.name}: {message}", fix)


def _writes_nothing(folder: "ModelFolder") -> bool:
    from runner.rules.kinds import writes_nothing

    return any(writes_nothing(folder))


def _refused(view: View, folder: "ModelFolder") -> list[list[str]]:
    """Code, message and fix where a base's tokenizer has no equal in llama.cpp; dear for a large one, so kept until its files change."""
    from steps.export.vocabulary import bare_vocabulary

    def made() -> list[list[str]]:
        with suppress(KeyError, TypeError, AttributeError, ValueError, OSError):  # damaged: judged elsewhere
            try:
                bare_vocabulary(folder.folder)
            except RecipeError as error:
                return [[error.code, error.message, error.fix]]
        return []

    from runner.modelfolder import TOKENIZERS

    files = [folder.folder / name for name in TOKENIZERS if name in folder]
    found: list[list[str]] = view.facts.remembered("vocabulary of a GGUF 1", files, made) if files else []
    return found


def _lengths(export: StepMeant, step: StepMeant, folder: "ModelFolder") -> Iterator[Finding]:
    """E004: rows, or Ollama's context, longer than llama.cpp and the base agree on."""
    rows, context = param(step, "max_seq_length"), number(export, "parameters.num_ctx")
    for one, where, positions in ((step, "max_seq_length", rows), (export, "parameters.num_ctx", context)):
        try:
            within_reach(folder.config, int(positions or 0), where)
        except RecipeError as error:
            message = f"{export.id} cannot export {folder.name}: {error.message}"
            yield say(error.code, one, where if at(one.raw, where) is not None else "", message, error.fix)


@rule(
    RulePage(
        "E020",
        "a context longer than the model was trained for",
        "num_ctx tells Ollama how much text to feed the model. A transformer trained on rows of max_seq_length has seen no position "
        "beyond it: "
        "longer input comes back as noise, and costs memory from the first token.",
        wrong="- type: train\n  max_seq_length: 512\n- type: export_ollama\n  parameters: {num_ctx: 8192}",
        right="- type: train\n  max_seq_length: 512\n- type: export_ollama   # num_ctx follows the training",
        source="ollama/ollama#4217",
        severity="warning",
    )
)
def context_was_trained(view: View) -> Iterator[Finding]:
    """E020: num_ctx beyond max_seq_length, for families with positions."""
    for step in view.of_type("export_ollama"):
        asked = number(step, "parameters.num_ctx")
        checkpoint = view.reaches(step, "checkpoint")
        makers = [c for c in view.makers(step, "checkpoint") if c.type == "train"]
        length = getattr(makers[0].params, "max_seq_length", None) if makers else None
        model = checkpoint.model if isinstance(checkpoint, CheckpointForecast) else None
        if asked is None or length is None or model is None or model.family not in ("llama", "gpt2"):
            continue
        folder = view.base(makers[0])
        limit = folder.positions if folder is not None else None
        if isinstance(limit, int) and 0 < limit < asked:
            message = f"num_ctx is {int(asked):,}, the base has {limit:,} positions"
            yield say("E020", step, "parameters.num_ctx", message, f"write num_ctx: {limit}, or delete it", severity="warning",
                      edits=(Edit("delete", ("steps", step.id, "parameters", "num_ctx")),))  # fmt: skip
        elif asked > length and at(makers[0].raw, "model.base") is None:
            message = f"num_ctx is {int(asked):,}, the model is trained on rows of {length:,} tokens"
            edits = (Edit("delete", ("steps", step.id, "parameters", "num_ctx")),)
            yield say(
                "E020", step, "parameters.num_ctx", message, f"write num_ctx: {length}, or delete it", severity="warning", edits=edits
            )


@rule(
    RulePage(
        "E024",
        "a window shorter than what was learned",
        "num_ctx is all that Ollama shows the model, question, history and answer together. What is longer is cut at the beginning, in "
        "silence.",
        wrong="- type: train\n  max_seq_length: 2048\n- type: export_ollama\n  parameters: {num_ctx: 256}",
        right="- type: train\n  max_seq_length: 2048\n- type: export_ollama   # num_ctx follows the training",
        source="ed-donner/llm_engineering#80",
        severity="warning",
    ),
    RulePage(
        "E025",
        "a list of stops without the end of an answer",
        "A list under parameters.stop takes the place of the texts that follow from the chat template. Without the mark that ends an "
        "answer the model talks on, into a turn of the user's that it makes up.",
        wrong='- type: export_ollama\n  parameters: {stop: ["<|im_start|>"]}',
        right='- type: export_ollama\n  parameters: {stop: ["<|im_start|>", "<|im_end|>"]}',
        source="buriedsignals/spotlight#32; ollama/ollama#8363",
        severity="warning",
        needs="the base's chat template",
    ),
)
def ollama_sees_what_was_learned(view: View) -> Iterator[Finding]:
    """E024: num_ctx a quarter of the rows or less; told where it is less than the rows. E025: stops without the template's end mark."""
    for step in view.of_type("export_ollama"):
        makers = [c for c in view.makers(step, "checkpoint") if c.type == "train"]
        asked = number(step, "parameters.num_ctx")
        length = getattr(makers[0].params, "max_seq_length", None) if makers else None
        if asked is not None and isinstance(length, int) and asked < length:
            message = f"num_ctx is {int(asked):,}: Ollama cuts what is longer, {makers[0].id} learns rows of {length:,} tokens"
            edits = (Edit("delete", ("steps", step.id, "parameters", "num_ctx")),)
            severity: Severity = "warning" if asked * 4 <= length else "info"
            yield say("E024", step, "parameters.num_ctx", message, f"write num_ctx: {length}, or delete it", severity=severity, edits=edits)
        stops = at(step.raw, "parameters.stop")
        folder = view.base(makers[0]) if makers else None
        if not isinstance(stops, list) or folder is None or at(makers[0].raw, "objective") != "sft":
            continue
        from runner.rules.stops import stops_meant
        from runner.rules.template import end_mark

        end = end_mark(folder)
        if end and not any(isinstance(stop, str) and stop and stop in end for stop in stops):
            meant, why = stops_meant(stops, end)
            listed = ", ".join(json.dumps(each, ensure_ascii=False) for each in meant)
            edit = Edit("set", ("steps", step.id, "parameters", "stop"), meant)
            message = f"answers of {folder.name} end with {end}, which is no stop here{why}"
            yield say("E025", step, "parameters.stop", message, f"write stop: [{listed}]", severity="warning", edits=(edit,))


FORMAT = re.compile(r"[.:_-](i?q\d(?:_[0-9a-z]+)+|q[4568]|b?f16|f32|fp16|fp32)$", re.IGNORECASE)  # -q1 may be a quarter


@rule(
    RulePage(
        "E029",
        "a name that says more than the model's",
        "The name is the model's in Ollama, and the GGUF file is called by it with .gguf behind. A name that ends so itself gives "
        "NAME.gguf.gguf. One that ends with a number format is taken for it, whatever quantization says.",
        wrong="name: small.gguf",
        right="name: small",
        source="Ollama's documentation of create",
        severity="warning",
    )
)
def names_are_names(view: View) -> Iterator[Finding]:
    """E029: a file's name for the model's, or a number format that the export has not."""
    for step in view.of_type("export_ollama"):
        name, made = getattr(step.params, "name", None), getattr(step.params, "quantization", None)
        if not isinstance(name, str) or not isinstance(made, str):
            continue
        stem = name[:-5] if name.lower().endswith(".gguf") else name
        form = FORMAT.search(stem)
        told = form[1].lower().replace("fp", "f") if form else ""
        other = bool(told) and told != made and not made.startswith(f"{told}_")
        short = stem[: form.start()] if form else stem
        edits = (Edit("set", path(step, "name"), short),) if short else ()
        if stem != name:
            message = f"{name} is a file's name: the model would be called so in Ollama, and its file {getattr(step.params, 'file', '')}"
            yield say("E029", step, "name", message, f"write name: {short or 'model'}", severity="warning", edits=edits)
        elif other and form is not None:
            message = f"the name {name} says {form[1]}, and the export is in {made}"
            fix = f"write name: {stem[: form.start(1)]}{made}, or name: {short}"
            yield say("E029", step, "name", message, fix, severity="warning")


@rule(
    RulePage(
        "E021",
        "two exports of one name",
        "The name is the model's name in Ollama: the second export replaces the first there.",
        wrong="- type: export_ollama\n  name: small\n- type: export_ollama\n  id: second\n  name: small",
        right="- type: export_ollama\n  name: small\n- type: export_ollama\n  id: second\n  name: small-q8",
        source="Ollama's documentation of create",
        severity="warning",
    )
)
def names_differ(view: View) -> Iterator[Finding]:
    """E021: two export_ollama steps with one name."""
    seen: dict[str, str] = {}
    for step in view.of_type("export_ollama"):
        name = getattr(step.params, "name", None)
        if isinstance(name, str) and name in seen:
            message = f"{seen[name]} and {step.id} both export the name {name}: in Ollama the second replaces the first"
            yield say("E021", step, "name", message, f"write name: {name}-{step.id}", severity="warning")
        elif isinstance(name, str):
            seen[name] = step.id


LEAST_PENALTY = 0.9  # a little below 1 is sometimes meant, to let a text name the same things again
BLOCK = 32  # values that share a scale in q8_0, q5_x and q4_x


@rule(
    RulePage(
        "E022",
        "rows that fill no block",
        "Quantised formats store 32 values with one scale. A matrix whose rows are no multiple of 32 stays in 32 bits, so the file "
        "is larger than the format promises; other converters stop there.",
        wrong="model: {family: llama, d_model: 240, n_heads: 4}\nquantization: q8_0",
        right="model: {family: llama, d_model: 256, n_heads: 4}\nquantization: q8_0",
        source="ggml-org/llama.cpp#4414 (tensor cols % 32)",
        severity="warning",
    ),
    RulePage(
        "E023",
        "a sampling parameter that spoils every answer",
        "Temperature and repeat penalty are factors around 1: at 20 every token is as likely as any other. An empty stop text stops before "
        "the first word.",
        wrong="parameters: {temperature: 20}",
        right="parameters: {temperature: 0.7}",
        source="Ollama's Modelfile reference",
        severity="warning",
    ),
)
def formats_hold_the_model(view: View) -> Iterator[Finding]:
    """E022: widths by 32 for block formats. E023: temperature, repeat_penalty, num_ctx and stop out of all reason."""
    for step in view.of_type("export_ollama"):
        checkpoint = view.reaches(step, "checkpoint")
        model = checkpoint.model if isinstance(checkpoint, CheckpointForecast) else None
        wanted = at(step.raw, "quantization")
        if model is not None and isinstance(wanted, str) and wanted.startswith("q") and model.d_model % BLOCK:
            message = f"{wanted} stores {BLOCK} values together, rows of {model.d_model} fill no block: they stay in 32 bits"
            better = BLOCK * round(model.d_model / BLOCK) or BLOCK
            yield say("E022", step, "quantization", message, f"write quantization: f16, or a d_model of {better}", severity="warning")
        yield from _strange(step)


def _strange(step: StepMeant) -> Iterator[Finding]:
    for name, most, usual in (("temperature", 3.0, 0.7), ("repeat_penalty", 3.0, 1.1)):
        value = number(step, f"parameters.{name}")
        if name == "repeat_penalty" and value is not None and value <= 0:
            continue  # K003
        message = f"{name} is {value:g}: answers are noise above {most:g}" if value is not None and value > most else ""
        if name == "repeat_penalty" and value is not None and value < LEAST_PENALTY:
            message = f"{name} is {value:g}: below 1 it favours what was said before, and answers go round in circles"
        if message:
            yield say("E023", step, f"parameters.{name}", message, f"write {name}: {usual}", severity="warning")
    if number(step, "parameters.num_predict") == 0:
        message = "num_predict is 0: no answer has a word"
        yield say("E023", step, "parameters.num_predict", message, "delete it, or write -1 for no limit", severity="warning")
    last = number(step, "parameters.repeat_last_n")
    if last is not None and last < -1:
        message = f"repeat_last_n is {last:g}: -1 is the whole context, 0 none, and less means nothing"
        yield say("E023", step, "parameters.repeat_last_n", message, "write repeat_last_n: 64, or delete it", severity="warning")
    stops = at(step.raw, "parameters.stop")
    for index, text in enumerate(stops if isinstance(stops, list) else []):
        if text == "":
            yield say("E023", step, f"parameters.stop.{index}", "an empty stop text stops every answer at once", "delete it",
                      severity="warning")  # fmt: skip


@rule()
def modelfile_says_all(view: View) -> Iterator[Finding]:
    """E012: what the export would leave out of the Modelfile, by the base's own template or ours."""
    for step in view.of_type("export_ollama"):
        makers = [each for each in view.makers(step, "checkpoint") if each.type == "train"]
        objective, system = param(makers[0], "objective") if makers else None, at(step.raw, "system")
        if not makers or objective is None or not (objective == "sft" or system) or (system is not None and not isinstance(system, str)):
            continue  # of a text without a system message all is said
        said = spoken_by(view, makers[0], system)
        if said is not None and said.unsaid:
            yield say("E012", step, "system" if said.template else "", said.unsaid, said.fix, severity="warning")


def spoken_by(view: View, maker: StepMeant, system: str | None) -> "Spoken | None":
    """What the export of a training says of `system`; None where the template of its base cannot be read."""
    from steps.export.spoken import spoken
    from steps.text.chat_form import ChatForm, chat_form

    objective, folder, form = param(maker, "objective"), view.base(maker), ChatForm()
    if objective == "sft" and at(maker.raw, "model.base") is not None:
        if folder is None or not folder.config:
            return None
        try:
            form = chat_form(folder.folder)
        except (RecipeError, OSError, ValueError, AttributeError, KeyError, TypeError):
            return None  # judged elsewhere
    return spoken(objective, form, system)
