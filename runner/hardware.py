"""This machine, without torch: `here` for forecasts (a few cheap reads), `hardware` for the record of a run (everything)."""

import os
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

from schemas.machine import GIB, Machine, known, names

_PROC = Path("/proc/driver/nvidia/gpus")


@cache
def here() -> Machine:
    """The machine that this runs on: its first visible GPU, else Apple's, else the CPU. No library is loaded unless a driver is there."""
    memory = memory_bytes()
    cores = _cores()
    if sys.platform == "darwin" and os.uname().machine == "arm64":
        return _apple(memory, cores)
    cards = _nvidia() if Path("/dev/nvidiactl").exists() or sys.platform == "win32" else []
    if cards:
        return cards[0].model_copy(update={"count": len(cards), "system_bytes": memory, "cores": cores})
    return Machine(
        name="here", kind="cpu", title=_cpu_title(), memory_bytes=memory, system_bytes=memory,
        bf16="amx_bf16" in instruction_sets(), fp16=False,
        tflops=round(0.04 * cores, 3), bandwidth=2e10, watts=15.0 * cores, cores=cores,
    )  # fmt: skip


def hardware() -> dict[str, Any]:
    """Everything that is worth keeping about this machine, for `hardware_info.json`."""
    import platform

    import psutil

    machine = here()
    disk = psutil.disk_usage(os.getcwd())
    return {
        "machine": machine.model_dump(mode="json"),
        "cpu": {"title": _cpu_title(), "cores": machine.cores, "logical": psutil.cpu_count(), "physical": psutil.cpu_count(logical=False)},
        "memory_bytes": memory_bytes(),
        "free_bytes": free_bytes(),
        "disk_free_bytes": disk.free,
        "gpus": _nvidia_details(),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def _apple(memory: int, cores: int) -> Machine:
    title = _sysctl("machdep.cpu.brand_string") or "Apple Silicon"
    generation = re.search(r"M(\d)", title)
    near = known(f"m{generation[1] if generation else 1}-{round(memory / GIB)}gb") or known("m1-16gb")
    assert near is not None
    return near.model_copy(update={"name": "here", "title": title, "memory_bytes": memory, "system_bytes": memory, "cores": cores})


def _sysctl(name: str) -> str:
    import subprocess

    try:
        return subprocess.run(["sysctl", "-n", name], capture_output=True, text=True, timeout=5, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def _nvidia() -> list[Machine]:
    """The visible cards: by the driver's own files when all are in the table, else asked of NVML."""
    return [_machine(card) for card in _visible()]


def _visible() -> list[dict[str, Any]]:
    """The cards that CUDA shows to this process, in its order: the fastest first unless CUDA_DEVICE_ORDER says by their slots, and of
    those CUDA_VISIBLE_DEVICES names the ones that count, up to the first name that is none. Of a card in parts (MIG) it shows one part.
    """
    cards = list(_cards())
    if os.environ.get("CUDA_DEVICE_ORDER") != "PCI_BUS_ID":
        cards.sort(key=lambda card: -_machine(card).tflops)
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return [(card["parts"] or [card])[0] for card in cards]
    found = []
    for name in (part.strip() for part in visible.split(",")):
        if name.isdigit():
            named = [(card["parts"] or [card])[0] for card in cards[int(name) : int(name) + 1]]
        else:
            each = (one for card in cards for one in (card, *card["parts"]))
            named = [one for one in each if name.startswith(("GPU-", "MIG-")) and one["uuid"].startswith(name)]
        if len(named) != 1:
            break
        found += named
    return found


def _machine(card: dict[str, Any]) -> Machine:
    """As it is calculated with; a part of a card has the share of its rates that it has of its memory."""
    machine, share = _like(card["title"], card["memory_bytes"], card["capability"]), card["share"]
    return machine.model_copy(update={name: share * getattr(machine, name) for name in ("tflops", "bandwidth", "watts")})


def _like(title: str, memory: int, capability: int) -> Machine:
    words = title.lower()
    best: Machine | None = None
    for machine in filter(None, map(known, names())):
        model = machine.title.lower().replace("nvidia", "").split(" gb")[0].split()
        same = machine.kind == "cuda" and all(word in words for word in model if not word.isdigit())
        if same and (best is None or abs(machine.memory_bytes - memory) < abs(best.memory_bytes - memory)):
            best = machine
    if best is not None:
        return best.model_copy(update={"name": "here", "title": title, "memory_bytes": memory or best.memory_bytes})
    return Machine(
        name="here", kind="cuda", title=title, memory_bytes=memory, capability=capability, bf16=capability >= 80,
        tflops=50.0, bandwidth=4e11, watts=250,
    )  # fmt: skip


def _nvidia_details() -> list[dict[str, Any]]:
    """Name, memory, capability and driver of each card, for the record."""
    return [{name: value for name, value in card.items() if name not in ("uuid", "parts", "share")} for card in _cards()]


@cache
def _cards() -> tuple[dict[str, Any], ...]:
    """Every card by NVML, and its parts; by the driver's own files where nvidia-ml-py is absent; none without a driver."""
    if not _PROC.exists() and sys.platform != "win32":
        return ()
    try:
        import pynvml
    except ImportError:
        return tuple(_from_driver())
    try:
        pynvml.nvmlInit()
        found: list[dict[str, Any]] = []
        for index in range(pynvml.nvmlDeviceGetCount()):
            handle = pynvml.nvmlDeviceGetHandleByIndex(index)
            major, minor = pynvml.nvmlDeviceGetCudaComputeCapability(handle)
            both = {"capability": 10 * major + minor, "driver": str(pynvml.nvmlSystemGetDriverVersion()), "parts": [], "share": 1.0}
            card = {**_asked(pynvml, handle), **both}
            for part in _parts(pynvml, handle):
                told = _asked(pynvml, part)
                card["parts"].append({**both, **told, "parts": [], "share": told["memory_bytes"] / max(1, card["memory_bytes"])})
            found.append(card)
        return tuple(found)
    except pynvml.NVMLError:
        return tuple(_from_driver())


def _asked(pynvml: Any, handle: Any) -> dict[str, Any]:
    """What NVML says of a card or a part."""
    memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
    return {"title": str(pynvml.nvmlDeviceGetName(handle)), "memory_bytes": int(memory.total), "free_bytes": int(memory.free),
            "uuid": str(pynvml.nvmlDeviceGetUUID(handle))}  # fmt: skip


def _parts(pynvml: Any, handle: Any) -> list[Any]:
    """The parts of a card that is divided (MIG): CUDA shows one of them in its place."""
    try:
        if not pynvml.nvmlDeviceGetMigMode(handle)[0]:
            return []
        count = pynvml.nvmlDeviceGetMaxMigDeviceCount(handle)
    except pynvml.NVMLError:  # a card that cannot be divided, or a driver that knows of none
        return []
    found: list[Any] = []
    for index in range(count):
        try:
            found.append(pynvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, index))
        except pynvml.NVMLError:  # an empty place
            continue
    return found


def _from_driver() -> list[dict[str, Any]]:
    """What the driver's own files say: names only."""
    found: list[dict[str, Any]] = []
    for file in sorted(_PROC.glob("*/information")):
        text = file.read_text("utf-8", "replace")
        match, uuid = re.search(r"Model:\s*(.+)", text), re.search(r"GPU UUID:\s*(\S+)", text)
        if match:
            found.append({"title": match[1].strip(), "memory_bytes": 0, "free_bytes": 0, "capability": 0, "driver": "",
                          "uuid": uuid[1] if uuid else "", "parts": [], "share": 1.0})  # fmt: skip
    return found


def memory_bytes(*, limited: bool = True) -> int:
    """Memory of this machine; `limited`: that this process may use, a container's limit where that is lower."""
    total = 0
    if sys.platform == "darwin":
        total = int(_sysctl("hw.memsize") or 0)
    elif hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if total <= 0:
        import psutil

        total = psutil.virtual_memory().total
    limit = cgroup_limit() if limited else 0
    return min(total, limit) if limit else total


def cgroup_limit(root: Path = Path("/sys/fs/cgroup"), mine: str | None = None) -> int:
    """Memory that the control groups of this process allow, of version 2 or 1; 0 without a limit. mine: text of /proc/self/cgroup."""
    found = [int(text) for _, name in _cgroups(root, mine) if (text := _text(name).strip()).isdigit()]
    return min((size for size in found if 0 < size < 1 << 62), default=0)  # version 1 writes 2^63 less a page for none


def _cgroups(root: Path, mine: str | None) -> list[tuple[str, str]]:
    """(file of what is used, file of the limit) of this process's groups and those above, in both versions."""
    lines = (_text("/proc/self/cgroup") if mine is None else mine).splitlines()
    paths = {"": "/", "memory": "/"} | {line.split(":", 2)[1]: line.split(":", 2)[2] for line in lines if line.count(":") >= 2}
    found = []
    for controller, base, used, limit in (
        ("", root, "memory.current", "memory.max"), ("memory", root / "memory", "memory.usage_in_bytes", "memory.limit_in_bytes"),
    ):  # fmt: skip
        folder = Path(os.path.normpath(f"{base}/{paths[controller].lstrip('/')}"))
        for each in (folder, *folder.parents):
            found.append((str(each / used), str(each / limit)))
            if each == base:
                break
    return found


def free_bytes() -> int:
    """Memory that a new process could fill now: what the system calls available, and what is left of the control groups' limits."""
    match = re.search(r"MemAvailable:\s+(\d+) kB", _text("/proc/meminfo", 4096))
    if match:
        free = 1024 * int(match[1])
    else:
        import psutil

        free = psutil.virtual_memory().available
    for used, limit in _cgroups(Path("/sys/fs/cgroup"), None):
        least, most = _text(used).strip(), _text(limit).strip()
        if least.isdigit() and most.isdigit() and 0 < int(most) < 1 << 62:
            free = min(free, max(0, int(most) - int(least)))
    return free


def free_on(machine: Machine) -> int:
    """What is free now where a training on `machine` would run, as far as this machine can tell; all it may use on another one."""
    if machine.name != "here":
        return machine.usable_bytes
    if machine.kind != "cuda":
        return min(machine.usable_bytes, free_bytes())
    free = [card["free_bytes"] for card in _visible()[:1] if card["free_bytes"]]
    return min(machine.usable_bytes, free[0]) if free else machine.usable_bytes


def instruction_sets() -> list[str]:
    """Those of this CPU that make training quicker, by the kernel's own words."""
    match = re.search(r"^(?:flags|Features)\s*:\s*(.+)$", _text("/proc/cpuinfo", 16384), re.MULTILINE)
    flags = set(match[1].split()) if match else set()
    return [name for name in ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "sve", "bf16") if name in flags]


def driver_version() -> str:
    """The NVIDIA driver's version, empty without one."""
    match = re.search(r"Kernel Module.*?\s(\d+\.[\d.]+)", _text("/proc/driver/nvidia/version", 400))
    return match[1] if match else ""


def _cores() -> int:
    """Cores that this process may use: the affinity mask, or the container's share where that is lower."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _text("/sys/fs/cgroup/cpu.max").split()
    if len(quota) == 2 and quota[0].isdigit() and int(quota[1]) > 0:
        cores = min(cores, max(1, round(int(quota[0]) / int(quota[1]))))
    return cores


def _cpu_title() -> str:
    match = re.search(r"model name\s*:\s*(.+)", _text("/proc/cpuinfo", 4096))
    if match:
        return match[1].strip()
    import platform

    return platform.processor() or platform.machine()


def _text(name: str, size: int = -1) -> str:
    try:
        with open(name, encoding="utf-8", errors="replace") as file:
            return file.read(size)
    except OSError:
        return ""
