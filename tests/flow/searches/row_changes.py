"""Changes of the parts of a deal, each as one statement."""

PARTS = """
WITH d AS (SELECT deal_id FROM deals WHERE store_id = 'riverside' ORDER BY deal_id LIMIT 1),
     car AS (SELECT vehicle_id FROM vehicles WHERE store_id = 'riverside' ORDER BY vehicle_id LIMIT 1),
     claim AS (INSERT INTO vehicle_claims (vehicle_id) SELECT vehicle_id FROM car),
     task AS (INSERT INTO deal_tasks (task_id, deal_id, kind, due_on)
              SELECT gen_random_uuid(), deal_id, 'adverse_action_notice', '2026-01-31' FROM d),
     decision AS (INSERT INTO lender_decisions (decision_id, deal_id, deal_version, lender, status)
                  SELECT gen_random_uuid(), deal_id, 1, 'Lender', 'withdrawn' FROM d RETURNING decision_id)
INSERT INTO lender_stipulations (stipulation_id, decision_id, place, text)
SELECT gen_random_uuid(), decision_id, 1, 'Proof of income' FROM decision
"""
CHANGES = (
    ("customers", "northgate", "UPDATE customers SET name = 'x' WHERE store_id = 'riverside'"),
    (
        "lender_stipulations",
        "northgate",
        "UPDATE lender_stipulations SET cleared_by = '{}', cleared_at = now()",
    ),
    ("deal_tasks", "northgate", "UPDATE deal_tasks SET done_by = '{}', done_at = now()"),
    ("vehicles", "lonely", "UPDATE vehicles SET status = 'sold'"),
    ("vehicle_claims", "lonely", "UPDATE vehicle_claims SET no = no + 1"),
)
"""What a store would do to rows of Riverside. The cars are the group's, and Lonely is in another one."""
ADDITIONS = (
    ("northgate", "INSERT INTO customers (store_id, name, state) VALUES ('riverside', 'x', 'OH')", None),
    ("northgate", "UPDATE customers SET store_id = 'riverside'", None),
    (
        "northgate",
        "INSERT INTO lender_stipulations (stipulation_id, decision_id, place, text)"
        " VALUES (gen_random_uuid(), $1, 2, 'x')",
        "SELECT decision_id FROM lender_decisions",
    ),
    (
        "northgate",
        "INSERT INTO deal_tasks (task_id, deal_id, kind, due_on)"
        " VALUES (gen_random_uuid(), $1, 'adverse_action_notice', now())",
        "SELECT deal_id FROM deals WHERE store_id = 'riverside' LIMIT 1",
    ),
    (
        "lonely",
        "INSERT INTO vehicle_claims (vehicle_id) VALUES ($1)",
        "SELECT max(vehicle_id) FROM vehicles WHERE store_id = 'riverside'",
    ),
)
"""What a store would add to Riverside, with a query for what it would add it to."""
