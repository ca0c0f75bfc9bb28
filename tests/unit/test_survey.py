"""The survey is asked after the joy, of nobody twice, and takes no other answers than its own."""

from typing import Any

import pytest
from builders import NOW, VISITOR, names, plan, rally, visited

from domain.card import Card, evolve, view
from domain.conditions import Stamps
from domain.encoding import micros
from domain.events import SurveyAnswered, VisitorErased
from domain.mistakes import mistakes
from domain.plan import Choice, FirstCome, Plan, Prize, SurveyQuestion
from domain.rally import NotAllowed
from domain.survey import answer_survey, is_asked

HOME = SurveyQuestion("home", names(), [Choice("near", names()), Choice("far", names())])
AGE = SurveyQuestion("age", names(), [Choice("young", names()), Choice("old", names())])
PRIZE = Prize("two", names(), Stamps(2), FirstCome())
OF = rally(plan(survey=[HOME, AGE], prizes=[PRIZE]))


def answered(card: Card, **answers: str) -> SurveyAnswered | None:
    return answer_survey(OF, card, VISITOR, answers, NOW)


def asked(of: Plan, card: Card) -> bool:
    return is_asked(of, view(rally(of).course, VISITOR, card, micros(NOW)))


@pytest.mark.parametrize(
    ("changes", "card", "expected"),
    [
        ({}, visited("a"), False),
        ({}, visited("a", "c"), True),
        ({"prizes": []}, Card(), False),
        ({"prizes": []}, visited("a"), True),
        ({"survey": []}, visited("a", "c"), False),
    ],
    ids=["not reached", "reached", "no stamp", "a stamp, no prizes", "no survey"],
)
def test_it_is_asked_when_something_was_reached(
    changes: dict[str, Any], card: Card, expected: bool
) -> None:
    said: dict[str, Any] = {"survey": [HOME], "prizes": [PRIZE], "sheets": []}
    assert asked(plan(**said | changes), card) is expected


def test_what_is_left_out_is_not_answered_and_the_first_answers_stay() -> None:
    fact = answered(visited("a", "c"), home="near", age="")
    assert fact == SurveyAnswered(
        rally="walk", visitor=VISITOR, occurred_at=NOW, answers={"home": "near"}
    )
    card = evolve(visited("a", "c"), fact, 3, NOW)
    assert not asked(OF.plan, card)
    assert answered(card, home="far") is None
    assert len(card.visits) == 2


def test_no_answer_at_all_is_one_too() -> None:
    """Whoever sends the form empty is not asked again."""
    card = evolve(visited("a", "c"), answered(visited("a", "c")), 3, NOW)  # type: ignore[arg-type]
    assert not asked(OF.plan, card)


def test_whoever_has_reached_nothing_cannot_answer() -> None:
    """A token costs nothing, and must not stuff the box."""
    for of, card in ((OF, Card()), (OF, visited("a")), (rally(plan(survey=[])), visited("a", "b"))):
        with pytest.raises(NotAllowed) as refused:
            answer_survey(of, card, VISITOR, {}, NOW)
        assert refused.value.code == "survey_not_asked"


@pytest.mark.parametrize("answers", [{"home": "moon"}, {"shoe": "near"}, {"home": "young"}])
def test_other_answers_than_the_surveys_are_not_taken(answers: dict[str, str]) -> None:
    with pytest.raises(NotAllowed) as refused:
        answered(visited("a", "c"), **answers)
    assert refused.value.code == "answer_unknown"


def test_an_erased_card_answers_nothing() -> None:
    erased = VisitorErased(rally="walk", visitor=VISITOR, occurred_at=NOW, by="visitor")
    with pytest.raises(NotAllowed):
        answered(evolve(Card(), erased, 1, NOW), home="near")


def test_questions_and_choices_have_ids_of_their_own() -> None:
    twice = SurveyQuestion("home", names(), [Choice("near", names()), Choice("near", names())])
    found = mistakes(plan(survey=[HOME, twice]))
    assert [one.path for one in found] == [("survey", 1, "id"), ("survey", 1, "choices", 1, "id")]
