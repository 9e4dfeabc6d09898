// What a page knows of its connection, as signals. Each page's session has one.
import { computed, signal } from "@preact/signals";
import type { Notice, Welcome } from "../wire";
import type { Link, PulseNews } from "./connection";
import type { Beat } from "./pulse";
import { hindrance, standingOf } from "./standing";

/** For so long after a server was replaced, nothing needs to be said: the page is back by then. */
const REPLACED_MS = 2_000;
const REPLACED = new Set([1001, 1012]);

export class Truth {
  readonly link = signal<Link>({ kind: "connecting", attempt: 0 });
  readonly beat = signal<Beat>("fresh");
  /** For how many seconds nothing was heard; counted while it matters. */
  readonly quietSeconds = signal(0);
  /** When the last message came, by this machine's clock. */
  readonly heardAt = signal<number | null>(null);
  readonly current = signal(false);
  /** Whether the event log is away: the page is current, but there is no new list of cars. */
  readonly paused = signal(false);
  readonly notice = signal<Notice | null>(null);
  /** Whether the server has a newer version of this page. */
  readonly newer = signal(false);
  readonly standing = computed(() =>
    standingOf({
      link: this.link.value,
      beat: this.beat.value,
      current: this.current.value,
      held: this.paused.value || this.notice.value?.code === "degraded",
      replaced: this.replaced.value,
    }),
  );
  /** Why nothing may be decided on what stands here; null if it may. */
  readonly whyNot = computed(() => hindrance(this.standing.value));

  private readonly replaced = signal(false);
  private replacedAt: number | null = null;

  /** `build` is the version of this page; empty if it is not known. */
  constructor(private readonly build: string) {}

  changed(link: Link): void {
    if (link.kind === "open") this.replacedAt = null;
    else this.current.value = false;
    if (link.kind === "waiting" && link.attempt === 1 && REPLACED.has(link.code)) this.replacedAt = link.since;
    this.link.value = link;
    this.replaced.value = this.replacedAt !== null;
  }

  pulsed({ beat, quietMs, heardAt, now }: PulseNews): void {
    if (beat !== "fresh") this.quietSeconds.value = Math.floor(quietMs / 1_000);
    if (this.beat.peek() !== beat) this.heardAt.value = heardAt;
    this.beat.value = beat;
    if (this.replacedAt !== null && now - this.replacedAt >= REPLACED_MS) this.replaced.value = false;
  }

  welcomed({ page_build: served }: Welcome): void {
    // Notices of another process are void; this one repeats them if they still apply.
    this.notice.value = null;
    this.newer.value = this.build !== "" && !!served && served !== this.build;
  }
}
