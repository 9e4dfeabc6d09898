"""axe-core in the page: what it finds against WCAG 2.2 A and AA and its own best practices."""

from playwright.async_api import Page

from tests.elsewhere.packages import package

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = """async ([within, tags, rules]) => {
  const only = rules ? {type: "rule", values: rules} : {type: "tag", values: tags};
  const {violations} = await axe.run(within, {
    resultTypes: ["violations"], runOnly: only, preload: false,
  });
  return violations.flatMap(({id, nodes}) => nodes.map((one) => `${id}: ${one.html} ${one.failureSummary}`));
}"""


async def faults(page: Page, within: str = "html") -> list[str]:
    """Return every violation within a selector: in light colours, and of contrast in dark ones."""
    if not await page.evaluate("'axe' in window"):
        # As the browser's own tools do it: the page's policy lets no script in.
        await page.evaluate((package("axe-core") / "axe.min.js").read_text())
    found: list[str] = await page.evaluate(RUN, [within, RULES, None])
    await page.emulate_media(color_scheme="dark")
    found += await page.evaluate(RUN, [within, RULES, ["color-contrast"]])
    await page.emulate_media(color_scheme="light")
    return found
