"""Data as older releases left it."""

from protocol.money.lending import Programme
from protocol.records import Actor, Role

ANN = Actor(id="a", name="Ann", role=Role.SALESPERSON)
DEAL = "2f1b2b3c-0000-4000-8000-000000000001"
DATA = f"""
INSERT INTO store_groups VALUES ('g', 'Group');
INSERT INTO stores (store_id, group_id, name, state) VALUES ('s', 'g', 'Store', 'OH');
INSERT INTO users (login, name, role, store_id) VALUES ('ann', 'Ann', 'salesperson', 's');
INSERT INTO customers (store_id, name, state, postal_code) VALUES ('s', 'Lee', 'OH', '45424');
INSERT INTO rate_sheets VALUES ('r1', '2026-01-01', NULL, true);
INSERT INTO lender_programmes (rates_version, programme_id, lender, tier, term_months, new_cars, used_cars,
        new_ltv_basis, used_ltv_basis, ltv_front_max_bp, ltv_total_max_bp, amount_min_cents, amount_max_cents,
        pti_max_bp, dti_max_bp, buy_rate_bp, markup_max_bp, reserve_share_bp, disposition)
    VALUES ('r1', 'p', 'Lender', 'prime', 60, true, true, 'msrp', 'retail', 12000, 13000, 0, 100, 2000, 4500,
            800, 200, 7500, 'sold');
INSERT INTO risk_models VALUES ('k1', '2026-01-01', true);
INSERT INTO risk_curves VALUES ('k1', 'prime', 0.05, 0.01, '[[1, 1]]', 0.4, 6, 0.015, 400);
INSERT INTO deals (deal_id, store_id, customer_id, salesperson_id, structure)
    SELECT '{DEAL}', 's', customer_id, user_id, '{{"tax_rate_bp": 750, "fees_cents": 100}}'
      FROM customers, users;
"""  # noqa: S608 - names of this file
OLD_OFFER = f"""
INSERT INTO vehicles (store_id, group_id, vin, stock_no, year, make, model, trim, body, fuel, mileage, is_new,
        price_cents, cost_cents, stocked_on)
    VALUES ('s', 'g', '1HGCM82633A004352', 'U1', 2022, 'Honda', 'Accord', '', 'Sedan', 'gas', 10, false,
            100, 90, '2026-01-01');
INSERT INTO offers (deal_id, deal_version, vehicle_id, vehicle_rev, rates_version, programme_id, tier,
        term_months, risk_version, tax_version, engine_version, structure, rate_bp, cash_down_cents,
        principal_cents, payment_cents, npv_cents, stress_npv_cents, body, created_by)
    SELECT '{DEAL}', 0, vehicle_id, 1, 'r1', 'p', 'prime', 60, 'k1', 't', '3', '{{}}', 700, 0, 1, 1, 0, 0,
           '{{}}', (SELECT user_id FROM users) FROM vehicles;
"""  # noqa: S608 - names of this file
OVERLAPPING = """
INSERT INTO lender_programmes (rates_version, programme_id, lender, tier, term_months, new_cars, used_cars,
        new_ltv_basis, used_ltv_basis, ltv_front_max_bp, ltv_total_max_bp, amount_min_cents, amount_max_cents,
        pti_max_bp, dti_max_bp, buy_rate_bp, markup_max_bp, reserve_share_bp, disposition)
    SELECT rates_version, programme_id, lender, tier, term_months, new_cars, used_cars,
           new_ltv_basis, used_ltv_basis, 9000, 9000, amount_min_cents, amount_max_cents,
           pti_max_bp, dti_max_bp, 750, markup_max_bp, reserve_share_bp, disposition FROM lender_programmes
"""
OLD_FIELDS = Programme.__struct_fields__[: Programme.__struct_fields__.index("term_min_months")]
BEFORE_RESERVATIONS = """
ALTER TABLE vehicle_claims DROP COLUMN reserved_by, DROP COLUMN reserver;
ALTER TABLE deal_events DROP COLUMN asked;
ALTER TABLE deal_ops DROP COLUMN asked;
DROP INDEX deals_begun;
"""
APPROVE = """
WITH made AS (
    INSERT INTO offers (deal_id, deal_version, vehicle_id, vehicle_rev, rates_version, programme_id, tier,
            term_months, risk_version, tax_version, engine_version, structure, rate_bp, cash_down_cents,
            principal_cents, payment_cents, npv_cents, stress_npv_cents, body, created_by)
    SELECT $1, 0, $2, 1, rates_version, programme_id, tier, term_months,
           (SELECT risk_version FROM risk_models LIMIT 1), 't', '2', '{}', 700, 0, 1, 1, 0, 0, '{}',
           (SELECT salesperson_id FROM deals WHERE deal_id = $1)
      FROM lender_programmes LIMIT 1
    RETURNING offer_id, rates_version)
INSERT INTO desk_approvals (deal_id, deal_version, vehicle_id, vehicle_rev, offer_id, rates_version,
                            approved_by, approved_at)
SELECT $1, $3, $2, 1, offer_id, rates_version, '{"id": "b", "name": "Bo", "role": "desk_manager"}',
       now() - $4::interval FROM made
"""
ACV_SAID = """
INSERT INTO deal_events (deal_id, no, op, kind, body, reply, user_id)
SELECT deal_id, last_no + 1, gen_random_uuid(), 'deal_changed',
       jsonb_build_object('version', version + 1, 'changes', jsonb_build_object('trade_acv_cents', 0),
                          'by', '{"id": "b", "name": "Bo", "role": "desk_manager"}'::jsonb), '{}',
       salesperson_id
  FROM deals WHERE deal_id = $1
"""
BEFORE_TRADES = "ALTER TABLE deal_tasks DROP COLUMN trade_id"
STATED = 'structure || \'{"trade_acv_cents": 0, "trades": []}\''
BEFORE_AGREED_FIGURES = """
DROP INDEX deal_events_steps;
ALTER TABLE deals DROP COLUMN agreed, DROP COLUMN proposal, DROP COLUMN contract;
"""
OFFER = """
WITH pencil AS (
    INSERT INTO pencils (deal_id, deal_version, vehicle_id, vehicle_rev, digest, versions, inputs, car,
                         choice, answer, discount_cents, created_by)
    SELECT deal_id, 0, $2, 1, $1::uuid::text, '{"rates": "r"}', '{}', '{}', NULL, $3,
           0, salesperson_id FROM deals WHERE deal_id = $1
    RETURNING pencil_id),
made AS (
    INSERT INTO offers (deal_id, deal_version, vehicle_id, vehicle_rev, rates_version, programme_id, tier,
            term_months, risk_version, tax_version, engine_version, structure, rate_bp, cash_down_cents,
            principal_cents, payment_cents, npv_cents, stress_npv_cents, body, created_by)
    SELECT $1, 0, $2, 1, rates_version, programme_id, tier, 60,
           (SELECT risk_version FROM risk_models LIMIT 1), 't', '2', '{}', 700, 150000, 1, 40000, 0, 0,
           jsonb_build_object('pencil_id', CASE WHEN $4 THEN (SELECT pencil_id::text FROM pencil) END,
                              'rate_bp', 712.5, 'lender', lender, 'car', '{"make": "Ford"}'::jsonb),
           (SELECT salesperson_id FROM deals WHERE deal_id = $1)
      FROM lender_programmes WHERE term_months = 60 LIMIT 1
    RETURNING offer_id)
UPDATE deals SET selected_offer = (SELECT offer_id FROM made), state = $5,
                 fulfilment = CASE $5::deal_state WHEN 'signed' THEN 'signed'::fulfilment END
 WHERE deal_id = $1
"""
ANSWER = {"payment_cents": 40000, "total_of_payments_cents": 2399990, "schedule": [], "stipulations": ["x"]}
