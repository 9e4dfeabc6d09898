"""The Kubernetes manifests: valid by the schemas of the newest release, and in agreement with the product."""

import ipaddress
from typing import Any

import kubernetes_validate
import pytest

from server.observe.ending import END_SECONDS, LAST_WORD_SECONDS
from server.run.app import PING_SECONDS
from server.settings import Settings
from server.web import health
from tests.deploy.files import PORT, ROOT, manifests, variables

MANIFESTS = manifests()
RELEASES = ("1.37", "1.31")
"""Of Kubernetes: the newest that the schemas have, and an older one that is still in use."""

LAST_SECONDS = END_SECONDS + 2 * LAST_WORD_SECONDS
POD_KINDS = [("Deployment", "deal-web"), ("Deployment", "deal-worker"), ("Job", "deal-migrate-0.1.0")]


def pod_of(kind: str, name: str) -> dict[str, Any]:
    """Return the pod of a Deployment or a Job."""
    pod: dict[str, Any] = MANIFESTS[kind, name]["spec"]["template"]["spec"]
    return pod


def setting(name: str) -> str:
    """Return a setting that all pods have."""
    return str(MANIFESTS["ConfigMap", "deal-settings"]["data"][name])


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("which", MANIFESTS, ids="/".join)
def test_schema(which: tuple[str, str], release: str) -> None:
    """No field is unknown, missing or of another type."""
    kubernetes_validate.validate(MANIFESTS[which], release, strict=True)


def test_a_field_that_does_not_exist_is_found() -> None:
    """The checker can fail."""
    wrong = MANIFESTS["Deployment", "deal-web"] | {"spek": {}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, RELEASES[0], strict=True)


def test_settings() -> None:
    """The variables exist, and together they are what a process accepts."""
    given = {}
    for (kind, _), each in MANIFESTS.items():
        if kind in {"ConfigMap", "Secret"}:
            given |= each.get("data", {}) | each.get("stringData", {})
    assert set(given) <= variables()
    settings = Settings.from_environment(given)
    assert (settings.host, settings.port, settings.demo) == ("0.0.0.0", PORT, False)  # noqa: S104 - read
    assert str(settings.data_dir) == "/run/deal-architect"


@pytest.mark.parametrize(("kind", "name"), POD_KINDS)
def test_pods_may_do_little(kind: str, name: str) -> None:
    """No root, no writable root file system but the folder of sockets, no token of the cluster."""
    pod = pod_of(kind, name)
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] and not pod["automountServiceAccountToken"]
    security = container["securityContext"]
    assert security["readOnlyRootFilesystem"] and not security["allowPrivilegeEscalation"]
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert [mount["mountPath"] for mount in container["volumeMounts"]] == [setting("DEAL_DATA_DIR")]
    secrets = {each["secretRef"]["name"] for each in container["envFrom"] if "secretRef" in each}
    assert ("deal-owner" in secrets) == (kind == "Job"), "only the migration acts as the schema's owner"
    assert ("deal-signing" in secrets) == (name == "deal-web")


def test_pods_have_the_time_to_drain() -> None:
    """The grace period holds the wait for the proxies, the drain and the end, in this order."""
    drain = int(setting("DEAL_DRAIN_SECONDS"))
    web, worker = pod_of("Deployment", "deal-web"), pod_of("Deployment", "deal-worker")
    wait = int(web["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    assert web["terminationGracePeriodSeconds"] > wait + drain + LAST_SECONDS
    assert worker["terminationGracePeriodSeconds"] > drain + LAST_SECONDS


def test_probes_ask_for_what_there_is() -> None:
    """A service that is away keeps a new release out; it neither restarts nor hides the pods that run."""
    (web,) = pod_of("Deployment", "deal-web")["containers"]
    paths = {name: web[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness", "readiness")}
    assert paths == {"startup": "/readyz", "liveness": "/healthz", "readiness": "/healthz"}
    assert set(paths.values()) <= {route.path for route in health.routes}
    assert [port["containerPort"] for port in web["ports"]] == [PORT]


def test_what_belongs_together_does() -> None:
    """Selectors match the pods, the service leads to the port, the budget lets a node be drained."""
    for name in ("deal-web", "deal-worker"):
        spec = MANIFESTS["Deployment", name]["spec"]
        labels = spec["template"]["metadata"]["labels"]
        assert spec["selector"]["matchLabels"] == labels
        assert MANIFESTS["PodDisruptionBudget", name]["spec"]["selector"]["matchLabels"] == labels
        assert MANIFESTS["PodDisruptionBudget", name]["spec"]["maxUnavailable"] == 1
        assert spec["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    service = MANIFESTS["Service", "deal-web"]["spec"]
    assert (
        service["selector"] == MANIFESTS["Deployment", "deal-web"]["spec"]["template"]["metadata"]["labels"]
    )
    assert service.get("sessionAffinity", "None") == "None"
    (rule,) = MANIFESTS["Ingress", "deal-web"]["spec"]["rules"]
    assert f"https://{rule['host']}" == setting("DEAL_ALLOWED_ORIGINS")


def test_the_ingress_fits_web_sockets() -> None:
    """It waits longer than two pings are apart, and holds nothing back."""
    notes = MANIFESTS["Ingress", "deal-web"]["metadata"]["annotations"]
    short = {name.rpartition("/")[2]: value for name, value in notes.items()}
    assert min(int(short["proxy-read-timeout"]), int(short["proxy-send-timeout"])) > 2 * PING_SECONDS
    assert short["proxy-buffering"] == "off"


def test_workers_scale_by_a_metric_that_exists() -> None:
    """The age of the oldest job, by the name under which it is exported."""
    scaler = MANIFESTS["HorizontalPodAutoscaler", "deal-worker"]["spec"]
    (metric,) = scaler["metrics"]
    name = metric["external"]["metric"]["name"]
    assert f"| `{name}` |" in (ROOT / "docs" / "operations" / "metrics.md").read_text()
    assert scaler["scaleTargetRef"]["name"] == "deal-worker"
    assert "replicas" not in MANIFESTS["Deployment", "deal-worker"]["spec"], (
        "the scaler's number would be undone"
    )


def test_the_network_lets_nobody_in_but_the_proxy_and_prometheus() -> None:
    """And trusts only networks, not everybody."""
    (rule,) = MANIFESTS["NetworkPolicy", "deal-web"]["spec"]["ingress"]
    assert [port["port"] for port in rule["ports"]] == [PORT]
    assert "Ingress" in MANIFESTS["NetworkPolicy", "deal-architect"]["spec"]["policyTypes"]
    assert "ingress" not in MANIFESTS["NetworkPolicy", "deal-architect"]["spec"]
    assert all(ipaddress.ip_network(each) for each in setting("DEAL_TRUSTED_PROXIES").split(","))
