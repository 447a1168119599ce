"""The learned part of the checker: its weights are stored by name, and none is taken for another one's."""

from __future__ import annotations

import json
from importlib import resources

import numpy as np
import pytest

from ragqa.checking.classifier import VERDICTS, as_json, from_json, probabilities, shipped_weights
from ragqa.checking.features import EvidenceSentence, Features, features

pytestmark = pytest.mark.quick
SHIPPED = resources.files("ragqa.checking").joinpath("data/checker.json").read_text(encoding="utf-8")


def sentence(text: str) -> EvidenceSentence:
    """An evidence sentence that no model had an opinion of."""
    return EvidenceSentence(text=text, start=0, end=len(text), logit=0.0, similarity=0.0, turned_logit=0.0, turned_similarity=0.0)


def test_the_weights_that_ship_are_what_the_training_script_would_write() -> None:
    """Read and written again they are the same file, a weight for each feature and verdict."""
    assert as_json(np.array(list(map(list, map(dict.values, json.loads(SHIPPED).values()))))) == SHIPPED
    assert shipped_weights().shape == (len(Features._fields), len(VERDICTS))


def test_weights_are_found_by_name_whatever_their_order() -> None:
    """The order of the file means nothing."""
    stored = json.loads(SHIPPED)
    turned = {feature: dict(reversed(row.items())) for feature, row in reversed(stored.items())}
    assert np.array_equal(from_json(json.dumps(turned)), shipped_weights())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (SHIPPED.replace('"bias"', '"bais"'), "a weight that nothing uses of bais for contradicts"),
        (SHIPPED.replace('"contradicts"', '"denies"'), "no weight of bias for contradicts"),
        ('{"verdicts": ["supports"], "weights": [[0.5]]}', "no weights by feature and verdict"),
        ("[", "no weights by feature and verdict"),
    ],
)
def test_weights_of_other_features_are_refused(text: str, told: str) -> None:
    """With the name that does not fit, or what is no such file."""
    with pytest.raises(ValueError, match=told):
        from_json(text)


def test_probabilities_add_up_to_one_and_follow_the_weights() -> None:
    """More of a feature whose weight is highest for a verdict makes that verdict likelier."""
    claim = "Drug A lowered the score more than placebo."
    found = features(claim, claim, sentence(claim))
    likely = probabilities(found)
    assert sum(likely) == pytest.approx(1)
    assert probabilities(found._replace(logit=found.logit + 1)).supports > likely.supports


def test_features_say_what_they_are_named_after() -> None:
    """Shares of words, numbers, directions, denials, null results, the sides of a comparison."""
    claim = "Drug A 20 mg lowered the score more than placebo."
    text = "Placebo did not increase the score more than drug A."
    found = features(claim, f"{text} Drug A lowered it.", sentence(text))
    assert (found.bias, found.numbers_claimed, found.numbers_missing) == (1.0, 1.0, 1.0)
    assert found.words_in_sentence < found.words_in_source
    assert (found.one_negated, found.claim_negated, found.order_of_sides) == (1.0, 0.0, -1.0)
    assert found.one_negated_times_words_in_sentence == found.words_in_sentence
    null = "There was no difference in the score between drug A and placebo."
    nothing = features(null, null, sentence(null))
    assert (nothing.claim_null, nothing.sentence_null, nothing.both_null, nothing.one_null) == (1.0, 1.0, 1.0, 0.0)
