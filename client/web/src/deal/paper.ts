/** The address of a deal's paper: a proposal of one car, or a comparison of two or three. */
export function paperAddress(dealId: string, vehicleIds: readonly string[]): string {
  return `/api/deals/${encodeURIComponent(dealId)}/paper.pdf?cars=${vehicleIds.map(encodeURIComponent).join(",")}`;
}
