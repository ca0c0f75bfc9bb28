"""What was answered to a rally's survey, in the order of its plan."""

from msgspec import Struct

from domain.plan import Plan
from service.engine import Engine


class ChoiceCount(Struct, frozen=True):
    """How often a choice was made."""

    choice: str
    answers: int


class QuestionCount(Struct, frozen=True):
    """The choices of a question, as planned."""

    question: str
    answers: int
    choices: list[ChoiceCount]


async def read_survey(engine: Engine, plan: Plan) -> list[QuestionCount]:
    """The questions of the plan as it is now, with what was answered since the rally began."""
    counts = await engine.log.survey(plan.rally)
    questions = []
    for question in plan.survey:
        choices = [
            ChoiceCount(choice.id, counts.get((question.id, choice.id), 0))
            for choice in question.choices
        ]
        questions.append(QuestionCount(question.id, sum(one.answers for one in choices), choices))
    return questions
