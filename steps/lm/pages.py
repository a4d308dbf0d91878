"""What `recipe explain` says of the codes that train and validate_checkpoint raise. No torch here."""

from schemas import RulePage

TRAIN_PAGES = (
    RulePage(
        "S001",
        "two keys say the same thing",
        "Only one of them can be followed, and the other would be silently ignored.",
        wrong="max_steps: 1000\nnum_train_epochs: 3",
        right="max_steps: 1000",
    ),
    RulePage(
        "S002",
        "an expected band is upside down",
        "A band is [low, high]; the other way round no figure is inside it.",
        wrong="expect: {100: {train_loss: [5, 4]}}",
        right="expect: {100: {train_loss: [4, 5]}}",
    ),
    RulePage(
        "S003",
        "the warm-up is as long as the run",
        "The learning rate would never reach its peak, nor fall.",
        wrong="max_steps: 100\nwarmup_steps: 500",
        right="max_steps: 100\nwarmup_steps: 5",
    ),
    RulePage(
        "S004",
        "min_lr with a constant schedule",
        "A constant rate never falls to it.",
        wrong="scheduler: constant\nmin_lr: 1e-5",
        right="scheduler: constant",
    ),
    RulePage(
        "S005",
        "min_lr above learning_rate",
        "The rate falls from learning_rate to min_lr.",
        wrong="learning_rate: 1e-3\nmin_lr: 1e-2",
        right="learning_rate: 1e-3\nmin_lr: 1e-4",
    ),
    RulePage(
        "S006",
        "plan and hand do not agree",
        "What is written by hand wins, but a plan's other settings may not fit beside it.",
    ),
    RulePage(
        "S007",
        "decay_share without wsd",
        "Only wsd has a stretch of constant rate before it falls.",
        wrong="scheduler: cosine\ndecay_share: 0.1",
        right="scheduler: wsd\ndecay_share: 0.1",
    ),
    RulePage(
        "S008",
        "a spike's size, and nothing to do about it",
        "spike_factor says what a spike is; on_spike says what happens then.",
        wrong="spike_factor: 5",
        right="on_spike: skip\nspike_factor: 5",
    ),
    RulePage(
        "S102",
        "the gradient's norm jumped",
        "It is more than spike_factor times the median of the last 100 steps. One such step is often a strange stretch of data, and skip "
        "leaves its update out; eleven in a row are not. What on_spike: stop has ended goes on at its last save when skip is written.",
    ),
    RulePage(
        "S111",
        "a figure left its expected band, and the recipe says to stop",
        "on_expect: stop ends a run that goes another way than the recipe says.",
    ),
    RulePage(
        "O001",
        "adamw_8bit without bitsandbytes",
        "The 8-bit optimizer is bitsandbytes'; it runs on CUDA and on CPUs.",
        wrong="optimizer: adamw_8bit   # and bitsandbytes is not installed",
        right="optimizer: adamw",
    ),
    RulePage("O002", "muon in an old torch", "torch.optim.Muon came with torch 2.9."),
    RulePage(
        "O003",
        "muon under LoRA",
        "Muon makes the update of a whole matrix orthogonal (arXiv 2502.16982); the factors of an adapter are not such matrices.",
        wrong="method: lora\noptimizer: muon",
        right="method: lora\noptimizer: adamw",
    ),
    RulePage(
        "B021",
        "out of memory, and nothing left to give up",
        "Smaller micro-batches, activation checkpointing, smaller loss chunks and shorter rows were tried, each with a line in "
        "events.jsonl. What is left is more gradient accumulation, which frees nothing. The table says what fills the memory.",
        wrong="model: {family: llama, d_model: 4096}\ntarget: t4",
        right="model: {family: llama, d_model: 768}\ntarget: t4",
    ),
    RulePage("C020", "what was saved does not read back", "Tried after the first step, so that it is not found at the end of the run."),
    RulePage(
        "D150",
        "packing of the other objective",
        "A bin is one stream of tokens that rows are cut from; fine-tuning puts whole documents side by side. Each objective has its own.",
        wrong="objective: sft\npacking: stream",
        right="objective: sft",
    ),
    RulePage(
        "D119",
        "documents of one row cannot be kept apart",
        "Attention is masked at a border, and the state of our Mambas begins anew there. A base model of a kind that does neither would "
        "mix the documents; it is tried on a few tokens before training.",
        wrong="model: {base: {path: models/rwkv}}\npacking: documents",
        right="model: {base: {path: models/rwkv}}",
    ),
    RulePage("P104", "torch.compile does not work here", "It needs a C++ compiler, and forms of code that it knows.", severity="warning"),
    RulePage(
        "R101",
        "going on from a hub model",
        "resume_from goes on with the optimizer's moments, the schedule and the place in the data; a published model has none of these.",
        wrong="resume_from: {hub: m}",
        right="model: {base: {hub: m}}",
    ),
    RulePage(
        "R102", "no state to go on from", "The checkpoint holds weights alone: save_only_model left the rest out, or another tool wrote it."
    ),
    RulePage(
        "R103",
        "two trainings that are not one",
        "resume_from goes on as if nothing had happened in between, so model, method, data, seed, batch, length and attention must be the "
        "same. To train something else from the same weights, name them as the base.",
        wrong="max_seq_length: 1024   # the other has 512\nresume_from: {step: first}",
        right="max_seq_length: 1024\nmodel: {base: {step: first}}",
    ),
    RulePage("R104", "nothing is left to do", "max_steps counts from the very beginning, the other training's steps included."),
    RulePage(
        "R105",
        "the schedule was another one so far",
        "A cosine over 1000 steps has fallen where a cosine over 2000 is still high: prolonged, it jumps up again. A constant rate, or wsd "
        "before it falls, can be prolonged exactly.",
        severity="warning",
    ),
    RulePage(
        "R106",
        "two checkpoints for one step",
        "A train step takes one checkpoint from another step: the base, or what it goes on from.",
        wrong="model: {base: {step: base}}\nresume_from: {step: tuned}",
        right="model: {base: {step: base}}\nresume_from: {path: runs/latest/artifacts/tuned}",
    ),
    RulePage(
        "S101",
        "the loss or its gradient is no number",
        "The rate is too high for this model, or fp16 overflowed: nothing that follows would be worth its time.",
    ),
    RulePage(
        "S110",
        "a figure left its expected band",
        "The recipe says what this run should look like; it looks otherwise.",
        severity="warning",
    ),
    RulePage(
        "S120",
        "a tracker does not work",
        "wandb, TensorBoard and MLflow are told the figures besides our own logs. One that is not installed, does not answer or breaks "
        "is left behind: a training run is worth more than its curve on a server.",
        right='tracking: tensorboard   # pip install "recipe[tensorboard]"',
        severity="warning",
    ),
    RulePage(
        "A001",
        "lora settings with method: full",
        "They would have no effect.",
        wrong="method: full\nlora: {r: 8}",
        right="method: lora\nlora: {r: 8}",
    ),
    RulePage(
        "A002",
        "lora without a base",
        "Low-rank adapters change a trained model; a new one has nothing to adapt.",
        wrong="method: lora\nmodel: {family: llama}",
        right="method: lora\nmodel: {base: {step: base}}",
    ),
    RulePage(
        "A101",
        "no such layer",
        "An adapter goes on linear layers by the last part of their name.",
    ),
    RulePage(
        "A102",
        "a layer that cannot be adapted",
        "peft refuses a Mamba's out_proj and conv1d; an adapter of a tied head would change the embedding when merged.",
        source="peft 0.21, tuners/lora",
    ),
    RulePage(
        "A103",
        "an adapter gets no gradient",
        "The layer's weight is used without calling the layer, so its adapter would stay zero for the whole run.",
        source="seen with mamba-ssm's fused kernel",
    ),
    RulePage(
        "A104",
        "merging changed the model",
        "The merged weights must give the adapted model's logits.",
    ),
    RulePage(
        "A005",
        "quant without qlora",
        "Only a base that is frozen can be held in 4 or 8 bits, and only adapters are trained beside a frozen base.",
        wrong="method: lora\nquant: {bits: 4}",
        right="method: qlora\nquant: {bits: 4}",
    ),
    RulePage(
        "A006",
        "a setting of four bits with eight",
        "LLM.int8() has one form; nf4, fp4 and double quantisation are forms of four bits.",
        wrong="quant: {bits: 8, type: nf4}",
        right="quant: {bits: 8}",
        source="arXiv 2208.07339, 2305.14314",
    ),
    RulePage(
        "A107",
        "more blocks than the model has",
        "lora.layers counts the last blocks of the model.",
    ),
    RulePage(
        "A108",
        "the base cannot be held in bytes here",
        "qlora holds it with bitsandbytes, which runs on CPUs and CUDA and comes with the extra `qlora`.",
        right='pip install "recipe[qlora]"',
    ),
    RulePage(
        "B001",
        "less than one row a step",
        "The effective batch in tokens must hold at least one row.",
        wrong="total_batch_tokens: 256\nmax_seq_length: 512",
        right="total_batch_tokens: 512\nmax_seq_length: 512",
    ),
    RulePage(
        "B002",
        "batch settings that do not multiply",
        "total_batch_size = batch_size x gradient_accumulation_steps.",
        wrong="total_batch_size: 32\nbatch_size: 8\ngradient_accumulation_steps: 8",
        right="total_batch_size: 32\nbatch_size: 8",
    ),
    RulePage(
        "M003",
        "sizes beside a base",
        "A base model brings its own sizes.",
        wrong="model: {base: {path: m}, d_model: 256}",
        right="model: {base: {path: m}}",
    ),
    RulePage(
        "M101",
        "rows longer than the model's positions",
        "A model that learned positions up to a length cannot read beyond it.",
    ),
    RulePage(
        "P101",
        "bf16 that the card does not have",
        "It would be emulated in fp32, at a fraction of the speed; torch says it is supported all the same.",
    ),
    RulePage(
        "P102",
        "fp16 on a CPU",
        "CPUs have no fp16 arithmetic.",
    ),
    RulePage(
        "H003",
        "a base in no way or in several",
        "A base is one of a folder, a hub model, a step.",
        wrong="base: {}",
        right="base: {path: models/small}",
    ),
    RulePage(
        "H004",
        "half of a base",
        "revision belongs to hub, recipe to step.",
        wrong="base: {path: m, revision: main}",
        right="base: {hub: m, revision: main}",
    ),
    RulePage(
        "H010",
        "the hub model cannot be fetched",
        "The name, the revision or the network is wrong.",
    ),
    RulePage(
        "D110",
        "a step without anything to learn",
        "Every row of it is padding or question.",
    ),
    RulePage(
        "D111",
        "a document longer than the model's window",
        "It would have to be cut, and the end of an answer is lost in silence.",
        wrong="- type: train\n  objective: sft",
        right="- type: split_long\n  max_tokens: 512\n- type: train\n  objective: sft",
    ),
    RulePage(
        "D112",
        "nothing to learn in the corpus",
        "Only answers and texts are learned.",
    ),
    RulePage(
        "D113",
        "a bin with too few tokens",
        "It does not hold one row.",
    ),
    RulePage(
        "D114",
        "conversations longer than the model's window",
        "split_long repeats the question before each part of a long answer. A question that alone fills the window cannot be helped: "
        "the conversation is left out of the training and counted, never cut.",
        severity="warning",
    ),
    RulePage(
        "D115",
        "the model's chat template does not write a conversation",
        "A base model that has a chat template is fine-tuned in it. The template refused the conversation (some know no system message, or "
        "want question and answer in turn), or writes its beginning in another way once turns follow: then nobody can say which tokens "
        "are the answer. It runs in a sandbox and without a clock.",
        wrong='{"messages": [{"role": "user", ...}, {"role": "user", ...}]}',
        right='{"messages": [{"role": "user", ...}, {"role": "assistant", ...}]}',
    ),
    RulePage(
        "V104",
        "a new model without a tokenizer",
        "The tokenizer says how many rows the embedding has, and goes with the checkpoint.",
        wrong="- type: train\n  tokenizer: none",
        right="- type: train_tokenizer\n  vocab_size: 8000\n- type: train",
    ),
    RulePage(
        "V107",
        "tokens that cannot be added",
        "add_tokens writes tokens behind a base's tokenizer and gives each a row of the embedding. A new model's tokenizer has its marks "
        "from train_tokenizer, and the ids of a bin are made already.",
        wrong="model: {family: llama}\nadd_tokens: [<|tool|>]",
        right="- type: train_tokenizer\n  user_symbols: [<|tool|>]",
    ),
    RulePage(
        "C001",
        "a checkpoint without safetensors",
        "Pickled weights can run code when they are opened. `trust_pickle: true` lets torch read pytorch_model.bin, and nothing but "
        "weights from it; validate_checkpoint then bears with such a file beside the weights.",
    ),
    RulePage(
        "C002",
        "a model folder that does not open",
        "transformers could not read it.",
    ),
    RulePage(
        "C003",
        "weights that are not those of config.json",
        "Names and shapes in the headers of the files are held against what config.json asks for. Where a matrix is absent the loader "
        "takes random numbers, and the model looks whole and is not; a matrix of another shape it refuses. A transposed one was saved by "
        "a tool that keeps GPT-2's layers the other way round.",
        wrong="model: {base: {path: models/llama}}   # config.json of the 8B, weights of the 3B",
        right="hf download owner/name --local-dir models/llama",
        source="huggingface/transformers#20287; ollama/ollama#6357",
    ),
)

