import copy
import re
from importlib import import_module

import pytest

from perito.errors import MeasureError
from perito.findings import LANGUAGES, Text
from perito.findings.wording import check_text, refused_words
from perito.measures import MEASURES, answer_of, describe
from perito.measures.parameters import check_parameters
from perito.measures.reference import as_json, as_text

module = import_module("perito.measures.catalogue")
_INSERTION = re.compile(r"\{([^{}.]+)[^{}]*\}")
every_measure = pytest.mark.parametrize("name", MEASURES)


def sentences(name):
    catalogue = describe(name)
    lists = [text for texts in catalogue.lists.values() for text in texts]
    abouts = [parameter.about for parameter in catalogue.parameters.values()]
    return [
        catalogue.title,
        catalogue.question,
        catalogue.definition,
        *catalogue.texts.values(),
        *lists,
        *abouts,
    ]


@every_measure
def test_every_sentence_obeys_the_wording_rules_before_anything_is_inserted(name):
    for text in sentences(name):
        for language in LANGUAGES:
            template = text.template(language)
            assert template == template.strip() != ""
            assert refused_words(template, language) == []
            check_text(Text(_INSERTION.sub("", text.en), _INSERTION.sub("", text.es)), {}, name)


@every_measure
def test_both_languages_insert_the_same_numbers_and_quotes(name):
    for text in sentences(name):
        assert set(_INSERTION.findall(text.en)) == set(_INSERTION.findall(text.es)), text.en


@every_measure
def test_every_measure_says_what_it_does_not_show_and_has_a_rival_explanation(name):
    lists = describe(name).lists
    assert lists["does_not_show"]
    assert lists["rival"]
    assert lists["assumption"]


@every_measure
def test_every_default_is_a_value_that_the_measure_would_take(name):
    for parameter in describe(name).parameters.values():
        if parameter.default is not None:
            given = {other: values[0] for other, values in parameter.only.items()}
            asked = describe(name).parameters.get("ask")
            required = {"class": "c", "shares": [{"study": "s", "class": "c"}]}
            required |= {"ask": asked.choices[0]} if asked else {}
            given |= {
                key: value
                for key, value in required.items()
                if key in describe(name).parameters and key not in given
            }
            given[parameter.name] = parameter.default
            assert check_parameters(given, describe(name), "here")[parameter.name] == parameter.default


@every_measure
def test_a_measure_has_an_answer(name):
    assert callable(answer_of(name))


@every_measure
def test_a_description_names_every_parameter_and_what_the_measure_does_not_show(name):
    catalogue, described = describe(name), as_json(describe(name))
    for language in LANGUAGES:
        text = as_text(catalogue, language, with_parameters=True)
        assert all(parameter in text for parameter in catalogue.parameters)
        assert all(entry[language] in text for entry in described["does_not_show"])
    assert [entry["name"] for entry in described["parameters"]] == list(catalogue.parameters)


def test_an_unknown_measure_is_an_error_that_names_the_nearest():
    with pytest.raises(MeasureError, match=r"here: .*'prevalance'.*[Dd]id you mean 'prevalence'"):
        describe("prevalance", "here")


def test_an_unknown_sentence_is_an_error_that_names_the_nearest():
    with pytest.raises(MeasureError, match=r"[Dd]id you mean 'headline'"):
        describe("removal").text("headlin")


def test_words_of_a_measure_come_before_the_common_ones():
    assert describe("survey").text("condition_base").en
    assert describe("removal").text("yes") == describe("refusals").text("yes")


@pytest.fixture
def broken(monkeypatch):
    """A function that loads the catalogue of `removal` after its words were spoilt."""
    raw = module._read("removal")
    common = module._read("common")

    def load(spoil):
        spoilt = copy.deepcopy(raw)
        spoil(spoilt)
        monkeypatch.setattr(module, "_read", lambda name: spoilt if name == "spoilt" else common)
        module.catalogue.cache_clear()
        return module.catalogue("spoilt")

    yield load
    module.catalogue.cache_clear()


def test_a_sentence_in_one_language_only_is_refused(broken):
    with pytest.raises(MeasureError, match=r"both languages.*found en"):
        broken(lambda raw: raw["text"]["headline"].pop("es"))


def test_a_missing_part_of_a_catalogue_is_named(broken):
    with pytest.raises(MeasureError, match="definition"):
        broken(lambda raw: raw.pop("definition"))


def test_a_shared_parameter_that_does_not_exist_is_named(broken):
    with pytest.raises(MeasureError, match="colour"):
        broken(lambda raw: raw["shared_parameters"].append("colour"))
