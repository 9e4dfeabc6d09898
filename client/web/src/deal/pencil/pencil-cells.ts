// Moving through the pencil grid with the keyboard. Pure.

export interface Cell {
  row: number;
  column: number;
}

/** Returns the cell that a key leads to, or null for a key that leads nowhere; the edges hold. */
export function cellAfter(key: string, { row, column }: Cell, rows: number, columns: number): Cell | null {
  const targets: Record<string, Cell> = {
    ArrowUp: { row: row - 1, column },
    ArrowDown: { row: row + 1, column },
    ArrowLeft: { row, column: column - 1 },
    ArrowRight: { row, column: column + 1 },
    Home: { row, column: 0 },
    End: { row, column: columns - 1 },
  };
  const target = targets[key];
  if (!target) return null;
  return {
    row: Math.min(rows - 1, Math.max(0, target.row)),
    column: Math.min(columns - 1, Math.max(0, target.column)),
  };
}
