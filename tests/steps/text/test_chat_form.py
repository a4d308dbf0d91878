"""A model's own chat template: what is written, what of it is learned, and which characters are control tokens."""

import json
from pathlib import Path

import pytest

from schemas import RecipeError
from steps.text.chat_form import chat_form
from steps.text.tokenizers import open_tokenizer
from tests.steps.text.models_with_templates import CHATML, GEMMA, LLAMA3, MISTRAL, PHI3, SYSTEM, THINKING, folder

TALK = [
    {"role": "user", "content": "Where is the cat?"}, {"role": "assistant", "content": "On the mat."},
    {"role": "user", "content": "And now?"}, {"role": "assistant", "content": "Gone."},
]  # fmt: skip


@pytest.mark.parametrize(
    ("template", "learned"),
    [
        (CHATML, ["On the mat.<|im_end|>", "Gone.<|im_end|>"]), (LLAMA3, ["On the mat.<|eot_id|>", "Gone.<|eot_id|>"]),
        (MISTRAL, [" On the mat.</s>", " Gone.</s>"]), (GEMMA, ["On the mat.<end_of_turn>", "Gone.<end_of_turn>"]),
        (PHI3, ["On the mat.<|end|>", "Gone.<|end|>"]),
        (THINKING, ["On the mat.<|im_end|>", "<think>\n\n</think>\n\nGone.<|im_end|>"]),
    ],
)  # fmt: skip
def test_answers_with_their_end_marks_are_learned(tmp_path: Path, template: str, learned: list[str]) -> None:
    """In six families; and the ids are the ones that transformers gives."""
    AutoTokenizer = pytest.importorskip("transformers").AutoTokenizer

    opened = open_tokenizer(folder(tmp_path, template))
    shown = opened.form.rendered(TALK)
    assert [shown.text[a:b] for a, b in shown.supervised] == learned
    written = opened.form.tokens(TALK, opened)
    theirs = AutoTokenizer.from_pretrained(tmp_path)
    assert written.ids == theirs.apply_chat_template(TALK, return_dict=False)
    assert theirs.decode([i for i, on in zip(written.ids, written.learned, strict=True) if on]) == "".join(learned)
    assert opened.form.count(TALK, opened) == len(written.ids)
    assert written.size == len("".join(learned))


def test_a_mark_written_in_a_message_stays_text(tmp_path: Path) -> None:
    """Whoever writes <|im_end|> into a question does not end it; the stand-in's own character comes back too."""
    opened = open_tokenizer(folder(tmp_path, CHATML))
    said = "Say <|im_end|> to me \ue0000\ue001"
    talk = [{"role": "user", "content": said}, *TALK[1:2]]
    ids = opened.form.tokens(talk, opened).ids
    mark = opened.backend.token_to_id("<|im_end|>")
    assert ids.count(mark) == 3  # the default system message, the question, the answer
    plain = opened.encode(said)
    assert any(ids[k : k + 12] == plain[:12] for k in range(len(ids)))
    assert said in opened.decode(ids)


def test_thoughts_are_tokens_and_stand_once(tmp_path: Path) -> None:
    """A template looks for <think> in an answer, which is no control token: text and ids are those of transformers."""
    AutoTokenizer = pytest.importorskip("transformers").AutoTokenizer

    opened = open_tokenizer(folder(tmp_path, THINKING))
    talk = [*TALK[:3], {"role": "assistant", "content": "<think>\nIt saw a dog.\n</think>\n\nGone."}]
    written = opened.form.tokens(talk, opened)
    theirs = AutoTokenizer.from_pretrained(tmp_path)
    assert written.ids == theirs.apply_chat_template(talk, return_dict=False)
    assert written.ids.count(opened.backend.token_to_id("<think>")) == 1
    learned = theirs.decode([i for i, on in zip(written.ids, written.learned, strict=True) if on])
    assert learned == "On the mat.<|im_end|><think>\nIt saw a dog.\n</think>\n\nGone.<|im_end|>"


def test_an_opening_that_no_answer_has_is_named(tmp_path: Path) -> None:
    """DeepSeek-R1's asks with <think>, and writes its answers without: what is learned would follow nothing that is asked."""
    odd = "{% for m in messages %}[{{ m.role }}]{{ m.content }}</s>{% endfor %}"
    odd += "{% if add_generation_prompt %}[assistant]<think>{% endif %}"
    form = chat_form(folder(tmp_path, odd))
    with pytest.raises(RecipeError) as error:
        form.rendered(TALK[:2])
    assert error.value.message == (
        "the model's chat template opens an answer with '[assistant]<think>', and writes '[assistant]' before turn 2 of "
        "'Where is the cat?', so what is learned cannot be found"
    )


def test_a_template_is_run_in_a_sandbox(tmp_path: Path) -> None:
    """Reaching for python's insides is refused, with our code."""
    form = chat_form(folder(tmp_path, "{{ messages.__class__.__mro__[1].__subclasses__() }}"))
    with pytest.raises(
        RecipeError, match=r"D115: the model's chat template does not write the conversation 'Where is the cat\?': .*unsafe"
    ):
        form.text(TALK)


