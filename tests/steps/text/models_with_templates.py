"""Small tokenizer folders with chat templates in the manner of well-known families."""

import json
from pathlib import Path

SYSTEM = {"role": "system", "content": "Be brief."}
CHATML = (  # as Qwen's: a default system message, and messages[0] looked at
    "{%- if messages[0]['role'] == 'system' %}{{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}"
    "{%- else %}{{- '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}{%- endif %}\n"
    "{%- for message in messages %}\n"
    "    {%- if not (loop.first and message.role == 'system') %}\n"
    "        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}\n"
    "    {%- endif %}\n{%- endfor %}\n"
    "{%- if add_generation_prompt %}\n    {{- '<|im_start|>assistant\\n' }}\n{%- endif %}\n"
)
LLAMA3 = (
    "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start_header_id|>' + message['role'] + "
    "'<|end_header_id|>\n\n' + message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}"
    "{% endif %}{{ content }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
MISTRAL = (
    "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
    "{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}"
    "{% else %}{{ ' ' + message['content'] + eos_token }}{% endif %}{% endfor %}"
)
GEMMA = (
    "{{ bos_token }}{% if messages and messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for message in messages %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}"
    "{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}"
)
PHI3 = (
    "{% for message in messages %}{{'<|' + message['role'] + '|>\n' + message['content'] + '<|end|>\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %}"
)
THINKING = (  # as Qwen 3's: thoughts stand in the last answer alone, taken out of its text, and empty where it has none
    "{%- for m in messages %}\n"
    "    {%- if m.role == 'assistant' %}\n"
    "        {%- set thought, said = '', m.content %}\n"
    "        {%- if '</think>' in said %}\n"
    "            {%- set thought = said.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}\n"
    "            {%- set said = said.split('</think>')[-1].lstrip('\\n') %}\n"
    "        {%- endif %}\n"
    "        {%- set thought = '<think>\\n' + thought + '\\n</think>\\n\\n' if loop.last else '' %}\n"
    "        {{- '<|im_start|>assistant\\n' + thought + said + '<|im_end|>\\n' }}\n"
    "    {%- else %}\n"
    "        {{- '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}\n"
    "    {%- endif %}\n{%- endfor %}\n"
    "{%- if add_generation_prompt %}\n    {{- '<|im_start|>assistant\\n' }}\n{%- endif %}\n"
)
MARKS = {
    CHATML: ["<|im_start|>", "<|im_end|>"], LLAMA3: ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
    GEMMA: ["<start_of_turn>", "<end_of_turn>"], PHI3: ["<|system|>", "<|user|>", "<|assistant|>", "<|end|>"],
    THINKING: ["<|im_start|>", "<|im_end|>"],
}  # fmt: skip
SPECIAL = {  # bos and eos
    CHATML: (None, "<|im_end|>"), LLAMA3: ("<|begin_of_text|>", "<|eot_id|>"), GEMMA: ("<bos>", "<eos>"), PHI3: ("<s>", "<|endoftext|>"),
    MISTRAL: ("<s>", "</s>"), THINKING: (None, "<|im_end|>"),
}  # fmt: skip


def folder(path: Path, template: str | None) -> Path:
    """A byte-level tokenizer without merges, with the family's marks, and `template` in its tokenizer_config.json."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    path.mkdir(parents=True, exist_ok=True)
    bos, eos = SPECIAL.get(template or "", (None, "<|endoftext|>"))
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE(vocab={letter: n for n, letter in enumerate(letters)}, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    names = dict.fromkeys([*([bos] if bos else []), eos, *MARKS.get(template or "", [])])
    made.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in names])
    if template == THINKING:  # tokens, and no control tokens
        made.add_tokens([AddedToken(name, special=False, normalized=False) for name in ("<think>", "</think>")])
    made.save(str(path / "tokenizer.json"))
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": eos, **({"bos_token": bos} if bos else {})}
    config |= {"chat_template": template} if template else {}
    (path / "tokenizer_config.json").write_text(json.dumps(config), "utf-8")
    return path
