-- Years, miles, days and months are small numbers, as in the columns beside them. A group has some ten sheets of some
-- thousand rows: they are numbered, written anew and checked in less than a second, and nobody but an import writes them.
-- squawk-ignore-file prefer-bigint-over-smallint, prefer-bigint-over-int, constraint-missing-not-valid, ban-drop-constraint
-- squawk-ignore-file adding-serial-primary-key-field, adding-field-with-default

-- Every new column has a default under which an old row means what it meant: one term, one edge of each band, no cap.
CREATE TYPE advance_rule AS ENUM ('all_but_products', 'price_ttl');

-- Rows of one programme, tier and term may overlap, so that these no longer identify a row: it gets a number. An offer
-- names its programme and term, which a band of terms does not have as a row of its own.
ALTER TABLE offers DROP CONSTRAINT offers_rates_version_programme_id_tier_term_months_fkey;
-- The sheets are the rows' parents, and every offer's sheet is there: the key before had it. NOT VALID reads no row.
ALTER TABLE offers ADD CONSTRAINT offers_rates_version_fkey FOREIGN KEY (rates_version) REFERENCES rate_sheets NOT VALID;
ALTER TABLE offers VALIDATE CONSTRAINT offers_rates_version_fkey;

-- Old rows are numbered in the order in which they were stored; they do not overlap, so that their numbers decide nothing.
ALTER TABLE lender_programmes
    DROP CONSTRAINT lender_programmes_pkey,
    ADD COLUMN row_no bigint GENERATED ALWAYS AS IDENTITY,
    ADD COLUMN term_min_months smallint CHECK (term_min_months BETWEEN 1 AND 120),
    ADD COLUMN year_max smallint NOT NULL DEFAULT 2100,
    ADD COLUMN mileage_min integer NOT NULL DEFAULT 0 CHECK (mileage_min >= 0),
    ADD COLUMN ltv_min_bp numeric(8, 2) NOT NULL DEFAULT 0 CHECK (ltv_min_bp >= 0),
    ADD COLUMN advance_rule advance_rule NOT NULL DEFAULT 'all_but_products',
    ADD COLUMN service_contract_max_cents cents,
    ADD COLUMN gap_max_cents cents,
    ADD COLUMN backend_max_cents cents,
    ADD COLUMN negative_equity_max_cents cents,
    ADD COLUMN down_min_cents cents NOT NULL DEFAULT 0,
    ADD COLUMN first_payment_days_min smallint NOT NULL DEFAULT 0 CHECK (first_payment_days_min BETWEEN 0 AND 366),
    ADD COLUMN first_payment_days_max smallint NOT NULL DEFAULT 366 CHECK (first_payment_days_max BETWEEN 0 AND 366),
    ADD COLUMN reserve_max_cents cents,
    ADD COLUMN subvented boolean NOT NULL DEFAULT false,
    ADD COLUMN excluded_rebates text[] NOT NULL DEFAULT '{}'
        CHECK (array_position(excluded_rebates, NULL) IS NULL AND array_position(excluded_rebates, '') IS NULL);
ALTER TABLE lender_programmes
    ADD PRIMARY KEY (rates_version, row_no),
    ADD CHECK (term_min_months <= term_months),
    ADD CHECK (year_min <= year_max),
    ADD CHECK (mileage_min <= mileage_max),
    ADD CHECK (ltv_min_bp <= ltv_total_max_bp),
    ADD CHECK (first_payment_days_min <= first_payment_days_max),
    ADD CHECK (subvented OR excluded_rebates = '{}');

-- State limits: versioned, dated, never changed in place --------------------------------------------------------------

CREATE TABLE limit_tables (
    limits_version text PRIMARY KEY CHECK (limits_version <> ''),
    -- The table in force on a day is the newest that has begun.
    effective_from date NOT NULL UNIQUE,
    is_sample      boolean NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE state_limits (
    limits_version    text NOT NULL REFERENCES limit_tables,
    state             text NOT NULL CHECK (state ~ '^[A-Z]{2}$'),
    -- Null: the table states no such limit.
    rate_max_bp       basis_points,
    doc_fee_max_cents cents,
    markup_max_bp     basis_points,
    -- Who says so, and when it was read there.
    source            text NOT NULL CHECK (source <> ''),
    source_date       date NOT NULL,
    PRIMARY KEY (limits_version, state)
);

CREATE TRIGGER limit_tables_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON limit_tables
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER state_limits_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON state_limits
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER limit_tables_announced AFTER INSERT ON limit_tables
    FOR EACH STATEMENT EXECUTE FUNCTION announce_rates();

GRANT SELECT ON limit_tables, state_limits TO deal_app, deal_system;

-- As before, and a store's state decides its limits.
DROP TRIGGER stores_facts_announced ON stores;
CREATE TRIGGER stores_facts_announced AFTER UPDATE ON stores FOR EACH ROW
    WHEN ((OLD.group_id, OLD.standard_markup_bp, OLD.npv_floor_cents, OLD.product_cost_share_bp, OLD.markup_cap_bp,
           OLD.guard_key, OLD.state)
          IS DISTINCT FROM
          (NEW.group_id, NEW.standard_markup_bp, NEW.npv_floor_cents, NEW.product_cost_share_bp, NEW.markup_cap_bp,
           NEW.guard_key, NEW.state))
    EXECUTE FUNCTION announce_store_facts();