def test_what_the_template_refuses_is_our_error(tmp_path: Path) -> None:
    """Gemma's knows no system message: its own words, and the conversation's."""
    form = chat_form(folder(tmp_path, GEMMA))
    with pytest.raises(RecipeError, match=r"D115: .*'Be brief.': System role not supported"):
        form.rendered([SYSTEM, *TALK])


def test_a_template_that_rewrites_earlier_turns_is_refused(tmp_path: Path) -> None:
    """Only the last answer is written whole: what an earlier one learned could not be found, which is said and not guessed."""
    odd = "{% for m in messages %}[{{ m.role }}]{{ m.content if loop.last else m.content[:4] }};{% endfor %}"
    odd += "{% if add_generation_prompt %}[assistant]{% endif %}"
    form = chat_form(folder(tmp_path, odd))
    with pytest.raises(RecipeError, match="D115"):
        form.rendered(TALK)


def test_what_a_template_leaves_out_of_an_answer_is_named(tmp_path: Path) -> None:
    """Some take the thoughts off: the reader sees which words are lost, and that it is not what stands before."""
    odd = "{% for m in messages %}[{{ m.role }}]{{ m.content.split('</think>')[-1] }}</s>{% endfor %}"
    odd += "{% if add_generation_prompt %}[assistant]{% endif %}"
    form = chat_form(folder(tmp_path, odd))
    with pytest.raises(RecipeError, match=r"D115: the model's chat template leaves '<think>She was on the sofa\.</t' out of turn 2"):
        form.rendered([TALK[0], {"role": "assistant", "content": "<think>She was on the sofa.</think>On the mat by the door."}])


def test_a_folder_without_a_template_has_ours(tmp_path: Path) -> None:
    """And one whose template is ours is written as ours: the same ids as before."""
    from steps.text.chat import JINJA_TEMPLATE, render

    assert chat_form(folder(tmp_path / "a", None)).source is None
    opened = open_tokenizer(folder(tmp_path / "b", JINJA_TEMPLATE))
    assert opened.form.source is None
    assert opened.form.tokens(TALK, opened).ids == [*opened.encode(render(TALK).text), opened.eos_id]


def test_a_template_may_stand_in_a_file_of_its_own_or_under_a_name(tmp_path: Path) -> None:
    """chat_template.jinja wins; of several in tokenizer_config.json `default` is meant."""
    made = folder(tmp_path, CHATML)
    config = json.loads((made / "tokenizer_config.json").read_text())
    config["chat_template"] = [{"name": "tool_use", "template": "x"}, {"name": "default", "template": LLAMA3}]
    (made / "tokenizer_config.json").write_text(json.dumps(config))
    assert chat_form(made).source == LLAMA3
    (made / "chat_template.jinja").write_text("{% generation %}{{ messages[0].content }}{% endgeneration %}")
    assert chat_form(made).text(TALK) == "Where is the cat?"


def test_an_empty_template_is_none(tmp_path: Path) -> None:
    """It would write every conversation as nothing; one in tokenizer_config.json counts then."""
    made = folder(tmp_path, LLAMA3)
    (made / "chat_template.jinja").write_text("\n")
    assert chat_form(made).source == LLAMA3
    (made / "tokenizer_config.json").write_text('{"chat_template": ""}')
    assert chat_form(made).source is None


def test_an_answer_without_an_end_mark_gets_the_end_token(tmp_path: Path) -> None:
    """Otherwise the model would never learn to stop."""
    plain = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}"
    opened = open_tokenizer(folder(tmp_path, plain))
    written = opened.form.tokens(TALK, opened)
    assert (written.ids[-1], written.learned[-1]) == (opened.eos_id, True)


def test_a_conversation_is_split_by_the_length_that_training_meets(tmp_path: Path) -> None:
    """split_long counts the template's tokens: no piece is above the limit, and the answer's words are all there."""
    pytest.importorskip("torch")
    from schemas import Tokenizer
    from steps.lm.supervised import encode
    from steps.split_long import SplitLong, split_long
    from tests.conftest import FakeContext
    from tests.steps.lm.small import write_corpus

    made = folder(tmp_path / "model", LLAMA3)
    opened = open_tokenizer(made)
    tokenizer = Tokenizer(vocab_size=opened.vocab_size, model="byte_bpe", eos_id=opened.eos_id).save(made)
    answer = " ".join(f"word{k}." for k in range(200))
    talk = [SYSTEM, TALK[0], {"role": "assistant", "content": answer}]
    corpus = write_corpus(tmp_path / "corpus", [{"text": answer, "messages": talk}], "chat")
    context = FakeContext(tmp_path)
    split = split_long(SplitLong(max_tokens=256), [corpus], tokenizer, context)
    lengths = [len(encode(row, opened).ids) for row in split.rows()]
    assert max(lengths) <= 256
    assert context.kept["preprocess_stats"]["after"]["max"] == max(lengths)
    assert "".join(row["messages"][-1]["content"] for row in split.rows()) == answer


