"""Addresses: of a page about a file where the file is meant, and without the http:// that makes them one."""

import re
from collections.abc import Iterator

from runner.meant import StepMeant
from runner.rules import View, path, rule, say, sources
from runner.surroundings import variables
from schemas.findings import Edit, Finding, RulePage
from schemas.training import Tracking

HUB = re.compile(
    r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/datasets/([\w.-]+(?:/(?!viewer|tree|blob|resolve)[\w.-]+)?)(?:/(?:tree|viewer)(?:/.*)?)?/?(?:\?.*)?"
)
BLOB = re.compile(r"(https?://(?:www\.)?(?:huggingface\.co|hf\.co)/.+?)/(?:blob|raw)/(.+)")
GITHUB = re.compile(r"https?://(?:www\.)?github\.com/([\w.-]+/[\w.-]+)/blob/(.+)")
DRIVE = re.compile(r"https?://drive\.google\.com/file/d/([\w-]+)(?:/.*)?")
DROPBOX = re.compile(r"(https?://(?:www\.)?dropbox\.com/.+[?&]dl=)0(.*)")
SERVER = re.compile(r"(?:localhost|\d{1,3}(?:\.\d{1,3}){3}|[\w-]+(?:\.[\w-]+)*)(?::\d{2,5})(?:/.*)?")
HALF = re.compile(r"(https?)(?::/?|/{1,2})(?=[\w[])(?!/)(.+)")


@rule(
    RulePage(
        "H029",
        "the page of a file where the file is meant",
        "url: reads what the address gives. The page of a data set, and /blob/ on the hub or on GitHub, is a web page about the data: its "
        "menus would be learned. A data set of the hub is named by hub:, and a file in it stands under /resolve/.",
        wrong="sources: [{url: https://huggingface.co/datasets/roneneldan/TinyStories/blob/main/TinyStories-train.txt}]",
        right="sources: [{url: https://huggingface.co/datasets/roneneldan/TinyStories/resolve/main/TinyStories-train.txt}]",
        source="huggingface.co/docs/hub: download files",
    )
)
def addresses_are_of_files(view: View) -> Iterator[Finding]:
    """H029: an address of a source that is known to be a page."""
    for step in view.of_type("parse_corpus"):
        for where, source, _ in sources(step):
            address = source.get("url")
            if isinstance(address, str) and (found := _of_page(step, f"{where}.url", address)) is not None:
                yield found


def _of_page(step: StepMeant, where: str, address: str) -> Finding | None:
    full = path(step, where)
    if (hub := HUB.fullmatch(address)) is not None:
        edits = (Edit("rename", full, hub[1], "hub"),)
        return say("H029", step, where, f"{address} is the page of a data set", f"write hub: {hub[1]}", edits=edits)
    if (blob := BLOB.fullmatch(address)) is not None and "/blob/" in address:
        better, what = f"{blob[1]}/resolve/{blob[2]}", "the page of a file"
    elif (blob := GITHUB.fullmatch(address)) is not None:
        better, what = f"https://raw.githubusercontent.com/{blob[1]}/{blob[2]}", "the page of a file"
    elif (blob := DRIVE.fullmatch(address)) is not None:
        better, what = f"https://drive.google.com/uc?export=download&id={blob[1]}", "the page of a file"
    elif (blob := DROPBOX.fullmatch(address)) is not None:
        better, what = f"{blob[1]}1{blob[2]}", "the page of a file (dl=0)"
    else:
        return None
    return say("H029", step, where, f"{address} is {what}, not the file", f"write url: {better}", edits=(Edit("set", full, better),))


@rule(
    RulePage(
        "S122",
        "a tracking server without http://",
        "MLflow reads an address by what stands before its ://. Without it localhost:5000 is a protocol that nobody knows, and a name "
        "alone is a folder that it makes beside the recipe: nothing arrives at the server.",
        wrong="tracking: {mlflow: {uri: localhost:5000}}",
        right="tracking: {mlflow: {uri: 'http://localhost:5000'}}",
        source="mlflow.org/docs: tracking server, MLFLOW_TRACKING_URI",
        severity="warning",
    )
)
def servers_have_a_protocol(view: View) -> Iterator[Finding]:
    """S122: an address of MLflow that was meant to be http://."""
    said = set()
    for step in view.of_type("train"):
        wanted = Tracking.of(getattr(step.params, "tracking", None))
        if "mlflow" not in wanted.kinds():
            continue
        written = wanted.mlflow.uri if wanted.mlflow is not None else None
        address = written or variables().get("MLFLOW_TRACKING_URI") or ""
        better = with_protocol(address)
        if not better or address in said:
            continue
        said.add(address)
        if written:
            where = "tracking.mlflow.uri"
            edits = (Edit("set", path(step, where), better),)
            message = f"{address} is no address of a server: http:// is missing"
            yield say("S122", step, where, message, f"write uri: {better}", severity="warning", edits=edits)
        else:
            message = f"MLFLOW_TRACKING_URI is {address}, no address of a server: http:// is missing"
            yield say("S122", step, "tracking", message, f"export MLFLOW_TRACKING_URI={better}", severity="warning")


def with_protocol(address: str) -> str:
    """The address with http:// in front, where that is surely missing; empty otherwise."""
    if "://" in address:
        return ""
    if (half := HALF.fullmatch(address)) is not None:
        return f"{half[1]}://{half[2].lstrip('/')}"
    return f"http://{address}" if SERVER.fullmatch(address) else ""
