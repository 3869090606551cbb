"""Commands of the offline side."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from recsys.cli.main import configured
from recsys.cli.streams import OutputError
from recsys.config import Config, SplitKind
from recsys.config_file import render_values
from recsys.errors import BundleError, ConfigError
from recsys.progress import Stages
from training.cli import lock, schedule
from training.cli.build_time import now
from training.content.find_encoder import find_encoder, find_pictures

if TYPE_CHECKING:
    from recsys.bundle.store import Store
    from training.evaluation.results import Comparison

# pandas, implicit and scikit-learn take a second to import: a command imports them after its checks

SEARCHED = ("als", "blend")
ITSELF = (sys.executable, "-P", "-c", "from recsys.cli.main import main; main()")
SHARE = click.FloatRange(0, 1, min_open=True, max_open=True)
_show_line = functools.partial(click.echo, err=True)


def filtered(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the option ``--filter``, which adds conditions to ``data.filter``."""

    @click.option(
        "--filter",
        "filters",
        multiple=True,
        metavar="CONDITION",
        help="only interactions such as country:DE or price>=10; repeatable; adds to data.filter",
    )
    @functools.wraps(command)
    def with_filters(config: Config, filters: tuple[str, ...], **options: Any) -> None:
        data = config.data.model_copy(update={"filter": (*config.data.filter, *filters)})
        command(config.model_copy(update={"data": data}), **options)

    return with_filters


@click.command("validate")
@configured
@filtered
def validate(config: Config) -> None:
    """Read the data and print what would be trained; exit 1 when it cannot be used."""
    _check_encoder(config)
    from training.cli import summary
    from training.ingest.ingest import ingest

    summary.show_dataset(ingest(config), config)


@click.command("train")
@configured
@click.option("--tune", "trials", type=click.IntRange(1), help="first search hyper-parameters, this many fits")
@click.option("--no-publish", is_flag=True, help="fit and measure, but leave the store alone")
@click.option("--force", is_flag=True, help="publish also a model that the gate refuses")
@click.option(
    "--exclude-users",
    type=click.Path(path_type=Path),
    help="leave out the users of this file, one id a line, as `recsys anomalies --suspects` prints; data.exclude_users",
)
@click.option("--every", metavar="TIME", help="train now and every 30m, 6h or 1d, from begin to begin, until SIGTERM")
@filtered
def train(
    config: Config, trials: int | None, no_publish: bool, force: bool, exclude_users: Path | None, every: str | None
) -> None:
    """Train a model on the configured data and publish it."""
    if exclude_users is not None:
        data = config.data.model_copy(update={"exclude_users": str(exclude_users)})
        config = config.model_copy(update={"data": data})
    store = Path(config.store.path)
    if every is not None:
        if no_publish:
            raise ConfigError("--every trains in order to publish; leave --no-publish out")
        schedule.run(schedule.parse(every), _once(click.get_current_context()), store, _show_line)
        return
    _check_encoder(config)
    with nullcontext() if no_publish else lock.training(store):
        _train(config, trials or 0, no_publish, force)


def _train(config: Config, trials: int, no_publish: bool, force: bool) -> None:
    from recsys.bundle.records import EVALUATION, REPORT
    from recsys.bundle.store import Store
    from training import pipeline
    from training.cli import summary
    from training.report import collect

    stages, store, version = Stages(), Store(Path(config.store.path)), "not published"
    check = _gate(store, config, force or no_publish)
    trained = pipeline.train(config, stages, trials, _show_line, check)
    if not no_publish:
        with stages.stage("publish", 2) as advance:
            report = collect.collect_report(trained, stages.seconds)
            advance(1)
            attachments = {REPORT: report, EVALUATION: collect.collect_figures(trained)}
            version = store.publish(trained.model, trained.header, now(), attachments)
    try:  # after the publish, which needs no output
        if trained.tuned is not None:
            click.echo(f"# best of {len(trained.tuned.trials)} fits\n{render_values(trained.config, SEARCHED)}")
        summary.show_trained(trained, version, stages.seconds, trained.config)
        if not no_publish:
            click.echo(f"\nreport: {store.path / version / REPORT}")
    except OutputError as error:
        published = "" if no_publish else f"; model {version} is published in store {store.path}"
        raise OutputError(f"{error}{published}") from error


