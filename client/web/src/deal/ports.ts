// What the parts of a deal ask the server, sent over the connection of its session.
import type { Signal } from "@preact/signals";
import type { ChannelFollower } from "../live/channel";
import type { Request } from "../live/connection";
import type { Environment } from "../live/environment";
import type { Reply } from "../wire";
import { type DealModel, withOlder } from "./model/state";
import type { CarName } from "./model/timeline";
import type { Send } from "./pencil/pencil-port";
import type { FinderPort } from "./stock/finder";
import type { PaintWatch } from "./stock/paint-watch";
import type { StoryPort } from "./story";
import type { TermsPort } from "./terms/terms-editor";

const MOST_FOUND = 12;

type Model = Signal<DealModel | null>;
type Ask = (request: Request, replied: (reply: Reply) => void) => boolean;

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

export function finderPort(channel: string, ask: Ask, environment: Environment): FinderPort {
  return {
    find: (text, replied) => ask({ type: "find", channel, text, limit: MOST_FOUND }, replied),
    later: (milliseconds, action) => environment.later(milliseconds, action),
  };
}

export function storyPort(model: Model, channel: string, ask: Ask, carName: CarName): StoryPort {
  return {
    oldest: () => model.value?.oldest ?? null,
    ask: (before, limit, replied) => ask({ type: "history", channel, before, limit }, replied),
    add: (page) => {
      if (model.value) model.value = withOlder(model.value, page, carName);
    },
  };
}
