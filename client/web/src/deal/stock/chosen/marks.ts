// The cars that this person marked to compare.
import { signal } from "@preact/signals";

export const MOST_MARKED = 3;
const LEAST_COMPARED = 2;

export interface Mark {
  vehicleId: string;
  /** Marked at the deal's pins: its pinned figures count, not those of its row. */
  pinned: boolean;
}

export class Marks {
  readonly marked = signal<readonly Mark[]>([]);
  /** Whether the comparison is on the screen. */
  readonly open = signal(false);

  has(vehicleId: string): boolean {
    return this.marked.value.some((mark) => mark.vehicleId === vehicleId);
  }

  /** Marks a car, and shows the comparison once there are two. A car that is marked already shows it, or is let go. */
  press(vehicleId: string, pinned = false): void {
    if (!this.has(vehicleId)) {
      if (this.marked.value.length < MOST_MARKED) this.marked.value = [...this.marked.value, { vehicleId, pinned }];
    } else if (this.marked.value.length < LEAST_COMPARED) this.remove(vehicleId);
    this.open.value = this.marked.value.length >= LEAST_COMPARED;
  }

  /** Compares the marked cars, or the deal's own and its pinned ones if fewer than two are marked. */
  compare(pins: readonly string[]): void {
    if (this.marked.value.length < LEAST_COMPARED) {
      const others = pins.filter((vehicleId) => !this.has(vehicleId));
      const added = others.map((vehicleId) => ({ vehicleId, pinned: true }));
      this.marked.value = [...this.marked.value, ...added].slice(0, MOST_MARKED);
    }
    this.open.value = this.marked.value.length >= LEAST_COMPARED;
  }

  remove(vehicleId: string): void {
    this.marked.value = this.marked.value.filter((mark) => mark.vehicleId !== vehicleId);
    if (this.marked.value.length < LEAST_COMPARED) this.open.value = false;
  }

  clear(): void {
    this.marked.value = [];
    this.open.value = false;
  }

  /** Whether `compare` would show something. */
  enough(pins: readonly string[]): boolean {
    const others = pins.filter((vehicleId) => !this.has(vehicleId));
    return this.marked.value.length + others.length >= LEAST_COMPARED;
  }
}
