"""What is measured, for /metrics. Labels are closed sets; nothing here names a person."""

from prometheus_client import Counter, Gauge, Histogram

from domain.refusals import Refusal
from domain.rules import Answer

_CHECK_INS = Counter("meguri_check_ins_total", "Scans answered, by outcome or refusal", ["outcome"])
BATCH_SCANS = Histogram(
    "meguri_batch_scans",
    "Scans in one transaction",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500),
)
BATCH_SECONDS = Histogram("meguri_batch_seconds", "From taking a batch to its commit")
LAG_FACTS = Gauge("meguri_projection_lag_facts", "Facts not yet applied", ["projection"])
LAG_SECONDS = Gauge(
    "meguri_projection_lag_seconds", "Age of the oldest fact not yet applied", ["projection"]
)
STANDS_STILL = Gauge(
    "meguri_projection_stands_still", "1 while a fact cannot be applied", ["projection"]
)
WEBHOOKS_FAILING = Gauge("meguri_webhooks_failing", "Webhooks whose last message was not taken")

# A child is looked up once: on the hot path a look-up costs as much as the count.
_children: dict[str, Counter] = {}


def count(outcome: Answer | Refusal) -> None:
    """Count a scan's outcome. Also how forged codes are kept: as a number, not as facts."""
    name = outcome.code if isinstance(outcome, Refusal) else outcome.outcome
    child = _children.get(name)
    if child is None:
        child = _children[name] = _CHECK_INS.labels(name)
    child.inc()
