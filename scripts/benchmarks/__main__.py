"""`scripts/bench`: measure, print the table, write the JSON."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Coroutine, Sequence
from pathlib import Path

import msgspec
import structlog
import uvloop

from benchmarks import machine, report
from benchmarks.results import Results
from benchmarks.run import Bench, Settings
from benchmarks.wrk import WrkMissing, find_wrk

NAMES = {
    "ours": "check-ins, and the floor beside them",
    "strangers": "the same when every scan is a new visitor's first",
    "naive": "one transaction a scan",
    "pgbench": "inserts of single rows",
    "batch": "the batch endpoint, 1,000 scans a request",
    "phone": "a phone on slow 4G, from opening a code to the stamp (wants Chromium)",
    "append": "the append alone, without HTTP",
    "posters": "PDFs of posters, and codes as pictures (wants typst and a Japanese font)",
    "codes": "the size of QR symbols, and what verifying a new code costs",
    "workers": "several processes, and a floor of as many",
    "growth": "check-ins on logs of different sizes (only with --growth or --only growth)",
    "dashboards": "open overviews beside check-ins on one process (only when asked for, too)",
    "projections": "rebuilds, batches, reads, lag on a large log (only when asked for, too)",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when everything was measured without an error, 1 otherwise; goals do not matter here."""
    args = _arguments(arguments)
    # What the project's modules say of their work here is not asked for: stdout is the table's.
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger("warning"),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    if args.markdown:
        results = msgspec.json.decode(args.markdown.read_bytes(), type=Results)
        sys.stdout.write(report.markdown(results) + "\n")
        return 0
    try:
        wrk = find_wrk()
        results = uvloop.run(_until_stopped(Bench(_settings(args), wrk, args.data).run()))
    except (WrkMissing, RuntimeError) as error:
        sys.stderr.write(f"bench: {error}\n")
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=2) + b"\n")
    sys.stdout.write(f"{report.table(results)}\n\nWritten to {args.json}.\n")
    if results.errors:
        sys.stderr.write(f"bench: {results.errors} errors, so these figures are worth nothing.\n")
        return 1
    return 0


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    folder = machine.ROOT / ".meguri"
    names = "\n".join(f"  {name:11} {what}" for name, what in NAMES.items())
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measures the check-in path beside a bare web server, in turn, here.",
        epilog=f"measurements:\n{names}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=_positive, metavar="N", help="rounds in turn (3)")
    parser.add_argument(
        "--seconds", type=_positive, metavar="N", help="of a round (10; of dashboards 300)"
    )
    parser.add_argument(
        "--connections",
        type=_positive,
        default=128,
        metavar="N",
        help="of wrk, and clients of pgbench (128)",
    )
    parser.add_argument(
        "--visits", type=_positive, default=8, metavar="N", help="scans a visitor (8)"
    )
    parser.add_argument("--workers", type=_positive, default=2, metavar="N", help="processes (2)")
    parser.add_argument(
        "--only", nargs="+", choices=NAMES, metavar="NAME", help="measure these (see below)"
    )
    parser.add_argument("--growth", action="store_true", help="also measure growth; takes long")
    parser.add_argument(
        "--events",
        type=_sizes,
        default=[0, 1_000_000, 10_000_000],
        metavar="N,N,…",
        help="facts in the logs of growth (0,1000000,10000000)",
    )
    parser.add_argument(
        "--projections", action="store_true", help="also measure projections; takes long"
    )
    parser.add_argument(
        "--facts",
        type=_positive,
        default=5_000_000,
        metavar="N",
        help="facts in the log of projections (5000000)",
    )
    parser.add_argument(
        "--clients", type=_positive, default=500, metavar="N", help="of dashboards (500)"
    )
    parser.add_argument("--quick", action="store_true", help="short rounds, for trying out")
    parser.add_argument(
        "--json",
        type=Path,
        default=folder / "bench.json",
        metavar="PATH",
        help="where the figures go (.meguri/bench.json)",
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=folder,
        metavar="DIR",
        help="where the database is made (.meguri)",
    )
    parser.add_argument(
        "--markdown", type=Path, metavar="JSON", help="measure nothing, print a file's table"
    )
    return parser.parse_args(arguments)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def _sizes(text: str) -> list[int]:
    return sorted(int(size.replace("_", "")) for size in text.split(","))


def _settings(args: argparse.Namespace) -> Settings:
    wanted = {"growth": args.growth, "projections": args.projections, "dashboards": False}
    names = args.only or [name for name in NAMES if wanted.get(name, True)]
    seconds = args.seconds or (2 if args.quick else 10)
    return Settings(
        rounds=args.rounds or (2 if args.quick else 3),
        seconds=seconds,
        warm_up_seconds=min(seconds, 4),
        connections=args.connections,
        visits=args.visits,
        workers=args.workers,
        events=args.events,
        facts=args.facts,
        clients=args.clients,
        dashboard_seconds=args.seconds or (10 if args.quick else 300),
        names=names,
    )


async def _until_stopped(work: Coroutine[None, None, Results]) -> Results:
    """SIGTERM ends it as Ctrl-C does, so that nothing is left behind."""
    loop = asyncio.get_running_loop()
    task = loop.create_task(work)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    return await task


if __name__ == "__main__":
    sys.exit(main())
