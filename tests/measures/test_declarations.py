import io
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from perito.case import QuestionScope
from perito.errors import MeasureError

TYPES = pa.schema(
    [
        ("start_date", pa.date32()),
        ("platform", pa.string()),
        ("column", pa.string()),
        ("entity", pa.string()),
        ("variant", pa.string()),
        ("count", pa.int64()),
        ("min", pa.float64()),
        ("mean", pa.int64()),
        ("max", pa.float64()),
    ]
)
MINORS, SYNTHETIC = "STATEMENT_CATEGORY_PROTECTION_OF_MINORS", "CONTENT_TYPE_SYNTHETIC_MEDIA"
X = {"platforms": ["x"]}


def parquet(rows):
    """Daily statistics as their publisher writes them."""
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=TYPES), stream)
    return stream.getvalue()


def stat(day, column, variant, number, platform="X", **more):
    """One count of a day of 2025: `day` is (month, day)."""
    return {
        "start_date": date(2025, *day),
        "platform": platform,
        "column": column,
        "variant": variant,
        "count": number,
        **more,
    }


def day_of(day, number, platform="X", **columns):
    """A day with statements; `columns` gives the statements with each value."""
    rows = [stat(day, "rows", None, number, platform)]
    for column, values in columns.items():
        rows += [stat(day, column, value, count, platform) for value, count in values.items()]
    return rows


def by_platform(rows):
    return {row[0]: row[1:] for row in rows}


# ---------------------------------------------------------------- the public declarations


def test_x_facebook_instagram_and_tiktok_stand_side_by_side(example):
    finding = example["declared-moderation"]
    assert [(value.name, value.estimate) for value in finding.values] == [
        ("statements_x", 217_956),
        ("statements_facebook", 184_061_519),
        ("statements_instagram", 53_174_241),
        ("statements_tiktok", 169_250_604),
    ]
    assert {value.status for value in finding.all_values()} <= {"declared", "exact"}


def test_protection_of_minors_and_synthetic_media_come_first(example, table):
    finding = example["declared-moderation"]
    assert finding.series[0].name == "in-front"
    rows = by_platform(table(finding, "in-front"))
    assert rows["X (formerly Twitter)"][:4] == [36_635 / 217_956, 217_820 / 217_956, 36_635, 217_820]
    assert rows["TikTok"][1] == rows["TikTok"][3] == 0


def test_the_nearly_constant_content_type_of_x_is_named_beside_the_comparison(example, table):
    """X names synthetic media on 217,820 of 217,956 statements."""
    beside = {
        name: row[-1] for name, row in by_platform(table(example["declared-moderation"], "in-front")).items()
    }
    assert (
        beside["X (formerly Twitter)"]
        == "content type: nearly always Synthetic Media (CONTENT_TYPE_SYNTHETIC_MEDIA)"
    )
    assert {beside[name] for name in ("Facebook", "Instagram", "TikTok")} == {"none"}


def test_every_comparison_names_the_constant_columns_that_it_uses(example, table):
    finding = example["declared-moderation"]
    name = "X (formerly Twitter)"
    beside = {
        t: by_platform(table(finding, t))[name][-1] for t in ("automation", "source", "delays", "keywords")
    }
    assert beside["automation"] == "detection by automated means: always No"
    assert "always Other type of notification" in beside["source"]
    assert beside["delays"] == "age of the content at action: always 0 seconds"
    assert beside["keywords"] == "keywords: nearly always no value given"


def test_the_chart_says_who_gave_one_value_only(example):
    chart = example["declared-moderation"].chart
    panels = list(dict.fromkeys(" ".join(p["panel"].split()) for p in chart["es"]["data"]["values"]))
    assert panels == [
        "protección de los menores",
        "contenido sintético (un mismo valor en casi todas las declaraciones: X (antes Twitter))",
    ]


