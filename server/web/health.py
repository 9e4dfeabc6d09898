"""What operators and load balancers ask: alive, ready, metrics."""

from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from server.web.answers import answer

NOT_READY: Final = 503


async def healthz(request: Request) -> Response:
    """Say that the process runs its event loop."""
    return PlainTextResponse("ok")


async def readyz(request: Request) -> Response:
    """Say whether this process can serve: 200 or 503, with each dependency by name."""
    checks = await request.state.web.readiness()
    return answer(
        {"ready": all(checks.values()), "checks": dict(checks)}, 200 if all(checks.values()) else NOT_READY
    )


async def metrics(request: Request) -> Response:
    """Export the process's metrics in Prometheus' text format."""
    return Response(generate_latest(request.state.web.metrics), media_type=CONTENT_TYPE_LATEST)


routes: Final = (
    Route("/healthz", healthz, methods=["GET"]),
    Route("/readyz", readyz, methods=["GET"]),
    Route("/metrics", metrics, methods=["GET"]),
)
