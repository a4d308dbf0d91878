"""report: one HTML page about the run that opens offline, and the plots as pictures."""

from typing import Any

from pydantic import Field

from schemas import ForecastContext, Page, PageForecast, RulePage, StepContext, StepParams
from schemas.secrets import starred
from steps import step

LOGS = RulePage(
    "R080",
    "a log of the run could not be read in full",
    "A log file beside a step is missing or has damaged lines, so a curve in the report has a hole. The results themselves are not "
    "touched: they are kept elsewhere, with a digest. Run the step again with --force if you need the whole curve.",
    source="recipe: the report is drawn from the logs beside the steps",
    severity="warning",
)
PLOTS = RulePage(
    "R081",
    "the plots were not drawn as pictures",
    "The PNG files in plots/ are drawn by matplotlib, which is not installed. The report draws its own charts and is "
    "complete without them.",
    wrong="- type: report   # and matplotlib is not installed",
    right="pip install matplotlib",
    source="recipe: the report's own charts need no library",
    severity="info",
)


class Report(StepParams):
    """What the page is called."""

    title: str = Field(default="", max_length=200, description="name at the top of the page; the recipe's name when left out")


@step(version=2, last=True, pages=(LOGS, PLOTS))
def report(params: Report, context: StepContext) -> Page:
    """Write `report.html` about the run so far, also of a run that failed, and `plots/*.png` beside it.

    What is missing or damaged is listed on the page and never stops it.
    """
    from steps.html.page import page
    from steps.html.runlog import read_run

    run = read_run(context.record)
    for problem in run.problems:
        context.warn("R080", problem)
    pictures: list[str] = []
    try:
        from steps.html.pictures import draw

        pictures = draw(run, context.side)
    except ImportError as error:
        run.problems.append(f"the plots as PNG files: matplotlib is not installed ({error}); `pip install matplotlib` brings them")
    text = starred(page(run, params.title)).encode("utf-8")
    (context.workdir / "report.html").write_bytes(text)
    context.event("report", bytes=len(text), plots=pictures, problems=len(run.problems))
    return Page().save(context.workdir)


@report.forecast
def forecast_report(params: Report, inputs: dict[str, Any], context: ForecastContext) -> PageForecast:
    """A page is made, whatever came before."""
    return PageForecast()