def test_constant_columns_stand_with_the_statements_behind_them(example, table):
    rows = table(example["declared-moderation"], "constants")
    x = {row[1]: row[3:] for row in rows if row[0].startswith("X")}
    assert x["content type"] == [217_820, 217_956, "nearly always"]
    assert x["ground of the decision"] == [217_956, 217_956, "always"]
    assert len(x) == 7
    assert example["declared-moderation"].numbers()["constant_columns"].estimate == len(rows) == 14


def test_days_and_months_with_few_statements_show(example, table):
    """X submitted on 132 of 184 days: on two in July and eight in August 2025."""
    finding = example["declared-moderation"]
    assert by_platform(table(finding, "volume"))["X (formerly Twitter)"] == [217_956, 132, 184]
    days = {row[0]: row[1:3] for row in table(finding, "days")}
    assert days == {
        "2025-07": [31, 2],
        "2025-08": [31, 8],
        "2025-09": [30, 30],
        "2025-10": [31, 31],
        "2025-11": [30, 30],
        "2025-12": [31, 31],
    }
    months = {row[0]: row[1] for row in table(finding, "months")}
    assert (months["2025-07"], sum(months.values())) == (39, 217_956)


def test_known_events_of_the_database_are_printed_with_their_dates(example, plain):
    finding = example["declared-moderation"]
    said = [plain(finding, text) for text in finding.conditions]
    assert any(text.startswith("Known event (1 July 2025)") for text in said)
    assert any(text.startswith("Known event (until 27 October 2025)") for text in said)


def test_no_delay_is_called_a_response_time(example, plain):
    finding = example["declared-moderation"]
    assert "no delay is a response time" in plain(finding, finding.definition)
    names = {column.name for t in finding.series for column in t.columns}
    assert not any("response" in name for name in names)


# ---------------------------------------------------------------- planted


def test_a_column_on_all_statements_is_constant_and_one_below_the_threshold_is_not(plant, table):
    rows = day_of(
        (1, 1), 1000, category={MINORS: 1000}, content_type={SYNTHETIC: 998, "CONTENT_TYPE_TEXT": 2}
    )
    constants = table(plant("declarations", X, sor_daily=parquet(rows)), "constants")
    assert [(row[1], row[5]) for row in constants] == [("category", "always")]


@pytest.mark.parametrize(("number", "is_named"), [(900, True), (899, False)])
def test_the_threshold_counts_as_it_was_written(plant, number, is_named):
    """0.9 as a float is a little more than 900 of 1,000."""
    rows = day_of((1, 1), 1000, content_type={SYNTHETIC: number})
    finding = plant("declarations", {**X, "nearly_constant": 0.9}, sor_daily=parquet(rows))
    assert finding.numbers()["constant_columns"].estimate == is_named


def test_a_column_that_is_never_filled_is_constant_too(plant, table):
    rows = day_of((1, 1), 10, category_specification={None: 10})
    ((_, column, value, number, of, often),) = table(
        plant("declarations", X, sor_daily=parquet(rows)), "constants"
    )
    assert (column, value, number, of, often) == ("keywords", "no value given", 10, 10, "always")


def test_a_value_that_the_register_of_values_does_not_know_is_quoted(plant, table):
    rows = day_of((1, 1), 10, source_type={"SOURCE_ROBOT": 10})
    assert table(plant("declarations", X, sor_daily=parquet(rows)), "constants")[0][2] == "«SOURCE_ROBOT»"


def test_a_delay_that_is_always_the_same_is_a_constant_column(plant, table):
    delay = {"min": 86_400.0, "mean": 86_400, "max": 86_400.0}
    rows = [*day_of((1, 1), 10), stat((1, 1), "moderation_delay", None, 10, **delay)]
    finding = plant("declarations", X, sor_daily=parquet(rows))
    assert table(finding, "constants")[0][1:3] == ["age of the content at action", "86400 seconds"]
    assert by_platform(table(finding, "delays"))["X (formerly Twitter)"][:2] == [1, 1]


