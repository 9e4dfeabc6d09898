import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { HOUR_CHOICES, isReachable, liveLinks } from "../../../deal/desk/presenting";
import type { Deal } from "../../../deal/model/fold";
import type { DealSession } from "../../../deal/session";
import { DEFAULT_HOURS, MAX_LINKS, type OfferLink, type ShareReply } from "../../../wire";
import { useSurroundings } from "../../parts/surroundings";
import { Trouble } from "../../parts/trouble";
import { QrImage } from "./qr-image";

const SUBJECT = "share";
const TICK_MS = 30_000;

interface Props {
  session: DealSession;
  deal: Deal;
  /** The links that this page made, by id. */
  made: Signal<ReadonlyMap<string, ShareReply>>;
}

/** A link for the customer's own device, and those that there are. */
export function Links({ session, deal, made }: Props) {
  const hours = useSignal<number>(DEFAULT_HOURS);
  const shown = useSignal<string | null>([...made.value.keys()].at(-1) ?? null);
  const now = useSignal(Date.now());
  useEffect(() => {
    const timer = setInterval(() => (now.value = Date.now()), TICK_MS);
    return () => {
      clearInterval(timer);
      session.desk.dismiss(SUBJECT);
    };
  }, []);
  const links = liveLinks(deal.links ?? [], now.value);
  const link = links.find(({ id }) => id === shown.value);
  const told = link && made.value.get(link.id);
  const busy = session.desk.busy.value.has(SUBJECT);

  function share(): void {
    session.desk.give(SUBJECT, { type: "share", hours: hours.value }, (data) => {
      const reply = data as unknown as ShareReply;
      made.value = new Map([...made.value, [reply.link_id, reply]]);
      shown.value = reply.link_id;
    });
  }
  return (
    <section class="links" aria-label="Customer's links">
      <h3>On the customer's own device</h3>
      <div class="link-picture">
        {told?.qr ? <QrImage rows={told.qr} /> : <p class="quiet">A code to scan and a link to send appear here.</p>}
      </div>
      <Address address={told ? location.origin + told.path : null} full={links.length >= MAX_LINKS} />
      <div class="new-link">
        <label for="link-hours">Valid for</label>
        <select
          id="link-hours"
          value={hours.value}
          onChange={(event) => (hours.value = Number(event.currentTarget.value))}
        >
          {HOUR_CHOICES.map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </select>
        <button
          type="button"
          class="button primary"
          disabled={busy || links.length >= MAX_LINKS || !session.can("select")}
          onClick={share}
        >
          New link
        </button>
      </div>
      <ul class="link-list">
        {links.map((each) => (
          <LinkLine
            key={each.id}
            link={each}
            session={session}
            show={made.value.has(each.id) && each.id !== shown.value ? () => (shown.value = each.id) : null}
          />
        ))}
      </ul>
    </section>
  );
}

/** The address to send. Where the page may not write to the clipboard, it is selected to be copied by hand. */
function Address({ address, full }: { address: string | null; full: boolean }) {
  const told = useSignal("");
  useEffect(() => {
    told.value = "";
  }, [address]);
  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(address ?? "");
      told.value = "Copied.";
    } catch {
      const field = document.getElementById("link-address") as HTMLInputElement | null;
      field?.select();
      told.value = "Selected: press Ctrl C to copy.";
    }
  }
  return (
    <>
      <div class="link-address">
        <input id="link-address" readOnly aria-label="Link to send" value={address ?? ""} disabled={address === null} />
        <button type="button" class="button" disabled={address === null} onClick={() => void copy()}>
          Copy
        </button>
      </div>
      <p class="left-open" role="status">
        {told.value ||
          (full
            ? `A deal has ${MAX_LINKS} links at most. Revoke one first.`
            : address && !isReachable(location.hostname)
              ? "This address works on this machine only."
              : "")}
      </p>
    </>
  );
}

interface LineProps {
  link: OfferLink;
  session: DealSession;
  /** Shows its code again; null if its address is not known here, or is shown already. */
  show: (() => void) | null;
}

function LinkLine({ link, session, show }: LineProps) {
  const { formats } = useSurroundings();
  const { id, by, at, expires_at, opens, last_opened_at } = link;
  const subject = `link:${id}`;
  const trouble = session.desk.troubles.value.get(subject);
  const opened = opens === 0 ? "not opened yet" : `opened ${opens === 1 ? "once" : `${formats.count(opens)} times`}`;
  return (
    <li>
      <span>
        <bdi>{by.name}</bdi>, {formats.clock(at)}{" "}
        <span class="quiet">
          until {formats.moment(expires_at)} · {opened}
          {last_opened_at && `, last ${formats.clock(last_opened_at)}`}
        </span>
      </span>
      {show && (
        <button type="button" class="link" onClick={show}>
          Show code
        </button>
      )}
      {session.can("select") && (
        <button
          type="button"
          class="button small"
          disabled={session.desk.busy.value.has(subject)}
          onClick={() => session.desk.give(subject, { type: "unshare", link_id: id })}
        >
          Revoke
        </button>
      )}
      <Trouble inline>{trouble?.message}</Trouble>
    </li>
  );
}
