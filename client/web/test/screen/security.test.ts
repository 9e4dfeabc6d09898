import assert from "node:assert/strict";
import { test } from "node:test";
import { securityDetail, securityTone, securityWord, whoText } from "../../src/screen/pages/security-words";

test("a login that nobody has is a mark, and a known one is a name", () => {
  assert.equal(whoText({ login: "ann", login_digest: "" }), "ann");
  assert.equal(whoText({ login: "", login_digest: "0123456789abcdef" }), "unknown 012345");
  assert.equal(whoText({ login: "", login_digest: "" }), "–");
});

test("what else is known stands on one line", () => {
  const listed = { kind: "customers_listed", customer_ids: ["a", "b"], detail: { what: "deals" } };
  assert.equal(securityDetail(listed), "deals · 2 customers");
  assert.equal(securityDetail({ ...listed, customer_ids: ["a"] }), "deals · 1 customer");
  assert.equal(
    securityDetail({ kind: "forbidden", customer_ids: [], detail: { code: "not_found", what: "join" } }),
    "join · not found",
  );
  assert.equal(
    securityDetail({
      kind: "token_made",
      customer_ids: [],
      detail: { by: "terminal", days: 30, scopes: "decide,read" },
    }),
    "days 30 · scopes decide, read",
  );
});

test("a kind of a newer server is shown as it is", () => {
  assert.equal(securityWord("signed_in"), "Signed in");
  assert.equal(securityWord("teleported"), "teleported");
  assert.equal(securityTone("teleported"), "");
  assert.equal(securityTone("flooded"), "tone-bad");
});
