"""What `recipe doctor` looks at in the machine: interpreter, memory, disk, limits, clock, network. One function a matter; no torch."""

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from runner.screen import in_bytes
from schemas.secrets import starred

State = Literal["ok", "note", "warning", "broken"]
LEAST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 13)
MODULES = {  # C modules that a Python built without a library's headers lacks, and the Debian package with them
    "_ctypes": "libffi-dev", "_sqlite3": "libsqlite3-dev", "_ssl": "libssl-dev", "_lzma": "liblzma-dev", "_bz2": "libbz2-dev",
    "zlib": "zlib1g-dev",
}  # fmt: skip
WHY = {"_ctypes": "torch and numpy load nothing", "_ssl": "nothing can be downloaded", "_lzma": "datasets does not open"}
FEW_BYTES, FULL_BYTES = 10e9, 1e9  # of free disk
SHARED_BYTES = 256e6
HANDLES = 1024
SKEW_S = 300.0
RELEASED = 2026  # the year of this release: a clock that shows an earlier one is wrong
KEPT = ("/run/systemd/timesync/synchronized", "/var/lib/systemd/timesync/clock")  # touched when the clock was last known to be right
HUB = "https://huggingface.co"


@dataclass(frozen=True)
class Seen:
    """One thing that was looked at. mend: the one command that puts it right, empty when nothing is to be done."""

    name: str
    state: State
    found: str
    mend: str = ""

    def plain(self) -> dict[str, str]:
        """As plain data."""
        return asdict(self)


def interpreter() -> Iterator[Seen]:
    """The version, and the C modules that it was built with."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < LEAST_PYTHON:
        yield Seen("python", "broken", f"{version}; 3.11 or newer is needed", "uv venv --python 3.11")
    elif sys.version_info[:2] > NEWEST_PYTHON:
        yield Seen("python", "warning", f"{version}; tried up to 3.13", "uv venv --python 3.13")
    else:
        yield Seen("python", "ok", f"{version}, {sys.executable}")
    absent = [name for name in MODULES if not imports(name)]
    if not absent:
        yield Seen("modules", "ok", ", ".join(name.lstrip("_") for name in MODULES))
    for name in absent:
        why = f": {WHY[name]}" if name in WHY else ""
        yield Seen("modules", "broken", f"this Python was built without {name}{why}", rebuilt(MODULES[name], version))


def imports(name: str) -> bool:
    """True when the module can be imported."""
    try:
        import_module(name)
    except ImportError:
        return False
    return True


def rebuilt(package: str, version: str) -> str:
    """The command that builds this Python again with a library's headers, or takes another Python."""
    if "conda" in sys.version or "conda" in sys.prefix:
        return f"conda install --force-reinstall python={version}"
    if ".pyenv" in sys.base_prefix and shutil.which("apt-get"):
        return f"sudo apt-get install -y {package} && pyenv install --force {version}"
    if ".pyenv" in sys.base_prefix:
        return f"pyenv install --force {version}   # with the headers of {package.removesuffix('-dev')} there"
    return "uv venv --python 3.12   # a Python that is built whole"


def text_encoding() -> Iterator[Seen]:
    """UTF-8 for files and for the screen."""
    import locale

    preferred, shown = locale.getpreferredencoding(False), getattr(sys.stdout, "encoding", "") or ""
    wrong = [name for name in (preferred, shown) if name.lower().replace("-", "") not in ("utf8", "cp65001")]
    if wrong:
        yield Seen("encoding", "warning", f"{wrong[0]}, not UTF-8: names and texts may come out wrong", "export PYTHONUTF8=1")
    else:
        yield Seen("encoding", "ok", "UTF-8")


def memory() -> Iterator[Seen]:
    """RAM, what is free of it, and a container's limit."""
    from runner.hardware import cgroup_limit, free_bytes, memory_bytes

    total, limit, free = memory_bytes(limited=False), cgroup_limit(), free_bytes()
    capped = f", this container may use {in_bytes(limit)}" if limit and limit < total else ""
    found = f"{in_bytes(total)}{capped}, {in_bytes(free)} free"
    if free < 2e9:
        yield Seen("memory", "warning", found, "ps aux --sort=-rss | head")
    else:
        yield Seen("memory", "ok", found)


