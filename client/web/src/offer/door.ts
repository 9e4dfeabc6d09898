// From the link of a customer to the channel of their deal. Its token leaves the address before anything else happens.
import { browser } from "../live/environment";
import type { OfferSession as Opened } from "../wire";

/** What the link led to. */
export type Entry =
  | { kind: "open"; channel: string }
  /** There is no link in the address: the page was opened by itself. */
  | { kind: "none" }
  /** The link is wrong, revoked or expired; nobody is told which. */
  | { kind: "over" }
  /** It could not be opened now. */
  | { kind: "later"; message: string };

/** What the door needs of the browser. */
export interface Doorway {
  /** Takes the token out of the address; null if there is none. */
  takeToken(): string | null;
  post(token: string): Promise<{ status: number; body: unknown }>;
  /** What this tab remembers of a link that it opened: its channel, and nothing secret. */
  remembered(): string | null;
  remember(channel: string | null): void;
}

const OVER = new Set([400, 401, 404, 410, 422]);
const TOO_MANY = 429;

export class Door {
  /** In memory only: another link that is opened in this browser takes the cookie of this one. */
  private token: string | null;

  constructor(private readonly way: Doorway) {
    this.token = way.takeToken();
  }

  /** Opens the link, or the one that this tab opened before it was loaded again. */
  async enter(): Promise<Entry> {
    if (this.token !== null) return await this.exchange(this.token);
    const channel = this.way.remembered();
    return channel === null ? { kind: "none" } : { kind: "open", channel };
  }

  /** Tries the link once more after its connection was refused; a second refusal is final. */
  async again(): Promise<Entry> {
    const token = this.token;
    if (token === null) return this.shut();
    const entry = await this.exchange(token);
    if (entry.kind === "open") this.token = null;
    return entry;
  }

  private async exchange(token: string): Promise<Entry> {
    const answer = await this.way.post(token).catch(() => null);
    if (answer === null) return later("The server cannot be reached. Check your connection and try again.");
    if (answer.status === 200) return this.opened(answer.body as Opened);
    if (OVER.has(answer.status)) return this.shut();
    return later(
      answer.status === TOO_MANY ? "That was tried too often. Wait a minute and try again." : "Please try again.",
    );
  }

  private opened({ channel }: Opened): Entry {
    this.way.remember(channel);
    return { kind: "open", channel };
  }

  private shut(): Entry {
    this.token = null;
    this.way.remember(null);
    return { kind: "over" };
  }
}

function later(message: string): Entry {
  return { kind: "later", message };
}

const KEPT = "offer-channel";

/** The browser's own. */
export const doorway: Doorway = {
  takeToken() {
    const token = location.hash.slice(1);
    if (token === "") return null;
    history.replaceState(null, "", location.pathname);
    return token;
  },
  async post(token) {
    const answer = await fetch("/api/offer-session", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token }),
    });
    return { status: answer.status, body: await answer.json().catch(() => null) };
  },
  remembered: () => browser.shelf.read(KEPT),
  remember: (channel) => browser.shelf.write(KEPT, channel),
};
