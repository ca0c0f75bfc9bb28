"""Failures: what could not be done, as one small tree of exceptions.

A refusal is a value (`domain/refusals.py`); a failure is raised anywhere and turned into an
answer in one place (`service/answers.py`). The sentences are message ids of the catalogues.
"""

from collections.abc import Mapping


class Failure(Exception):  # noqa: N818 - the word of the design
    """Something asked of us that we cannot do. `code` is stable, `status` is HTTP's."""

    status = 500
    code = "fault"
    sentence = "Something went wrong on our side. Please try again."
    fields: Mapping[str, str] | None = None
    """What is wrong with which field, by a stable word."""

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail or self.sentence)
        self.detail = detail
        """What exactly is wrong, in English, for whoever programs against the API."""

    @property
    def headers(self) -> dict[str, str]:
        """Headers that belong to the answer."""
        return {}


class BodyNotJson(Failure):
    status = 400
    code = "body_not_json"
    sentence = "The request is not JSON."


class BodyInvalid(Failure):
    status = 400
    code = "body_invalid"
    sentence = "The request has a wrong or missing field."


class BodyTooLarge(Failure):
    status = 413
    code = "body_too_large"
    sentence = "The request is too large."


class BodyTooSlow(Failure):
    """A body trickles in: whoever sends it holds a connection and does nothing with it."""

    status = 408
    code = "body_too_slow"
    sentence = "The request took too long to arrive. Please try again."


class QueryInvalid(Failure):
    status = 400
    code = "query_invalid"
    sentence = "The address has a wrong or missing parameter."


class TokenMissing(Failure):
    status = 401
    code = "token_missing"
    sentence = "Please sign in first."


class TokenInvalid(Failure):
    status = 401
    code = "token_invalid"
    sentence = "Your sign-in is not valid (any more). Please sign in again."


class PasskeyRefused(Failure):
    status = 422
    code = "passkey_refused"
    sentence = (
        "This passkey is not good here (any more). "
        "Sign in another way, or ask an organiser for a new invitation."
    )


class Forbidden(Failure):
    status = 403
    code = "forbidden"
    sentence = "Your sign-in does not allow this."


class CrossSite(Failure):
    status = 403
    code = "cross_site"
    sentence = "This request came from another site's page and was not carried out."


class RallyUnknown(Failure):
    status = 404
    code = "rally_unknown"
    sentence = "There is no such rally here."


class SpotUnknown(Failure):
    status = 404
    code = "spot_unknown"
    sentence = "This rally has no such spot."


class MoveUnknown(Failure):
    status = 404
    code = "move_unknown"
    sentence = "This code is not valid (any more). Please show a new one on the other phone."


class DraftUnknown(Failure):
    status = 404
    code = "draft_unknown"
    sentence = "This draft is not here (any more): it was laid out or thrown away."


class NotEverywhere(Failure):
    status = 403
    code = "not_everywhere"
    sentence = "Your sign-in is for one rally. New rallies are laid out by organisers of them all."


class PostcodeUnknown(Failure):
    status = 404
    code = "postcode_unknown"
    sentence = "This postcode is not in our list. Please type the address."


class NotFound(Failure):
    status = 404
    code = "not_found"
    sentence = "There is nothing at this address."


class MethodNotAllowed(Failure):
    status = 405
    code = "method_not_allowed"
    sentence = "This address does not take such a request."

    def __init__(self, allowed: set[str]) -> None:
        super().__init__(f"allowed are {', '.join(sorted(allowed))}")
        self.allowed = allowed

    @property
    def headers(self) -> dict[str, str]:
        return {"Allow": ", ".join(sorted(self.allowed))}


class Conflict(Failure):
    """The rally's state does not allow the change; the code comes from `domain.rally`."""

    status = 409
    code = "conflict"
    sentence = "This cannot be done in the rally's present state."

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class AddressInvalid(Failure):
    status = 422
    code = "address_invalid"
    sentence = "Please look at the marked fields again."

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__(", ".join(f"{field}: {fault}" for field, fault in faults.items()))
        self.fields = dict(faults)


class PlanInvalid(Failure):
    status = 422
    code = "plan_invalid"
    sentence = "The plan has mistakes."


class PostersLackLetters(Failure):
    """`detail` names the sign."""

    status = 422
    code = "posters_lack_letters"
    sentence = "A name has a sign that the fonts here cannot draw. Change the name, or add a font."


class PostersNeedTypst(Failure):
    """The optional package that draws PDFs is not there. `detail` says how to get it."""

    status = 501
    code = "posters_need_typst"
    sentence = "PDFs cannot be made here: the operator must install meguri[posters] first."


class PostersNeedFont(Failure):
    """No Japanese font was found. `detail` says which to install."""

    status = 501
    code = "posters_need_font"
    sentence = "PDFs cannot be made here: the operator must install a Japanese font first."


class ParquetNeedsPyarrow(Failure):
    """An optional part is not installed: pip install 'meguri[parquet]'."""

    status = 501
    code = "parquet_needs_pyarrow"
    sentence = "Parquet files are not set up on this server. CSV and JSON hold the same."


class OpenDataMissing(Failure):
    status = 404
    code = "open_data_missing"
    sentence = "There is no open data of this rally (yet)."


class Busy(Failure):
    """The queue is full: said at once, so that no pile builds up."""

    status = 503
    code = "busy"
    sentence = "Very many people are scanning right now. Your phone will try again by itself."
    retry_after_s = 1

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after_s)}


class WaitedTooLong(Busy):
    """The commit takes too long to wait for. The scan may still land: its retry will tell."""

    code = "waited_too_long"
    sentence = "This takes longer than usual. Your phone will try again by itself."


class TooMany(Failure):
    """Somebody asks more often than people do."""

    status = 429
    code = "too_many_requests"
    sentence = "That was too fast. Please wait a moment and try again."

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"again in {retry_after_s} s")
        self.retry_after_s = retry_after_s

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after_s)}


class AddressesUnavailable(Busy):
    """The master key is lost or is another one. `detail` tells the operator what to do."""

    code = "addresses_unavailable"
    sentence = "Addresses cannot be shown or saved just now. Please try again later."
    retry_after_s = 60


class BeingRebuilt(Busy):
    """A projection's tables are of an earlier release and are just being made anew."""

    code = "being_rebuilt"
    sentence = "These figures are just being rebuilt. Please look again in a minute."
    retry_after_s = 30


class Unavailable(Busy):
    """The database does not answer."""

    code = "unavailable"
    sentence = "The service cannot be reached for a moment. Your phone will try again by itself."
    retry_after_s = 2
