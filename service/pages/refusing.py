"""Why a plan cannot be changed, in the language of whoever asks."""

from domain.rally import NotAllowed
from service.i18n import Voice
from service.plan_forms.sentences import NOT_ALLOWED, OTHERWISE_NOT


def refused(voice: Voice, refusal: NotAllowed) -> str:
    """The sentence of a refusal."""
    return voice.say(NOT_ALLOWED.get(refusal.code, OTHERWISE_NOT))
