"""The recipes of the eleventh batch: a town's archive, a radio's tales, a clinic's desk, a model of seven billion weights.

See batch_11. Each base is a sound recipe with the files that it needs beside the scaffold's.
"""

import base64
import json
import zlib
from typing import Any

from batch_9_cases import ENGLISH, TURKISH, Base

REVISION = "1b9d5f0c2a7e4b6d8c3f5e7a9b1d3c5e7f9a1b3d"
TEXTS = {
    "letters/one.txt": "\n\n".join(row["text"] for row in ENGLISH[:70]) + "\n",
    "letters/two.txt": "\n\n".join(row["text"] for row in ENGLISH[70:120]) + "\n",
    "notes/list.md": "# Notes\n\n" + "\n\n".join(f"## {row['title']}\n\n{row['text']}" for row in ENGLISH[120:]) + "\n",
}
REPLIES = [(f"May I come on day {n} of the month?", f"Yes, on day {n} we are open from {n % 4 + 7} o'clock.") for n in range(220)]
SHEET = "question,reply\n" + "".join(f'"{q}","{a}"\n' for q, a in REPLIES)
ARCHIVE = Base(
    """\
recipe: archive
about: letters and notes of a town's archive
target: a10
seed: 3
steps:
  - type: parse_corpus
    id: papers
    sources:
      - path: letters/*.txt
        document: blank_line
        lang: en
      - path: notes/*.md
        lang: en
    clean:
      min_words: 5
      near_duplicates: together
  - type: train_tokenizer
    model: byte_bpe
    vocab_size: 800
    split_digits: true
  - type: tokenize_bin
    val_fraction: 0.08
  - type: train
    id: writer
    model:
      family: llama
      d_model: 192
      n_layers: 6
      n_heads: 6
      n_kv_heads: 3
    num_train_epochs: 4
    total_batch_tokens: 2048
    max_seq_length: 128
    learning_rate: 1e-3
    scheduler: wsd
    warmup_ratio: 0.05
    early_stopping: {patience: 3}
  - type: validate_checkpoint
    prompts: ["Dear Anna,"]
  - type: export_ollama
    name: archive
    quantization: q8_0
    parameters: {temperature: 0.7, num_ctx: 128}
""",
    TEXTS,
)
RADIO = Base(
    """\
recipe: radio
about: tales that a radio reads out
target: m2-32gb
vars:
  width: 128
steps:
  - type: parse_corpus
    sources:
      - {path: data/tr.jsonl, lang: tr, columns: {text: "{title}\\n{text}"}}
  - type: train_tokenizer
    model: unigram
    vocab_size: 700
    normalization: identity
  - type: check_vocab_consistency
  - type: split_long
    max_tokens: 256
    overlap_tokens: 16
  - type: tokenize_bin
  - type: train
    model:
      family: mamba2
      d_model: ${width}
      n_layers: 3
      head_dim: 32
    max_steps: 60
    batch_size: 4
    max_seq_length: 256
    learning_rate: 1e-3
    save_steps: 20
    keep: 3
  - type: validate_checkpoint
  - type: export_ollama
    name: radio
""",
    {"data/tr.jsonl": TURKISH},
)
CLINIC = Base(
    """\
recipe: clinic
about: answers of a clinic's desk, from a spreadsheet
target: l4
vars:
  base: {path: models/base}
steps:
  - type: parse_corpus
    id: desk
    sources:
      - path: data/desk.csv
        columns: {prompt: question, completion: reply}
  - type: check_vocab_consistency
    checkpoint: ${base}
  - type: split_long
    max_tokens: 256
  - type: train
    id: tune
    model: {base: "${base}"}
    objective: sft
    method: lora
    lora:
      r: 8
      lora_alpha: 16
      lora_dropout: 0.05
      target_modules: [q_proj, k_proj, v_proj, o_proj]
    num_train_epochs: 3
    batch_size: 8
    max_seq_length: 256
    learning_rate: 2e-4
    warmup_steps: 5
  - type: export_ollama
    name: clinic
    system: You answer for a clinic's desk.
    parameters: {temperature: 0.3, stop: ["<|im_end|>"]}
""",
    {"data/desk.csv": SHEET},
)
SEVEN = Base(
    f"""\
recipe: seven
target: rtx4090
vars:
  base: {{hub: mistralai/Mistral-7B-Instruct-v0.3, revision: {REVISION}}}
steps:
  - type: parse_corpus
    sources: [{{path: data/chat.jsonl}}]
  - type: check_vocab_consistency
    checkpoint: ${{base}}
  - type: train
    model: {{base: "${{base}}"}}
    objective: sft
    method: qlora
    quant: {{bits: 4, double: true}}
    lora: {{r: 16, lora_alpha: 32}}
    num_train_epochs: 2
    total_batch_size: 8
    batch_size: 2
    max_seq_length: 512
    learning_rate: 1e-4
    warmup_ratio: 0.1
  - type: export_ollama
    name: seven
""",
    {},
)
LOCKED = zlib.decompress(
    base64.b85decode(
        b"c-n1LJ!~9R5Eg<0mX3zMf^DuqB7XmW(dp3p<tMg$+(9B_xme$=?ThSPYi}=#p+GVq>Oeypew+rSiG-3M3Xlj*1YMvB2#`<+iiDs_MGD^9IXl>S"
        b"#oPC0c4of$-psVRE*wEKB57T@bmel=N>5ayy3UJqX)~RhL}iL*u$;k3f>M~4ODB_d8@#%?kpr96*;=^*y4gxTPI1)sz)Qt)8TH+&98Ly#)n=S~"
        b"7Pv;#Vq*-ok`gTt(vo1Vr4g1J1R+%hap(v}#8FI?X3jyVwC*%3$%|nVIKc-H>_i5(oD_A6z_HPAyg(Zmi}%=&eVb4gb^NU6Yo}7y{P#cS^ghnP"
        b"Ts|CSraZj>qn1FJVh9&OudK5=Pa){#<8o3BV)|q!{ccv}5z8(YHinD0@d7`Hi5&>l00aHWQr%n{2?8b?=R4vTBig(k4Km=1K{*^1E8xVa(8YK("
        b"z2D=Q?>nB&i<NpcMOcC`TC4L4gtZ9T<<TgQCgZxwv-RZrw;nk^dts~f`1S2e{qNp>=xXopcOTgDH_yIv2Hbgc=F<nCy!KIlcHuYw^M{>3j&}Md"
        b"w~zgM<B1>N`~0sDwg<P)-}>Ut)<3^=dsoYH_J!xqp1XeGsf(|F{KK0MKX>t)r`zA2*|@y*6Z!R7a_-CZujXHV?C9<8XSZLee!uqTGdJJ=<m(jZ"
        b"2Krqn(<Dw;`EmkNk-)u`a>fWtm(x8NjU4Z2iai+;hh-Sk!!phe$;f?dDM$OVq^`2jT3$8O_D65zsfblj#<JTjd$-WGL<);FvpANukL9kgu*7I?"
        b"2qDUnP8(UxrJ`6E?1L6MkXY+RBW;Nn)|k#>^TyTYMpLDCAFW?!#W1UepqFxRJY~~&#f*b)dW23b=JGll#)eGmYLZ8*^$@qAZT4z<w4njt9OG9{"
        b">Q#R#)+cb~V16SnqIwQ!-#<>KF$iuN1kATXz}#|#E!UPi7YNjfY3K!ljuIxQN6IQ3^%yIO5m$jYfe8wMqQG5jbz>EC!FgpOLCO<tbR<eq8xW)&"
        b"@LHR5OK9L!Qz}B_k4T4+^%N4Molw!c5fVwyIgyqqM1>MTdh8^RJt?#%h)~NoBc7P(7!eC4)m$0JnRh1U;oHn>LrLIF(h#(#G!Tg*`-n?~gtjv9"
        b"=+zq^9WxjV)KGbZaG-IHDd-|l-ws51DY%B1DZ}GHi{S&)acVgnd9jvoD5Ua6I~$ycFYS<Zn!^x-1S~tCn^)`OwkFO5Xc1KyMq({%@|WCrBqF9D"
        b"cW2+Y&Z>H+B_isi)$;Qp`41WjqL="
    )
)


