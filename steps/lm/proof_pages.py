"""What `recipe explain` says of the codes that validate_checkpoint raises. No torch here."""

from schemas import RulePage

VALIDATE_PAGES = (
    RulePage(
        "C121",
        "dead rows in the embedding",
        "A row of next to no length, or with the very values of another, is one that training never moved: its token means nothing to the "
        "model. Rows that only pad the table to a round number are not counted.",
        wrong="vocab_size: 50257   # for 350 kB of text",
        right="vocab_size: {at_most: 8000}",
        source="arXiv 2405.05417 (fishing for Magikarp: under-trained tokens)",
        severity="warning",
    ),
    RulePage(
        "C130",
        "no room for an answer",
        "A model that learned positions up to a length writes no further, and the prompt fills them already.",
        wrong="- {type: train, model: {family: gpt2}, max_seq_length: 128}\n- {type: validate_checkpoint, prompts: [a text of 400 words]}",
        right="- {type: train, model: {family: gpt2}, max_seq_length: 128}\n- {type: validate_checkpoint, prompts: [Once upon a time]}",
        source="just1nseo/verifying-the-verifiers#1",
    ),
    RulePage(
        "C122",
        "the best weights are asked for and none are kept",
        "The last stand in for them.",
        source="recipe: the best weights are kept where validation is asked for",
        severity="warning",
    ),
    RulePage(
        "C010",
        "the weights cannot be read",
        "model.safetensors is missing, cut off or damaged.",
        source="huggingface/safetensors README: format",
    ),
    RulePage(
        "C011",
        "weights do not match the config",
        "A tensor is missing, unknown or of another shape than config.json asks for.",
        source="huggingface/transformers#20287",
    ),
    RulePage(
        "C012",
        "the parameter count is not the recorded one",
        "The files are not the ones that the training wrote.",
        source="recipe: a checkpoint records what was trained",
    ),
    RulePage(
        "C013",
        "weights hold NaN or infinity",
        "Such a model answers nothing, and a GGUF made of it loads without a word.",
        source="recipe: weights are finite numbers",
    ),
    RulePage(
        "C014",
        "checkpoint and tokenizer disagree",
        "Every id needs its row in the embedding, and rows beyond the ids may only be padding.",
        source="pytorch/torchtitan#1495; ggml-org/llama.cpp#6111",
    ),
    RulePage(
        "C015",
        "the recorded validation loss is not reproduced",
        "The same weights on the same rows give the same loss; another one means that weights, tokenizer or data were exchanged.",
        source="recipe: a checkpoint records what was trained",
    ),
    RulePage(
        "C120",
        "the model is worse than counting",
        "N-grams of orders 1 to 5, smoothed by interpolated Witten-Bell, are counted on the same training text in a second. "
        "A network that does not beat them has learned less than they have.",
        source="Chen and Goodman 1998, arXiv:cmp-lg/9606011, section 2.5: Witten-Bell smoothing",
        severity="warning",
    ),
)
