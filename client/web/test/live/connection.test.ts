import assert from "node:assert/strict";
import { test } from "node:test";
import { reconnectDelay } from "../../src/live/backoff";
import { Connection, type Link } from "../../src/live/connection";
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

  now = () => this.time;
  elapsed = () => this.time;
  visible = () => true;
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
  const connection = new Connection("ws://x/ws", world, {
    welcomed: () => {},
    received: (message) => received.push(message),
    drained: () => {},
    changed: (link) => links.push(link),
  });
  connection.start();
  welcome(world);
  return { world, connection, links, received };
}

function welcome(world: World): void {
  world.last.events.message('{"type":"welcome"}');
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

test("after 25 s of silence it pings, and after 10 s more it comes back by a new socket", () => {
  const { world } = opened();
  world.pass(24_999);
  assert.equal(world.last.sent.length, 0);
  world.pass(1);
  assert.equal(world.last.sent[0]!.type, "ping");
  world.pass(10_000);
  assert.equal(world.sockets[0]!.closed, true);
  world.pass(1_000);
  assert.equal(world.sockets.length, 2);
});

test("anything heard counts: no ping while events flow", () => {
  const { world } = opened();
  for (let i = 0; i < 10; i++) {
    world.pass(20_000);
    world.last.events.message('{"type":"notice","code":"stale","message":""}');
  }
  assert.equal(world.last.sent.length, 0);
});

test("a socket that was given up says nothing any more", () => {
  const { world, received } = opened();
  world.pass(35_000);
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
