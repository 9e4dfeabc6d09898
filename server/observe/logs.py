"""Logging: one JSON object per line on standard error, for our events and those of libraries.

No record holds personal data or amounts: of exceptions it tells their kind and place (``faults``), and of
libraries nothing below a warning, because they write what passes through them.
"""

import logging
import sys
import threading
from types import TracebackType
from typing import Any, Final

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from server.observe.faults import MOST_CHARACTERS, tell_faults

QUOTING_LIBRARIES: Final = frozenset({"asyncio"})
"""Libraries whose messages show objects: tasks with their exceptions, callbacks with their arguments."""

REPEATING_LIBRARIES: Final = ("opentelemetry",)
"""Libraries that warn of each attempt, and then of the failure as an error, which is enough."""


def configure_logging(level: str, process: str) -> None:
    """Send what is of ``level`` (``debug`` … ``error``) or above to standard error, naming ``process``.

    Libraries are heard from warnings on. Exceptions that nobody caught are told in the same form.
    """

    def name_process(_logger: WrappedLogger, _method: str, record: EventDict) -> EventDict:
        # Not a context variable: a thread begins without those of its maker.
        record.setdefault("process", process)
        return record

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        name_process,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, tell_faults, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name, _shorten],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                tell_faults,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[handler], force=True)
    for name in REPEATING_LIBRARIES:
        logging.getLogger(name).setLevel(logging.ERROR)
    _tell_uncaught()


def _shorten(_logger: WrappedLogger, _method: str, record: EventDict) -> EventDict:
    """Keep the first line of a library's message, and of one that shows objects the words before them."""
    said = str(record["event"]).strip().partition("\n")[0]
    if record.get("logger") in QUOTING_LIBRARIES:
        said = min((said.partition(mark)[0] for mark in "<(["), key=len)
    record["event"] = said[:MOST_CHARACTERS]
    return record


def _tell_uncaught() -> None:
    """Let exceptions that end the process or a thread, or that nobody could be told of, be records too."""
    log = structlog.get_logger("uncaught")

    def ending(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
        else:
            log.critical("process ends", exc_info=error)

    def of_thread(args: Any) -> None:
        if args.exc_type is not SystemExit:
            name = args.thread.name if args.thread else ""
            log.error("thread ended", thread=name, exc_info=args.exc_value)

    def unraisable(args: Any) -> None:
        log.error("exception ignored", exc_info=args.exc_value)

    sys.excepthook, threading.excepthook, sys.unraisablehook = ending, of_thread, unraisable
