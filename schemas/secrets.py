"""Secrets in texts that are shown or kept: passwords and tokens that somebody wrote into an address, a recipe or a variable."""

import re
from typing import Any

_STARS = "***"
_TOKEN = re.compile(  # as their makers shape them: the hub, OpenAI and Anthropic, GitHub, GitLab, AWS, Slack, Google
    r"\b(?:hf_[A-Za-z0-9]{12,}|sk-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|AKIA[0-9A-Z]{16}"
    r"|xox[abprs]-[\w-]{10,}|AIza[\w-]{30,})"
)
_USER = re.compile(r"(?<=://)[^\s/@?#\"'<>]+(?=@)")
_NAMED = re.compile(  # in the query of an address
    r"(?<=[?&])((?:access_?|auth_?|id_)?token|api_?key|key|sig|signature|secret|password|passwd|pwd|auth|x-amz-(?:signature|credential|"
    r"security-token)|x-goog-signature|awsaccesskeyid)(=)([^\s&#\"'<>]+)",
    re.IGNORECASE,
)
_KEY = re.compile(
    r"(\b(?:password|passwd|api_?key|(?:hf_|hub_|access_|auth_)?token|secret)[\"']?[ \t]*:[ \t]+)(?!\$\{|[\"']?\$\{env:)([^\s,#}\]]+)"
)


def starred(text: str) -> str:
    """`text` with stars for each token, for the name and password in an address, and for what a query signs with."""
    if "_" in text or "-" in text or "AKIA" in text or "AIza" in text:
        text = _TOKEN.sub(_STARS, text)
    if "://" in text:
        text = _USER.sub(_STARS, text)
    if "=" in text and ("?" in text or "&" in text):
        text = _NAMED.sub(rf"\1\2{_STARS}", text)
    return text


def starred_line(line: str) -> str:
    """A line of a recipe, as long as before: what stands behind `password:` and its like is hidden too."""

    def stars(found: re.Match[str]) -> str:
        return "*" * len(found[0])

    line = _NAMED.sub(lambda m: f"{m[1]}{m[2]}{'*' * len(m[3])}", _USER.sub(stars, _TOKEN.sub(stars, line)))
    return _KEY.sub(lambda m: f"{m[1]}{'*' * len(m[2])}", line)


def without_secrets(data: Any) -> Any:
    """Plain data of a recipe with stars for its passwords, and `starred` texts."""
    if isinstance(data, dict):
        return {key: _STARS if _is_password(key, value) else without_secrets(value) for key, value in data.items()}
    if isinstance(data, list):
        return [without_secrets(value) for value in data]
    return starred(data) if isinstance(data, str) else data


def _is_password(key: Any, value: Any) -> bool:
    return key == "password" and value is not None and not str(value).startswith("${env:")


def holds_secret(text: str) -> bool:
    """True for a text in which `starred` hides something."""
    return starred(text) != text
