import assert from "node:assert/strict";
import { test } from "node:test";
import type { Environment, SocketEvents } from "../../src/live/environment";
import { OfferSession } from "../../src/offer/session";
import { acceptance, presentation } from "./shown";

type Sent = Record<string, unknown> & { type: string; ref: number };

/** A server that a test speaks for, on a clock of its own. */
class Server implements Environment {
  time = 0;
  sent: Sent[] = [];
  private events!: SocketEvents;
  private timers: { due: number; action: () => void }[] = [];
  private seq = 5;

  open(_url: string, _subprotocol: string, events: SocketEvents) {
    this.events = events;
    return { send: (text: string) => this.hear(JSON.parse(text)), close: () => {} };
  }
  /** Answers a sign of life at once, and keeps everything else for the test. */
  private hear(command: Sent): void {
    if (command.type === "ping") this.say({ type: "reply", ref: command.ref, ok: true, data: {} });
    else this.sent.push(command);
  }
  later(milliseconds: number, action: () => void) {
    const timer = { due: this.time + milliseconds, action };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }
  frame = (action: () => void) => this.later(16, action);
  now = () => this.time;
  elapsed = () => this.time;
  visible = () => true;
  random = () => 0;
  woken = () => () => {};
  build = () => "";
  shelf = { read: () => null, write: () => {} };

  pass(milliseconds: number): void {
    this.time += milliseconds;
    for (const timer of this.timers.filter(({ due }) => due <= this.time)) {
      this.timers = this.timers.filter((other) => other !== timer);
      timer.action();
    }
  }
  say(message: object): void {
    this.events.message(JSON.stringify(message));
  }
  reply(data: object | null, error: object | null = null): void {
    const { ref } = this.sent.at(-1)!;
    this.say({ type: "reply", ref, ok: error === null, data, error });
  }
  event(type: string, more: object = {}): void {
    this.seq += 1;
    this.say({ type, channel: "deal:1", seq: this.seq, at: "2026-11-30T11:04:00Z", ...more });
  }
  close(code: number): void {
    this.events.closed(code);
  }
  /** Welcomes, and answers the join. */
  admit(): void {
    this.say({ type: "welcome", user: { rights: ["watch", "like"] }, commands: [] });
    const { ref } = this.sent.at(-1)!;
    this.reply({ epoch: "e", seq: this.seq, recovered: false, view: "customer", snapshot: { deal: {} } });
    this.say({ type: "snapshot_end", channel: "deal:1", ref });
  }
  types = () => this.sent.map(({ type }) => type);
}

function joined() {
  const server = new Server();
  const session = new OfferSession("deal:1", "ws://x/ws", server);
  server.admit();
  return { server, session };
}

function live() {
  const both = joined();
  both.server.reply(presentation());
  return both;
}

test("the page joins in the customer's view and asks what is shown", () => {
  const { server, session } = joined();
  assert.deepEqual(server.types(), ["join", "presentation"]);
  assert.equal(server.sent[0]?.view, "customer");
  server.reply(presentation());
  assert.equal(session.phase.value, "live");
});

test("what may change the figures is asked again, in one question for what comes close together", () => {
  const { server, session } = live();
  server.event("hidden");
  assert.equal(session.phase.value, "live");
  server.event("hidden", { outdated: true });
  assert.equal(session.phase.value, "updating");
  server.event("presentation_changed", { presentation: null });
  assert.equal(server.sent.length, 2);
  server.pass(1_000);
  assert.deepEqual(server.types().slice(2), ["presentation"]);
  server.event("deal_changed", { changes: {} });
  server.reply(presentation());
  assert.equal(session.phase.value, "updating");
  server.pass(1_000);
  server.reply(presentation());
  assert.equal(session.phase.value, "live");
  assert.equal(server.sent.length, 4);
});

test("a question that was refused for a while is asked again after it", () => {
  const { server, session } = joined();
  server.reply(null, { code: "busy", message: "", retry: true, detail: { retry_after_seconds: 5 } });
  server.pass(4_000);
  assert.equal(server.sent.length, 2);
  server.pass(1_000);
  server.reply(presentation());
  assert.equal(session.phase.value, "live");
});

test("after a lost connection the last figures stay, and newer ones are asked for", () => {
  const { server, session } = live();
  server.close(1006);
  assert.equal(session.phase.value, "offline");
  assert.equal(session.state.value.reply?.customer, "Lin");
  server.pass(20_000);
  server.admit();
  assert.equal(session.phase.value, "updating");
  server.reply(presentation({ version: 2 }));
  assert.deepEqual([session.phase.value, session.state.value.reply?.version], ["live", 2]);
});

test("a link that was revoked leaves nothing", () => {
  const { server, session } = live();
  server.close(4001);
  assert.equal(session.phase.value, "ended");
  assert.equal(session.state.value.reply, null);
});

test("a like is sent once, with the figures on the screen, and again over a new connection", () => {
  const { server, session } = live();
  session.like();
  session.like();
  const sent = server.sent.at(-1)!;
  assert.equal(server.types().filter((type) => type === "like").length, 1);
  assert.deepEqual([sent.vehicle_id, sent.term_months, sent.cash_down_cents], ["1", 72, 1_000_00]);
  server.close(1006);
  server.pass(20_000);
  server.admit();
  const again = server.sent.find((one) => one.type === "like" && one.ref !== sent.ref);
  assert.equal(again?.op, sent.op);
  server.say({ type: "reply", ref: again?.ref, ok: true, data: { acceptance_id: "a" }, error: null });
  server.event("customer_accepted", { acceptance: acceptance() });
  assert.equal(session.state.value.liking.kind, "idle");
  assert.equal(session.state.value.acceptances.length, 1);
});

test("figures that changed under a like are asked for", () => {
  const { server, session } = live();
  session.like();
  server.reply(null, { code: "conflict", message: "", retry: false, detail: {} });
  assert.equal(session.state.value.liking.kind, "changed");
  server.pass(1_000);
  assert.equal(server.types().at(-1), "presentation");
});
