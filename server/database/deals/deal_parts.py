"""The current parts of a deal, other than its structure, for its snapshot."""

from dataclasses import dataclass, field
from typing import Final

import asyncpg

from protocol import codec
from protocol.deal.agreed import AgreedFigures, Contract, Proposal
from protocol.deal.deal_parts import (
    Approval,
    DealNote,
    DealOffer,
    DealTask,
    FieldLock,
    VehicleHold,
)
from protocol.deal.presenting import (
    KEPT_ACCEPTANCES,
    KEPT_LINKS,
    Acceptance,
    OfferLink,
    Presentation,
)
from protocol.deal.scenarios import Scenario
from protocol.deal.workflow import Fulfilment
from protocol.deal_fold import KEPT_NOTES, KEPT_NOTES_BYTES, KEPT_TASKS, PRICED_STATES, kept_notes
from protocol.fold_parts.scenarios import marked
from server.database.core.pool import Database
from server.database.deals.deals import DEAL_COLUMNS, DEAL_TABLES, Deal, deal_of
from server.database.deals.story import KEPT_EVENTS, Told, kept_story, told_of
from server.database.decisions.deciding import parse_id

_PART_COLUMNS: Final = """
       d.last_no, d.fulfilment, d.agreed, d.proposal, d.contract, d.presentation, d.scenarios,
       d.used_scenario::text AS used_scenario,
       (SELECT body FROM offers o WHERE o.offer_id = d.selected_offer) AS selected,
       d.selected_offer IS NOT NULL AND EXISTS (
           SELECT FROM deal_events c WHERE c.deal_id = d.deal_id
              AND (c.kind = 'deal_changed' OR (c.kind = 'state_changed' AND c.body ? 'figures'))
              AND c.no > (SELECT max(p.no) FROM deal_events p WHERE p.deal_id = d.deal_id
                             AND (p.kind = 'offer_selected'
                                  OR (p.kind = 'state_changed' AND p.body->>'to' = ANY ($3)))))
       AS selected_outdated,
       (SELECT jsonb_agg(o.body ORDER BY p.pinned_at, p.vehicle_id)
          FROM deal_pins p JOIN offers o USING (offer_id) WHERE p.deal_id = d.deal_id) AS pins,
       (SELECT jsonb_agg(jsonb_build_object('field', field, 'by', locked_by) ORDER BY field)
          FROM deal_locks l WHERE l.deal_id = d.deal_id) AS locks,
       (SELECT jsonb_agg(jsonb_build_object('vehicle_id', c.vehicle_id::text, 'until', c.held_until,
                                            'by', c.holder) ORDER BY c.vehicle_id::text)
          FROM vehicle_claims c WHERE c.held_by = d.deal_id) AS holds,
       (SELECT jsonb_agg(jsonb_build_object('id', n.body->>'id', 'text', n.body->>'text', 'by', n.body->'by',
                                            'at', n.at) ORDER BY n.no)
          FROM (SELECT no, body, at, sum(octet_length(body->>'text')) OVER (ORDER BY no DESC) AS size
                  FROM deal_events e WHERE e.deal_id = d.deal_id AND kind = 'note_added'
                 ORDER BY no DESC LIMIT $2) n
         WHERE n.size <= $4) AS notes,
       (SELECT jsonb_agg(jsonb_build_object('no', t.no, 'at', t.at, 'kind', t.kind, 'body', t.body)
                         ORDER BY t.no)
          FROM (SELECT no, at, kind, body FROM deal_events s WHERE s.deal_id = d.deal_id
                 ORDER BY s.no DESC LIMIT $6) t) AS story,
       (SELECT jsonb_agg(jsonb_build_object('id', t.task_id, 'kind', t.kind, 'reasons', t.reasons,
                                            'due_on', t.due_on, 'done_by', t.done_by)
                         || CASE WHEN t.trade_id IS NULL THEN '{}'
                                 ELSE jsonb_build_object('trade_id', t.trade_id) END
                         ORDER BY t.raised_at, t.task_id)
          FROM (SELECT * FROM deal_tasks WHERE deal_tasks.deal_id = d.deal_id
                 ORDER BY raised_at DESC, task_id DESC LIMIT $5) t) AS tasks,
       (SELECT jsonb_build_object('deal_version', a.deal_version, 'vehicle_id', a.vehicle_id::text,
                                  'rev', a.vehicle_rev, 'offer_id', a.offer_id, 'rates', a.rates_version,
                                  'by', a.approved_by)
          FROM desk_approvals a WHERE a.deal_id = d.deal_id AND d.state IN ('approved', 'signed')
         ORDER BY a.deal_version DESC LIMIT 1) AS approval,
       (SELECT jsonb_agg(jsonb_build_object('id', k.link_id, 'by', k.made_by, 'at', k.made_at,
                                            'expires_at', k.expires_at, 'revoked', k.revoked_at IS NOT NULL,
                                            'opens', k.opens, 'last_opened_at', k.last_opened_at)
                         ORDER BY k.made_at, k.link_id)
          FROM (SELECT link_id, made_by, made_at, expires_at, revoked_at, opens, last_opened_at
                  FROM deal_links WHERE deal_links.deal_id = d.deal_id
                 ORDER BY made_at DESC, link_id DESC LIMIT $7) k) AS links,
       (SELECT jsonb_agg(y.body || jsonb_build_object('id', y.acceptance_id, 'at', y.at)
                         ORDER BY y.at, y.acceptance_id)
          FROM (SELECT acceptance_id, at, body FROM deal_acceptances
                 WHERE deal_acceptances.deal_id = d.deal_id
                 ORDER BY at DESC, acceptance_id DESC LIMIT $8) y) AS acceptances
"""
# One row, so that it is one state of the deal and one round trip.
_PARTS: Final = f"SELECT {_PART_COLUMNS} FROM deals d WHERE d.deal_id = $1"  # noqa: S608 - a constant
_WHOLE: Final = f"SELECT {_PART_COLUMNS}, {DEAL_COLUMNS} {DEAL_TABLES} WHERE d.deal_id = $1"
# Filtering by text size drops most notes that would not be kept; the rest is cut as clients cut it.
_SHOWN: Final = (
    KEPT_NOTES,
    PRICED_STATES,
    KEPT_NOTES_BYTES,
    KEPT_TASKS,
    KEPT_EVENTS,
    KEPT_LINKS,
    KEPT_ACCEPTANCES,
)


