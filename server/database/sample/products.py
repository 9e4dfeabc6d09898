"""Sample catalogue of F&I products: invented names and round figures. No provider stands behind them."""

from protocol.money.products import EVERYWHERE, Earning, Product, ProductKind

ESSENTIAL, PREFERRED, COMPLETE = "Essential (sample)", "Preferred (sample)", "Complete (sample)"
PROVIDER = "Lakeside Protection (sample)"

GROUP, MERIDIAN, HARBOR, KEYSTONE = (
    "Group Acceptance (sample)",
    "Meridian Bank (sample)",
    "Harbor Credit Union (sample)",
    "Keystone Finance (sample)",
)

LESSORS = (
    ("Lakeshore Lease Trust (sample)", None),
    ("Summit Lease Trust (sample)", None),
    ("Alpine Lease (sample)", None),
)

PRODUCTS = (
    Product(
        product_id="appearance",
        kind=ProductKind.APPEARANCE,
        name="Paint and interior protection",
        provider=PROVIDER,
        retail_cents=695_00,
        cost_cents=185_00,
        taxable_in=(EVERYWHERE,),
        term_months=60,
        earning=Earning.NOT_CANCELLABLE,
        packages=(COMPLETE,),
    ),
    Product(
        product_id="gap",
        kind=ProductKind.GAP,
        name="GAP waiver",
        provider=PROVIDER,
        retail_cents=895_00,
        cost_cents=310_00,
        lenders=((GROUP, None), (MERIDIAN, 1_000_00), (HARBOR, 800_00), (KEYSTONE, 995_00), *LESSORS),
        packages=(ESSENTIAL, PREFERRED, COMPLETE),
    ),
    Product(
        product_id="key",
        kind=ProductKind.KEY,
        name="Key replacement",
        provider=PROVIDER,
        retail_cents=395_00,
        cost_cents=95_00,
        taxable_in=("OH",),
        term_months=60,
    ),
    Product(
        product_id="maintenance",
        kind=ProductKind.MAINTENANCE,
        name="Prepaid maintenance, 3 years",
        provider=PROVIDER,
        retail_cents=949_00,
        cost_cents=520_00,
        taxable_in=("OH", "IN"),
        term_months=36,
        packages=(PREFERRED, COMPLETE),
    ),
    Product(
        product_id="service-contract",
        kind=ProductKind.SERVICE_CONTRACT,
        name="Vehicle service contract, 6 years",
        provider=PROVIDER,
        retail_cents=2_395_00,
        cost_cents=1_150_00,
        taxable_in=("OH",),
        term_months=72,
        earning=Earning.RULE_OF_78,
        lenders=((GROUP, None), (MERIDIAN, 3_000_00), (HARBOR, 2_500_00), (KEYSTONE, 2_250_00), *LESSORS),
        packages=(ESSENTIAL, PREFERRED, COMPLETE),
    ),
    Product(
        product_id="theft",
        kind=ProductKind.THEFT,
        name="Theft protection",
        provider=PROVIDER,
        retail_cents=499_00,
        cost_cents=140_00,
        term_months=36,
        lenders=((GROUP, None), (MERIDIAN, 500_00), (HARBOR, None)),
    ),
    Product(
        product_id="tire-wheel",
        kind=ProductKind.TIRE_WHEEL,
        name="Tire and wheel protection, 5 years",
        provider=PROVIDER,
        retail_cents=1_095_00,
        cost_cents=410_00,
        taxable_in=("OH", "KY"),
        term_months=60,
        packages=(COMPLETE,),
    ),
)
