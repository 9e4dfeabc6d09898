"""F&I products as each view sees them: cost, gross and chargebacks are for the desk."""

from typing import Any

from protocol.records import View
from server.hub.sight.visible import PRODUCT_FIELDS


def project_products(products: Any, view: View) -> Any:
    """Return products, and objects that hold some, with the fields that ``view`` shows."""
    if view is View.MANAGER:
        return products
    if isinstance(products, list):
        return [project_products(each, view) for each in products]
    if not isinstance(products, dict):
        return products
    shown = PRODUCT_FIELDS[view]
    return {name: project_products(each, view) for name, each in products.items() if name in shown}
