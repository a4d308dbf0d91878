"""What `recipe explain` says of trainings in phases: weights to begin with, and what is trained when. No torch here."""

from schemas import RulePage

PHASE_PAGES = (
    RulePage(
        "R107",
        "weights from two places",
        "init_from fills a new network with another training's weights. A base has its own, and resume_from brings all weights with it.",
        wrong="model: {base: {path: models/small}}\ninit_from: {step: first}",
        right="model: {family: mamba_hebbian, d_model: 256}\ninit_from: {step: first}",
        source="recipe: weights come from one place",
    ),
    RulePage(
        "R108",
        "a weight of another shape",
        "init_from copies weights by their names. One that is there under the same name and of another size cannot be copied, and leaving "
        "it out would begin that part from nothing without a word.",
        wrong="model: {family: mamba_hebbian, d_model: 512}   # the other has 256\ninit_from: {step: first}",
        right="model: {family: mamba_hebbian, d_model: 256}\ninit_from: {step: first}",
        source="zetavg/LLaMA-LoRA-Tuner#33",
    ),
    RulePage(
        "R109",
        "no weight in common",
        "Networks of different kinds call their weights by different names: nothing of the one is anything in the other.",
        wrong="model: {family: llama}   # the other is a mamba\ninit_from: {step: first}",
        right="model: {family: mamba_hebbian}\ninit_from: {step: first}",
        source="recipe: init_from copies weights by their names",
    ),
    RulePage(
        "R110",
        "a checkpoint that lacks weights of its own",
        "Its config.json asks for weights that its files do not hold. They begin anew, which is seldom what was meant.",
        source="huggingface/transformers#20287",
        severity="warning",
    ),
    RulePage(
        "S021",
        "a stage without an end",
        "Stages follow each other, each for its steps. Only the last may leave them out: it takes the rest of the run.",
        wrong="stages: [{train: [hebbian]}, {train: [all]}]",
        right="stages: [{steps: 500, train: [hebbian]}, {train: [all]}]",
        source="recipe: stages follow each other, each for its steps",
    ),
    RulePage(
        "S022",
        "stages of a training that trains adapters alone",
        "A stage freezes and unfreezes weights of the network. With lora they are frozen all the time.",
        wrong="model: {base: {path: models/small}}\nmethod: lora\nstages: [{train: [mixer]}]",
        right="model: {base: {path: models/small}}\nmethod: full\nstages: [{train: [mixer]}]",
        source="arXiv 2106.09685, 4.1: the trained weights are frozen under LoRA",
    ),
    RulePage(
        "S023",
        "stages that do not fill the run",
        "max_steps, or the passes over the data, say how long the run is. Stages that need more would not all be reached; with less, "
        "nothing would say what is trained at the end.",
        wrong="max_steps: 400\nstages: [{steps: 500, train: [hebbian]}, {train: [all]}]",
        right="max_steps: 4000\nstages: [{steps: 500, train: [hebbian]}, {train: [all]}]",
        source="recipe: stages fill the run",
    ),
    RulePage(
        "S024",
        "a stage that trains nothing by that name",
        "A pattern is all, or a run of parts of the weights' names between their dots: hebbian, layers.3, mixer.in_proj. One that means no "
        "weight would leave that stage without what it was meant to train.",
        wrong="model: {family: mamba_hebbian}\nstages: [{steps: 500, train: [hebian]}, {train: [all]}]",
        right="model: {family: mamba_hebbian}\nstages: [{steps: 500, train: [hebbian]}, {train: [all]}]",
        source="AETHER phase 2: the first phase's weights are frozen, the new ones trained",
    ),
    RulePage(
        "S026",
        "a stage that trains one end of a tied weight",
        "With tie_embeddings the embedding and lm_head are one weight under two names: the stage that names one of them trains both.",
        wrong="model: {family: gpt2}   # tied\nstages: [{steps: 500, train: [lm_head]}, {train: [all]}]",
        right="model: {family: gpt2, tie_embeddings: false}\nstages: [{steps: 500, train: [lm_head]}, {train: [all]}]",
        source="Press and Wolf 2017, arXiv:1608.05859; huggingface/transformers, tie_word_embeddings",
        severity="info",
    ),
    RulePage(
        "V106",
        "weights of another vocabulary",
        "A row of the embedding is one token's. With another tokenizer every row would stand for another piece, even where there are "
        "as many.",
        wrong="- {type: train_tokenizer, vocab_size: 8000}   # the other training had 16000\n- {type: train, init_from: {step: first}}",
        right="- {type: train_tokenizer, vocab_size: 16000}   # on the same text\n- {type: train, init_from: {step: first}}",
        source="sillsdev/silnlp#1033",
    ),
    RulePage(
        "V108",
        "token ids of another tokenizer",
        "The ids of a bin mean the pieces of the tokenizer that made it. With another one beside it, even of the same size, the model "
        "learns numbers whose text nobody can read.",
        wrong="- {type: train_tokenizer, vocab_size: 8000}\n- {type: train, bins: {path: bins}}   # made with 16,000 pieces",
        right="- {type: train_tokenizer, vocab_size: 8000}\n- type: tokenize_bin\n- type: train",
        source="sillsdev/silnlp#1033",
    ),
)
