"""What is on a viewer's screen: a snapshot, and what each event changes of it.

Written from the protocol's text alone, on plain dictionaries: it shares nothing with the server, and nothing
with the clients that the server's other tests use.
"""

from typing import Any

KEPT_NOTES = 200
ON_SALE = ("available", "held")
UNAGREED = ("working", "lost")
FIGURES = ("vehicle_id", "payment_cents", "term_months", "cash_down_cents", "total_cents")
State = dict[str, Any]


class Screen:
    """The state of one channel."""

    def __init__(self, snapshot: dict[str, Any]) -> None:
        self.is_wall = "desk" in snapshot
        deal, search = snapshot.get("deal") or {}, snapshot.get("search")
        self.version: int = deal.get("version", 0)
        self.state: str = deal.get("state", "")
        self.structure: dict[str, Any] = dict(deal.get("structure", {}))
        self.offer: State | None = deal.get("selected") or None
        self.agreed: State | None = deal.get("agreed") or None
        self.proposal: State | None = deal.get("proposal") or None
        self.customer: State = deal.get("customer", {})
        self.lenders: dict[str, State] = {each["lender"]: each for each in deal.get("lenders", ())}
        self.has_desk = "lenders" in deal
        self.tasks: dict[str, bool] = {each["id"]: each["done_by"] is None for each in deal.get("tasks", ())}
        self.has_tasks = "tasks" in deal
        self.pins: set[str] = {pin["vehicle_id"] for pin in deal.get("pins", ())}
        self.notes: list[str] = [note["id"] for note in deal.get("notes", ())]
        self.holds: set[str] = {hold["vehicle_id"] for hold in deal.get("holds", ())}
        self.search: dict[str, Any] | None = None
        if search is not None:
            names = ("search_id", "scanned", "matched", "valued", "failed", "ended")
            self.search = {name: search.get(name) for name in names}
        self.rows: dict[str, dict[str, Any]] = {}
        self.wall: dict[str, dict[str, Any]] = {}

    def state_now(self) -> State:
        """Return what is compared with a fresh screen."""
        if self.is_wall:
            shown = ("deal_version", "last_no", "state", "last_change", "payment_cents")
            return {deal: {name: row.get(name) for name in shown} for deal, row in self.wall.items()}
        return {
            "version": self.version,
            "state": self.state,
            "structure": self.structure,
            "selected": self.offer and self.offer["vehicle_id"],
            "payment_cents": self.offer and self.offer["payment_cents"],
            "agreed": self.agreed and figures(self.agreed),
            "proposal": self.proposal and figures(self.proposal["figures"]["new"]),
            "customer": known(self.customer),
            "lenders": {lender: each["status"] for lender, each in sorted(self.lenders.items())},
            "tasks": sorted(task for task, is_open in self.tasks.items() if is_open),
            "pins": sorted(self.pins),
            "notes": self.notes[-KEPT_NOTES:],
            "holds": sorted(self.holds),
            "search": self.search,
            "rows": self.rows,
        }

    def is_settled(self) -> bool:
        """Return whether nothing is expected any more: the search has ended and every car is valued."""
        if self.is_wall or self.search is None:
            return True
        return self.search["ended"] is not None and all(
            row["valued"] is not False for row in self.rows.values()
        )

    def add_rows(self, columns: dict[str, list[Any]]) -> None:
        """Take rows of a snapshot."""
        for row in _rows(columns):
            if self.is_wall:
                self.wall[row["deal_id"]] = row
            else:
                self._match(row)
                self.rows[row["vehicle_id"]] |= {
                    "valued": row.get("valued", False),
                    "payment_cents": row.get("payment_cents"),
                }

    def apply(self, event: dict[str, Any]) -> None:
        """Take the next event; one that tells what is known already changes nothing."""
        kind = event["type"]
        if "version" in event:
            if event["version"] <= self.version:
                return
            self.version = event["version"]
        change = getattr(self, f"_{kind}", None)
        if change is not None:
            change(event)

    def _deal_changed(self, event: dict[str, Any]) -> None:
        self.structure |= event["changes"]

    def _state_changed(self, event: dict[str, Any]) -> None:
        self.state = event["to"]
        if "agreed" in event:
            self.agreed = event["agreed"]
        elif event["to"] in UNAGREED:
            self.agreed = None
        self.proposal = event.get("proposal")

    def _offer_selected(self, event: dict[str, Any]) -> None:
        self.offer = event["offer"]

    def _customer_changed(self, event: dict[str, Any]) -> None:
        if "customer" in event:
            self.customer = event["customer"]

    def _lender_decided(self, event: dict[str, Any]) -> None:
        if self.has_desk and "decision" in event:
            self.lenders[event["decision"]["lender"]] = event["decision"]

    def _task_raised(self, event: dict[str, Any]) -> None:
        if self.has_tasks and "task" in event:
            self.tasks[event["task"]["id"]] = True

    def _task_done(self, event: dict[str, Any]) -> None:
        if event.get("task_id") in self.tasks:
            self.tasks[event["task_id"]] = False

    def _offer_pinned(self, event: dict[str, Any]) -> None:
        self.pins.add(event["vehicle_id"])

    def _offer_unpinned(self, event: dict[str, Any]) -> None:
        self.pins.discard(event["vehicle_id"])

    def _note_added(self, event: dict[str, Any]) -> None:
        if "id" in event and event["id"] not in self.notes:
            self.notes.append(event["id"])

    def _vehicle_held(self, event: dict[str, Any]) -> None:
        if "vehicle_id" in event:
            self.holds.add(event["vehicle_id"])

    def _vehicle_released(self, event: dict[str, Any]) -> None:
        if "vehicle_id" in event:
            self.holds.discard(event["vehicle_id"])

    def _deal_summary(self, event: dict[str, Any]) -> None:
        known = self.wall.get(event["deal_id"])
        if known is not None and known["last_no"] > event["last_no"]:
            return
        if event["removed"]:
            self.wall.pop(event["deal_id"], None)
        else:
            self.wall[event["deal_id"]] = event

    def _search_started(self, event: dict[str, Any]) -> None:
        if self.search is None or self.search["search_id"] != event["search_id"]:
            self.rows = {}
            self.search = {"search_id": event["search_id"], "scanned": 0, "matched": 0, "valued": 0}
            self.search |= {"failed": 0, "ended": None}

    def _is_current(self, event: dict[str, Any]) -> bool:
        return self.search is not None and self.search["search_id"] == event["search_id"]

    def _matches(self, event: dict[str, Any]) -> None:
        if self._is_current(event):
            for row in _rows(event["columns"]):
                self._match(row)

    def _offers(self, event: dict[str, Any]) -> None:
        if self._is_current(event):
            for offer in _rows(event["columns"]):
                row = self.rows.get(offer["vehicle_id"])
                if row is not None and row["rev"] == offer["rev"]:
                    row |= {"valued": True, "payment_cents": offer["payment_cents"]}

    def _value_failed(self, event: dict[str, Any]) -> None:
        if self._is_current(event):
            for vehicle_id in event["vehicle_id"]:
                if self.rows.get(vehicle_id, {}).get("valued") is False:
                    self.rows[vehicle_id]["valued"] = None

    def _search_ended(self, event: dict[str, Any]) -> None:
        if self._is_current(event):
            told = {"scanned": event["scanned"], "matched": event["matched"], "ended": event["reason"]}
            self.search = (self.search or {}) | told

    def _search_valued(self, event: dict[str, Any]) -> None:
        if self._is_current(event):
            self.search = (self.search or {}) | {"valued": event["offers"], "failed": event["failed"]}

    def _vehicle_changed(self, event: dict[str, Any]) -> None:
        row = self.rows.get(event["vehicle_id"])
        if row is None or event["rev"] < row["rev"]:
            return
        if event["status"] not in ON_SALE:
            del self.rows[event["vehicle_id"]]
        elif event["rev"] > row["rev"]:
            self.rows[event["vehicle_id"]] = _row(event)

    def _match(self, row: dict[str, Any]) -> None:
        known = self.rows.get(row["vehicle_id"])
        if known is None or known["rev"] < row["rev"]:
            self.rows[row["vehicle_id"]] = _row(row)


def figures(agreed: State) -> State:
    """Return the figures that everybody sees."""
    return {name: agreed[name] for name in FIGURES}


def known(customer: State) -> State:
    """Return what is compared of a customer."""
    facts = customer.get("facts", {})
    return {"name": customer.get("name"), "phone": facts.get("phone"), "debt": facts.get("other_debt_cents")}


def _row(cells: dict[str, Any]) -> dict[str, Any]:
    return {"rev": cells["rev"], "price": cells["price_cents"], "valued": False, "payment_cents": None}


def _rows(columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
