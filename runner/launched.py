"""Started by a launcher as one of several processes: each would run the whole recipe, since a training is one process on one device."""

from collections.abc import Mapping

from schemas.findings import RecipeError

SEVERAL = {"WORLD_SIZE": ("RANK", "LOCAL_RANK"), "OMPI_COMM_WORLD_SIZE": ("OMPI_COMM_WORLD_RANK",)}  # torchrun and its kin; mpirun


def refuse_several(variables: Mapping[str, str]) -> None:
    """Raise RecipeError R020 where the environment says that this is one of several processes. A count alone, without a rank, is none."""
    for size, ranks in SEVERAL.items():
        rank = next((name for name in ranks if variables.get(name, "").isdecimal()), "")
        many = variables.get(size, "")
        if rank and many.isdecimal() and int(many) > 1:
            message = f"this is process {variables[rank]} of {many} ({rank}, {size}), and each would run the whole recipe"
            message += ": a training is one process on one device"
            fix = "start it once, without torchrun, accelerate launch or mpirun: recipe run FILE"
            raise RecipeError("R020", message, fix=f"{fix}; where none is at work: unset {size} {rank}")
