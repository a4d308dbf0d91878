"""What was meant by a target that is none: a kind of device, a chip without memory, a machine of a cloud. Loaded when one is needed."""

import re

from runner.nearest import did_you_mean
from schemas.machine import known, names, plain

SHOWN = "t4, rtx4090, a100-80, h100, m2-16gb, cpu"  # of a long list, one of each kind
HERE = "write here for this machine, or the name of the card, such as t4, rtx4090, a100-80"
KINDS = ("gpu", "cuda", "nvidia", "auto", "local", "localhost", "this", "mine", "device", "host", "gpus", "any", "default", "single",
         "multi-gpu", "server", "node", "cluster", "none", "workstation", "desktop", "laptop", "notebook", "pc", "rtx", "gtx")  # fmt: skip
APPLE = ("mps", "mac", "macos", "macbook", "macbookpro", "macbook-pro", "macbookair", "macmini", "mac-mini", "macstudio", "imac", "apple",
         "metal", "silicon", "applesilicon", "apple-silicon", "mlx", "darwin", "osx")  # fmt: skip
UNKNOWN = "tpu|rocm|amd|hip|xpu|intel|npu|ascend|gaudi|hpu|trainium|inferentia|neuron|mi|rx|arc"  # makers and kinds
SERVICES = {  # what the instances and notebooks of clouds have in them, by their own pages
    "colab": "t4", "kaggle": "t4", "g4dn": "t4", "g5": "a10g", "g6": "l4", "g6e": "l40s", "p3": "v100-16", "p4d": "a100-40",
    "p4de": "a100-80",
    "p5": "h100", "p5e": "h200", "a2-highgpu": "a100-40", "a2-ultragpu": "a100-80", "a3-highgpu": "h100", "g2-standard": "l4",
}  # fmt: skip


# Cards that the table has none of: the one of their generation that stands in for them, and GiB that their driver offers at most. By
# developer.nvidia.com/cuda-gpus and the makers' data sheets.
LIKE = {
    **dict.fromkeys(("rtx8000", "quadrortx8000"), ("rtx2080ti", 48)), "quadrortx6000": ("rtx2080ti", 24),
    "quadrortx5000": ("rtx2080ti", 16), "titanrtx": ("rtx2080ti", 24), "rtx2070": ("rtx2080ti", 8),
    "rtx2080": ("rtx2080ti", 8), "gtx1660": ("gtx1650", 6), "gtx1660ti": ("gtx1650", 6), "gtx1660super": ("gtx1650", 6),
    "gtx1060": ("gtx1080ti", 6), "gtx1070": ("gtx1080ti", 8), "gtx1080": ("gtx1080ti", 8), "p40": ("gtx1080ti", 24), "p4": ("gtx1080ti", 8),
    "titanv": ("v100-16", 12), "rtx3050": ("rtx3060", 8), "rtx3060ti": ("rtx3070", 8), "rtx3070ti": ("rtx3070", 8), "a30": ("a100-40", 24),
    "rtx3080ti": ("rtx3090", 12), "a2": ("rtx3060", 16), "a16": ("rtx3060", 16), "a2000": ("rtx3060", 12),
    "a4500": ("a4000", 20), "a5500": ("a5000", 24), "l40": ("l40s", 48), "rtx6000ada": ("l40s", 48), "rtx4060ti": ("rtx4060", 8),
    "rtx4070ti": ("rtx4070", 12), "rtx4070super": ("rtx4070", 12), "rtx4070tisuper": ("rtx4080", 16), "rtx4080super": ("rtx4080", 16),
    "rtx5070": ("rtx5080", 12), "rtx5070ti": ("rtx5080", 16), "rtx5060ti": ("rtx5080", 16), "rtxpro6000": ("rtx5090", 96),
}  # fmt: skip


def meant(name: str) -> str:
    """The fix for a target that is not known."""
    word = plain(name).strip("-:/.")
    if (several := re.fullmatch(r"(\d+)-?[x*]-?([a-z].*)|([a-z].*?)-?(?:[x*:]-?(\d+))", word)) is not None:
        card, count = several[2] or several[3], several[1] or several[4]
        if known(card) is not None:
            return f"write target: {{gpu: {card}, count: {count}}}"
    if (size := re.fullmatch(r"(\d+)-?gi?b?(?:-?(?:gpu|vram|ram|cuda))?", word)) is not None and "g" in word:
        large = [each for each in names() if (card := known(each)) is not None and card.kind == "cuda"
                 and abs(card.memory_bytes / 2**30 - int(size[1])) < 1]  # fmt: skip
        return f"write the card that has them, such as {', '.join(large[:4])}" if large else HERE
    if (like := LIKE.get(re.sub(r"\W|laptop|gpu", "", word))) is not None:
        return f"write target: {{gpu: {like[0]}, memory_gb: {like[1]}}}: it is of the same generation"
    card = known(re.sub(r"-?(\d+)-?gb?$", r"-\1", word))
    if card is not None:
        return f"write {card.name}"
    bare = re.sub(r"[-:]\d+$", "", word)
    if bare in APPLE or word in APPLE:
        return "write here on that Mac, or its chip and memory, such as m2-16gb"
    chip = re.fullmatch(r"m([1-9])(?:-?(pro|max|ultra))?(?:-?(\d+)(?:-?gb?)?)?", word)
    if chip is not None:
        return _chip(*chip.groups())
    if bare in KINDS or word in KINDS:
        return HERE
    service = next((card for start, card in SERVICES.items() if word == start or word.startswith((f"{start}.", f"{start}-"))), "")
    if service:
        return f"write the card that it has, such as {service}"
    if re.match(rf"(?:{UNKNOWN})(?![a-z])", word):
        return f"{name} is no machine that recipe knows: known are cards of NVIDIA, Apple's chips and cpu, such as {SHOWN}"
    digits = re.search(r"\d{2,}", word)
    cards = [each for each in names() if digits is not None and digits[0] in each] if digits is not None else []
    if len(cards) == 1:
        return f"write {cards[0]}"
    alike = [each for each in names() if each[:3] == word[:3]]
    found = did_you_mean(word, alike or [*names(), "here"], "")
    if found.startswith("write"):
        return found
    return f"known are: {', '.join(sorted(alike)[:12])}" if alike else f"write here, or a name such as {SHOWN}"


def _chip(generation: str, kind: str | None, memory: str | None) -> str:
    sizes = [int(name.split("-")[1][:-2]) for name in names() if name.startswith(f"m{generation}-")]
    if not sizes:
        return "write here on that Mac, or its chip and memory, such as m4-32gb"
    wanted = int(memory) if memory else {"pro": 18, "max": 36, "ultra": 64}.get(kind or "", 16)
    size = min(sizes, key=lambda each: abs(each - wanted))
    return f"write m{generation}-{size}gb" + ("" if memory else ": its chip and its memory")