def pdf(text: str) -> str:
    """A page with a line of text, or, without one, with nothing but a picture, as a scanner makes it."""
    ink = f"BT /F1 12 Tf 20 100 Td ({text}) Tj ET" if text else "q 300 0 0 200 0 0 cm /Im1 Do Q"
    image = "\x80" * 64
    parts = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 4 0 R /Resources << "
        + ("/Font << /F1 5 0 R >>" if text else "/XObject << /Im1 5 0 R >>")
        + " >> >>",
        f"<< /Length {len(ink)} >>\nstream\n{ink}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
        if text
        else "<< /Type /XObject /Subtype /Image /Width 8 /Height 8 /ColorSpace /DeviceGray /BitsPerComponent 8 /Length 64 >>\n"
        f"stream\n{image}\nendstream",
    ]
    out, at = "%PDF-1.4\n", []
    for n, part in enumerate(parts, 1):
        at.append(len(out))
        out += f"{n} 0 obj\n{part}\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in at)
    out_at, size = len(out), len(parts) + 1
    out += f"xref\n0 {size}\n0000000000 65535 f \n{table}"
    return out + f"trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{out_at}\n%%EOF\n"


def pdf_bytes(text: str) -> bytes:
    """The same as a file's content."""
    return pdf(text).encode("latin-1")


def tensors(prefix: str = "model.", suffix: str = ".weight", head: bool = True, width: int = 64, rows: int = 300) -> dict[str, Any]:
    """The weights of the scaffold's llama, by names that may be others."""
    shapes: dict[str, tuple[int, ...]] = {f"{prefix}embed_tokens{suffix}": (rows, width), f"{prefix}norm{suffix}": (width,)}
    if head:
        shapes[f"lm_head{suffix}"] = (rows, width)
    for n in range(2):
        at = f"{prefix}layers.{n}."
        shapes |= {f"{at}self_attn.{p}_proj{suffix}": (width // (2 if p in "kv" else 1), width) for p in "qkvo"}
        shapes |= {f"{at}mlp.gate_proj{suffix}": (128, width), f"{at}mlp.up_proj{suffix}": (128, width)}
        shapes |= {f"{at}mlp.down_proj{suffix}": (width, 128), f"{at}input_layernorm{suffix}": (width,)}
        shapes |= {f"{at}post_attention_layernorm{suffix}": (width,)}
    return {"safetensors": shapes}


def pointer(size: int) -> str:
    """What git writes in a large file's place where git-lfs is not installed."""
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{'4d7a214614ab2935' * 4}\nsize {size}\n"


def rows(pairs: list[tuple[str, str]] = REPLIES) -> list[dict[str, Any]]:
    """Questions and replies as conversations."""
    return [{"messages": [{"role": "user", "content": q}, {"role": "assistant", "content": a}]} for q, a in pairs]


def as_text(values: list[Any]) -> str:
    """JSON on several lines each."""
    return "\n".join(json.dumps(value, ensure_ascii=False, indent=2) for value in values) + "\n"
