// What a deal shows to its customer, what each event does to it, and its words in the activity. Pure.
import { type Formats, payText } from "../../text/format";
import {
  type Acceptance,
  type AnyEvent,
  type DealSnapshot,
  KEPT_ACCEPTANCES,
  KEPT_LINKS,
  type OfferLink,
} from "../../wire";
import { carText } from "./figures";

type Shown = Pick<DealSnapshot, "presentation" | "links" | "acceptances">;

export type PresentingEvent = Extract<
  AnyEvent,
  { type: "presentation_changed" | "link_shared" | "link_revoked" | "link_opened" | "customer_accepted" }
>;

/** Returns the deal after `event`. What a narrower view hides is absent and then changes nothing. */
export function presented<D extends Shown>(deal: D, event: PresentingEvent): D {
  switch (event.type) {
    case "presentation_changed":
      return { ...deal, presentation: event.presentation };
    case "link_shared": {
      const { link } = event;
      // A link that the snapshot has was opened or revoked since.
      if (!deal.links || !link || deal.links.some((each) => each.id === link.id)) return deal;
      return { ...deal, links: [...deal.links, link].slice(-KEPT_LINKS) };
    }
    case "link_revoked":
      return withLink(deal, event.link_id, (link) => ({ ...link, revoked: true }));
    case "link_opened": {
      const { opens, opened_at } = event;
      if (opens === undefined || opened_at === undefined) return deal;
      return withLink(deal, event.link_id, (link) =>
        opens > link.opens ? { ...link, opens, last_opened_at: opened_at } : link,
      );
    }
    case "customer_accepted":
      return { ...deal, acceptances: accepted(deal.acceptances ?? [], event.acceptance) };
  }
}

function accepted(acceptances: Acceptance[], acceptance: Acceptance): Acceptance[] {
  if (acceptances.some((each) => each.id === acceptance.id)) return acceptances;
  return [...acceptances, acceptance].slice(-KEPT_ACCEPTANCES);
}

function withLink<D extends Shown>(deal: D, id: string | undefined, change: (link: OfferLink) => OfferLink): D {
  if (!deal.links || id === undefined) return deal;
  return { ...deal, links: deal.links.map((link) => (link.id === id ? change(link) : link)) };
}

/** "2023 Lexus RX, $1,149.77 × 72, $4,400.00 down". */
export function likedText(
  { car, kind, term_months: term, cash_down_cents, figures }: Acceptance,
  formats: Pick<Formats, "cents">,
): string {
  const paid = payText(figures.payment_cents ?? figures.total_cents, term, kind === "lease", formats);
  return `${carText({ car })}, ${paid}${term === null ? "" : `, ${formats.cents(cash_down_cents)} down`}`;
}

/** Returns what happened, as it follows a name; null if the view hides it. */
export function presentedWords(event: PresentingEvent): ((formats: Pick<Formats, "cents">) => string) | null {
  switch (event.type) {
    case "presentation_changed":
      return () => "changed what the customer is shown";
    case "link_shared":
      return event.link ? () => "made a link for the customer" : null;
    case "link_revoked":
      return event.link_id ? () => "revoked a customer's link" : null;
    case "link_opened":
      return event.link_id ? () => "opened the customer's link" : null;
    case "customer_accepted": {
      const verb = event.acceptance.in_person ? "recorded that the customer likes" : "likes";
      return (formats) => `${verb} ${likedText(event.acceptance, formats)}`;
    }
  }
}
