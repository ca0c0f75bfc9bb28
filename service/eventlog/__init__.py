"""The event log: facts appended in batches, cards and rallies kept in the same transaction."""

from service.eventlog.export import exported, read_kinds
from service.eventlog.log import EventLog
from service.eventlog.rallies import Rallies

__all__ = ["EventLog", "Rallies", "exported", "read_kinds"]
