"""The door: one verb, one file in `commands/`. Errors end here, each kind with its exit code; the quick way out comes before click."""

import os
import sys

MISUSED, BROKEN, INTERRUPTED = 64, 3, 130


def entry() -> None:
    """What the installed command calls: `main`, then out at once where nothing is left to be put away but memory."""
    code = main()
    if sys.argv[1:2] != ["run"]:
        _leave("", code)
    sys.exit(code)


def main() -> int:
    """The command `recipe`. Returns the exit code: 0 done, 1 a step failed, 2 errors in the recipe, 3 our bug, 64 usage, 130 stopped."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["run"]:
        from runner import fresh

        said = fresh.unchanged(arguments[1:])
        if said is not None:
            _leave(said + "\n")
    import gc

    gc.disable()  # a short verb makes no garbage worth the walks; `run` turns it on again before it works
    return door(arguments)


def _leave(said: str, code: int = 0) -> None:
    """Print and end at once: taking the interpreter down costs a short verb a seventh of its time, a no-op run more than all else."""
    try:
        sys.stdout.write(said)
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:  # the reader has gone: what it wanted to know is not known to be said
        os._exit(1)
    os._exit(code)


def door(arguments: list[str]) -> int:
    """Run a verb, and turn whatever comes out of it into words and an exit code."""
    import click

    from runner.verbs import recipe
    from schemas.findings import RecipeError

    try:
        code = recipe.main(args=arguments, prog_name="recipe", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        error.show()
        return MISUSED
    except click.exceptions.Exit as error:
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        sys.stderr.write("interrupted\n")
        return INTERRUPTED
    except RecipeError as error:
        from runner.screen import text

        sys.stderr.write(text([error.finding()], _source) + "\n")
        return MISUSED if error.code in ("R008", "R020") else 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter complains at its end
        return 1
    except Exception as error:  # noqa: BLE001 - the boundary: what gets here is our bug
        from runner.bugs import save_bug

        sys.stderr.write(
            f"this is a fault of recipe itself, not of yours: {type(error).__name__}: {error}\n"
            f"  fix: report it with {save_bug(error)}, where the traceback is\n"
        )
        return BROKEN


def _source(file: str) -> str:
    try:
        with open(file, encoding="utf-8", errors="replace") as text:
            return text.read()
    except OSError:
        return ""


if __name__ == "__main__":
    entry()
