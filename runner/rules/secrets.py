"""Secrets that stand in the recipe itself: passwords of files, names and tokens in addresses."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from runner.meant import StepMeant
from runner.rules import View, path, rule, say, sources
from runner.surroundings import variables
from schemas.findings import Edit, Finding, RulePage
from schemas.secrets import holds_secret


@rule(
    RulePage(
        "D124",
        "a password in the recipe",
        "A recipe is shared, copied into every run's folder and kept by version control. ${env:NAME} is read when the file is opened, and "
        "stands in no log, key or report. Where no such name may stand, as in an address, whoever reads the address finds the secret in "
        "the environment or in a file of its own.",
        wrong="- type: parse_corpus\n  sources: [{path: papers, password: hunter2}]",
        right="- type: parse_corpus\n  sources: [{path: papers, password: '${env:PDF_PASSWORD}'}]",
        source="OWASP, Secrets Management Cheat Sheet",
        severity="warning",
    )
)
def secrets_are_not_written(view: View) -> Iterator[Finding]:
    """D124: a secret as such, where the name of a variable could stand; a token or a password in other values. D118: one not set here."""
    for step in view.of_type("parse_corpus"):
        for where, source, _ in sources(step):
            password = source.get("password")
            if isinstance(password, str) and password.startswith("${env:") and not variables().get(password[6:-1]):
                message = f"the password {password} is not set in the environment of this check, and the run ends without it"
                fix = "export it where it runs, or delete password to leave encrypted files out"
                yield say("D118", step, f"{where}.password", message, fix, severity="info")
            elif isinstance(password, str) and password and not password.startswith("${env:"):
                message = "a password stands in the recipe, and will in every run's folder"
                fix = "write password: ${env:PDF_PASSWORD}, and export that variable"
                yield say("D124", step, f"{where}.password", message, fix, severity="warning")
    said = set()
    for step in view.meant.steps:
        for where, value in _texts(step.raw):
            if (holds_secret(value) or _wandb_key(where, value)) and value not in said and where.rpartition(".")[2] != "password":
                said.add(value)
                yield _written(step, where, value)


def _wandb_key(where: str, value: str) -> bool:
    """Whether it is a login of wandb, 40 digits of base 16 as a commit has, where no commit belongs."""
    return where.startswith("tracking.") and re.fullmatch(r"[0-9a-f]{40}", value) is not None


def _written(step: StepMeant, where: str, value: str) -> Finding:
    key = where.rpartition(".")[2]
    edits: tuple[Edit, ...] = ()
    if key == "uri":
        message = "a password stands in the address of the tracking server"
        bare = _bare(value)
        fix = f"write uri: {bare}, and export MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
        edits = (Edit("set", path(step, where), bare),)
    elif key == "url":
        message = "a password or token stands in the address, and will in every run's folder"
        name = urlsplit(value).path.rpartition("/")[2] or "rows.jsonl"
        fix = f"fetch the file yourself and write path: data/{name}; of the hub write hub: and export HF_TOKEN"
    else:
        message = f"a token stands in {key}, and will in every run's folder"
        reader = "WANDB_API_KEY" if where.startswith("tracking.") else "HF_TOKEN"
        fix = f"take it out and export it where its reader looks, such as {reader}; if others have seen it, have a new one made"
    return say("D124", step, where, message, fix, severity="warning", edits=edits)


def _bare(address: str) -> str:
    """The address without a name, a password and a query."""
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _texts(data: Any, where: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(data, str):
        yield where, data
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from _texts(value, f"{where}.{key}" if where else str(key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _texts(value, f"{where}.{index}")