def shared_memory(folder: str = "/dev/shm") -> Iterator[Seen]:
    """What data loaders and NCCL hand tensors over in: Docker gives 64 MB."""
    if not os.path.isdir(folder):
        return
    size = shutil.disk_usage(folder).total
    if size < SHARED_BYTES:
        yield Seen("shared memory", "warning", f"{in_bytes(size)}: workers of a data loader die of that", _larger_shared_memory(folder))
    else:
        yield Seen("shared memory", "ok", in_bytes(size))


def _larger_shared_memory(folder: str) -> str:
    """Where the size is written: it is a matter of whoever starts the container, or of root."""
    if os.environ.get("KUBERNETES_SERVICE_HOST"):
        return f"mount an emptyDir with `medium: Memory` at {folder} in the pod's volumes"
    if os.path.exists("/.dockerenv") or os.path.exists("/run/.containerenv"):
        return "start the container again with --shm-size=8g right behind `docker run`, or with shm_size: 8g in its service of compose.yaml"
    return f"sudo mount -o remount,size=8g {folder}"


def handles() -> Iterator[Seen]:
    """Files that a process may hold open."""
    try:
        import resource
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= soft < HANDLES:
        most = hard if hard > soft else 4096
        yield Seen("open files", "warning", f"at most {soft}: many small files or data loaders need more", f"ulimit -n {most}")
    else:
        yield Seen("open files", "ok", "no limit" if soft < 0 else f"at most {soft:,}")


def mount_of(path: Path) -> Path:
    """The folder at which the disk that holds `path` is mounted."""
    there = path.resolve()
    while not os.path.ismount(there):
        there = there.parent
    return there


def disk(project: Path, store: Path, need_bytes: float = 0) -> Iterator[Seen]:
    """Free space and write permission where the project, the store, temporary files and the hub's cache are."""
    import tempfile

    cache = Path(os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "huggingface")
    places = {"project": project, "store": store, "temporary files": Path(tempfile.gettempdir()), "hub cache": cache}
    for name, folder in places.items():
        there = next((p for p in (folder, *folder.parents) if p.exists()), Path("/"))
        free = shutil.disk_usage(there).free
        if not os.access(there, os.W_OK):
            remedy = f'sudo chown -R "$USER" {there}'
            if os.statvfs(there).f_flag & os.ST_RDONLY:
                remedy = f"sudo mount -o remount,rw {mount_of(there)}"
            yield Seen(name, "broken" if name != "hub cache" else "warning", f"{folder} cannot be written", remedy)
        elif name in ("project", "store") and need_bytes > free:
            found = f"{in_bytes(free)} free in {folder}, the recipe writes about {in_bytes(need_bytes)}"
            yield Seen(name, "broken", found, "export RECIPE_STORE=/a/larger/disk")
        elif free < FEW_BYTES:
            mend = "export TMPDIR=/a/larger/disk" if name == "temporary files" else "recipe gc" if name == "store" else f"du -sh {there}/*"
            yield Seen(name, "broken" if free < FULL_BYTES else "warning", f"{in_bytes(free)} free in {folder}", mend)
        else:
            yield Seen(name, "ok", f"{in_bytes(free)} free in {folder}")


Ask = Callable[[str], tuple[int, str]]  # address to HTTP status and Date header; raises OSError


