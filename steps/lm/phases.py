"""What `recipe explain` says of trainings in phases: weights to begin with, and what is trained when. No torch here."""

from schemas import RulePage

PHASE_PAGES = (
    RulePage(
        "R107",
        "weights from two places",
        "init_from fills a new network with another training's weights. A base has its own, and resume_from brings all weights with it.",
        wrong="model: {base: {path: models/small}}\ninit_from: {step: first}",
        right="model: {family: mamba_hebbian, d_model: 256}\ninit_from: {step: first}",
    ),
    RulePage(
        "R108",
        "a weight of another shape",
        "init_from copies weights by their names. One that is there under the same name and of another size cannot be copied, and leaving "
        "it out would begin that part from nothing without a word.",
        wrong="model: {family: mamba_hebbian, d_model: 512}   # the other has 256\ninit_from: {step: first}",
        right="model: {family: mamba_hebbian, d_model: 256}\ninit_from: {step: first}",
    ),
    RulePage(
        "R109",
        "no weight in common",
        "Networks of different kinds call their weights by different names: nothing of the one is anything in the other.",
        wrong="model: {family: llama}   # the other is a mamba\ninit_from: {step: first}",
        right="model: {family: mamba_hebbian}\ninit_from: {step: first}",
    ),
    RulePage(
        "R110",
        "a checkpoint that lacks weights of its own",
        "Its config.json asks for weights that its files do not hold. They begin anew, which is seldom what was meant.",
        severity="warning",
    ),
    RulePage(
        "V106",
        "weights of another vocabulary",
        "A row of the embedding is one token's. With another tokenizer every row would stand for another piece, even where there are "
        "as many.",
        wrong="- {type: train_tokenizer, vocab_size: 8000}   # the other training had 16000\n- {type: train, init_from: {step: first}}",
        right="- {type: train_tokenizer, vocab_size: 16000}   # on the same text\n- {type: train, init_from: {step: first}}",
    ),
)