def _once(context: click.Context) -> list[str]:
    """Return the command line of a turn: the present one without ``--every``."""
    params = context.params
    options = [("--config", params["config_file"]), *(("--set", override) for override in params["overrides"])]
    options += [("--filter", condition) for condition in params["filters"]]
    options += [("--tune", params["trials"]), ("--exclude-users", params["exclude_users"])]
    command = [part for option, value in options if value is not None for part in (option, str(value))]
    flags = ["--force"] * params["force"] + ["--debug"] * ("--debug" in sys.argv)
    return [*ITSELF, "train", *command, *flags]


@click.command("tune")
@configured
@click.option("--trials", type=click.IntRange(1), help="how many fits; default: tune.trials")
@filtered
def tune(config: Config, trials: int | None) -> None:
    """Search hyper-parameters on a part of the data and print the best as TOML; nothing is published."""
    _check_encoder(config)
    from training import pipeline

    tuned = pipeline.tune(config, trials or config.tune.trials, Stages(), _show_line)
    click.echo(f"# best of {len(tuned.trials)} fits\n{render_values(tuned.config, SEARCHED)}", nl=False)


@click.command("evaluate")
@configured
@click.option("-k", type=click.IntRange(1, 1000), help="length of the lists; default: evaluate.k")
@click.option("--split", "kind", type=click.Choice(get_args(SplitKind)), help="how to cut; default: evaluate.split")
@click.option("--share", type=SHARE, help="part that is held out; default: evaluate.share")
@click.option(
    "--negatives",
    type=click.IntRange(1),
    help="instead of ranking the catalog, rank one held-out item among this many random ones (leave-one-out protocol)",
)
@click.option("--tune", "trials", type=click.IntRange(1), help="first search hyper-parameters in what is learned from")
@click.option("--json", "as_json", is_flag=True)
@filtered
def evaluate(
    config: Config,
    k: int | None,
    kind: SplitKind | None,
    share: float | None,
    negatives: int | None,
    trials: int | None,
    as_json: bool,
) -> None:
    """Fit on one part of each history and measure the lists on the other; nothing is published."""
    _check_encoder(config)
    from training import pipeline
    from training.cli import summary
    from training.run import Protocol

    default, stages = config.evaluate, Stages(quiet=as_json)
    protocol = Protocol(kind or default.split, share or default.share, k or default.k, trials or 0)
    if negatives is None:
        summary.show_comparison(pipeline.compare(config, protocol, stages, _show_line), as_json)
    else:
        figures = pipeline.leave_one_out(config, protocol, negatives, stages, _show_line)
        summary.show_figures(figures, as_json)


def _gate(store: Store, config: Config, let_pass: bool):  # type: ignore[no-untyped-def]
    """Return the check of the comparison before the final fit."""
    from training.evaluation import quality_gate

    version, current = None if let_pass else store.current_or_none(), None
    try:
        manifest = store.verify(version) if version else None
        if manifest and _is_measured_alike(manifest.parameters, config):
            current = manifest.metrics
        elif manifest:
            _show_line(
                "evaluate.split or tune.share has changed, so the new model is not compared with the current one"
            )
    except BundleError as error:
        _show_line(f"the current model is damaged, so the new one is not compared with it: {error}")

    def check(comparison: Comparison | None) -> None:
        for line in [] if let_pass else quality_gate.check(comparison, current, config.evaluate):
            _show_line(line)

    return check


def _is_measured_alike(parameters: dict[str, Any], config: Config) -> bool:
    """Return whether a training with these parameters held out the same part of the interactions."""
    keys = (("evaluate", "split", config.evaluate.split), ("tune", "share", config.tune.share))
    return all(parameters.get(section, {}).get(key) == value for section, key, value in keys)


def _check_encoder(config: Config) -> None:
    if config.data.items or config.data.preset:  # else there are no texts
        find_encoder(config.content)
        find_pictures(config.content)
