import assert from "node:assert/strict";
import { test } from "node:test";
import { reconnectDelay } from "../../src/live/backoff";
import { AWAY, Connection, type Link, NOT_YET, type PulseNews } from "../../src/live/connection";
import type { Environment, SocketEvents } from "../../src/live/environment";

class World implements Environment {
  time = 0;
  sockets: { events: SocketEvents; sent: Record<string, unknown>[]; closed: boolean }[] = [];
  private timers: { due: number; action: () => void }[] = [];

  open(_url: string, _subprotocol: string, events: SocketEvents) {
    const socket = { events, sent: [] as Record<string, unknown>[], closed: false };
    this.sockets.push(socket);
    return {
      send: (text: string) => void socket.sent.push(JSON.parse(text)),
      close: () => {
        socket.closed = true;
      },
    };
  }

  later(milliseconds: number, action: () => void) {
    const timer = { due: this.time + milliseconds, action };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  frame(action: () => void) {
    return this.later(16, action);
  }

  /** How long the machine slept: of its clocks only that of the wall counts it. */
  slept = 0;
  now = () => this.time + this.slept;
  elapsed = () => this.time;
  seen = true;
  visible = () => this.seen;
  wake: () => void = () => {};
  woken(action: () => void) {
    this.wake = action;
    return () => {};
  }
  build = () => "";
  shelf = { read: () => null, write: () => {} };
  random = () => 0.5;

  pass(milliseconds: number): void {
    const until = this.time + milliseconds;
    for (;;) {
      const next = this.timers.filter((timer) => timer.due <= until).sort((a, b) => a.due - b.due)[0];
      if (!next) break;
      this.timers = this.timers.filter((timer) => timer !== next);
      this.time = next.due;
      next.action();
    }
    this.time = until;
  }

  get last() {
    return this.sockets.at(-1)!;
  }
}

function opened() {
  const world = new World();
  const links: Link[] = [];
  const received: unknown[] = [];
  const pulses: PulseNews[] = [];
  const connection = new Connection("ws://x/ws", world, {
    welcomed: () => {},
    received: (message) => received.push(message),
    drained: () => {},
    changed: (link) => links.push(link),
    pulsed: (news) => pulses.push(news),
  });
  connection.start();
  welcome(world);
  return { world, connection, links, received, pulses };
}

function welcome(world: World, id = "u1", commands: string[] = []): void {
  world.last.events.message(JSON.stringify({ type: "welcome", user: { id }, commands }));
}

const TERMS = { type: "terms", channel: "deal:1", op: "op-1", version: 1, changes: {} } as const;

test("several messages of one frame are handled in order", () => {
  const { world, received } = opened();
  world.last.events.message(
    '{"type":"notice","code":"stale","message":"a"}\n{"type":"notice","code":"stale","message":"b"}',
  );
  assert.deepEqual(
    received.map((message) => (message as { message: string }).message),
    ["a", "b"],
  );
});

test("whoever asked is told when the connection goes before the answer; a command with an op waits", () => {
  const { world, connection, links } = opened();
  const told: unknown[] = [];
  const question = { type: "list_people", channel: "deals:1" } as const;
  assert.equal(
    connection.ask(question, ({ error }) => told.push(error, links.at(-1)?.kind)),
    true,
  );
  connection.ask(TERMS, ({ error }) => told.push(error));
  connection.send(question, ({ error }) => told.push(error));
  world.last.events.closed(1006);
  assert.deepEqual(told, [AWAY, "waiting"], "and it may ask again at once, for nothing");
  assert.equal(
    connection.ask(question, () => {}),
    false,
  );
  world.pass(1_000);
  welcome(world);
  connection.resend();
  assert.deepEqual(
    world.last.sent.map(({ type }) => type),
    ["terms"],
  );
});

test("a command that the server does not know yet is not sent, and whoever gave it is told", async () => {
  const { world, connection } = opened();
  const told: unknown[] = [];
  world.last.events.closed(1012);
  world.pass(1_000);
  welcome(world, "u1", ["note", "terms"]);
  connection.send({ type: "list_people", channel: "deals:1" }, ({ error }) => told.push(error));
  connection.send(TERMS, ({ error }) => told.push(error));
  await Promise.resolve();
  assert.deepEqual(told, [NOT_YET]);
  assert.deepEqual(
    world.last.sent.map(({ type }) => type),
    ["terms"],
  );
});

test("another person who signed in in this browser sends nothing of the one before", () => {
  const { world, connection, links } = opened();
  connection.send(TERMS, () => {});
  world.last.events.closed(1006);
  world.pass(1_000);
  welcome(world, "u2");
  connection.resend();
  assert.deepEqual(links.at(-1), { kind: "ended", code: 4001 });
  assert.ok(world.last.closed);
  world.wake();
  world.pass(60_000);
  assert.equal(world.sockets.length, 2);
  assert.ok(!world.last.sent.some(({ type }) => type === "terms"));
});

test("a command without an answer goes out again with the same op and another ref", () => {
  const { world, connection } = opened();
  let answers = 0;
  connection.send(TERMS, () => answers++);
  const first = world.last.sent[0]!;
  world.last.events.closed(1006);
  world.pass(1_000);
  welcome(world);
  connection.resend();
  const again = world.last.sent[0]!;
  assert.equal(again.op, first.op);
  assert.notEqual(again.ref, first.ref);
  world.last.events.message(JSON.stringify({ type: "reply", ref: again.ref, ok: true, data: { version: 2 } }));
  assert.equal(answers, 1);
});

test("what is sent while offline is kept where it has an op, and dropped otherwise", () => {
  const { world, connection } = opened();
  world.last.events.closed(1006);
  assert.equal(
    connection.send(TERMS, () => {}),
    null,
  );
  assert.equal(
    connection.send({ type: "ping" }, () => {}),
    null,
  );
  world.pass(1_000);
  welcome(world);
  connection.resend();
  assert.deepEqual(
    world.last.sent.map((command) => command.type),
    ["terms"],
  );
});

function answer(world: World): void {
  const ping = world.last.sent.findLast(({ type }) => type === "ping")!;
  world.last.events.message(JSON.stringify({ type: "reply", ref: ping.ref, ok: true, data: {} }));
}

const pings = (world: World) => world.last.sent.filter(({ type }) => type === "ping").length;

test("a page that hears nothing asks after 4 s; the answer keeps it live, at one small command in 4 s", () => {
  const { world, pulses } = opened();
  world.pass(3_999);
  assert.equal(pings(world), 0);
  for (let i = 1; i <= 10; i++) {
    world.pass(1);
    assert.equal(pings(world), i);
    answer(world);
    world.pass(3_999);
  }
  assert.ok(pulses.every(({ beat }) => beat === "fresh"));
});

test("a server that hangs is doubted after 5 s, and after 8 s the page says so and comes back by another socket", () => {
  const { world, pulses, links } = opened();
  world.pass(5_000);
  assert.equal(pulses.at(-1)!.beat, "checking");
  world.pass(2_999);
  assert.equal(pulses.at(-1)!.beat, "checking");
  assert.equal(world.sockets[0]!.closed, false);
  world.pass(1);
  assert.equal(pulses.at(-1)!.beat, "silent");
  assert.equal(pulses.at(-1)!.quietMs, 8_000);
  assert.equal(world.sockets[0]!.closed, true);
  assert.equal(links.at(-1)!.kind, "waiting");
  world.pass(1_000);
  assert.equal(world.sockets.length, 2);
  assert.equal(pulses.at(-1)!.beat, "silent", "an attempt is no answer");
  world.pass(3_000);
  assert.ok(pulses.at(-1)!.quietMs >= 11_000, "the seconds are counted on");
  welcome(world);
  assert.equal(pulses.at(-1)!.beat, "fresh");
});

test("a socket that ends by itself is no silence, also after one", () => {
  const { world, pulses } = opened();
  world.pass(9_000);
  assert.equal(pulses.at(-1)!.beat, "silent");
  world.last.events.closed(1006);
  assert.notEqual(pulses.at(-1)!.beat, "silent");
});

test("a server that is still at a command says so, and is not given up", () => {
  const { world, pulses } = opened();
  for (let i = 0; i < 10; i++) {
    world.pass(3_000);
    world.last.events.message('{"type":"working","ref":7}');
  }
  assert.equal(world.sockets.length, 1);
  assert.ok(pulses.every(({ beat }) => beat === "fresh"));
});

test("a page that nobody sees asks after 25 s only, and gives up after 10 s more", () => {
  const { world } = opened();
  world.seen = false;
  world.pass(24_999);
  assert.equal(pings(world), 0);
  world.pass(1_001);
  assert.equal(pings(world), 1);
  world.pass(10_000);
  assert.equal(world.sockets[0]!.closed, true);
});

test("a page that wakes asks at once, and is current with the answer", () => {
  const { world, pulses } = opened();
  world.seen = false;
  world.pass(20_000);
  world.seen = true;
  world.wake();
  assert.equal(pings(world), 1);
  assert.equal(pulses.at(-1)!.beat, "checking");
  answer(world);
  assert.equal(pulses.at(-1)!.beat, "fresh");
  assert.equal(world.sockets.length, 1);
});

test("a page that wakes without an answer says within 2 s that it is not current, and connects anew", () => {
  const { world, pulses } = opened();
  world.seen = false;
  world.pass(20_000);
  world.seen = true;
  world.wake();
  world.pass(1_999);
  assert.equal(pulses.at(-1)!.beat, "checking");
  world.pass(1);
  assert.equal(pulses.at(-1)!.beat, "stale");
  assert.equal(pulses.at(-1)!.heardAt, 0, "it says when it was current last");
  world.pass(1_000);
  assert.equal(world.sockets.length, 2);
});

test("a machine that slept is noticed by its clock, without an event: nothing is given up before it was asked", () => {
  const { world, pulses } = opened();
  // No timer runs, and the clock that counts the machine's own time stands still.
  world.slept += 600_000;
  world.pass(1_000);
  assert.equal(world.sockets[0]!.closed, false);
  assert.equal(pings(world), 1);
  assert.equal(pulses.at(-1)!.beat, "checking");
  answer(world);
  assert.equal(pulses.at(-1)!.beat, "fresh");
});

test("waking ends a wait for the next attempt, and a handshake that began before the sleep", () => {
  const { world } = opened();
  world.last.events.closed(1006);
  world.wake();
  assert.equal(world.sockets.length, 2);
  world.pass(3_000);
  world.wake();
  assert.equal(world.sockets.length, 3);
  assert.equal(world.sockets[1]!.closed, true);
});

test("what was heard a moment ago needs no check", () => {
  const { world } = opened();
  world.pass(500);
  world.wake();
  assert.equal(pings(world), 0);
});

test("a socket that was given up says nothing any more", () => {
  const { world, received } = opened();
  world.pass(8_000);
  world.sockets[0]!.events.message('{"type":"notice","code":"stale","message":""}');
  assert.deepEqual(received, []);
});

test("signed out, forbidden and protocol errors do not come back", () => {
  for (const code of [1000, 1007, 1009, 4000, 4001, 4003]) {
    const { world, links } = opened();
    world.last.events.closed(code);
    world.pass(120_000);
    assert.deepEqual(links.at(-1), { kind: "ended", code });
    assert.equal(world.sockets.length, 1);
  }
});

test("the wait grows, is spread by chance and is bounded", () => {
  assert.ok(reconnectDelay(1006, 0, 0)! < reconnectDelay(1006, 3, 0)!);
  assert.notEqual(reconnectDelay(1006, 3, 0), reconnectDelay(1006, 3, 0.9));
  assert.ok(reconnectDelay(1006, 50, 0.999)! <= 15_000);
  assert.ok(reconnectDelay(4009, 0, 0)! >= 60_000);
  assert.notEqual(reconnectDelay(4999, 0, 0.5), null, "a code of a later server comes back");
});
