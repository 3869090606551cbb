"""The page about a trained model: complete, harmless whatever the data holds, and the same for the same data."""

from __future__ import annotations

import hashlib
import math
import re
import subprocess
import sys
from dataclasses import replace

import matplotlib as mpl
import pytest

from tests.support import factories
from tests.support.report_example import FULL, HOSTILE, INSIGHTS, Page, example, hostile, way
from training.evaluation.results import Comparison, Figure, HistoryBin, Measured, Segment
from training.indexes.forest_or_scan import IndexPoint
from training.report import plots
from training.report.data import ReportData
from training.report.render import bdi, render
from training.tuning.trials import Trial


def rarely(*names: str) -> list[object]:
    """Cases for `make soak`: a page takes a second or two."""
    return [pytest.param(name, marks=pytest.mark.soak) for name in names]


def digest(page: str) -> str:
    return hashlib.sha256(page.encode()).hexdigest()


@pytest.fixture
def data() -> ReportData:
    return example()


@pytest.fixture(scope="module")
def text() -> str:
    """The page of the example."""
    return render(example())


def test_the_same_data_gives_the_same_bytes(data: ReportData, text: str) -> None:
    """Also in another process, and whatever a program has set in matplotlib."""
    with mpl.rc_context({"font.size": 30, "xtick.labelsize": 30, "svg.hashsalt": "another"}):
        assert render(data) == text
        assert mpl.rcParams["font.size"] == 30
    code = "from tests.training.report.test_render import digest, example, render; print(digest(render(example())))"
    command, environment = [sys.executable, "-c", code], {"PYTHONHASHSEED": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=factories.ROOT, env=environment)
    assert done.stdout.strip() == digest(text)


def test_the_page_is_whole_and_well_formed(text: str) -> None:
    page = Page(text)
    assert page.sections() == FULL
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    used = {attrs["href"] for _, attrs in page.tags if "href" in attrs}
    used |= {f"#{key}" for key in re.findall(r"url\(#([^)]+)\)", text)}
    assert used <= {f"#{key}" for key in ids}
    assert len(text.encode()) < 300_000


def test_it_asks_no_network_and_runs_no_script(text: str) -> None:
    page = Page(text)
    assert not re.search("https?:", text)
    assert not {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe", "object", "base", "form"}
    assert not {key for _, attrs in page.tags for key in attrs if key.startswith("on") or key in {"style", "src"}}
    policy = next(attrs["content"] for _, attrs in page.tags if attrs.get("http-equiv") == "Content-Security-Policy")
    assert str(policy).startswith("default-src 'none'; style-src 'sha256-")


def test_every_figure_stands_in_the_tables(data: ReportData, text: str) -> None:
    cells = " ".join(written for _, written in Page(text).texts)
    assert data.comparison is not None
    for one in data.comparison.measured:
        for figure in one.figures.values():
            assert f"{figure.mean:.4f}" in cells
            assert f"{figure.low:.3f}\u2013{figure.high:.3f}" in cells
        for value in (*one.lists.values(), *(one.recall_over_k or {}).values()):
            assert (f"{value:.4f}" if value <= 1 else f"{value:.2f}") in cells
    for fact in (
        "12 users",
        "388 users",
        "0.94",
        "31.9 s",
        "are simulated.",
        "factors = 64",
        "Aliens",
        "untitled-1",
        *INSIGHTS,
    ):
        assert fact in cells


def test_the_best_of_each_metric_is_bold(data: ReportData) -> None:
    assert data.comparison is not None
    first, second, *rest = data.comparison.measured
    better = replace(second, figures={**second.figures, "ndcg@10": Figure(0.2, 0.1, 0.3)})
    page = Page(render(replace(data, comparison=replace(data.comparison, measured=(first, better, *rest)))))
    assert page.text("strong")[:2] == ["0.0617", "0.2000"]
    assert "38% below the best other way (" in " ".join(page.text("b"))


def test_of_a_long_name_the_beginning_is_shown() -> None:
    assert bdi("x" * 300) == f"<bdi>{'x' * 300}</bdi>"
    assert bdi("x" * 100_000) == f"<bdi>{'x' * 300}…</bdi>"


def test_names_are_shown_and_never_interpreted(data: ReportData) -> None:
    text = render(hostile(data, HOSTILE))
    page = Page(text)
    assert "script" not in {tag for tag, _ in page.tags}
    assert "<script" not in text
    assert page.sections() == FULL
    for tag in ("dt", "bdi", "li", "code", "small"):
        assert any(HOSTILE in shown for shown in ("".join(page.text(tag)), *page.text(tag))), tag
    shown = page.text("text")  # inside the plots; long names are cut
    assert sum("<script>alert('1')</scrip" in one for one in shown) >= 9


@pytest.mark.parametrize("name", ["$\\frac{", "_hidden", "{digest}", *rarely("$x^2$", "%s", "\\alpha", "a\nb")])
def test_no_markup_of_another_language_is_read(data: ReportData, name: str) -> None:
    page = Page(render(hostile(data, name)))
    assert sum(name.replace("\n", " ") in text for text in page.text("text")) >= 9


@pytest.mark.parametrize("name", ["🦊 千と千尋", "\x00\x0b\ud800\uffff", "", *rarely("קזבלנקה", "مرحبا", "\u202eevil")])
def test_every_character_can_be_written(data: ReportData, name: str) -> None:
    text = render(hostile(data, name))
    Page(text)
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\uffff]", text)


