-- The catalogue of F&I products: versioned, dated, never changed in place. A deal's lines name its products; what a
-- quote was computed from is stored with the pencil. Deals and pencils from before have one sum, which still holds.

CREATE TYPE product_kind AS ENUM
    ('service_contract', 'gap', 'maintenance', 'tire_wheel', 'appearance', 'theft', 'key', 'other');
CREATE TYPE product_earning AS ENUM ('pro_rata', 'rule_of_78', 'not_cancellable');

CREATE TABLE product_catalogues (
    products_version text PRIMARY KEY CHECK (products_version <> ''),
    -- The catalogue in force on a day is the newest that has begun.
    effective_from   date NOT NULL UNIQUE,
    is_sample        boolean NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE catalogue_products (
    products_version text NOT NULL REFERENCES product_catalogues,
    product_id       text NOT NULL CHECK (product_id <> ''),
    kind             product_kind NOT NULL,
    name             text NOT NULL CHECK (name <> ''),
    provider         text NOT NULL CHECK (provider <> ''),
    retail_cents     cents NOT NULL CHECK (retail_cents > 0),
    cost_cents       cents NOT NULL CHECK (cost_cents > 0),
    -- States and jurisdictions that tax it, or 'all'.
    taxable_in       text[] NOT NULL DEFAULT '{}',
    -- Null: the term of the contract.
    term_months      bigint CHECK (term_months BETWEEN 1 AND 120),
    earning          product_earning NOT NULL DEFAULT 'pro_rata',
    -- Pairs of a lender and its cap in cents, null without a cap; empty: every lender accepts it.
    lenders          jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(lenders) = 'array'),
    packages         text[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (products_version, product_id)
);

CREATE TRIGGER product_catalogues_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON product_catalogues
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER catalogue_products_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON catalogue_products
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- As for the other editions: whoever keeps in memory what is in force hears of a new one.
CREATE TRIGGER product_catalogues_announced AFTER INSERT ON product_catalogues
    FOR EACH STATEMENT EXECUTE FUNCTION announce_rates();

GRANT SELECT ON product_catalogues, catalogue_products TO deal_app, deal_system;