VALIDATE_PAGES = (
    RulePage(
        "C121",
        "dead rows in the embedding",
        "A row of next to no length, or with the very values of another, is one that training never moved: its token means nothing to the "
        "model. Rows that only pad the table to a round number are not counted.",
        wrong="vocab_size: 50257   # for 350 kB of text",
        right="vocab_size: {at_most: 8000}",
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
    RulePage("C122", "the best weights are asked for and none are kept", "The last stand in for them.", severity="warning"),
    RulePage("C010", "the weights cannot be read", "model.safetensors is missing, cut off or damaged."),
    RulePage("C011", "weights do not match the config", "A tensor is missing, unknown or of another shape than config.json asks for."),
    RulePage("C012", "the parameter count is not the recorded one", "The files are not the ones that the training wrote."),
    RulePage("C013", "weights hold NaN or infinity", "Such a model answers nothing, and a GGUF made of it loads without a word."),
    RulePage(
        "C014", "checkpoint and tokenizer disagree", "Every id needs its row in the embedding, and rows beyond the ids may only be padding."
    ),
    RulePage(
        "C015",
        "the recorded validation loss is not reproduced",
        "The same weights on the same rows give the same loss; another one means that weights, tokenizer or data were exchanged.",
    ),
    RulePage(
        "C120",
        "the model is worse than counting",
        "Smoothed n-grams of orders 1 to 5 are counted on the same training text in a second. "
        "A network that does not beat them has learned less than they have.",
        severity="warning",
    ),
)
