"""Names of the tools beside a trainer: what datasets' load_dataset takes, where it keeps what it fetched, and settings of trackers.

Sources: the signatures of datasets.load_dataset, wandb.init, MlflowClient and torch.utils.tensorboard.SummaryWriter.
"""

from runner.conversions import Convert, says, to

KEPT = "what is fetched lies where HF_HOME says, what recipe makes where store: at the top says"
CACHES = (
    "cache_dir", "hf_datasets_cache", "use_cache_dir", "hf_cache_dir", "model_cache_dir", "download_dir", "hub_cache_dir", "cache_path",
)  # fmt: skip
OFFLINE = "WANDB_MODE=offline in the environment keeps a run on this machine"
OWN_FILES = "its files lie in the run's own folder, under runs/"
TOLD = "it is told the settings, the figures and the samples of every run"
LOADING: dict[str, Convert] = {  # arguments of load_dataset, as keys of a source
    **dict.fromkeys(CACHES, says(KEPT, "parse_corpus", True)),
    **dict.fromkeys(("download_mode", "force_download", "force_redownload", "reuse_cache_if_exists", "download_config"),
                    says("revision: says which version is meant, and another is fetched anew by itself", "parse_corpus", True)),
    **dict.fromkeys(("verification_mode", "ignore_verifications", "save_infos", "keep_in_memory", "storage_options", "num_proc",
                     "streaming", "load_from_cache_file", "resume_download", "local_files_only"),
                    says("rows are streamed from the hub, and kept once as the corpus", "parse_corpus", True)),
    **dict.fromkeys(("token", "use_auth_token", "hf_token", "auth_token", "api_token"),
                    says("a token of the hub stands in the environment, as HF_TOKEN, and in no recipe", "parse_corpus", True)),
    "trust_remote_code": says("no code from a hub is run: a data set of parquet, JSONL or CSV files needs none", "parse_corpus", True),
}  # fmt: skip
SETTINGS: dict[str, dict[str, Convert]] = {  # of a tracker, by its name
    "wandb": {
        **dict.fromkeys(("mode", "offline", "anonymous", "online"), says(OFFLINE, delete=True)),
        **dict.fromkeys(("name", "run_name", "run", "display_name", "id", "run_id", "resume", "reinit", "force"),
                        says("a run is called by its recipe and step, and one that goes on finds its own id", delete=True)),
        **dict.fromkeys(("tags", "group", "notes", "job_type", "config", "log", "watch", "log_model", "save_code", "settings",
                         "log_freq", "log_interval", "sync_tensorboard", "enabled", "log_checkpoint", "magic"), says(TOLD, delete=True)),
        **dict.fromkeys(("dir", "log_dir", "save_dir", "path"), says(OWN_FILES, delete=True)),
        **dict.fromkeys(("team", "user", "username", "workspace", "org", "organization", "account"), to("tracking.wandb.entity")),
        **dict.fromkeys(("project_name", "wandb_project"), to("tracking.wandb.project")),
        **dict.fromkeys(("api_key", "key", "token", "login"),
                        says("a tracker's key stands in the environment, as WANDB_API_KEY, and in no recipe", delete=True)),
        **dict.fromkeys(("host", "base_url", "url", "server"), says("a server of one's own is named by WANDB_BASE_URL", delete=True)),
    },
    "mlflow": {
        **dict.fromkeys(("tracking_uri", "url", "server", "host", "address", "tracking_server"), to("tracking.mlflow.uri")),
        **dict.fromkeys(("experiment_name", "project", "name"), to("tracking.mlflow.experiment")),
        **dict.fromkeys(("run_name", "run_id", "experiment_id", "nested", "tags", "log_model", "log_models", "autolog", "save_dir",
                         "artifact_location", "log_params"),
                        says("a run is called by its recipe and step, and has its settings, figures and samples", delete=True)),
        **dict.fromkeys(("username", "password", "token"),
                        says("a login stands in MLFLOW_TRACKING_USERNAME and _PASSWORD, or MLFLOW_TRACKING_TOKEN", delete=True)),
    },
    "tensorboard": dict.fromkeys(("log_dir", "logdir", "logging_dir", "path", "dir", "folder", "save_dir", "name", "flush_secs",
                                  "max_queue", "comment", "purge_step", "version", "enabled", "log_graph"), says(OWN_FILES, delete=True)),
}  # fmt: skip