@dataclass(frozen=True, slots=True)
class DealParts:
    """The parts of a deal as of event ``last_no``."""

    last_no: int
    selected: DealOffer | None
    selected_outdated: bool
    pins: list[DealOffer]
    locks: list[FieldLock]
    holds: list[VehicleHold]
    notes: list[DealNote]
    tasks: list[DealTask]
    approval: Approval | None
    fulfilment: Fulfilment | None
    agreed: AgreedFigures | None = None
    proposal: Proposal | None = None
    contract: Contract | None = None
    scenarios: list[Scenario] = field(default_factory=list)
    story: tuple[Told, ...] = ()
    presentation: Presentation | None = None
    links: list[OfferLink] = field(default_factory=list)
    acceptances: list[Acceptance] = field(default_factory=list)


async def load_whole(database: Database, deal_id: str) -> tuple[Deal, DealParts] | None:
    """Return a deal and its parts, as of one moment; None if there is no such deal."""
    key = parse_id(deal_id)
    row = None if key is None else await database.fetchrow(_WHOLE, key, *_SHOWN)
    return None if row is None else (deal_of(row), _parts_of(row))


def _parts_of(row: asyncpg.Record) -> DealParts:
    return DealParts(
        last_no=row["last_no"],
        selected=None if row["selected"] is None else codec.convert(DealOffer, row["selected"]),
        selected_outdated=row["selected_outdated"],
        pins=codec.convert(list[DealOffer], row["pins"] or []),
        locks=codec.convert(list[FieldLock], row["locks"] or []),
        holds=codec.convert(list[VehicleHold], row["holds"] or []),
        notes=kept_notes(codec.convert(list[DealNote], row["notes"] or [])),
        tasks=codec.convert(list[DealTask], row["tasks"] or []),
        approval=None if row["approval"] is None else codec.convert(Approval, row["approval"]),
        fulfilment=None if row["fulfilment"] is None else Fulfilment(row["fulfilment"]),
        agreed=None if row["agreed"] is None else codec.convert(AgreedFigures, row["agreed"]),
        proposal=None if row["proposal"] is None else codec.convert(Proposal, row["proposal"]),
        contract=None if row["contract"] is None else codec.convert(Contract, row["contract"]),
        scenarios=marked(codec.convert(list[Scenario], row["scenarios"] or []), row["used_scenario"]),
        story=kept_story(told_of(event) for event in row["story"] or ()),
        presentation=None
        if row["presentation"] is None
        else codec.convert(Presentation, row["presentation"]),
        links=codec.convert(list[OfferLink], row["links"] or []),
        acceptances=codec.convert_known(list[Acceptance], row["acceptances"] or []),
    )
