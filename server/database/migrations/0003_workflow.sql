-- The work of salesperson and desk on one deal. What people decide stays one transaction under the deal's row lock:
-- the rows below as they stand now, and the event that says how they came to stand so.

CREATE TYPE fulfilment AS ENUM ('signed', 'delivered', 'funded', 'unwound');
CREATE TYPE lender_status AS ENUM ('approved', 'conditional', 'declined', 'withdrawn');
CREATE TYPE task_kind AS ENUM ('adverse_action_notice');

-- Deals -------------------------------------------------------------------------------------------------------------

-- Notes and holds are events too, but change nothing that a version stands for: version moves with an event that says
-- so, last_no with each.
ALTER TABLE deals
    ADD COLUMN last_no         bigint NOT NULL DEFAULT 0,
    -- The structure that the deal began with: where a replay starts.
    ADD COLUMN first_structure jsonb CHECK (jsonb_typeof(first_structure) = 'object'),
    ADD COLUMN state_since     timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN selected_offer  uuid REFERENCES offers,
    ADD COLUMN fulfilment      fulfilment;

-- Of an older deal, what its fields were before somebody changed them is not known: those fields are left out.
UPDATE deals d
   SET last_no = version,
       state_since = updated_at,
       first_structure = structure - coalesce(
           (SELECT array_agg(DISTINCT field)
              FROM deal_events e, jsonb_object_keys(e.body->'changes') AS field
             WHERE e.deal_id = d.deal_id AND e.kind = 'deal_changed'), '{}');
UPDATE deals SET fulfilment = 'signed' WHERE state = 'signed';
ALTER TABLE deals
    ADD CHECK (last_no >= version),
    ADD CONSTRAINT deals_fulfilment_after_signing CHECK ((fulfilment IS NULL) = (state <> 'signed'));

CREATE FUNCTION keep_first_structure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.first_structure := NEW.structure;
    RETURN NEW;
END $$;
CREATE TRIGGER deals_first_structure BEFORE INSERT ON deals
    FOR EACH ROW EXECUTE FUNCTION keep_first_structure();
ALTER TABLE deals ALTER COLUMN first_structure SET NOT NULL;

CREATE FUNCTION move_state_since() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.state_since := now();
    RETURN NEW;
END $$;
CREATE TRIGGER deals_state_since BEFORE UPDATE ON deals
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION move_state_since();

-- Events ------------------------------------------------------------------------------------------------------------

-- The server's own decisions have no user: an approval that fell, a hold that ran out.
ALTER TABLE deal_events ALTER COLUMN user_id DROP NOT NULL;

CREATE OR REPLACE FUNCTION take_deal_event_no() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    moved bigint := (NEW.body->>'version')::bigint;
    store text;
BEGIN
    UPDATE deals SET last_no = NEW.no, version = coalesce(moved, version), updated_at = now()
     WHERE deal_id = NEW.deal_id AND last_no = NEW.no - 1 AND (moved IS NULL OR moved = version + 1)
    RETURNING store_id INTO store;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'deal_events.no: % does not follow the last event of deal %, or its version does not follow',
            NEW.no, NEW.deal_id USING ERRCODE = 'check_violation';
    END IF;
    -- Sent at commit: whoever relays hears of it also where the process that decided dies at once.
    PERFORM pg_notify('deal_events', NEW.deal_id || ' ' || NEW.no || ' ' || store);
    RETURN NEW;
END $$;

-- A wall shows a deal from its first moment.
CREATE FUNCTION announce_deal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('deal_events', NEW.deal_id || ' 0 ' || NEW.store_id);
    RETURN NULL;
END $$;
CREATE TRIGGER deals_announced AFTER INSERT ON deals FOR EACH ROW EXECUTE FUNCTION announce_deal();

-- Offers ------------------------------------------------------------------------------------------------------------

-- The wire form of an offer stands beside the columns that queries need; nothing wrote offers before this revision.
ALTER TABLE offers
    ADD COLUMN body jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(body) = 'object'),
    ADD COLUMN stress_npv_cents bigint NOT NULL DEFAULT 0;
