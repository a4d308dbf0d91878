"""What a Modelfile can say of a model's conversations: its template, its stops, its system message; for the export and for the check."""

from typing import NamedTuple

from steps.export.go_template import translate
from steps.export.modelfile import PLAIN_TEMPLATE, chat_template
from steps.text.chat import END
from steps.text.chat_form import ChatForm


class Spoken(NamedTuple):
    """template: Go, None where it cannot be said. system: None where no template writes it. unsaid: what is left out, and what to do."""

    template: str | None
    stop: list[str]
    system: str | None
    unsaid: str = ""
    fix: str = ""


def spoken(objective: str, form: ChatForm, system: str | None) -> Spoken:
    """Of a model trained for `objective` (`lm` or `sft`), whose folder has `form`, with the system message that the recipe asks for."""
    if objective != "sft":
        unsaid = "the model continues text: no template writes a system message, and SYSTEM is left out" if system else ""
        return Spoken(PLAIN_TEMPLATE, [], None, unsaid, "delete system" if unsaid else "")
    if form.source is None:
        return Spoken(chat_template(), [END], system)
    said = translate(form)
    if said is None:
        unsaid = "the model's chat template is more than texts around turns: the Modelfile has no TEMPLATE"
        return Spoken(None, [], system, unsaid, "look at the model with ollama show")
    if system and not said.takes_system:
        unsaid = "the model's chat template has no place for a system message: SYSTEM is left out"
        return Spoken(said.template, said.stop, None, unsaid, "delete system")
    return Spoken(said.template, said.stop, system)
