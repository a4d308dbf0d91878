"""Precision: number formats that the target does not have."""

from collections.abc import Iterator

from runner.rules import View, at, path, rule, say
from schemas.findings import Edit, Finding, RulePage


@rule()
def formats_exist(view: View) -> Iterator[Finding]:
    """P101: bf16 on a card before Ampere (a T4 emulates it, many times slower). P102: fp16 on a CPU."""
    machine = view.meant.target
    name = machine.title or machine.name
    for step in view.of_type("train"):
        asked = at(step.raw, "precision")
        edits = (Edit("set", ("steps", step.id, "precision"), "auto"),)
        if asked == "bf16" and machine.kind == "cuda" and not machine.bf16:
            message = f"{name} has no bf16 (compute capability {machine.capability / 10:.1f}, wanted 8.0)"
            yield say("P101", step, "precision", message, "write precision: auto, which takes fp16 there", edits=edits)
        elif asked == "fp16" and machine.kind == "cpu":
            yield say(
                "P102", step, "precision", "a CPU has no fp16 arithmetic", "write precision: auto, which takes fp32 there", edits=edits
            )


@rule(
    RulePage(
        "P015",
        "a card too old to compile for",
        "torch.compile writes Triton kernels, which need a compute capability of 7.0. On older cards the run goes on without, "
        "after it tried.",
        wrong="target: p100\ncompile: true",
        right="target: p100\ncompile: false",
        source="karpathy/nanoGPT#157",
        severity="warning",
        needs="the recipe and the target",
    ),
    RulePage(
        "P016",
        "an 8-bit optimizer where there is no kernel for it",
        "The moments in a byte come from bitsandbytes, which has no kernels for Apple's Metal and none for cards before Pascal.",
        wrong="target: m2-32gb\noptimizer: adamw_8bit",
        right="target: m2-32gb\noptimizer: adamw",
        source="axolotl-ai-cloud/axolotl#1280; bitsandbytes README",
        needs="the recipe and the target",
    ),
)
def libraries_have_kernels(view: View) -> Iterator[Finding]:
    """P015: compile before Volta. P016: adamw_8bit on Metal and on cards before Pascal."""
    machine = view.meant.target
    name = machine.title or machine.name
    for step in view.of_type("train"):
        if at(step.raw, "compile") is True and machine.kind == "cuda" and machine.capability < 70:
            edits = (Edit("set", path(step, "compile"), False),)
            message = f"torch.compile wants compute capability 7.0, {name} has {machine.capability / 10:.1f}"
            yield say("P015", step, "compile", message, "write compile: false", severity="warning", edits=edits)
        if at(step.raw, "optimizer") == "adamw_8bit" and (machine.kind == "mps" or (machine.kind == "cuda" and machine.capability < 60)):
            edits = (Edit("set", path(step, "optimizer"), "adamw"),)
            yield say("P016", step, "optimizer", f"bitsandbytes has no kernels for {name}", "write optimizer: adamw", edits=edits)


SIXTEEN = "gtx16"  # cards of Turing without tensor cores


@rule(
    RulePage(
        "P112",
        "half precision on a card of the GTX 16 series",
        "These cards have given no numbers (NaN) in half precision where others train, by kernels of cuDNN and of drivers that are still "
        "in use. Where the loss is no number from the first step on, it is the card: precision: fp32 trains, slower.",
        wrong="target: gtx1650\nprecision: fp16   # and the loss is nan",
        right="target: gtx1650\nprecision: fp32",
        source="pytorch/pytorch#77955; bmaltais/kohya_ss#436",
        severity="info",
        needs="the recipe and the target",
    ),
)
def sixteen_series_may_give_no_numbers(view: View) -> Iterator[Finding]:
    """P112: fp16 that is asked for on a card of the 16 series."""
    machine = view.meant.target
    for step in view.of_type("train"):
        if machine.name.startswith(SIXTEEN) and at(step.raw, "precision") == "fp16":
            message = f"{machine.title or machine.name} is of a series that has given NaN in fp16"
            yield say("P112", step, "precision", message, "write precision: fp32 if the loss is no number", severity="info")


UNORDERED = (("compile", True), ("method", "qlora"), ("optimizer", "adamw_8bit"))  # whose sums come in no fixed order on a card


@rule(
    RulePage(
        "P017",
        "deterministic beside what is not",
        "With deterministic: true a training that was killed on an NVIDIA card goes on bit for bit. torch.compile chooses its kernels by "
        "the lengths that it has met, bitsandbytes promises no order of its sums, and Metal has no such mode: there it is slower for "
        "nothing.",
        wrong="deterministic: true\noptimizer: adamw_8bit",
        right="deterministic: true\noptimizer: adamw",
        source="PyTorch, torch.use_deterministic_algorithms; the training says the same at its start",
        severity="warning",
        needs="the recipe and the target",
    ),
)
def order_is_kept(view: View) -> Iterator[Finding]:
    """P017: deterministic with compile, qlora or adamw_8bit on CUDA; on Metal. On a CPU all is in order anyway."""
    machine = view.meant.target
    for step in view.of_type("train"):
        if at(step.raw, "deterministic") is not True or machine.kind == "cpu":
            continue
        beside = [f"{name}: {str(value).lower()}" for name, value in UNORDERED if at(step.raw, name) == value]
        if machine.kind == "mps":
            message = f"{machine.title or machine.name} has no deterministic mode: a resume is not bitwise there"
            yield say("P017", step, "deterministic", message, "delete deterministic", severity="warning")
        elif beside:
            message = f"a resume is not bitwise all the same: {' and '.join(beside)} adds up in no fixed order"
            yield say("P017", step, "deterministic", message, f"delete {' and '.join(beside)}, or deterministic", severity="warning")