ALTER TABLE offers ALTER COLUMN body DROP DEFAULT, ALTER COLUMN stress_npv_cents DROP DEFAULT;

CREATE TABLE deal_pins (
    deal_id    uuid NOT NULL REFERENCES deals,
    vehicle_id bigint NOT NULL REFERENCES vehicles,
    offer_id   uuid NOT NULL REFERENCES offers,
    pinned_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (deal_id, vehicle_id)
);
CREATE INDEX deal_pins_vehicle ON deal_pins (vehicle_id);
CREATE INDEX deals_selected_offer ON deals (selected_offer) WHERE selected_offer IS NOT NULL;

CREATE TABLE deal_locks (
    deal_id   uuid NOT NULL REFERENCES deals,
    field     text NOT NULL CHECK (field <> ''),
    locked_by jsonb NOT NULL CHECK (jsonb_typeof(locked_by) = 'object'),
    PRIMARY KEY (deal_id, field)
);

-- What the desk approved. The deal's current approval is its last one where the deal is approved or signed.
CREATE TABLE desk_approvals (
    deal_id       uuid NOT NULL REFERENCES deals,
    deal_version  bigint NOT NULL CHECK (deal_version >= 1),
    vehicle_id    bigint NOT NULL REFERENCES vehicles,
    vehicle_rev   bigint NOT NULL CHECK (vehicle_rev >= 1),
    offer_id      uuid NOT NULL REFERENCES offers,
    rates_version text NOT NULL REFERENCES rate_sheets,
    approved_by   jsonb NOT NULL CHECK (jsonb_typeof(approved_by) = 'object'),
    approved_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (deal_id, deal_version)
);
CREATE INDEX desk_approvals_vehicle ON desk_approvals (vehicle_id);

-- Lenders -----------------------------------------------------------------------------------------------------------

-- The last decision of a lender about a deal counts, until it expires.
CREATE TABLE lender_decisions (
    decision_id       uuid PRIMARY KEY,
    deal_id           uuid NOT NULL REFERENCES deals,
    deal_version      bigint NOT NULL CHECK (deal_version >= 1),
    lender            text NOT NULL CHECK (lender <> ''),
    status            lender_status NOT NULL,
    tier              credit_tier,
    rate_bp           basis_points,
    advance_max_cents cents,
    term_months       smallint CHECK (term_months BETWEEN 1 AND 120),
    expires_at        timestamptz,
    reasons           text[] NOT NULL DEFAULT '{}',
    decided_at        timestamptz NOT NULL DEFAULT now(),
    UNIQUE (deal_id, lender, deal_version),
    CHECK (status NOT IN ('approved', 'conditional')
           OR num_nulls(tier, rate_bp, advance_max_cents, term_months, expires_at) = 0),
    CHECK (status <> 'declined' OR reasons <> '{}')
);

CREATE TABLE lender_stipulations (
    stipulation_id uuid PRIMARY KEY,
    decision_id    uuid NOT NULL REFERENCES lender_decisions,
    place          smallint NOT NULL,
    text           text NOT NULL CHECK (text <> ''),
    cleared_by     jsonb CHECK (jsonb_typeof(cleared_by) = 'object'),
    cleared_at     timestamptz,
    UNIQUE (decision_id, place),
    CHECK ((cleared_by IS NULL) = (cleared_at IS NULL))
);

CREATE TABLE deal_tasks (
    task_id   uuid PRIMARY KEY,
    deal_id   uuid NOT NULL REFERENCES deals,
    kind      task_kind NOT NULL,
    reasons   text[] NOT NULL DEFAULT '{}',
    due_on    date NOT NULL,
    raised_at timestamptz NOT NULL DEFAULT now(),
    done_by   jsonb CHECK (jsonb_typeof(done_by) = 'object'),
    done_at   timestamptz,
    CHECK ((done_by IS NULL) = (done_at IS NULL))
);
CREATE INDEX deal_tasks_deal ON deal_tasks (deal_id);

CREATE TRIGGER desk_approvals_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON desk_approvals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER lender_decisions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lender_decisions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Who wants a car ---------------------------------------------------------------------------------------------------

