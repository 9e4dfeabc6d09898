import assert from "node:assert/strict";
import { test } from "node:test";
import { Door, type Doorway } from "../../src/offer/door";

function way(token: string | null, statuses: number[], kept: string | null = null) {
  const posted: string[] = [];
  const memory = { channel: kept };
  const doorway: Doorway = {
    takeToken: () => token,
    post: (sent) => {
      posted.push(sent);
      const status = statuses.shift();
      if (status === undefined) return Promise.reject(new Error("no network"));
      return Promise.resolve({ status, body: status === 200 ? { channel: "deal:1" } : null });
    },
    remembered: () => memory.channel,
    remember: (channel) => {
      memory.channel = channel;
    },
  };
  return { doorway, posted, memory };
}

test("a link is exchanged for its channel, which the tab remembers", async () => {
  const { doorway, posted, memory } = way("t", [200]);
  assert.deepEqual(await new Door(doorway).enter(), { kind: "open", channel: "deal:1" });
  assert.deepEqual(posted, ["t"]);
  assert.equal(memory.channel, "deal:1");
});

test("a page that is loaded again goes on without a token", async () => {
  const { doorway, posted } = way(null, [], "deal:1");
  assert.deepEqual(await new Door(doorway).enter(), { kind: "open", channel: "deal:1" });
  assert.deepEqual(posted, []);
  assert.deepEqual(await new Door(way(null, []).doorway).enter(), { kind: "none" });
});

test("a link that is wrong or has ended is over, and forgotten", async () => {
  const { doorway, memory } = way("t", [404], "deal:1");
  assert.deepEqual(await new Door(doorway).enter(), { kind: "over" });
  assert.equal(memory.channel, null);
});

test("what may pass can be tried again with the same link", async () => {
  const { doorway, posted } = way("t", [429, 503]);
  const door = new Door(doorway);
  assert.match(JSON.stringify(await door.enter()), /Wait a minute/);
  assert.equal((await door.enter()).kind, "later");
  assert.match(JSON.stringify(await door.enter()), /cannot be reached/);
  assert.equal(posted.length, 3);
});

test("after a refused connection the link is tried once more, and not twice", async () => {
  const { doorway, posted } = way("t", [200, 200, 200]);
  const door = new Door(doorway);
  await door.enter();
  assert.equal((await door.again()).kind, "open");
  assert.equal((await door.again()).kind, "over");
  assert.equal(posted.length, 2);
});
