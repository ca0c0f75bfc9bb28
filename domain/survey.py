"""The survey of a rally: asked after the joy, never before it, and of nobody twice."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from domain.card import Card, CardView
from domain.events import SurveyAnswered
from domain.plan import Plan
from domain.prizes import has_reached, not_closed
from domain.rally import NotAllowed, Rally


def is_asked(plan: Plan, seen: CardView) -> bool:
    """Whether somebody who sees this card may be asked: something was reached, and nothing was
    answered yet. In a rally without prizes the first stamp is joy enough."""
    reached = any(prize.met for prize in seen.prizes) if plan.prizes else bool(seen.spots)
    return bool(plan.survey) and reached and not seen.surveyed


def answer_survey(
    rally: Rally, card: Card, visitor: UUID, answers: Mapping[str, str], now: datetime
) -> SurveyAnswered | None:
    """Keep what was answered; None if the card has answered before: the first answers stay.

    Questions that are left out, or have an empty answer, are not answered. Raises NotAllowed for a
    card that has reached nothing, and for an answer that the survey does not have.
    """
    not_closed(card)
    if not (rally.plan.survey and has_reached(rally, card)):
        raise NotAllowed("survey_not_asked", "The survey is for those who have reached something.")
    choices = {each.id: {one.id for one in each.choices} for each in rally.plan.survey}
    given = {question: choice for question, choice in answers.items() if choice}
    for question, choice in given.items():
        if choice not in choices.get(question, ()):
            raise NotAllowed("answer_unknown", "This survey has no such question or answer.")
    if card.surveyed is not None:
        return None
    return SurveyAnswered(rally=rally.plan.rally, visitor=visitor, occurred_at=now, answers=given)
