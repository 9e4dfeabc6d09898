import assert from "node:assert/strict";
import { test } from "node:test";
import type { Link, Listener } from "../../src/live/connection";
import type { Environment, SocketEvents } from "../../src/live/environment";
import { SharedConnection } from "../../src/live/shared";

const WELCOME = '{"type":"welcome","user":{"id":"u1"},"commands":[]}';

function opened() {
  const sockets: { events: SocketEvents; sent: Record<string, unknown>[] }[] = [];
  const environment = {
    open(_url: string, _protocol: string, events: SocketEvents) {
      const sent: Record<string, unknown>[] = [];
      sockets.push({ events, sent });
      return { send: (text: string) => void sent.push(JSON.parse(text)), close: () => {} };
    },
    later: () => () => {},
    now: () => 0,
    elapsed: () => 0,
    visible: () => true,
    woken: () => () => {},
    random: () => 0,
  } as unknown as Environment;
  const shared = new SharedConnection("ws://x", environment);
  return { shared, sockets };
}

class Hearing implements Listener {
  heard: string[] = [];
  welcomed = () => void this.heard.push("welcome");
  received = (message: { type: string }) => void this.heard.push(message.type);
  drained = () => void this.heard.push("drained");
  changed = (link: Link) => void this.heard.push(link.kind);
  pulsed = () => {};
}

test("a listener that comes later is greeted as if the socket had just opened, and hears what the others hear", () => {
  const { shared, sockets } = opened();
  const [wall, deal] = [new Hearing(), new Hearing()];
  shared.connect(wall).start();
  shared.start();
  sockets[0]?.events.message(WELCOME);
  shared.connect(deal).start();
  assert.deepEqual(deal.heard, ["open", "welcome"]);
  sockets[0]?.events.message('{"type":"notice"}');
  assert.deepEqual(deal.heard.slice(2), ["notice", "drained"]);
  assert.deepEqual(wall.heard.slice(-2), ["notice", "drained"]);
  assert.equal(sockets.length, 1, "one socket carries both");
});

test("who leaves hears nothing more, and the socket stays for the others", () => {
  const { shared, sockets } = opened();
  const [wall, deal] = [new Hearing(), new Hearing()];
  shared.connect(wall).start();
  shared.start();
  sockets[0]?.events.message(WELCOME);
  const line = shared.connect(deal);
  line.start();
  line.stop();
  const before = deal.heard.length;
  sockets[0]?.events.message('{"type":"notice"}');
  assert.equal(deal.heard.length, before);
  assert.equal(wall.heard.at(-1), "drained");
});

test("replies reach whoever asked, and a command that was left unanswered goes out again on the next socket", () => {
  const { shared, sockets } = opened();
  const line = shared.connect(new Hearing());
  line.start();
  shared.start();
  sockets[0]?.events.message(WELCOME);
  const replies: boolean[] = [];
  const approve = { type: "approve", channel: "deal:1", op: "1", version: 1, reason: "meets_policy" } as const;
  line.send(approve as never, ({ ok }) => void replies.push(ok));
  sockets[0]?.events.closed(1006);
  line.hurry();
  sockets[1]?.events.message(WELCOME);
  line.resend();
  assert.equal(sockets[1]?.sent[0]?.op, "1");
  sockets[1]?.events.message(JSON.stringify({ type: "reply", ref: sockets[1].sent[0]?.ref, ok: true }));
  assert.deepEqual(replies, [true]);
});
