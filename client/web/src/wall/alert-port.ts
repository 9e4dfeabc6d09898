// What the browser does to call somebody to the desk: a short tone, and a notification. Nothing is loaded for it.
import type { Permission } from "./news";

export interface AlertPort {
  permission(): Permission;
  /** Asks the person, whose press called it. */
  ask(): Promise<Permission>;
  ring(): void;
  notify(title: string, about: { body: string; tag: string; open(): void }): void;
}

const VOLUME = 0.08;
const TONES_HZ = [660, 880];
const TONE_SECONDS = 0.12;

export function browserAlerts(): AlertPort {
  let audio: AudioContext | null = null;
  /** A browser is silent until the person has pressed something: what rang meanwhile is one tone then. */
  let due = false;
  const permission = () => ("Notification" in globalThis ? Notification.permission : "missing");
  return {
    permission,
    ask: async () => ("Notification" in globalThis ? await Notification.requestPermission() : "missing"),
    ring() {
      if (due || !("AudioContext" in globalThis)) return;
      audio ??= new AudioContext();
      const sounding = audio;
      due = true;
      void sounding.resume().then(() => {
        due = false;
        play(sounding);
      });
    },
    notify(title, { body, tag, open }) {
      if (permission() !== "granted") return;
      const shown = notification(title, { body, tag });
      shown?.addEventListener("click", () => {
        window.focus();
        shown.close();
        open();
      });
    },
  };
}

/** A phone has notifications, and lets no page make one. */
function notification(title: string, about: NotificationOptions): Notification | null {
  try {
    return new Notification(title, about);
  } catch {
    return null;
  }
}

function play(audio: AudioContext): void {
  TONES_HZ.forEach((frequency, i) => {
    const begin = audio.currentTime + i * TONE_SECONDS;
    const tone = new OscillatorNode(audio, { type: "sine", frequency });
    const volume = new GainNode(audio, { gain: 0 });
    volume.gain.setValueAtTime(0, begin);
    volume.gain.linearRampToValueAtTime(VOLUME, begin + 0.02);
    volume.gain.linearRampToValueAtTime(0, begin + TONE_SECONDS);
    tone.connect(volume).connect(audio.destination);
    tone.start(begin);
    tone.stop(begin + TONE_SECONDS);
  });
}
