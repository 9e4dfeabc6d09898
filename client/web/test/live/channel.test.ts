import assert from "node:assert/strict";
import { test } from "node:test";
import { ChannelFollower } from "../../src/live/channel";
import type { AnyMessage, Reply } from "../../src/wire";

const CHANNEL = "deal:1";
const event = (seq: number) =>
  ({ type: "search_valued", channel: CHANNEL, seq, at: "", search_id: "s", offers: 0, failed: 0 }) as AnyMessage;
const reply = (ref: number, seq: number, recovered: boolean, epoch = "e"): Reply => ({
  type: "reply",
  ref,
  ok: true,
  data: { epoch, seq, recovered, view: "sales", snapshot: null },
});
const end = (ref: number): AnyMessage => ({ type: "snapshot_end", channel: CHANNEL, ref });
const kinds = (steps: { kind: string }[]) => steps.map((step) => step.kind);

function joined(seq: number): ChannelFollower {
  const channel = new ChannelFollower(CHANNEL);
  channel.joined(1);
  channel.replied(reply(1, seq, false));
  channel.receive(end(1));
  return channel;
}

test("nothing of the channel counts until the join is answered", () => {
  const channel = new ChannelFollower(CHANNEL);
  channel.joined(1);
  assert.deepEqual(channel.receive(event(8)), []);
  assert.deepEqual(kinds(channel.replied(reply(1, 7, false))), ["snapshot"]);
});

test("events that are here already are dropped, the next one counts", () => {
  const channel = joined(5);
  assert.deepEqual(channel.receive(event(5)), []);
  assert.deepEqual(kinds(channel.receive(event(6))), ["event"]);
  assert.deepEqual(channel.receive(event(6)), []);
  assert.deepEqual(channel.position, { epoch: "e", seq: 6 });
});

test("a gap joins again from the last event in order, and ignores the channel until then", () => {
  const channel = joined(5);
  assert.deepEqual(kinds(channel.receive(event(7))), ["rejoin"]);
  assert.deepEqual(channel.receive(event(8)), []);
  assert.deepEqual(channel.position, { epoch: "e", seq: 5 });
});

test("a resync joins again", () => {
  assert.deepEqual(kinds(joined(5).receive({ type: "resync", channel: CHANNEL })), ["rejoin"]);
});

test("a recovered join goes on after the last event and is current when all that was missed is here", () => {
  const channel = joined(5);
  channel.lost();
  channel.joined(2);
  assert.deepEqual(kinds(channel.replied(reply(2, 7, true))), ["recovered"]);
  assert.equal(channel.current, false);
  channel.receive(event(6));
  channel.receive(event(7));
  assert.equal(channel.current, true);
});

test("a snapshot that broke off is not resumed", () => {
  const channel = joined(5);
  channel.joined(2);
  channel.replied(reply(2, 9, false, "other"));
  assert.equal(channel.position, null);
  channel.lost();
  assert.equal(channel.position, null);
});

test("rows and end of an older join are ignored", () => {
  const channel = new ChannelFollower(CHANNEL);
  channel.joined(1);
  channel.joined(2);
  assert.deepEqual(channel.replied(reply(1, 5, false)), []);
  channel.replied(reply(2, 5, false));
  assert.deepEqual(channel.receive(end(1)), []);
  assert.deepEqual(kinds(channel.receive(end(2))), ["whole"]);
});
