"""Pages of the codes that the runner and schemas raise: the file's text (Y), keys and values (K), links (L), sizes (M), the run (R)."""

from schemas.findings import RulePage

PAGES = (
    RulePage("Y001", "the file cannot be read", "The recipe does not exist, is a folder, is too large, or may not be read.",
             wrong="recipe check recipes/smal.yaml   # there is none of that name",
             right="recipe check recipes/small.yaml",
             source="recipe: a recipe is one file, named by its path"),
    RulePage("Y002", "characters that YAML does not take", "A recipe is UTF-8. Editors on Windows may save UTF-16 or Windows-1254; "
                                                           "control "
             "characters come in by copying from a terminal.", wrong="recipe: small   # saved as UTF-16",
             right="iconv -f WINDOWS-1254 -t UTF-8 old.yaml > new.yaml",
             source="yaml.org/spec/1.2.2, 5.1 and 5.2: character set and encodings"),
    RulePage("Y003", "this is no YAML", "The text cannot be taken apart into keys and values: a bracket or a quote is open, a colon "
                                        "is missing, or "
             "the indentation fits nothing above it. The place is where the reader gave up; the cause is there or just above.",
             wrong="model: {family: mamba, d_model: 256\nmax_steps: 100", right="model: {family: mamba, d_model: 256}\nmax_steps: 100",
             source="yaml.org/spec/1.2.2, 7.4: flow collection styles"),
    RulePage("Y004", "a key is written twice", "Most YAML readers keep the last one in silence, so half of what is written has no "
                                               "effect.",
             wrong="max_steps: 100\nmax_steps: 2000", right="max_steps: 2000", source="yacs#17"),
    RulePage("Y005", "a tag", "Tags (!!python/object, !env) make a reader build things; a recipe is plain data.", wrong="seed: !!str 1",
             right='seed: 1',
             source="yaml.org/spec/1.2.2, 6.9.1: node tags"),
    RulePage("Y006", "an alias that names nothing, itself, or too much", "An alias (*name) repeats what stands at its anchor "
            "(&name), which must "
             "come before it. vars: do the same by name, and can be set from the command line.", wrong="b: *size\na: &size 512",
             right="vars: {size: 512}\n…\nb: ${size}",
             source="yaml.org/spec/1.2.2, 7.1: alias nodes"),
    RulePage("Y007", "this file holds no recipe", "A recipe is a map: recipe: its name, and steps: a list.",
             wrong="- type: parse_corpus\n  sources: [{path: data/*.txt}]",
             right="recipe: small\nsteps:\n  - type: parse_corpus\n    sources: [{path: data/*.txt}]",
             source="recipe: a file is a map, of the recipe's name and its steps"),
    RulePage("Y008", "two documents in one file", "`---` begins a second YAML document. A file holds one recipe.",
             wrong="recipe: small\nsteps: []\n---\nrecipe: large\nsteps: []",
             right="recipe: small\nsteps: []   # and large.yaml holds the other",
             source="yaml.org/spec/1.2.2, 9.2: streams"),
    RulePage("Y009", "values nested too deep", "Nobody means sixty levels: a bracket is open, or the file was made by a program "
                                               "that went wrong.",
             wrong="about: " + "[" * 61 + "]" * 61,
             right="about: one text",
             source="recipe: values lie sixty levels deep at most"),
    RulePage("Y010", "a key that is no name", "Keys are words or whole numbers. true, null, 1.5 and lists must be quoted to be keys.",
             wrong="recipe: small\ntrue: 1",
             right='recipe: small\n"true": 1',
             source="yaml.org/spec/1.2.2, 10.3.2: tag resolution"),
    RulePage("Y011", "a tab in the indentation", "YAML counts spaces; how wide a tab is, no two editors agree on.",
             wrong="steps:\n\t- type: train",
             right="steps:\n  - type: train",
             source="yaml.org/spec/1.2.2, 6.1: indentation spaces; whitlockjc/json-refs#28"),
    RulePage("Y013", "a number with a leading zero", "YAML 1.1 reads 010 as octal, 8; YAML 1.2, and so a recipe, as 10. Whoever reads it "
             "later may take it for the other.", wrong="seed: 010", right="seed: 10", source="yaml.org/spec/1.2.2, ext. changes",
             severity="warning"),
    RulePage("Y014", "a # that cuts a text", "After a blank, # begins a comment, and the rest of the line is gone.",
             wrong="about: phase #1 of two", right='about: "phase #1 of two"', source="yaml.org/spec/1.2.2, 6.6", severity="info"),
    RulePage("Y020", "the extended recipe is not there", "`extends` names a file relative to the recipe that says so.",
             wrong="extends: phase1.yml   # beside it lies phase1.yaml",
             right="extends: phase1.yaml",
             source="recipe: extends names a file, relative to the recipe"),
    RulePage("Y021", "recipes extend each other", "a.yaml extends b.yaml and b.yaml, perhaps through others, a.yaml.",
             wrong="# a.yaml\nextends: b.yaml\n# b.yaml\nextends: a.yaml", right="# a.yaml\nextends: base.yaml",
             source="recipe: extends goes one way"),
    RulePage("Y022", "a change of a step that is not there", "In a recipe that extends another, a step changes the one of its id "
            "(or of its type, "
             "where it is the only one), `drop: true` takes it out, and a new one says `after:` or `before:` whom it stands.",
             wrong="extends: phase1_tr.yaml\nsteps:\n  - id: trian\n    max_steps: 10",
             right="extends: phase1_tr.yaml\nsteps:\n  - id: train\n    max_steps: 10",
             source="recipe: steps of an extended recipe are changed by their id"),
    RulePage("Y030", "an unknown variable", "${name} stands for vars: name. $${ is written for the characters themselves.",
             wrong="max_seq_length: ${blok}", right="vars: {block: 512}\n…\nmax_seq_length: ${block}",
             source="recipe: ${name} stands for vars: name"),
    RulePage("Y031", "variables name each other", "a: ${b} and b: ${a} have no value.",
             wrong="vars: {width: '${size}', size: '${width}'}\n…\nmax_seq_length: ${width}",
             right="vars: {size: 512, width: '${size}'}\n…\nmax_seq_length: ${width}",
             source="recipe: ${name} stands for vars: name"),
    RulePage("Y032", "a variable where none can stand", "A variable stands for a value or for a part of a text; not for type, id, "
                                                        "or a list inside "
             "of a text.",
             wrong="vars: {kind: train}\n…\n- type: ${kind}",
             right="- type: train",
             source="recipe: a variable stands for a value, or for a part of a text"),
    RulePage("Y033", "a secret in an open field", "${env:NAME} is read at the last moment and is in no log, lock or report. So it "
                                                  "may only stand in "
             "fields that are meant for secrets, alone.", wrong="name: ${env:USER}", right="vars: {user: ada}\n…\nname: ${user}",
             source="OWASP, Secrets Management Cheat Sheet"),
    RulePage("Y034", "a variable that nothing reads", "A value under vars is at work only where ${name} stands for it. Of a variable that "
             "is read nowhere the value is believed to be set and is not; most often its name is misspelt, or it was meant as the key of "
             "a step.", wrong="vars: {learning_rate: 5e-4}\n…\n- type: train\n  max_steps: 1000",
             right="vars: {rate: 5e-4}\n…\n- type: train\n  learning_rate: ${rate}", source="semidark/kikiri-tts#14",
             severity="warning"),
    RulePage("Y040", "a --set that fits nothing", "--set takes the dotted name of a key and its value.", wrong="--set max_steps=100",
             right="--set steps.train.max_steps=100",
             source="recipe: --set takes the dotted name of a key"),
    RulePage("K001", "an unknown key", "A key that nothing reads is believed to be at work. So it is an error, with the nearest "
                                       "name that is known.",
             wrong="gradient_acumulation_steps: 8", right="gradient_accumulation_steps: 8", source="meta-pytorch/torchtune#1646"),
    RulePage("K002", "a value of the wrong kind", "Nothing is guessed: '512' in quotes is text, 512 is a number. YAML 1.2 is read, "
                                                  "so 1e-5 is a number "
             "and no is a word.", wrong="max_steps: '100'", right="max_steps: 100", source="hiyouga/LlamaFactory#4149"),
    RulePage("K003", "a value out of its range", "The value has the right kind and cannot be meant.",
             wrong="val_fraction: 5", right="val_fraction: 0.05",
             source="ggml-org/llama.cpp#3900 (vocab_size: -1)"),
    RulePage("K004", "none of the known words", "The field takes one of a few words.",
             wrong="precision: bfloat16", right="precision: bf16",
             source="the documentation of pydantic, Literal"),
    RulePage("K005", "a key is missing", "There is no default for it: only you can know it.",
             wrong="- type: parse_corpus",
             right="- type: parse_corpus\n  sources: [{path: data/*.txt}]",
             source="recipe: what only you can know has no default"),
    RulePage("K006", "a key in the wrong place", "The key is known, but under another step or another key, where it would have an "
                                                 "effect.",
             wrong="- type: train\n  d_model: 256", right="- type: train\n  model: {d_model: 256}", source="semidark/kikiri-tts#14"),
    RulePage("K007", "an unknown step type", "A type is the name of a file in steps/, or of an entry point in the group recipe.steps.",
             wrong="- type: tokenise_bin", right="- type: tokenize_bin",
             source="recipe: a type is a file in steps/, or an entry point"),
    RulePage("K008", "a step that cannot be loaded", "The package that brings the step is broken, or needs another one.",
             wrong="- type: their_step   # whose package needs one that is not installed",
             right="pip install …   # the package that the message names, then\n- type: their_step",
             source="the documentation of Python, importlib.metadata: entry points"),
    RulePage("K009", "two steps of one name", "Steps are called by their id, and by their type where it is the only one.",
             wrong="- type: train\n- type: train", right="- type: train\n  id: base\n- type: train\n  id: tuned",
             source="recipe: steps are called by their id"),
    RulePage("K010", "another tool's key", "Trainers have different names for the same thing. Where it is the same thing, `--fix` "
                                           "writes ours; where "
             "the unit differs, the value is converted.", wrong="per_device_train_batch_size: 8", right="batch_size: 8",
             source="the documentation of transformers, TrainingArguments"),
    RulePage("K011", "another tool's recipe", "The file is a configuration of another trainer. Its keys are listed with their place "
                                              "here.",
             wrong="model_name_or_path: models/llama\nstage: pt\nper_device_train_batch_size: 8",
             right="recipe convert llama.yaml   # writes\nrecipe: llama\nsteps: …",
             source="hiyouga/LlamaFactory, examples; axolotl-ai-cloud/axolotl, examples"),
    RulePage("L001", "a step that is not there", "An input names a step by its id.", wrong="tokenizer: tok_c", right="tokenizer: tok_b",
             source="recipe: an input names a step by its id"),
    RulePage("L002", "nobody makes this", "A step needs an artifact of a kind that no step before it makes.",
             wrong="- type: tokenize_bin\n- type: train_tokenizer", right="- type: train_tokenizer\n- type: tokenize_bin",
             source="recipe: a step takes what steps above it made"),
    RulePage("L003", "an artifact of another kind", "The named step makes something else than the input takes.", wrong="tokenizer: "
            "corpus",
             right="tokenizer: train_tokenizer",
             source="recipe: an input takes one kind of artifact"),
    RulePage("L004", "steps that wait for each other", "Each needs the other's result first.",
             wrong="- type: split_long\n  id: pieces\n  max_tokens: 512\n  corpus: pieces",
             right="- type: split_long\n  id: pieces\n  max_tokens: 512\n  corpus: parse_corpus",
             source="recipe: a step takes what steps above it made"),
    RulePage("L005", "this names no step", "An input is a step's id, {recipe, step} for the last result of another recipe, or "
                                           "{path: folder}; a list "
             "where the step takes several.",
             wrong="- type: tokenize_bin\n  corpus: 3",
             right="- type: tokenize_bin\n  corpus: parse_corpus",
             source="recipe: an input names a step by its id"),
    RulePage("L006", "a result from below", "Steps run in the order of the file: a step takes results of those above it.",
             wrong="- {type: tokenize_bin, corpus: texts}\n"
                   "- {type: parse_corpus, id: texts, sources: [{path: data/*.txt}]}",
             right="- {type: parse_corpus, id: texts, sources: [{path: data/*.txt}]}\n"
                   "- {type: tokenize_bin, corpus: texts}",
             source="recipe: a step takes what steps above it made"),
    RulePage("L007", "nobody reads this result", "Another step makes the same kind of thing further down, and the steps behind it "
                                                 "take that one.",
             wrong="- {type: parse_corpus, id: books, sources: [{path: books/*.txt}]}\n"
                   "- {type: parse_corpus, id: talks, sources: [{path: talks/*.txt}]}\n- type: train_tokenizer",
             right="- {type: parse_corpus, id: books, sources: [{path: books/*.txt}]}\n"
                   "- {type: parse_corpus, id: talks, sources: [{path: talks/*.txt}]}\n"
                   "- {type: train_tokenizer, corpus: [books, talks]}",
             source="recipe: an input that is not written is the nearest one above",
             severity="warning"),
    RulePage("H001", "an unknown machine", "target: is `here`, a known machine by name, or {gpu, count, memory_gb}.",
             wrong="target: tesla", right="target: t4",
             source="recipe: target is a machine, by its name or its card"),
    RulePage("M001", "sizes that do not divide", "Heads share the width evenly: d_model is a multiple of n_heads, n_heads of "
                                                 "n_kv_heads, a llama's heads are of an even width, and in "
             "mamba2 d_model x expand of head_dim.", wrong="model: {family: llama, d_model: 500, n_heads: 8}",
             right="model: {family: llama, d_model: 512, n_heads: 8}", source="state-spaces/mamba#360"),
    RulePage("M002", "a size that this family does not have", "Attention has heads, a Mamba has a state. The other's sizes would be "
            "ignored.",
             wrong="model: {family: mamba, n_heads: 8}", right="model: {family: mamba, d_state: 16}",
             source="arXiv 2312.00752 (Mamba): a state in the place of heads"),
    RulePage("M004", "not one number a layer", "hebbian_decay and hebbian_rate are one number for all layers, or a list with one for each.",
             wrong="model: {family: mamba_hebbian, n_layers: 4, hebbian_decay: [0.9, 0.99]}",
             right="model: {family: mamba_hebbian, n_layers: 4, hebbian_decay: [0.9, 0.95, 0.98, 0.99]}",
             source="recipe: one number for all layers, or one for each"),
    RulePage("R001", "a folder cannot be written", "The run's folder or the store is not writable.",
             wrong="store: /mnt/archive   # mounted to be read only",
             right="store: /data/store",
             source="the documentation of Python, PermissionError"),
    RulePage("R002", "a store of another version", "The store was made by a version of recipe that writes another format.",
             wrong="store: ../old/store   # of another version of recipe",
             right="store: store",
             source="recipe: the store says which format it has"),
    RulePage("R003", "the disk is full", "Nothing half-written is kept; what was made before is still there.",
             wrong="store: /small   # where 3 GB are free",
             right="store: /data/store",
             source="mlfoundations/open_lm#154"),
    RulePage("R004", "a source went away", "A file that the recipe reads could be seen when it was checked and cannot be read now.",
             source="recipe: a source is read again when its step runs"),
    RulePage("R005", "a step wrote something that is no file", "Artifacts are plain files and folders, so that they are the same "
            "everywhere.",
             wrong="os.symlink(folder, context.workdir / 'data')   # in a step of your own",
             right="shutil.copytree(folder, context.workdir / 'data')",
             source="recipe: an artifact is plain files and folders"),
    RulePage("R006", "no such run", "A run is named by its folder, by the beginning of its name, or by `latest`.",
             source="recipe: runs/ holds the runs"),
    RulePage("R007", "a part of a run lacks its beginning", "With --only, --from or --to, the results of the other steps are taken "
            "from the store.",
             source="recipe: --only, --from and --to run a part"),
    RulePage("R008", "no such step", "--only, --from, --to and --force take ids of the recipe's steps.",
             source="recipe: --only, --from, --to and --force take ids of steps"),
    RulePage("R009", "another recipe has not been run", "An input is the last result of another recipe, and there is none in the store.",
             source="recipe: {recipe, step} is the last result of another recipe"),
    RulePage("R010", "a damaged result was put aside", "A file of the store is not what was written there. It is made again.",
             source="recipe: the store holds a digest of every file",
             severity="warning"),
    RulePage("R011", "an artifact that does not open", "The folder's artifact.json is missing, damaged or of another kind.",
             source="recipe: an artifact is a folder with its artifact.json"),
    RulePage("R012", "a step of another package failed", "The step raised something else than a RecipeError; its package should say "
                                                         "what is wrong.",
             source="recipe: a step raises RecipeError for what its user can mend"),
    RulePage("R013", "a source changed while it was read", "The step may have read the old text or the new one, so what it made is not "
                                                           "kept: run it again when the file is written.",
             source="recipe: a source's digest is taken before and behind its step"),
    RulePage("R016", "no run to watch or stop", "`recipe watch`, `stop` and `logs` take the one run that is at work; where several are, or "
                                                "none, they must be told which.",
             source="recipe: watch, stop and logs take one run"),
    RulePage("R017", "a run without a model", "`recipe generate` takes the last model that a run trained or proved, or that of --step.",
             source="recipe: generate takes a model of a run"),
    RulePage("R018", "a library that the verb needs is not installed", "Checking and showing need no torch; generating does.",
             source="recipe: heavy libraries come with the extra `train`"),
    RulePage("R019", "memory ran out in a step", "A training gives up its micro-batch, then more, and goes on "
             "(on_oom). What it begins with, and what other steps hold, must fit as it is: a model in fp32 has 4 bytes a parameter before "
             "it learns anything.",
             source="huggingface/accelerate: find_executable_batch_size ends at 0"),
    RulePage("R020", "one of several processes", "torchrun, accelerate launch and mpirun start a program many times, and their "
             "programs share the work. A training of recipe is one process on one device: each of the many would run the whole recipe, "
             "the first at work and the others waiting for its results on cards that they hold. So the world of a training has one size, "
             "and total_batch_size, which is the same on every machine, is all of its batch.",
             wrong="torchrun --nproc-per-node 4 --no-python recipe run small.yaml",
             right="recipe run small.yaml",
             source="docs.pytorch.org, torchrun: RANK, LOCAL_RANK and WORLD_SIZE"),
    RulePage("C050", "no checkpoint or tokenizer of llama2.c", "`recipe convert` reads versions 0 and 1 of its model files and the "
             "tokenizer that belongs to them; sizes and pieces must agree to the byte.",
             wrong="recipe convert out/ckpt.pt",
             right="recipe convert stories15M.bin --tokenizer tokenizer.bin",
             source="karpathy/llama2.c, export.py: versions of the model file"),
    RulePage("C051", "what would be written is there already", "`recipe convert` writes over nothing.",
             source="recipe: convert writes over nothing"),
    RulePage("C052", "no configuration of another trainer", "`recipe convert` reads YAML, JSON, TOML, a Python file of assignments as "
             "nanoGPT has them, and the flags of a command in a script. Nothing of it is run.",
             source="recipe: convert reads a configuration and runs nothing"),
    RulePage("R900", "a fault of recipe itself", "This is our bug. The traceback is saved; please send it to us.",
             source="recipe: the log beside the run holds the traceback"),
)  # fmt: skip