def test_a_mean_delay_weighs_each_day_by_its_statements(plant, table):
    rows = [*day_of((1, 1), 10), *day_of((1, 2), 30)]
    for day, number, mean in (((1, 1), 10, 0), ((1, 2), 30, 172_800)):
        rows.append(stat(day, "disclosure_delay", None, number, min=0.0, mean=mean, max=172_800.0))
        rows.append(
            stat(day, "disclosure_delay", None, 2, entity="null_bc_negative", min=None, mean=0, max=None)
        )
    delays = by_platform(table(plant("declarations", X, sor_daily=parquet(rows)), "delays"))
    assert delays["X (formerly Twitter)"][3:5] == [1.5, 2]


def test_what_the_source_has_no_column_for_is_not_zero(plant, table):
    rows = day_of((1, 1), 10, category={"STATEMENT_CATEGORY_VIOLENCE": 10})
    finding = plant("declarations", X, sor_daily=parquet(rows))
    assert table(finding, "in-front")[0][1:5] == [0, None, 0, None]
    assert table(finding, "keywords")[0][1:6] == [None] * 5
    assert table(finding, "delays")[0][1:6] == [None] * 5


def test_missing_days_are_counted_and_a_month_without_statements_shows(plant, table):
    rows = [*day_of((1, 1), 5), *day_of((1, 31), 6), *day_of((3, 2), 7)]
    finding = plant("declarations", X, sor_daily=parquet(rows))
    assert table(finding, "volume")[0][1:] == [18, 3, 61]
    assert table(finding, "months") == [
        ["2025-01", 11],
        ["2025-02", "no statement in the source"],
        ["2025-03-01/2025-03-02", 7],
    ]
    assert table(finding, "days") == [["2025-01", 31, 2], ["2025-02", 28, 0], ["2025-03-01/2025-03-02", 2, 1]]


def test_a_day_with_a_count_of_none_is_no_day_with_statements(plant, table):
    rows = [*day_of((1, 1), 5), *day_of((1, 2), 0)]
    assert table(plant("declarations", X, sor_daily=parquet(rows)), "volume")[0][1:] == [5, 1, 2]


def test_a_platform_without_statements_in_the_period_shows_and_has_no_share(plant, plain, table, period):
    rows = [*day_of((1, 1), 5, category={MINORS: 5}), *day_of((3, 1), 7, "TikTok", category={MINORS: 7})]
    scope = QuestionScope(period=period("2025-01-01", "2025-02-01"))
    finding = plant("declarations", {"platforms": ["x", "tiktok"]}, scope=scope, sor_daily=parquet(rows))
    assert [value.estimate for value in finding.values] == [5, None]
    assert "TikTok, –" in plain(finding, finding.headline)
    assert table(finding, "volume")[1] == ["TikTok", None, 0, 31]
    assert table(finding, "in-front")[1][1:3] == [None, None]


def test_a_platform_that_the_source_does_not_know_is_an_error(plant):
    with pytest.raises(MeasureError, match="no statements of the platform 'tiktok'"):
        plant("declarations", {"platforms": ["x", "tiktok"]}, sor_daily=parquet(day_of((1, 1), 5)))


def test_without_statistics_the_question_says_what_to_seal(plant):
    with pytest.raises(MeasureError, match=r"no daily statistics.*sor_daily"):
        plant("declarations", X, label_counts=[{}])


def test_days_outside_the_period_of_the_question_do_not_count(plant, period):
    rows = [row for day in range(1, 6) for row in day_of((1, day), 10)]
    scope = QuestionScope(period=period("2025-01-02", "2025-01-04"))
    assert plant("declarations", X, scope=scope, sor_daily=parquet(rows)).values[0].estimate == 20


def test_the_order_of_the_rows_changes_nothing(plant):
    rows = [
        *day_of((1, 1), 5, category={MINORS: 5}),
        *day_of((1, 2), 7, category={MINORS: 3, "STATEMENT_CATEGORY_VIOLENCE": 4}),
    ]
    said = [plant("declarations", X, sor_daily=parquet(rows[::turn])).to_json() for turn in (1, -1)]
    for finding in said:
        del finding["inputs"]
    assert said[0] == said[1]
