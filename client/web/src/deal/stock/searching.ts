// What this person asks of the deal's search: a new one, more of it, its end.
import { signal } from "@preact/signals";
import { newOp } from "../../text/op";
import type { Cancel, ErrorBody, Filters, More, Reply, Search, Sort } from "../../wire";
import { DEFAULT_MATCHES } from "../../wire";
import { retryAfterMs } from "../terms/retry";

export const NO_FILTERS: Filters = {
  makes: [],
  models: [],
  bodies: [],
  fuels: [],
  year_min: null,
  year_max: null,
  mileage_max: null,
  price_min_cents: null,
  price_max_cents: null,
  days_in_stock_min: null,
  text: null,
};

type Cancelled = () => void;
type Request = Omit<Search, "ref"> | Omit<More, "ref"> | Omit<Cancel, "ref">;

/** What the search needs of the deal, as it stands now. */
export interface Searched {
  readonly search: { readonly search_id: string; readonly next: string | null } | null;
  readonly deal: { readonly structure: Record<string, unknown> };
}

export class Searching {
  /** Ends the wait for another attempt. */
  stop: Cancelled = () => {};
  /** Why the last search could not begin; null: it did. */
  readonly refusal = signal<ErrorBody | null>(null);

  constructor(
    private readonly channel: string,
    private readonly searched: () => Searched | null,
    private readonly send: (request: Request, replied: (reply: Reply) => void) => void,
    private readonly refused: (error: ErrorBody | null) => void,
    /** Takes the op of a search that leaves, and returns what takes its reply. */
    private readonly left: (op: string, replied: (reply: Reply) => void) => (reply: Reply) => void,
    private readonly later: (milliseconds: number, action: () => void) => Cancelled,
  ) {}

  begin(filters: Filters, sort: Sort): void {
    this.stop();
    const request = { type: "search", channel: this.channel, op: newOp() } as const;
    const replied = this.left(request.op, (reply) => {
      this.replied(reply);
      // The server said when: busy, or something is away.
      const wait = reply.error ? retryAfterMs(reply.error) : 0;
      if (wait > 0) this.stop = this.later(wait, () => this.begin(filters, sort));
    });
    this.send({ ...request, filters, sort, limit: DEFAULT_MATCHES }, replied);
  }

  more(): void {
    const search = this.searched()?.search;
    if (!search?.next) return;
    const request = { type: "more", channel: this.channel, op: newOp() } as const;
    this.send({ ...request, search_id: search.search_id, token: search.next }, (reply) => this.replied(reply));
  }

  cancel(): void {
    const search = this.searched()?.search;
    if (!search) return;
    const request = { type: "cancel", channel: this.channel, op: newOp() } as const;
    this.send({ ...request, search_id: search.search_id }, (reply) => this.replied(reply));
  }

  /** The initial sort order: from the top of the customer's payment, if that is known. */
  get firstSort(): Sort {
    return this.searched()?.deal.structure.payment_max_cents == null ? "price" : "-price";
  }

  /** Begins the first search again after an edit, if it was refused: the edit may be what it lacked. */
  again(): void {
    if (!this.refusal.value || this.searched()?.search) return;
    this.begin(NO_FILTERS, this.firstSort);
  }

  private replied(reply: Reply): void {
    const { error } = reply;
    if (error?.code === "superseded") return;
    if (error || this.refusal.value) this.refused(error ?? null);
    this.refusal.value = error ?? null;
  }
}
