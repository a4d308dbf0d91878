"""What `recipe explain` says of the codes that plan raises."""

from schemas import RulePage

PLAN_PAGES = (
    RulePage(
        "B101",
        "what is written by hand does not fit, or is far slower",
        "The plan keeps every value that the train step has written and only warns: here the written batch or length needs more memory "
        "than the margin allows on the target, or what is written makes training less than half as fast, by the model of the target, as "
        "what the plan would choose in its place.",
        wrong="target: t4\nbatch_size: 512",
        right="total_batch_size: 512   # batch_size and accumulation are planned",
        source="recipe: what is written by hand wins over a plan",
        severity="warning",
    ),
    RulePage(
        "B102",
        "not even one row at a time fits",
        "With the smallest micro-batch the training step still needs more of the target's memory than memory_margin allows. What is left "
        "of the memory is what fragmentation and the longest batches take.",
        wrong="model: {family: llama, d_model: 8192, n_layers: 80}\ntarget: t4",
        right="method: lora\n# or a smaller model, shorter rows, a larger target",
        source="arXiv 1910.02054, 3 (ZeRO: where did all the memory go)",
    ),
    RulePage(
        "B103",
        "a plan without a train step",
        "A plan is made for the next train step, or the one that `for` names; there is none after it.",
        wrong="- type: train\n- type: plan",
        right="- type: plan\n- type: train",
        source="recipe: a plan is made for the next train step",
    ),
    RulePage(
        "B104",
        "the model's size is not known",
        "To plan, the sizes of the network must be known: from the recipe and a tokenizer, from a checkpoint, or from a base model's "
        "config.json.",
        source="recipe: a plan counts parameters from the model's sizes",
    ),
    RulePage(
        "B105",
        "all candidates were far slower than modelled",
        "Every dry run was more than twice slower than the model of the machine says. Then the model, or a busy machine, is to blame and "
        "not the settings: the plan stands, and the time of the run will be longer than forecast.",
        source="recipe: a plan tries its best settings on the machine",
        severity="warning",
    ),
    RulePage(
        "B106",
        "eager attention that costs memory",
        "Eager attention keeps a score of every pair of tokens for every head and layer, which grows with the square of the row; sdpa "
        "computes the same without keeping them. What is written by hand wins, so the plan only says what it costs.",
        wrong="max_seq_length: 2048\nattn_implementation: eager",
        right="max_seq_length: 2048\nattn_implementation: sdpa",
        source="arXiv 2205.14135 (FlashAttention)",
        severity="warning",
    ),
)
