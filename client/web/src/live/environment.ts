// The browser features that the connection needs, as an interface: tests supply their own clock and sockets.

export type Cancel = () => void;

export interface Socket {
  send(text: string): void;
  close(): void;
}

export interface SocketEvents {
  message(text: string): void;
  closed(code: number): void;
}

/** Small texts that a browser keeps, each under a name. */
export interface Shelf {
  read(name: string): string | null;
  /** Null takes it away. */
  write(name: string, text: string | null): void;
}

export interface Environment {
  open(url: string, subprotocol: string, events: SocketEvents): Socket;
  later(milliseconds: number, action: () => void): Cancel;
  /** Runs `action` before the next frame is drawn. */
  frame(action: () => void): Cancel;
  now(): number;
  /** Milliseconds of a clock that never goes back. */
  elapsed(): number;
  /** Whether the page is on the screen: while it is hidden, no frame is drawn. */
  visible(): boolean;
  /** Calls `action` when the page comes back to the eye, out of a sleep, or when the network changes. */
  woken(action: () => void): Cancel;
  /** Which version of the page this is; empty if it does not say. */
  build(): string;
  /** What the tab keeps. */
  readonly shelf: Shelf;
  random(): number;
}

export const browser: Environment = {
  open(url, subprotocol, events) {
    const socket = new WebSocket(url, subprotocol);
    socket.addEventListener("message", (event) => events.message(String(event.data)));
    socket.addEventListener("close", (event) => events.closed(event.code));
    return {
      send: (text) => {
        // A socket that the server is closing takes nothing: what it leaves unanswered is sent by the next one.
        if (socket.readyState === WebSocket.OPEN) socket.send(text);
      },
      close: () => socket.close(),
    };
  },
  later(milliseconds, action) {
    const timer = setTimeout(action, milliseconds);
    return () => clearTimeout(timer);
  },
  frame(action) {
    const request = requestAnimationFrame(action);
    return () => cancelAnimationFrame(request);
  },
  now: () => Date.now(),
  elapsed: () => performance.now(),
  visible: () => document.visibilityState === "visible",
  woken(action) {
    const shown = () => document.visibilityState === "visible" && action();
    document.addEventListener("visibilitychange", shown);
    document.addEventListener("resume", action);
    for (const event of WAKING) addEventListener(event, action);
    return () => {
      document.removeEventListener("visibilitychange", shown);
      document.removeEventListener("resume", action);
      for (const event of WAKING) removeEventListener(event, action);
    };
  },
  shelf: shelfOf(() => sessionStorage),
  build: () => document.getElementById("app")?.dataset.build ?? "",
  random: () => Math.random(),
};

/** What the browser keeps for its person, from one visit to the next. */
export const kept = /* @__PURE__ */ shelfOf(() => localStorage);

/** Returns a shelf in a storage of the browser, which may refuse to keep anything: then it is kept while the page is open. */
export function shelfOf(storage: () => Pick<Storage, "getItem" | "setItem" | "removeItem">): Shelf {
  const here = new Map<string, string | null>();
  return {
    read(name) {
      try {
        return storage().getItem(name) ?? here.get(name) ?? null;
      } catch {
        return here.get(name) ?? null;
      }
    },
    write(name, text) {
      here.set(name, text);
      try {
        if (text === null) storage().removeItem(name);
        else storage().setItem(name, text);
      } catch {
        // Forbidden, or full.
      }
    },
  };
}

/** `pageshow` also comes when the browser takes the page out of its cache of pages. */
const WAKING = ["pageshow", "online", "offline", "focus"];

/** Returns the address of the page's socket. */
export function socketAddress(page: { protocol: string; host: string }): string {
  return `${page.protocol === "https:" ? "wss:" : "ws:"}//${page.host}/ws`;
}
