// What the parts of a deal ask the server, sent over the connection of its session.
import type { Signal } from "@preact/signals";
import type { ChannelFollower } from "../live/channel";
import type { Environment } from "../live/environment";
import { type DealModel, withOlder } from "./model/state";
import type { CarName } from "./model/timeline";
import type { Send } from "./pencil/pencil-port";
import type { FinderPort } from "./stock/finder";
import type { PaintWatch } from "./stock/paint-watch";
import type { StoryPort } from "./story";
import type { TermsPort } from "./terms/terms-editor";

const MOST_FOUND = 12;

type Model = Signal<DealModel | null>;

export function termsPort(
  model: Model,
  follower: ChannelFollower,
  send: Send,
  paint: PaintWatch,
  environment: Environment,
): TermsPort {
  const { channel } = follower;
  return {
    served: () => model.value?.deal ?? null,
    live: () => follower.phase === "live",
    send: (departure, replied) => send({ type: "terms", channel, ...departure }, paint.left(departure.op, replied)),
    later: (milliseconds, action) => environment.later(milliseconds, action),
  };
}

export function finderPort(channel: string, send: Send, environment: Environment): FinderPort {
  return {
    find: (text, replied) => send({ type: "find", channel, text, limit: MOST_FOUND }, replied) !== null,
    later: (milliseconds, action) => environment.later(milliseconds, action),
  };
}

export function storyPort(model: Model, channel: string, send: Send, carName: CarName): StoryPort {
  return {
    oldest: () => model.value?.oldest ?? null,
    ask: (before, limit, replied) => send({ type: "history", channel, before, limit }, replied) !== null,
    add: (page) => {
      if (model.value) model.value = withOlder(model.value, page, carName);
    },
  };
}