def hub(ask: Ask | None = None, *, needed: bool = False) -> Iterator[Seen]:
    """Whether the hub answers, and by its Date header whether this clock is right."""
    offline = next((name for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE") if os.environ.get(name, "") not in ("", "0")), None)
    address = os.environ.get("HF_ENDPOINT") or HUB
    shown = starred(address)
    if offline:
        yield Seen(
            "hub", "warning" if needed else "note", f"{offline} is set: only what is in the cache", f"unset {offline}" if needed else ""
        )
        return
    try:
        _, date = (ask or _head)(address)
    except OSError as error:
        reason = str(getattr(error, "reason", "") or error).rpartition("] ")[2] or type(error).__name__
        found = f"{shown} does not answer ({reason}); only what is in the cache can be used: where all is there, nothing need be done"
        yield Seen("hub", "broken" if needed else "note", found, _way_out(reason))
        return
    yield Seen("hub", "ok", f"{shown} answers")
    yield from clock(date)


def _way_out(reason: str) -> str:
    """What most probably opens the way to the hub. HF_HUB_OFFLINE opens none, it only spares the waiting."""
    if "CERTIFICATE" in reason.upper():
        return "export SSL_CERT_FILE=/path/to/authority.pem   # of the authority that signs for this network"
    if os.environ.get("HF_ENDPOINT"):
        return "unset HF_ENDPOINT   # asks huggingface.co itself"
    if os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy"):
        return "export HTTPS_PROXY=http://proxy:port   # the one that is set leads nowhere"
    return "export HTTPS_PROXY=http://proxy:port   # where the network has a proxy; else connect this machine"


def clock(date: str, now: float | None = None) -> Iterator[Seen]:
    """This clock against an HTTP Date header: certificates and signed links fail when it is wrong."""
    from email.utils import parsedate_to_datetime

    try:
        theirs = parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError):
        return
    off = (time.time() if now is None else now) - theirs
    if abs(off) > SKEW_S:
        side = "ahead" if off > 0 else "behind"
        yield Seen("clock", "warning", f"{abs(off) / 60:.0f} minutes {side}: certificates may be refused", _set_right())
    else:
        yield Seen("clock", "ok", "right")


def lone_clock(now: float | None = None, kept: bool | None = None) -> Seen:
    """This clock where no hub told the time: by the year, by files that cannot be of the future, and by who keeps it.

    kept: whether the time of the network keeps it right; None: it is asked here, and may stay unknown.
    """
    now = time.time() if now is None else now
    shown = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(now))
    year = time.gmtime(now).tm_year
    if year < RELEASED:
        return Seen("clock", "warning", f"{shown}, before this release ({RELEASED}): certificates will be refused", _set_right())
    newest, file = max((os.stat(name).st_mtime, name) for name in _files_of_the_past())
    if newest > now + SKEW_S:
        found = f"{shown}, {_span(newest - now)} behind {file}, which is here already: certificates may be refused"
        return Seen("clock", "warning", found, _set_right())
    if kept is None:
        kept = _kept()
    if kept is False:
        return Seen("clock", "note", f"{shown}, not compared with the hub, and the network's time does not keep it", _set_right())
    if kept:
        return Seen("clock", "ok", f"{shown}, kept by the network's time, not compared with the hub")
    return Seen("clock", "note", f"{shown}, not compared with the hub")


def _files_of_the_past() -> list[str]:
    """The installed package's files, Python's own, and those that are touched when the clock is set."""
    root = Path(__file__).parent
    found = [str(path) for path in (*root.glob("*.py"), Path(os.__file__), *map(Path, KEPT)) if path.exists()]
    return found or [sys.executable]


def _kept() -> bool | None:
    """What timedatectl says; None where it is not there or does not know."""
    import subprocess

    try:
        asked = ["timedatectl", "show", "--property=NTPSynchronized", "--value"]
        said = subprocess.run(asked, capture_output=True, text=True, timeout=3, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
    return {"yes": True, "no": False}.get(said)


def _span(seconds: float) -> str:
    return (
        f"{seconds / 60:.0f} minutes"
        if seconds < 7200
        else f"{seconds / 3600:.0f} hours"
        if seconds < 172800
        else f"{seconds / 86400:.0f} days"
    )


def _set_right() -> str:
    """The command that sets the clock. A container has its host's clock."""
    if sys.platform == "darwin":
        return "sudo sntp -sS time.apple.com"
    return "sudo timedatectl set-ntp true" + ("" if shutil.which("timedatectl") else "   # on the host, where this is a container")


def _head(address: str) -> tuple[int, str]:
    import urllib.error
    import urllib.request

    request = urllib.request.Request(address, method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=3) as answer:
            return answer.status, answer.headers.get("Date", "")
    except urllib.error.HTTPError as error:  # it answers, whatever it says
        return error.code, error.headers.get("Date", "")


def as_json(seen: list[Seen]) -> dict[str, Any]:
    """All that was seen, with the worst of it."""
    return {"format": 1, "worst": worst(seen), "seen": [each.plain() for each in seen]}


def worst(seen: list[Seen]) -> State:
    """The gravest state."""
    order: tuple[State, ...] = ("ok", "note", "warning", "broken")
    return max((each.state for each in seen), key=order.index, default="ok")
