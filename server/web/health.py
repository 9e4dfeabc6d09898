"""Endpoints for operators and load balancers: liveness, readiness, metrics.

Anyone may ask whether a process is alive and ready. Details and metrics are only for DEAL_METRICS_FROM.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from protocol.closing import CommandError, ErrorCode
from server.settings import Settings, is_loopback
from server.web.access.addresses import is_in
from server.web.access.loopback import was_passed_on
from server.web.answers import answer

NOT_READY: Final = 503
TEXT_FORMAT: Final = "text/plain; version=0.0.4; charset=utf-8"


async def healthz(request: Request) -> Response:
    """Report that the process runs its event loop."""
    return PlainTextResponse("ok")


async def readyz(request: Request) -> Response:
    """Report whether this process can serve: 200 or 503; to an operator, with each dependency by name."""
    checks = await request.state.web.readiness()
    ready = all(checks.values())
    details = {"checks": dict(checks)} if _may_look_inside(request) else {}
    return answer({"ready": ready, **details}, 200 if ready else NOT_READY)


async def metrics(request: Request) -> Response:
    """Export the metrics of this machine's processes in the Prometheus text format, to an operator.

    Raises CommandError(forbidden).
    """
    if not _may_look_inside(request):
        raise CommandError(
            ErrorCode.FORBIDDEN,
            "Only the addresses in DEAL_METRICS_FROM may read the metrics.",
            field="address",
        )
    return Response(await request.state.web.metrics(), media_type=TEXT_FORMAT)


routes: Final = (
    Route("/healthz", healthz, methods=["GET"]),
    Route("/readyz", readyz, methods=["GET"]),
    Route("/metrics", metrics, methods=["GET"]),
)


def _may_look_inside(request: Request) -> bool:
    """Return whether a request comes from an address of DEAL_METRICS_FROM.

    A proxy that is not in DEAL_TRUSTED_PROXIES hides its clients: on this machine it would make everyone
    local.
    """
    settings: Settings = request.state.web.settings
    host = request.client.host if request.client else ""
    if was_passed_on(request.headers) and (not settings.trusted_proxies or is_loopback(host)):
        return False
    return is_in(host, settings.metrics_from)
