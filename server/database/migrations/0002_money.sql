-- What the money is computed from, and what was computed. Every new column of a table that holds data has a default
-- under which old rows mean what they meant: one band for every contract, no authority, products without a margin.
-- A deal that states a rate keeps it; its next edit must give the reason, which nobody here can know.

CREATE TYPE reserve_method AS ENUM ('finance_charge', 'principal', 'flat');
CREATE TYPE tax_base AS ENUM ('net_of_trade', 'full_price');
CREATE TYPE tax_rounding AS ENUM ('half_up', 'up', 'down');

-- People and stores -------------------------------------------------------------------------------------------------

-- The largest discount that this person may give without asking.
ALTER TABLE users ADD COLUMN discount_authority_cents cents NOT NULL DEFAULT 0;

ALTER TABLE stores
    -- What products usually cost the store, as a share of their price; a deal may state its own cost.
    ADD COLUMN product_cost_share_bp basis_points NOT NULL DEFAULT 10000,
    -- The most that the store's state allows a contract's rate to lie above the buy rate; null: no cap.
    ADD COLUMN markup_cap_bp basis_points;

-- What the customer is that a rebate may ask for: military, loyalty ...
ALTER TABLE customers ADD COLUMN rebate_eligibility text[] NOT NULL DEFAULT '{}'
    CHECK (array_position(rebate_eligibility, NULL) IS NULL AND array_position(rebate_eligibility, '') IS NULL);

-- Cars of other stores ------------------------------------------------------------------------------------------------

-- What it costs a store to fetch a car from another of its group, and how many days that takes, where the two have no
-- row of their own. 0: as it was before these columns.
ALTER TABLE store_groups
    ADD COLUMN transfer_cost_cents cents NOT NULL DEFAULT 0,
    ADD COLUMN transfer_days       smallint NOT NULL DEFAULT 0 CHECK (transfer_days BETWEEN 0 AND 365);

-- From the store where the car stands to the one that sells it. Both directions are rows of their own.
CREATE TABLE store_transfers (
    from_store text NOT NULL,
    to_store   text NOT NULL,
    group_id   text NOT NULL,
    cost_cents cents NOT NULL,
    days       smallint NOT NULL CHECK (days BETWEEN 0 AND 365),
    PRIMARY KEY (from_store, to_store),
    FOREIGN KEY (from_store, group_id) REFERENCES stores (store_id, group_id),
    FOREIGN KEY (to_store, group_id) REFERENCES stores (store_id, group_id),
    CHECK (from_store <> to_store)
);

-- What other stores' cars are worth to the store that fetches depends on it, so its inventory version moves. A group's
-- version is the sum over its stores, so that one is enough. All are locked in the order of their ids, as a change of
-- cars locks them: no deadlock.
CREATE FUNCTION move_fetching_store() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM stores WHERE group_id IN (OLD.group_id, NEW.group_id) ORDER BY store_id FOR NO KEY UPDATE;
    UPDATE stores SET inventory_version = inventory_version + 1 WHERE store_id IN (OLD.to_store, NEW.to_store);
    RETURN NULL;
END $$;
CREATE TRIGGER store_transfers_version AFTER INSERT OR UPDATE OR DELETE ON store_transfers
    FOR EACH ROW EXECUTE FUNCTION move_fetching_store();

CREATE FUNCTION move_fetching_group() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM stores WHERE group_id = NEW.group_id ORDER BY store_id FOR NO KEY UPDATE;
    UPDATE stores SET inventory_version = inventory_version + 1 WHERE group_id = NEW.group_id;
    RETURN NULL;
END $$;
CREATE TRIGGER store_groups_version AFTER UPDATE OF transfer_cost_cents, transfer_days ON store_groups
    FOR EACH ROW EXECUTE FUNCTION move_fetching_group();

-- Lenders and risk --------------------------------------------------------------------------------------------------

ALTER TABLE lender_programmes
    ADD COLUMN reserve_method reserve_method NOT NULL DEFAULT 'finance_charge',
    ADD COLUMN reserve_flat_cents cents NOT NULL DEFAULT 0,
    ADD COLUMN chargeback_months smallint NOT NULL DEFAULT 0 CHECK (chargeback_months BETWEEN 0 AND 120);

-- A curve holds for one band; its edges are upper ones, inclusive. Those of a tier's last band lie beyond any contract.
ALTER TABLE risk_curves
    ADD COLUMN term_max_months smallint NOT NULL DEFAULT 120 CHECK (term_max_months BETWEEN 1 AND 120),
    ADD COLUMN ltv_max_bp numeric(9, 2) NOT NULL DEFAULT 1000000 CHECK (ltv_max_bp > 0 AND ltv_max_bp <= 1000000),
    ADD COLUMN pti_max_bp numeric(9, 2) NOT NULL DEFAULT 1000000 CHECK (pti_max_bp > 0 AND pti_max_bp <= 1000000),
    DROP CONSTRAINT risk_curves_pkey,
    ADD PRIMARY KEY (risk_version, tier, term_max_months, ltv_max_bp, pti_max_bp);

