import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { socketAddress } from "../../live/environment";
import { follow } from "../../router";
import { WallSession } from "../../wall/session";
import type { ListedSecurityEvent } from "../../wire";
import { useStore } from "../palette/use-store";
import { SkeletonRows } from "../parts/skeleton-rows";
import { useSurroundings } from "../parts/surroundings";
import { TopBar } from "../parts/top-bar";
import { StandingMark } from "../standing/standing-mark";
import { SECURITY_WORDS, securityDetail, securityTone, securityWord, whoText } from "./security-words";
import { StoreFoot } from "./store-foot";

interface SecurityFilter {
  kind: string;
  who: string;
  since: string;
}

type Loading = { kind: "loading" } | { kind: "ready"; next: string | null } | { kind: "failed"; message: string };
const EVERYTHING: SecurityFilter = { kind: "", who: "", since: "" };

/** The store's security events, newest first, a page at a time. */
export function SecurityPage() {
  const { user, environment } = useSurroundings();
  const session = useMemo(
    () => new WallSession(`deals:${user.store_id}`, "sales", socketAddress(location), environment),
    [user.store_id, environment],
  );
  const store = useStore(session);
  const filter = useSignal(EVERYTHING);
  const events = useSignal<readonly ListedSecurityEvent[]>([]);
  const loading = useSignal<Loading>({ kind: "loading" });
  const open = session.name.value !== null;

  function load(after: string | null): void {
    const asked = filter.value;
    loading.value = { kind: "loading" };
    // An answer to an older filter is dropped.
    const current = () => asked === filter.value;
    store.lists.security(
      { ...asked, after },
      (page) => {
        if (!current()) return;
        events.value = after ? [...events.value, ...page.events] : page.events;
        loading.value = { kind: "ready", next: page.next };
      },
      (error) => {
        if (current()) loading.value = { kind: "failed", message: error.message };
      },
    );
  }

  function ask(wanted: SecurityFilter): void {
    filter.value = wanted;
    events.value = [];
    load(null);
  }

  useEffect(() => {
    document.title = "Security · Deal Architect";
    return () => session.close();
  }, [session]);
  useEffect(() => {
    if (open) load(null);
  }, [open]);

  const waiting = loading.value.kind === "loading" && events.value.length === 0;
  return (
    <div class="page">
      <TopBar>
        <StandingMark session={session} />
      </TopBar>
      <main class="security">
        <h1>Security</h1>
        <Filters ask={ask} />
        {(events.value.length > 0 || waiting) && <EventTable events={events.value} waiting={waiting} />}
        <ListEnd state={loading.value} count={events.value.length} filtered={filter.value !== EVERYTHING} load={load} />
      </main>
      <StoreFoot session={session} page="security" />
    </div>
  );
}

function Filters({ ask }: { ask(wanted: SecurityFilter): void }) {
  function read(form: HTMLFormElement): void {
    const fields = new FormData(form);
    const text = (name: string) => String(fields.get(name) ?? "").trim();
    const wanted = { kind: text("kind"), who: text("who"), since: text("since") };
    ask(Object.values(wanted).some((value) => value !== "") ? wanted : EVERYTHING);
  }
  return (
    <form
      class="security-filters"
      role="search"
      aria-label="Filter security events"
      onSubmit={(event) => {
        event.preventDefault();
        read(event.currentTarget);
      }}
      onChange={(event) => read(event.currentTarget)}
    >
      <label>
        What
        <select name="kind">
          <option value="">Everything</option>
          {Object.entries(SECURITY_WORDS).map(([kind, word]) => (
            <option key={kind} value={kind}>
              {word}
            </option>
          ))}
        </select>
      </label>
      <label>
        Username or address
        <input name="who" maxlength={64} autocapitalize="none" autocomplete="off" spellcheck={false} />
      </label>
      <label>
        Since
        <input name="since" type="date" min="2020-01-01" max="2199-12-31" />
      </label>
      <button type="submit" class="button">
        Show
      </button>
    </form>
  );
}

function EventTable({ events, waiting }: { events: readonly ListedSecurityEvent[]; waiting: boolean }) {
  return (
    <div class="table-frame">
      <table class="deal-table security-table" aria-busy={waiting}>
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">What</th>
            <th scope="col" class="number">
              Times
            </th>
            <th scope="col">Who</th>
            <th scope="col">Address</th>
            <th scope="col">About</th>
          </tr>
        </thead>
        <tbody>
          {waiting && <SkeletonRows columns={6} />}
          {events.map((event) => (
            <EventRow key={event.id} event={event} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function EventRow({ event }: { event: ListedSecurityEvent }) {
  const { formats, router } = useSurroundings();
  const path = event.deal_id && `/deals/${event.deal_id}`;
  return (
    <tr>
      <td class="quiet">
        <time dateTime={event.until} title={event.until}>
          {formats.moment(event.until)}
        </time>
      </td>
      <td>
        <span class={`chip ${securityTone(event.kind)}`}>{securityWord(event.kind)}</span>
      </td>
      <td class="number">{event.count > 1 ? formats.count(event.count) : <span class="quiet">1</span>}</td>
      <td
        class={event.login ? "" : "quiet"}
        title={event.login ? "" : "Unknown usernames are not stored. The same mark means the same username."}
      >
        {whoText(event)}
      </td>
      <td class="quiet address">{event.address || "terminal"}</td>
      <td>
        {path && (
          <a href={path} onClick={follow(router, path)}>
            Deal {event.deal_id?.slice(0, 8)}
          </a>
        )}
        {path && " "}
        <span class="quiet">{securityDetail(event)}</span>
      </td>
    </tr>
  );
}

interface Ending {
  state: Loading;
  count: number;
  filtered: boolean;
  load(after: string | null): void;
}

function ListEnd({ state, count, filtered, load }: Ending) {
  if (state.kind === "failed") {
    return (
      <div class="empty" role="alert">
        <p>{state.message}</p>
        <button type="button" class="button" onClick={() => load(null)}>
          Try again
        </button>
      </div>
    );
  }
  if (state.kind === "loading")
    return (
      <p class="quiet" role="status">
        Loading events…
      </p>
    );
  if (count === 0) {
    return (
      <div class="empty">
        <h2>{filtered ? "No such events" : "No events yet"}</h2>
        <p>
          {filtered
            ? "No event matches these filters. Clear one to see more."
            : "Sign-ins, refusals, exports and views of customers appear here within seconds."}
        </p>
      </div>
    );
  }
  const { next } = state;
  return next ? (
    <button type="button" class="button" onClick={() => load(next)}>
      Show more
    </button>
  ) : null;
}