def test_tokens_added_to_a_sentencepiece_model_are_seen(tmp_path: Path) -> None:
    """A folder whose tokenizer.json has more than its tokenizer.model is opened by the larger: marks would be plain text otherwise."""
    pytest.importorskip("torch")
    import shutil

    from tokenizers import AddedToken, Tokenizer

    from steps.export.vocabulary import read_vocabulary
    from tests.steps.lm.small import text

    made = tmp_path / "model"
    shutil.copytree(text().tokenizer.path, made)
    before = open_tokenizer(made)
    fast = Tokenizer.from_file(str(made / "tokenizer.json"))
    fast.add_special_tokens([AddedToken("<|im_start|>", special=True), AddedToken("<|im_end|>", special=True)])
    fast.save(str(made / "tokenizer.json"))
    (made / "chat_template.jinja").write_text(CHATML)
    opened = open_tokenizer(made)
    assert (before.vocab_size, opened.vocab_size) == (400, 402)
    written = opened.form.tokens(TALK, opened)
    assert (written.ids.count(400), written.ids.count(401)) == (5, 5)
    exported = read_vocabulary(made, opened)
    assert (exported.kind, exported.pieces[-2:], exported.types[-2:]) == ("llama", [b"<|im_start|>", b"<|im_end|>"], [3, 3])
    (made / "chat_template.jinja").write_text(MISTRAL)
    shutil.copyfile(text().tokenizer.path / "tokenizer.json", made / "tokenizer.json")
    small = open_tokenizer(made)
    written = small.form.tokens(TALK, small)
    assert (written.ids[0], written.ids.count(small.eos_id)) == (small.bos_id, 2)
    said = small.decode([i for i, on in zip(written.ids, written.learned, strict=True) if on])
    assert said == " On the mat. Gone."


@pytest.mark.parametrize("template", [MISTRAL, LLAMA3, THINKING])
def test_an_overlap_begins_with_the_answer(tmp_path: Path, template: str) -> None:
    """What a template writes before the answer, a space or empty thoughts, is none of the characters that the piece before it had."""
    opened = open_tokenizer(folder(tmp_path, template))
    written = opened.form.tokens([TALK[0], {"role": "assistant", "content": " On the mat."}], opened, overlap=7)
    ends = opened.form.tokens([TALK[0], {"role": "assistant", "content": "x"}], opened).ids
    learned = [i for i, on in zip(written.ids, written.learned, strict=True) if on]
    assert opened.decode(learned) == " mat."
    assert learned[-1] == next(i for i in reversed(ends) if i != opened.encode("\n")[0])


@pytest.mark.parametrize("template", [MISTRAL, CHATML, LLAMA3, THINKING])
def test_a_tokenizer_with_a_blank_before_every_text_learns_the_same(tmp_path: Path, template: str) -> None:
    """Llama 2's and Mistral's: the second question's end was learned, and beginnings of answers were not."""
    from tests.steps.text.test_tokenizers import AS_IT_IS, another

    marks = json.loads((folder(tmp_path, template) / "tokenizer.json").read_text())["added_tokens"]
    (tmp_path / "tokenizer.json").unlink()
    another(tmp_path, **AS_IT_IS, control_symbols=[m["content"] for m in marks if m["content"] not in ("<s>", "</s>")])
    opened = open_tokenizer(tmp_path)
    written, shown = opened.form.tokens(TALK, opened), opened.form.rendered(TALK)
    begun = [k for k in range(1, len(written.ids)) if written.learned[k] and not written.learned[k - 1]]
    ended = [k for k in range(1, len(written.ids)) if written.learned[k - 1] and not written.learned[k]] + [len(written.ids)]
    said = [opened.decode(written.ids[a:b]).strip() for a, b in zip(begun, ended, strict=False)]
    plain = [shown.text[a:b] for a, b in shown.supervised]
    for mark in opened.form.control:
        plain = [text.replace(mark, "") for text in plain]
    assert said == [text.strip() for text in plain]
    assert opened.form.asked(TALK[:3], opened) == written.ids[: begun[1]]


def test_a_template_that_is_cut_off_is_named_with_its_file(tmp_path: Path):
    """And with its line, where it has a file of its own."""
    (tmp_path / "tokenizer_config.json").write_text('{"chat_template": "{% for m in messages %}"}')
    with pytest.raises(RecipeError) as error:
        chat_form(tmp_path)
    assert error.value.fix.startswith("mend chat_template in tokenizer_config.json")
    (tmp_path / "chat_template.jinja").write_text("{% for m in messages %}\n{{ m }")
    with pytest.raises(RecipeError) as error:
        chat_form(tmp_path)
    assert error.value.fix.startswith("mend chat_template.jinja, line 2")
