"""What a disk that is full, or cannot be written, does to a run, in words; and how libraries say it that swallow the system's error."""

import errno
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from schemas.findings import RecipeError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
CLOSED = (errno.EROFS, errno.EACCES, errno.EPERM)
SAID = ("No space left on device", "(os error 28)", "(os error 122)", "File too large", "(os error 27)")  # by libraries that are no Python
# torch's writer tells places in the file, numpy's how much of an array was written; neither says why that is wrong
SHORT = re.compile(r"inline_container\.cc|\d+ requested and \d+ written")
LITTLE = 1 << 26  # bytes free, below which what these say is believed to be about the disk


def full_disk(error: BaseException, path: Path, *, only_full: bool = False) -> RecipeError | None:
    """R003 or R001 for an error that says that the disk is full or cannot be written, None for any other. path: on that disk."""
    for cause in causes(error):
        if isinstance(cause, OSError) and cause.errno in FULL:
            return _full(cause, path)
    if any(word in str(error) for word in SAID) or (SHORT.search(str(error)) and _free(path) < LITTLE):
        return _full(None, path)
    if isinstance(error, OSError) and error.errno in CLOSED and not only_full:
        message = f"cannot write {error.filename or path}: {error.strerror}"
        return RecipeError("R001", message, fix="give the folder write permission, or work in another one")
    return None


def _full(error: OSError | None, path: Path) -> RecipeError:
    named = error.filename if error is not None else None
    where = named or path
    if error is not None and error.errno == errno.EFBIG:
        fix = "use a disk whose file system takes such files, or raise the limit: ulimit -f unlimited"
        larger = f"{named} is larger" if named else f"a file in {path} grew larger"
        return RecipeError("R003", f"{larger} than a file may be on that disk, or by the limit of this shell", fix=fix)
    message = f"no space left on the disk that holds {where} ({_free(path) / 1e6:.0f} MB free)"
    return RecipeError("R003", message, fix="free some space, or move the store: store: FOLDER in the recipe, or RECIPE_STORE")


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error, and what it came from."""
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        yield at
        seen.add(id(at))
        at = at.__cause__ or at.__context__


def _free(path: Path) -> int:
    while not path.exists() and path != path.parent:
        path = path.parent
    return shutil.disk_usage(path).free
