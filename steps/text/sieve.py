"""What becomes of one document: cleaned, masked, judged; kept with its origin and language, or dropped with the reason."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from schemas import Document
from steps.text.chat import render
from steps.text.choices import Private
from steps.text.clean import Dropped, Origins, Seen, cleaned, unfit
from steps.text.language import Languages, guessed_language
from steps.text.near import First, Near

if TYPE_CHECKING:
    from steps.text.private import Masks

CLUSTERS = 100_000  # clusters of near duplicates that are told one by one


class CleanLike(Protocol):
    """Params of cleaning; those of parse_corpus have this shape."""

    @property
    def nfc(self) -> bool: ...
    @property
    def whitespace(self) -> bool: ...
    @property
    def dedup(self) -> str: ...
    @property
    def near_duplicates(self) -> str: ...
    @property
    def similarity(self) -> float: ...
    @property
    def min_characters(self) -> int: ...
    @property
    def max_characters(self) -> int | None: ...
    @property
    def min_words(self) -> int | None: ...
    @property
    def max_words(self) -> int | None: ...
    @property
    def max_repeated_lines(self) -> float | None: ...
    @property
    def mask(self) -> list[Private]: ...
    @property
    def languages(self) -> Any: ...


class Kept(NamedTuple):
    """A document that stays. size: bytes of UTF-8.

    origin: digest of its text, or of the paper that it is a section of; of a copy or near duplicate, the origin of the first of them.
    """

    text: str
    size: int
    lang: str
    title: str
    digest: bytes
    origin: bytes
    messages: list[dict[str, str]] | None


class Sieve:
    """Judges all documents of a step, one after another.

    verdicts: of each source, whether its documents were kept, in order: a second pass over a source keeps the same ones.
    """

    def __init__(self, clean: CleanLike, keep: Path) -> None:
        from steps.text.private import Masks

        self.clean = clean
        self.dropped = Dropped()
        self.verdicts: dict[int, bytearray] = {}
        self._seen = Seen()
        self._origins = Origins() if clean.dedup == "none" else None  # else no text comes twice
        self._masks, self._again = Masks(clean.mask), Masks(clean.mask)
        self._languages = Languages(clean.languages.allow) if clean.languages is not None else None
        self._near = Near(keep, clean.similarity) if clean.near_duplicates != "keep" else None
        self._alike: dict[bytes, list[Any]] = {}  # digest of the first of a cluster: documents after it, the beginning of one
        self.near_documents = 0

    def close(self) -> None:
        """Delete what was kept on disk."""
        if self._near is not None:
            self._near.close()

    def look(self, document: Document, lang: str, name: str, source: int) -> Kept | None:
        """The document as it is kept, or None when it is dropped, which is counted. source: its number; lang: if known."""
        verdicts = self.verdicts.setdefault(source, bytearray())
        kept, reason = self._judged(document, lang, self._masks)
        if not reason:
            reason = self._known(kept)
        if not reason:
            kept, reason = self._placed(kept)
        if reason:
            self.dropped.add(reason, f"{name}: {kept.text[:80]!r}")
        verdicts.append(not reason)
        return None if reason else kept

    def again(self, document: Document, lang: str, source: int, number: int) -> Kept | None:
        """The same for the `number`-th document of a source in a further pass: the verdict stands, nothing is counted."""
        verdicts = self.verdicts[source]
        if number >= len(verdicts) or not verdicts[number]:
            return None
        kept, _ = self._judged(document, lang, self._again)
        return self._under_the_first(kept, add=False)[0]

    def _judged(self, document: Document, lang: str, masks: "Masks") -> tuple[Kept, str]:
        """The document cleaned, and why it is dropped for what it is, or nothing."""
        from blake3 import blake3

        clean = self.clean
        messages, title = document.messages, document.title
        if messages is None:
            text = said = masks.masked(cleaned(document.text, nfc=clean.nfc, whitespace=clean.whitespace))
        else:
            messages = [{**m, "content": masks.masked(cleaned(m["content"], nfc=clean.nfc, whitespace=clean.whitespace))} for m in messages]
            text = render(messages).text
            said = "\n".join(m["content"] for m in messages) if self._languages is not None else text
        if title:
            title = masks.masked(cleaned(title, nfc=clean.nfc, whitespace=True))
        data = text.encode("utf-8")
        digest = blake3(data).digest(16)
        reason = unfit(text, clean)
        if not reason and self._languages is not None:
            found, share = self._languages.shares(said)
            lang = lang or found
            if share < clean.languages.min_share:
                reason = "language"
        elif not lang:
            lang = guessed_language(text)
        origin = bytes.fromhex(document.origin) if document.origin else digest  # of a section, that of its paper
        return Kept(text, len(data), lang, title, digest, origin, messages), reason

    def _known(self, kept: Kept) -> str:
        new = self.clean.dedup != "exact" or self._seen.add(int.from_bytes(kept.digest[:8], "little"))
        return "" if new else "duplicate"

    def _placed(self, kept: Kept) -> tuple[Kept, str]:
        """A copy or near duplicate under the origin of the first of its kind; or a near duplicate dropped."""
        kept, first = self._under_the_first(kept, add=True)
        if first in (None, kept.digest):
            return kept, ""
        self.near_documents += 1
        if len(self._alike) < CLUSTERS or first in self._alike:
            self._alike.setdefault(first, [0, kept.text[:80]])[0] += 1
        return kept, "near duplicate" if self.clean.near_duplicates == "drop" else ""

    def _under_the_first(self, kept: Kept, *, add: bool) -> tuple[Kept, bytes | None]:
        """`kept` with the origin of the first that it is equal or alike to, and the digest of the first that it is alike to, if any."""
        if self._origins is not None:
            kept = kept._replace(origin=self._origins.first(kept.digest, kept.origin))
        if self._near is None:
            return kept, None
        first = self._near.like(kept.text, First(kept.digest, kept.origin), add=add)
        return (kept, None) if first is None else (kept._replace(origin=first.origin), first.digest)

    def facts(self) -> dict[str, Any]:
        """For the statistics: what was dropped, masked, and found alike."""
        found: dict[str, Any] = {"dropped": self.dropped.facts()}
        if self.clean.mask:
            found["masked"] = {rule[0]: self._masks.counts[rule[0]] for rule in self._masks.rules}
        if self._near is not None:
            largest = sorted(self._alike.values(), key=lambda entry: (-entry[0], entry[1]))[:3]
            found["near_duplicates"] = {
                "similarity": self.clean.similarity,
                "done": "dropped" if self.clean.near_duplicates == "drop" else "kept together",
                "documents": self.near_documents,
                "clusters": len(self._alike),
                "largest": [{"documents": count + 1, "example": example} for count, example in largest],
            }
        return found


def priority_of(priority: Mapping[str, float], name: str) -> tuple[str, float]:
    """The deepest priority folder that the file `name` lies in, and its repeat; nothing and 1 when it lies in none."""
    best, repeat, depth = "", 1.0, 0
    parts = name.split("/")[:-1]
    for folder, wanted in priority.items():
        below = folder.strip("/").split("/")
        inside = any(parts[i : i + len(below)] == below for i in range(len(parts)))
        if inside and len(below) > depth:
            best, repeat, depth = folder, wanted, len(below)
    return best, repeat