-- Taxes and rebates: versioned, dated, never changed in place ----------------------------------------------------------

CREATE TABLE tax_tables (
    tax_version    text PRIMARY KEY CHECK (tax_version <> ''),
    -- The table in force on a day is the newest that has begun; so are rebate sheets.
    effective_from date NOT NULL UNIQUE,
    is_sample      boolean NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE tax_rules (
    tax_version        text NOT NULL REFERENCES tax_tables,
    jurisdiction       text NOT NULL CHECK (jurisdiction <> ''),
    state              text NOT NULL CHECK (state ~ '^[A-Z]{2}$'),
    postal_prefix      text NOT NULL DEFAULT '' CHECK (postal_prefix ~ '^[0-9]{0,5}$'),
    rate_bp            basis_points NOT NULL,
    base               tax_base NOT NULL DEFAULT 'net_of_trade',
    base_cap_cents     cents,
    credit_cap_cents   cents,
    rebate_reduces_tax boolean NOT NULL DEFAULT false,
    rounding           tax_rounding NOT NULL DEFAULT 'half_up',
    PRIMARY KEY (tax_version, state, postal_prefix, jurisdiction)
);

CREATE TABLE rebate_sheets (
    rebates_version text PRIMARY KEY CHECK (rebates_version <> ''),
    effective_from  date NOT NULL UNIQUE,
    is_sample       boolean NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE rebates (
    rebates_version text NOT NULL REFERENCES rebate_sheets,
    rebate_id       text NOT NULL CHECK (rebate_id <> ''),
    programme       text NOT NULL CHECK (programme <> ''),
    make            text NOT NULL CHECK (make <> ''),
    model           text CHECK (model <> ''),
    year_min        smallint NOT NULL DEFAULT 1900,
    year_max        smallint NOT NULL DEFAULT 2100 CHECK (year_max >= year_min),
    new_only        boolean NOT NULL DEFAULT true,
    starts_on       date NOT NULL,
    ends_on         date NOT NULL CHECK (ends_on >= starts_on),
    amount_cents    cents NOT NULL CHECK (amount_cents > 0),
    requires        text[] NOT NULL DEFAULT '{}',
    stackable       boolean NOT NULL DEFAULT true,
    PRIMARY KEY (rebates_version, rebate_id)
);

CREATE TRIGGER tax_tables_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tax_tables
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER tax_rules_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tax_rules
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER rebate_sheets_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rebate_sheets
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER rebates_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rebates
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Pencils -------------------------------------------------------------------------------------------------------------

-- What was quoted, with all that it was computed from: it can be computed again to the cent, whatever has moved since.
CREATE TABLE pencils (
    pencil_id      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    deal_id        uuid NOT NULL REFERENCES deals,
    deal_version   bigint NOT NULL CHECK (deal_version >= 0),
    vehicle_id     bigint NOT NULL REFERENCES vehicles,
    vehicle_rev    bigint NOT NULL CHECK (vehicle_rev >= 1),
    -- Of everything below that decides the answer: the same question is stored once.
    digest         text NOT NULL CHECK (digest <> ''),
    versions       jsonb NOT NULL CHECK (jsonb_typeof(versions) = 'object'),
    inputs         jsonb NOT NULL CHECK (jsonb_typeof(inputs) = 'object'),
    car            jsonb NOT NULL CHECK (jsonb_typeof(car) = 'object'),
    -- Null where no lender takes the structure and its own rate and term were priced.
    choice         jsonb CHECK (jsonb_typeof(choice) = 'object'),
    answer         jsonb NOT NULL CHECK (jsonb_typeof(answer) = 'object'),
    -- For the monthly report on how evenly markup and discount are given; null without a lender.
    markup_bp      numeric(8, 2),
    discount_cents cents NOT NULL,
    created_by     uuid NOT NULL REFERENCES users,
    created_at     timestamptz NOT NULL DEFAULT now(),
    UNIQUE (deal_id, digest)
);
CREATE INDEX pencils_created ON pencils (created_at);
CREATE INDEX pencils_vehicle ON pencils (vehicle_id);
CREATE TRIGGER pencils_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON pencils
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT ON store_transfers, tax_tables, tax_rules, rebate_sheets, rebates, pencils TO deal_app;
GRANT INSERT ON pencils TO deal_app;
