"""What `recipe explain` says of the codes that parse_corpus raises."""

from schemas import RulePage

CORPUS_PAGES = (
    RulePage(
        "D101",
        "a source names no place, or two",
        "A source is one of: files (`path`), a data set (`hub`), a file behind an address (`url`). "
        "What belongs to another kind has no effect and is refused.",
        wrong="sources: [{path: data/*.txt, hub: roneneldan/TinyStories}]",
        right="sources: [{path: data/*.txt}, {hub: roneneldan/TinyStories}]",
        source="recipe: a source names one place",
    ),
    RulePage(
        "D102",
        "no file matches",
        "Paths are relative to the project's folder, the one above `recipes/`; `**` goes through folders.",
        wrong="sources: [{path: data/*.text}]   # the files end in .txt",
        right="sources: [{path: data/*.txt}]",
        source="google-research/pegasus#146",
    ),
    RulePage(
        "D103",
        "files cannot be read, and strict asks for all",
        "Without `strict: true` damaged files are listed with the reason in the report and the rest is used.",
        source="recipe: strict asks for every file",
    ),
    RulePage(
        "D104",
        "nothing could be read",
        "Every file of every source failed, was empty, or was dropped by cleaning. A scan without a text layer is pictures: run OCR first.",
        wrong="sources: [{path: data/minutes.pdf}]   # pictures of pages, and no text",
        right="ocrmypdf data/minutes.pdf data/minutes-read.pdf   # then\nsources: [{path: data/minutes-read.pdf}]",
        source="pymupdf/PyMuPDF#567, onyx-dot-app/onyx#369",
    ),
    RulePage(
        "D105",
        "a library for this format is missing",
        "Readers load only when a file of their format comes.",
        wrong="sources: [{path: papers/*.pdf}]   # and pymupdf is not installed",
        right='pip install "recipe[docs]"',
        source="recipe: readers of formats come with extras",
    ),
    RulePage(
        "D106",
        "a column does not exist",
        "`columns` names columns of the rows, alone or in a template in braces.",
        wrong='columns: {text: "{titel}\\n{text}"}',
        right='columns: {text: "{title}\\n{text}"}',
        source="hiyouga/LlamaFactory#40",
    ),
    RulePage(
        "D107",
        "a hub data set cannot be read",
        "The id, config, split or revision is wrong, or there is no network. A fallback is taken.",
        wrong="sources: [{hub: owner/name, split: 'train[:20000]'}]",
        right="sources: [{hub: owner/name, split: train, take: 20000}]",
        source="huggingface/datasets#2703; OpenBMB/UltraEval-Audio#13",
    ),
    RulePage(
        "D108",
        "an address cannot be fetched",
        "The server did not give the file. A fallback is taken when there is one.",
        source="RFC 9110, 15: status codes",
    ),
    RulePage(
        "D109",
        "texts and conversations in one corpus",
        "Conversations are trained on their answers only, texts on every token: they are two corpora.",
        wrong="sources: [{path: papers}, {path: pairs.jsonl}]",
        right="two parse_corpus steps, and corpus: [papers, pairs] in the step that takes both",
        source="recipe: texts and conversations are two corpora",
    ),
    RulePage(
        "D118",
        "a password that does not open the file",
        "A secret that was asked for and fails is an error: an encrypted file that is left out in silence is missed weeks later. Without "
        "`password`, encrypted files are listed with the reason, like any that cannot be read.",
        wrong="sources: [{path: papers/*.pdf, password: hunter2}]",
        right="sources: [{path: papers/*.pdf, password: '${env:PDF_PASSWORD}'}]",
        source="ISO 32000-1, 7.6: encryption",
    ),
    RulePage(
        "D116",
        "a row that cannot be read",
        "With `on_bad_row: error` the first row that can be no document ends the step; with `skip` such rows are left out, counted by "
        "reason, and three of each shown in the report.",
        wrong="on_bad_row: error   # and line 7 of rows.jsonl is no JSON",
        right="on_bad_row: skip",
        source="recipe: on_bad_row says what a row is worth",
    ),
    RulePage(
        "D117",
        "a priority folder that holds no document",
        "`priority` names folders below the root of a source, as `papers/best` is below `data` in `path: data/**/*.pdf`. "
        "The files of all other folders are seen once.",
        wrong="sources: [{path: data/**/*.pdf}]\npriority: [papers/bset]",
        right="sources: [{path: data/**/*.pdf}]\npriority: [papers/best]",
        source="recipe: priority names folders below a source's root",
        severity="warning",
    ),
)
