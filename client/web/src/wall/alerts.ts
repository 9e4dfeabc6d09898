// Calls the desk to a new submit, as the person wishes it. The wish is kept in this browser.
import { signal } from "@preact/signals";
import type { Shelf } from "../live/environment";
import type { AlertPort } from "./alert-port";
import type { Summary } from "./fold";
import { alertFor, type Permission, type Wish, wishOf } from "./news";

const KEY = "deal-wall-alerts";

export class Alerts {
  readonly wish = signal<Wish>("off");
  readonly permission = signal<Permission>("missing");

  constructor(
    private readonly port: AlertPort,
    private readonly shelf: Shelf,
    private readonly visible: () => boolean,
  ) {
    this.wish.value = wishOf(shelf.read(KEY));
    this.permission.value = port.permission();
  }

  /** Takes the person's wish; the first one that is not off asks the browser. */
  async want(wish: Wish): Promise<void> {
    this.wish.value = wish;
    this.shelf.write(KEY, wish);
    if (wish === "off") return;
    this.port.ring();
    if (this.permission.value === "default") this.permission.value = await this.port.ask();
  }

  test(): void {
    this.port.ring();
  }

  /** Tells of deals that began to wait: one tone for all of them, a notification for each. */
  tell(news: readonly Summary[], open: (deal: Summary) => void): void {
    if (news.length === 0) return;
    const { sound, notification } = alertFor(this.wish.value, this.permission.value, this.visible());
    if (sound) this.port.ring();
    if (!notification) return;
    for (const deal of news) {
      const about = { body: newsText(deal), tag: deal.deal_id, open: () => open(deal) };
      this.port.notify("New submit", about);
    }
  }
}

/** "Lin Moore, 2023 Lexus RX". */
export function newsText({ customer, car }: Summary): string {
  return [customer, car].filter(Boolean).join(", ");
}
