import assert from "node:assert/strict";
import { test } from "node:test";
import { Announcer } from "../../src/live/announcer";
import { type AlertPort, browserAlerts } from "../../src/wall/alert-port";
import { Alerts, newsText } from "../../src/wall/alerts";
import type { Rows } from "../../src/wall/fold";
import { alertFor, type Heard, heardFrom, NOTHING_HEARD, type Permission } from "../../src/wall/news";
import { deal, waits, wall } from "./deals";

/** Reads walls one after the other and returns what each of them told. */
function told(...walls: [Rows, boolean][]): string[][] {
  let heard: Heard = NOTHING_HEARD;
  return walls.map(([rows, whole]) => {
    const look = heardFrom(heard, rows, whole);
    heard = look.heard;
    return look.news.map(({ deal_id }) => deal_id);
  });
}

test("what waits when the page loads is not new, also if it comes in parts", () => {
  const [a, b] = [waits("a", "09:00"), waits("b", "09:01")];
  assert.deepEqual(told([wall(), false], [wall(a), false], [wall(a, b), true], [wall(a, b), true]), [[], [], [], []]);
});

test("a submit is told once, however often the wall is read again", () => {
  const [a, b] = [waits("a", "09:00"), waits("b", "09:01")];
  const walls: [Rows, boolean][] = [
    [wall(a), true],
    [wall(a, b), true],
    [wall(a, b), true],
    [wall(), true],
    [wall(a, b), true],
  ];
  assert.deepEqual(told(...walls), [[], ["b"], [], [], []]);
});

test("a deal that is submitted again is told again, and one that came during an outage too", () => {
  const walls: [Rows, boolean][] = [
    [wall(waits("a", "09:00")), true],
    [wall(deal("a", { state: "countered" })), true],
    [wall(waits("a", "09:30"), waits("b", "09:10")), true],
  ];
  assert.deepEqual(told(...walls), [[], [], ["a", "b"]]);
});

test("a change of a deal that waits is no new submit", () => {
  const walls: [Rows, boolean][] = [
    [wall(waits("a", "09:00")), true],
    [wall(waits("a", "09:00", { npv_cents: 5, last_no: 9 })), true],
  ];
  assert.deepEqual(told(...walls), [[], []]);
});

test("the wish and the browser decide: nobody is notified of the page that they look at", () => {
  assert.deepEqual(alertFor("off", "granted", false), { sound: false, notification: false });
  assert.deepEqual(alertFor("hidden", "granted", true), { sound: false, notification: false });
  assert.deepEqual(alertFor("hidden", "granted", false), { sound: true, notification: true });
  assert.deepEqual(alertFor("always", "granted", true), { sound: true, notification: false });
  assert.deepEqual(alertFor("always", "denied", false), { sound: true, notification: false });
});

class Calls implements AlertPort {
  asked = 0;
  rung = 0;
  notified: string[] = [];
  constructor(public state: Permission) {}
  permission = () => this.state;
  ask = () => {
    this.asked += 1;
    this.state = "granted";
    return Promise.resolve(this.state);
  };
  ring = () => {
    this.rung += 1;
  };
  notify = (_title: string, { body, tag }: { body: string; tag: string }) => void this.notified.push(`${tag}: ${body}`);
}

function store() {
  const kept = new Map<string, string>();
  return {
    read: (name: string) => kept.get(name) ?? null,
    write: (name: string, text: string | null) => void (text === null ? kept.delete(name) : kept.set(name, text)),
  };
}

test("the browser is asked by the person's press alone, once; the wish is remembered and can be taken back", async () => {
  const [calls, kept] = [new Calls("default"), store()];
  const alerts = new Alerts(calls, kept, () => false);
  alerts.tell([waits("a", "09:00")], () => {});
  assert.deepEqual([calls.asked, calls.rung, calls.notified.length], [0, 0, 0]);
  await alerts.want("hidden");
  await alerts.want("always");
  assert.equal(calls.asked, 1);
  const again = new Alerts(calls, kept, () => false);
  assert.deepEqual([again.wish.value, again.permission.value], ["always", "granted"]);
  calls.rung = 0;
  again.tell([waits("a", "09:00", { customer: "Lin Moore", car: "2023 Lexus RX" }), waits("b", "09:00")], () => {});
  assert.deepEqual([calls.rung, calls.notified], [1, ["a: Lin Moore, 2023 Lexus RX", "b: "]]);
  await again.want("off");
  again.tell([waits("c", "09:00")], () => {});
  assert.deepEqual([calls.rung, calls.notified.length], [1, 2]);
  assert.equal(newsText(waits("c", "09:00", { customer: "Ann" })), "Ann");
});

/** Gives the page parts of a browser for the time of a test. */
function browser(parts: Record<string, unknown>): () => void {
  Object.assign(globalThis, parts);
  return () => {
    for (const name of Object.keys(parts)) Reflect.deleteProperty(globalThis, name);
  };
}

test("what rings before the browser lets it sound is one tone then", async () => {
  let started = 0;
  let allow = () => {};
  const allowed = new Promise<void>((resolve) => {
    allow = resolve;
  });
  const ramp = { setValueAtTime: () => {}, linearRampToValueAtTime: () => {} };
  class Part {
    gain = ramp;
    connect = (next: unknown) => next;
    start = () => {
      started += 1;
    };
    stop = () => {};
  }
  class AudioContext {
    currentTime = 0;
    destination = null;
    resume = () => allowed;
  }
  const restore = browser({ AudioContext, OscillatorNode: Part, GainNode: Part });
  const alerts = browserAlerts();
  for (const _ of [1, 2, 3]) alerts.ring();
  assert.equal(started, 0);
  allow();
  await allowed;
  assert.equal(started, 2, "a tone has two notes");
  alerts.ring();
  await allowed;
  assert.equal(started, 4);
  restore();
});

test("a phone that has notifications, and lets no page make one, is not stopped by that", () => {
  class Notification {
    static permission = "granted";
    constructor() {
      throw new TypeError("Illegal constructor.");
    }
  }
  const restore = browser({ Notification });
  browserAlerts().notify("New submit", { body: "", tag: "", open: () => {} });
  restore();
});

test("lines for a screen reader that come together are one message, each once", () => {
  const due: (() => void)[] = [];
  const announcer = new Announcer({
    later(_, action) {
      due.push(action);
      return () => {};
    },
  });
  for (const line of ["one", "two", "one"]) announcer.say(line);
  assert.equal(announcer.text.value, "");
  assert.equal(due.length, 1);
  due[0]?.();
  assert.equal(announcer.text.value, "two. one");
});
