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
  /** Text that the tab keeps under a name; null takes it away. */
  readonly shelf: { read(name: string): string | null; write(name: string, text: string | null): void };
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
  shelf: {
    read: (name) => stored(() => sessionStorage.getItem(name)) ?? null,
    write: (name, text) =>
      stored(() => (text === null ? sessionStorage.removeItem(name) : sessionStorage.setItem(name, text))),
  },
  build: () => document.getElementById("app")?.dataset.build ?? "",
  random: () => Math.random(),
};

/** A browser may refuse to store anything: then the tab keeps nothing over a reload. */
function stored<T>(access: () => T): T | undefined {
  try {
    return access();
  } catch {
    return undefined;
  }
}

/** `pageshow` also comes when the browser takes the page out of its cache of pages. */
const WAKING = ["pageshow", "online", "offline", "focus"];

/** Returns the address of the page's socket. */
export function socketAddress(page: { protocol: string; host: string }): string {
  return `${page.protocol === "https:" ? "wss:" : "ws:"}//${page.host}/ws`;
}