@pytest.mark.parametrize(
    ("changes", "gone", "why"),
    [
        ({"comparison": None}, FULL[:6], "Quality of the lists: left out, because nothing could be held out"),
        ({"trials": ()}, ["search"], "The search: left out, because nothing was searched"),
        ({"trials": (Trial(1, "full", math.nan, {}, 1.0),)}, ["search"], "because no trial had a value"),
        ({"indexes": {}}, ["indexes"], "The indexes: left out, because none was measured"),
        ({"indexes": {"empty": ()}}, ["indexes"], "The indexes: left out, because none was measured"),
        ({"seconds": {}}, ["time"], "Time: left out, because the stages were not timed"),
        (
            {"exposure": None},
            ["served"],
            "Exposure in the lists that are served: left out, because no lists are computed",
        ),
        ({"tags": ()}, ["tags"], "Attributes that can be suggested: left out, because no attribute"),
        ({"n_odd": (0, 0, 0)}, ["odd"], "What stands out: left out, because nothing does"),
        ({"users": ()}, ["users"], "A few users: left out, because none was drawn"),
    ],
)
def test_what_is_missing_is_left_out(
    data: ReportData, changes: dict[str, object], gone: list[str], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plots, "inline", lambda *_: "<svg></svg>")
    monkeypatch.setattr(plots.Canvas, "savefig", lambda *_, **__: None)  # drawing takes a second a page
    text = render(replace(data, **changes))  # type: ignore[arg-type]
    page = Page(text)
    assert page.sections() == [key for key in FULL if key not in gone]
    assert why in text
    assert not [attrs for tag, attrs in page.tags if tag == "a" and str(attrs["href"])[1:] in gone]


def test_one_user_one_way_and_nothing_else() -> None:
    figures = {"ndcg@10": Figure(0.0, 0.0, 0.0)}
    text = render(ReportData({}, Comparison("p", 10, (Measured("only", 1, figures, {}),)), "m", (), {}, {}, (), ""))
    assert Page(text).sections() == ["baselines", "configuration"]
    assert "Means over 1 user and" in text
    assert "nan" not in text.lower()


def test_values_of_no_width() -> None:
    zero = Figure(0.0, 0.0, 0.0)
    only = Measured(
        *("only", 1, {"recall@1": zero}, {"novelty": math.nan}),
        segments=(Segment("all", "everybody", 1, {"recall@1": zero}),),
        recall_over_k={1: 0.0},
        over_history=(HistoryBin(1, 1, 1, zero),),
        exposure=(0.0,) * 10,
    )
    trials = (Trial(1, "cheap", 0.0, {"alpha": 0.0}, 0.0), Trial(2, "cheap", math.inf, {"beta": math.nan}, 0.0))
    points = {
        "one": (IndexPoint("exact", 1.0, 0.0), IndexPoint("same", 1.0, 0.0)),
        "bad": (IndexPoint("a", 0.0, 1e-6),),
    }
    text = render(ReportData({}, Comparison("p", 1, (only,)), "m", trials, points, {"s": 0.0}, (), ""))
    gone = {"popularity", "served", "tags", "odd", "users"}
    assert Page(text).sections() == [key for key in FULL if key not in gone]
    assert "nan" not in text.lower()
    assert "inf" not in text.lower().replace("information", "")


def test_a_way_has_one_color_everywhere(data: ReportData) -> None:
    assert data.comparison is not None
    ways = (*data.comparison.measured, *(way(n, f"way {n}") for n in range(5, 9)))  # more than there are colors
    drawn = [plots.forest(ways, "ndcg@10", ""), plots.recall_over_k(ways, ""), plots.over_history(ways, "ndcg@10", "")]
    drawn.append(plots.exposure(replace(data.comparison, measured=ways), ""))
    for n, color in enumerate(plots.COLORS[:-1]):
        assert all(f'fill="{color}"' in plot for plot in (*drawn, plots.swatch(n)))


def test_plots_say_what_they_are_and_take_the_color_of_the_page(text: str) -> None:
    page = Page(text)
    pictures = [attrs for tag, attrs in page.tags if tag == "svg" and attrs.get("class") != "swatch"]
    assert len(pictures) == 11
    assert all(attrs["role"] == "img" and attrs["aria-label"] for attrs in pictures)
    assert all("scope" in attrs for tag, attrs in page.tags if tag == "th")
    paints = {attrs[key] for tag, attrs in page.tags for key in ("fill", "stroke") if key in attrs}
    assert paints <= {"none", "currentColor", *plots.COLORS[:5]}


def test_wide_ranges_have_logarithmic_axes() -> None:
    def ticks(low: float, high: float) -> list[str]:
        trials = [Trial(n, "full", n / 10, {"alpha": alpha}, 1.0) for n, alpha in enumerate((low, high), 1)]
        return Page(plots.parameter(0, "alpha", trials, "")).text("text")

    assert {"0.01", "0.1", "1", "10"} <= set(ticks(0.01, 20))
    assert {"1", "2", "5", "10", "20"} <= set(ticks(1, 21))
    assert not {"1", "2", "5", "10"} & set(ticks(0.1, 0.9))
