// The customer's page in each of its states.
import { useMemo } from "preact/hooks";
import { Door } from "../../offer/door";
import { OfferPage } from "../../offer/parts/offer-page";
import { OwnDevice } from "../../offer/parts/own-device";
import { StoreScreen } from "../../offer/parts/store-screen";
import { OfferSession } from "../../offer/session";
import { formatsFor } from "../../text/format";
import type { PresentationReply } from "../../wire";
import { accepted, CHANNEL, presenting } from "../fake/presentation";
import type { Twist } from "../fake/recording";
import { ScriptedServer } from "../fake/scripted-server";
import { appears } from "../fake/stage";
import presentation from "../recorded/presentation.json";
import type { Story } from "../story";

const formats = formatsFor("en-US");
const THREE = presentation as unknown as PresentationReply;
const ONE: PresentationReply = { ...THREE, cars: THREE.cars.slice(0, 1) };
const NONE: PresentationReply = { ...THREE, cars: [] };

const CHANGED = { code: "conflict", message: "", retry: false, detail: {} } as const;

interface Shown {
  reply: PresentationReply;
  twist?: Twist | undefined;
  store?: boolean;
  /** Gives the story its server. */
  serve?: ((server: ScriptedServer) => void) | undefined;
}

function Offer({ reply, twist, store, serve }: Shown) {
  const session = useMemo(() => {
    const follows = (command: Record<string, unknown>) => accepted(reply, command);
    const server = new ScriptedServer(presenting(reply), { follows, ...twist });
    serve?.(server);
    return new OfferSession(CHANNEL, "", server);
  }, []);
  if (store) return <StoreScreen session={session} dealPath="/" formats={formats} />;
  return <OfferPage session={session} formats={formats} own />;
}

function Link({ status }: { status: number | null }) {
  const door = new Door({
    takeToken: () => (status === null ? null : "token"),
    post: () => Promise.resolve({ status: status ?? 404, body: null }),
    remembered: () => null,
    remember: () => {},
  });
  const nowhere = (channel: string) => new OfferSession(channel, "", new ScriptedServer(presenting(ONE)));
  return <OwnDevice door={door} open={nowhere} formats={formats} />;
}

function offer(state: string, shown: Shown, act?: (root: HTMLElement, server: ScriptedServer) => Promise<void>): Story {
  let server: ScriptedServer;
  const serve = (made: ScriptedServer) => {
    server = made;
  };
  return {
    part: "customer's page",
    state,
    page: true,
    sheet: "offer",
    render: () => <Offer {...shown} serve={serve} />,
    act: async (root) => {
      await act?.(root, server);
    },
  };
}

async function live(root: HTMLElement): Promise<void> {
  await appears(root, ".present.is-live");
}

async function like(root: HTMLElement): Promise<void> {
  await live(root);
  (await appears<HTMLElement>(root, "button.like")).click();
}

const link = (state: string, status: number | null): Story => ({
  part: "customer's page",
  state,
  page: true,
  sheet: "offer",
  render: () => <Link status={status} />,
  act: async (root) => {
    await appears(root, ".present-blank h1");
  },
});

export const OFFER_PAGES: Story[] = [
  offer("one car", { reply: ONE }, live),
  offer("three cars", { reply: THREE }, live),
  offer("lease", { reply: THREE }, async (root) => {
    await live(root);
    root.querySelectorAll<HTMLInputElement>('input[name="car"]')[1]?.click();
  }),
  offer("opening", { reply: ONE, twist: { answered: { presentation: 0 } } }),
  offer("no car yet", { reply: NONE }, live),
  offer("figures on their way", { reply: ONE, twist: { answered: { presentation: 1 } } }, async (root, server) => {
    await live(root);
    server.tell(CHANNEL, { type: "hidden", outdated: true });
    await appears(root, ".present.is-updating");
  }),
  offer("offline", { reply: ONE }, async (root, server) => {
    await live(root);
    server.lose(1006);
    await appears(root, ".present.is-offline");
  }),
  offer("liked", { reply: ONE }, async (root) => {
    await like(root);
    await appears(root, ".liked");
  }),
  offer(
    "figures changed",
    { reply: ONE, twist: { answered: { presentation: 1 }, refuse: { like: CHANGED } } },
    async (root) => {
      await like(root);
      await appears(root, ".like-note", "changed");
    },
  ),
  offer("store's screen", { reply: THREE, store: true }, live),
  link("link ended", 404),
  link("opened by itself", null),
];
