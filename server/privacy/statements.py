"""What an erasure changes, statement by statement. None changes anything the second time."""

from typing import Final

TABLES: Final = (
    *("customers", "deals", "deal_events", "pencils", "offers", "deal_acceptances"),
    *("lender_stipulations", "security_events", "customer_sources"),
)
"""The tables whose statistics may quote a customer until they are analysed again."""

_EVENTS: Final = """
UPDATE deal_events SET body = without_person(body), reply = without_person(reply), asked = NULL
 WHERE deal_id = $1 AND (body, reply) IS DISTINCT FROM (without_person(body), without_person(reply))
    OR deal_id = $1 AND asked IS NOT NULL
"""
PENCIL: Final = """
UPDATE pencils
   SET inputs = without_means(inputs) || $3, answer = without_person(answer), digest = 'erased ' || pencil_id
 WHERE deal_id = $1 AND pencil_id = $2
"""
# Each statement takes the deal.
OF_DEAL: Final = (
    _EVENTS,
    """
UPDATE deals
   SET structure = without_person(structure), first_structure = without_person(first_structure),
       agreed = without_person(agreed), proposal = without_person(proposal),
       contract = without_person(contract), scenarios = without_person(scenarios, 'scenarios'),
       presentation = without_person(presentation)
 WHERE deal_id = $1
""",
    """
UPDATE offers SET structure = without_person(structure), body = without_person(body)
 WHERE deal_id = $1 AND (structure, body) IS DISTINCT FROM (without_person(structure), without_person(body))
""",
    """
UPDATE deal_acceptances SET body = without_person(body)
 WHERE deal_id = $1 AND body IS DISTINCT FROM without_person(body)
""",
    """
UPDATE lender_stipulations SET text = '[erased]'
 WHERE decision_id IN (SELECT decision_id FROM lender_decisions WHERE deal_id = $1)
""",
    "DELETE FROM deal_ops WHERE deal_id = $1",
    # Nobody's token has this hash.
    "UPDATE deal_links SET token_hash = sha256(uuid_send(gen_random_uuid())) WHERE deal_id = $1",
    # The customer's own device, whatever it did; what people of the store did stays. There is no index by
    # deal: the store's is read, from the deal's first day to the end of its last link.
    """
UPDATE security_events s SET address = '', connection_id = ''
  FROM deals d
 WHERE d.deal_id = $1 AND s.store_id = d.store_id AND s.deal_id = d.deal_id AND s.user_id IS NULL
   AND s.at BETWEEN d.created_at - interval '1 day' AND d.updated_at + interval '32 days'
   AND (s.address, s.connection_id) <> ('', '')
""",
)
PERSON: Final = """
UPDATE customers c
   SET name = '[erased]', state = s.state, phone = '', address_line = '', city = '', postal_code = '',
       monthly_income_cents = NULL, other_debt_cents = 0,
       score = NULL, score_source = NULL, score_date = NULL,
       co_name = NULL, co_monthly_income_cents = NULL, co_other_debt_cents = NULL, co_score = NULL,
       co_score_source = NULL, co_score_date = NULL, trade_vin = NULL, trade_year = NULL, trade_make = NULL,
       trade_model = NULL, trade_mileage = NULL, trade_acv_cents = NULL, payoff_cents = NULL,
       payoff_lienholder = NULL, payoff_quoted_on = NULL, payoff_good_through = NULL,
       payoff_per_diem_cents = NULL, current_payment_cents = NULL, remaining_months = NULL,
       rebate_eligibility = '{}', restricted_at = NULL, erased_at = now()
  FROM stores s WHERE s.store_id = c.store_id AND c.customer_id = $1
"""
SOURCE: Final = "DELETE FROM customer_sources WHERE customer_id = $1"
"""What a warehouse stated last. ``sync`` brings nobody back who is in ``erasures``."""
