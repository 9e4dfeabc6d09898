-- Lease sheets: versioned, dated, never changed in place. A deal or pencil from before names none.

CREATE TABLE lease_sheets (
    leases_version text PRIMARY KEY CHECK (leases_version <> ''),
    -- The sheet in force on a day is the newest that has begun.
    effective_from date NOT NULL UNIQUE,
    is_sample      boolean NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE lease_programmes (
    leases_version    text NOT NULL REFERENCES lease_sheets,
    programme_id      text NOT NULL CHECK (programme_id <> ''),
    lender            text NOT NULL CHECK (lender <> ''),
    tier              credit_tier NOT NULL,
    term_months       bigint NOT NULL CHECK (term_months BETWEEN 1 AND 120),
    miles_per_year    bigint NOT NULL CHECK (miles_per_year BETWEEN 1000 AND 100000),
    -- Empty: any make, model or body.
    make              text NOT NULL DEFAULT '',
    model             text NOT NULL DEFAULT '',
    segment           text NOT NULL DEFAULT '',
    new_cars          boolean NOT NULL DEFAULT true,
    used_cars         boolean NOT NULL DEFAULT false,
    year_min          bigint NOT NULL DEFAULT 1900 CHECK (year_min BETWEEN 1900 AND 2100),
    mileage_max       bigint NOT NULL DEFAULT 2000000 CHECK (mileage_max >= 0),
    score_min         bigint NOT NULL DEFAULT 250,
    score_max         bigint NOT NULL DEFAULT 900,
    -- Of the MSRP.
    residual_bp       basis_points NOT NULL,
    money_factor      numeric(7, 6) NOT NULL CHECK (money_factor BETWEEN 0 AND 0.05),
    factor_markup_max numeric(7, 6) NOT NULL DEFAULT 0 CHECK (factor_markup_max BETWEEN 0 AND 0.05),
    cap_max_bp        numeric(8, 2) NOT NULL DEFAULT 100000 CHECK (cap_max_bp BETWEEN 0 AND 100000),
    pti_max_bp        basis_points NOT NULL DEFAULT 10000,
    acquisition_fee_cents   cents NOT NULL DEFAULT 0,
    acquisition_capitalised boolean NOT NULL DEFAULT true,
    fees_capitalised        boolean NOT NULL DEFAULT false,
    disposition_fee_cents   cents NOT NULL DEFAULT 0,
    security_deposit_cents  cents NOT NULL DEFAULT 0,
    excess_mile_cents       cents NOT NULL DEFAULT 0,
    reserve_share_bp   basis_points NOT NULL DEFAULT 0,
    reserve_flat_cents cents NOT NULL DEFAULT 0,
    chargeback_bp      basis_points NOT NULL DEFAULT 0,
    stipulations       text[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (leases_version, programme_id, tier, term_months, miles_per_year, make, model, segment, year_min,
                 score_min, new_cars, used_cars),
    CHECK (score_min <= score_max),
    CHECK (new_cars OR used_cars),
    -- A used car is leased only if the row names it.
    CHECK (NOT used_cars OR make <> '')
);

CREATE TRIGGER lease_sheets_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lease_sheets
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER lease_programmes_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lease_programmes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- As for the other editions: whoever keeps in memory what is in force hears of a new one.
CREATE TRIGGER lease_sheets_announced AFTER INSERT ON lease_sheets
    FOR EACH STATEMENT EXECUTE FUNCTION announce_rates();

GRANT SELECT ON lease_sheets, lease_programmes TO deal_app, deal_system;
