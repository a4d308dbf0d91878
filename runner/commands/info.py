"""recipe info: this machine, or a known one, and the public models that can be trained on it."""

import json
import sys
from typing import Any

import click

from schemas.machine import GIB, Machine

METHODS = ("full", "lora", "qlora")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--target", metavar="MACHINE", help="A known machine, such as t4 or m2-32gb, instead of this one.")
@click.option("--length", default=1024, show_default=True, type=click.IntRange(1), help="Tokens of a row.")
@click.option("--all", "every", is_flag=True, help="Also the models that do not fit.")
@click.option("--json", "plain", is_flag=True, help="Print one JSON object.")
def info(target: str | None, length: int, every: bool, plain: bool) -> int:
    """Show the hardware, and which models fit it: memory to train one row at a time, in full, by LoRA and by QLoRA.

    All figures are the memory model's, for activations computed again in the backward pass and adapters of rank 8.
    """
    from runner.hardware import here

    machine = _known(target) if target and target != "here" else here()
    rows = models(machine, length)
    if plain:
        data = {"format": 1, "machine": machine.model_dump(mode="json"), "usable_bytes": machine.usable_bytes, "length": length}
        details = hardware_now() if machine.name == "here" else {}
        sys.stdout.write(json.dumps({**data, "hardware": details, "models": rows}, ensure_ascii=False, indent=1) + "\n")
    else:
        sys.stdout.write("\n".join([*described(machine), "", *table(rows, machine, length, every)]) + "\n")
    return 0


def _known(name: str) -> Machine:
    from runner.nearest import did_you_mean
    from schemas.machine import known, names

    machine = known(name)
    if machine is None:
        raise click.UsageError(f"there is no machine {name}; {did_you_mean(name, [*names(), 'here'], 'known are')}")
    return machine


def hardware_now() -> dict[str, Any]:
    """What is known of this machine, memory that is free now and a container's limit with it."""
    from runner.hardware import cgroup_limit, hardware, instruction_sets

    return {**hardware(), "container_limit_bytes": cgroup_limit() or None, "instruction_sets": instruction_sets()}


def described(machine: Machine) -> list[str]:
    """The hardware in a few lines."""
    from runner.hardware import cgroup_limit, driver_version, free_bytes, instruction_sets
    from runner.screen import plural

    formats = ["fp32", *(["fp16"] if machine.fp16 and machine.kind == "cuda" else []), *(["bf16"] if machine.bf16 else [])]
    formats += [word for word, has in (("fp8", machine.fp8), ("flash attention", machine.flash)) if has]
    lines = [f"{machine.title or machine.name}" + (f" x {machine.count}" if machine.count > 1 else "")]
    use = machine.usable_bytes
    limited = f", {use / GIB:.1f} of them for one process" if use < machine.memory_bytes else ""
    lines.append(f"  memory   {machine.memory_bytes / GIB:.1f} GiB{limited}, {machine.bandwidth / 1e9:,.0f} GB/s")
    lines.append(f"  formats  {', '.join(formats)}; {machine.tflops:,.3g} TFLOP/s, {machine.watts:.0f} W")
    if machine.kind == "cuda" and machine.capability:
        lines.append(
            f"  CUDA     compute capability {machine.capability / 10:.1f}" + (f", driver {driver_version()}" if driver_version() else "")
        )
    if machine.name == "here":
        limit = cgroup_limit()
        lines.append(f"  free now {free_bytes() / GIB:.1f} GiB of RAM" + (f", the container's limit is {limit / GIB:.1f}" if limit else ""))
        sets = instruction_sets()
        lines.append(f"  CPU      {plural(machine.cores, 'core')}" + (f", {', '.join(sets)}" if sets else ""))
    return lines


def models(machine: Machine, length: int) -> list[dict[str, Any]]:
    """Each known model with the bytes that every method needs on `machine`, None where it does not run there; the smallest first."""
    from steps.lm.shapes import sizes
    from steps.sizing.counting import parameters_of
    from steps.sizing.known import KNOWN
    from steps.sizing.subject import precision_on, read_subject

    rows = []
    for each in KNOWN:
        model, count = sizes(each.config), parameters_of(each.config) or 0
        row: dict[str, Any] = {"name": each.name, "licence": each.licence, "parameters": count, "needs_bytes": {}}
        for method in METHODS:
            if method == "qlora" and machine.kind == "mps":  # bitsandbytes does not run there
                row["needs_bytes"][method] = None
                continue
            subject = read_subject({"method": method, "activation_checkpointing": True})
            parts = subject.memory(model, machine, 1, length, precision_on(machine), 2)
            row["needs_bytes"][method] = sum(parts.values())
        rows.append(row)
    return sorted(rows, key=lambda row: row["parameters"])


def table(rows: list[dict[str, Any]], machine: Machine, length: int, every: bool) -> list[str]:
    """Models that fit by one method at least; what a method needs and the machine has not stands in brackets."""
    has = machine.usable_bytes
    shown = [row for row in rows if every or any(need is not None and need <= has for need in row["needs_bytes"].values())]
    lines = [f"Models that fit, GiB to train one row of {length:,} tokens at a time", ""]
    lines.append(f"{'model':<40} {'params':>7} {'full':>8} {'LoRA':>8} {'QLoRA':>8}  licence")
    for row in shown:
        cells = [_cell(row["needs_bytes"][method], has) for method in METHODS]
        lines.append(
            f"{row['name'].split('/')[-1][:40]:<40} {row['parameters'] / 1e9:>6.2f}B {' '.join(f'{c:>8}' for c in cells)}  {row['licence']}"
        )
    hidden = len(rows) - len(shown)
    lines += ["", "(n): does not fit; n!: fits, above 80 % of the memory" + (f"; {hidden} larger models: --all" if hidden else "")]
    return [line.rstrip() for line in lines]


def _cell(need: int | None, has: int) -> str:
    if need is None:
        return "-"
    shown = f"{need / GIB:.1f}"
    return f"({shown})" if need > has else f"{shown}!" if need > 0.8 * has else shown