-- One row for each car that some deal ever held, selected or pinned. no moves whenever any of that changes, as rev
-- moves with the car: of two states of a car, the one with the greater (rev, no) is the newer.
CREATE TABLE vehicle_claims (
    vehicle_id bigint PRIMARY KEY REFERENCES vehicles ON DELETE CASCADE,
    no         bigint NOT NULL DEFAULT 1 CHECK (no >= 1),
    held_by    uuid REFERENCES deals (deal_id),
    holder     jsonb CHECK (jsonb_typeof(holder) = 'object'),
    held_until timestamptz,
    CHECK (num_nulls(held_by, holder, held_until) IN (0, 3))
);
CREATE INDEX vehicle_claims_until ON vehicle_claims (held_until) WHERE held_by IS NOT NULL;
CREATE INDEX vehicle_claims_holder ON vehicle_claims (held_by) WHERE held_by IS NOT NULL;

CREATE FUNCTION announce_claim() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('vehicles', jsonb_build_object(
        'group', v.group_id, 'ids', jsonb_build_array(v.vehicle_id::text))::text)
       FROM vehicles v WHERE v.vehicle_id = NEW.vehicle_id;
    RETURN NULL;
END $$;
CREATE TRIGGER vehicle_claims_announced AFTER INSERT OR UPDATE ON vehicle_claims
    FOR EACH ROW EXECUTE FUNCTION announce_claim();

-- Stock that changes ------------------------------------------------------------------------------------------------

-- As before, and now every statement also tells who listens which cars it changed: their ids where they are few, else
-- only whose they are. A notification holds 8,000 bytes at most.
CREATE OR REPLACE FUNCTION move_inventory_version() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    moved   text[];
    groups  text[];
    changed bigint[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        -- A new car is on no screen yet: nobody is told.
        SELECT array_agg(DISTINCT store_id) INTO moved FROM after_rows;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(DISTINCT store_id), array_agg(DISTINCT group_id), array_agg(vehicle_id)
          INTO moved, groups, changed FROM before_rows;
    ELSE
        SELECT array_agg(DISTINCT either), array_agg(DISTINCT a.group_id), array_agg(DISTINCT a.vehicle_id)
          INTO moved, groups, changed
          FROM before_rows b JOIN after_rows a USING (vehicle_id)
          CROSS JOIN LATERAL (VALUES (b.store_id), (a.store_id)) AS stores (either)
         WHERE a.rev <> b.rev;
    END IF;
    PERFORM FROM stores WHERE store_id = ANY (moved) ORDER BY store_id FOR NO KEY UPDATE;
    UPDATE stores SET inventory_version = inventory_version + 1 WHERE store_id = ANY (moved);
    PERFORM pg_notify('vehicles', jsonb_build_object('group', each,
                'ids', CASE WHEN cardinality(changed) <= 100 THEN to_jsonb(changed::text[]) END)::text)
       FROM unnest(groups) AS each;
    RETURN NULL;
END $$;

CREATE FUNCTION announce_rates() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('rates', '');
    RETURN NULL;
END $$;
CREATE TRIGGER rate_sheets_announced AFTER INSERT ON rate_sheets
    FOR EACH STATEMENT EXECUTE FUNCTION announce_rates();

-- The application's role ----------------------------------------------------------------------------------------------

GRANT SELECT ON deal_pins, deal_locks, desk_approvals, lender_decisions, lender_stipulations, deal_tasks, vehicle_claims
    TO deal_app;
GRANT UPDATE (selected_offer, fulfilment) ON deals TO deal_app;
-- A signed deal sells its car; an unwound one gives it back.
GRANT UPDATE (status) ON vehicles TO deal_app;
GRANT INSERT, DELETE ON deal_pins, deal_locks TO deal_app;
GRANT UPDATE (offer_id, pinned_at) ON deal_pins TO deal_app;
GRANT INSERT ON desk_approvals, lender_decisions, lender_stipulations, deal_tasks, vehicle_claims TO deal_app;
GRANT UPDATE (cleared_by, cleared_at) ON lender_stipulations TO deal_app;
GRANT UPDATE (done_by, done_at) ON deal_tasks TO deal_app;
GRANT UPDATE (no, held_by, holder, held_until) ON vehicle_claims TO deal_app;
