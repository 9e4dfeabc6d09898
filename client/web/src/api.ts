// The few HTTP calls: listing and creating deals. The deal itself goes over the socket.
import { csrfToken } from "./page";
import { parseReadable } from "./text/readable";
import type { DealState, ErrorBody, Fulfilment } from "./wire";

export interface DealRow {
  id: string;
  customer: string;
  state: DealState;
  version: number;
  store_id: string;
  updated_at: string;
  /** How far a signed deal has come, else null. */
  fulfilment: Fulfilment | null;
}

export interface CustomerRow {
  id: string;
  name: string;
  city: string;
}

/** A request that failed, in words for a person. */
export class RequestFailure extends Error {
  constructor(
    message: string,
    /** The field that it is about; null: none. */
    readonly field: string | null = null,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export function listDeals(after: string | null): Promise<{ deals: DealRow[]; next: string | null }> {
  return request(`/api/deals${after ? `?after=${encodeURIComponent(after)}` : ""}`);
}

export function findCustomers(text: string, signal: AbortSignal): Promise<{ customers: CustomerRow[] }> {
  return request(`/api/customers?q=${encodeURIComponent(text)}`, { signal });
}

export interface FoundCustomer {
  id: string;
  name: string;
  co_name: string | null;
  city: string;
  phone: string;
}

/** Finds customers and deals by name, phone, deal or stock number. */
export function find(text: string, signal: AbortSignal): Promise<{ customers: FoundCustomer[]; deals: DealRow[] }> {
  return request(`/api/find?q=${encodeURIComponent(text)}`, { signal });
}

export function createCustomer(facts: Record<string, unknown>): Promise<{ id: string }> {
  return request("/api/customers", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": csrfToken() },
    body: JSON.stringify(facts),
  });
}

export function createDeal(customerId: string): Promise<{ id: string }> {
  return request("/api/deals", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": csrfToken() },
    body: JSON.stringify({ customer_id: customerId }),
  });
}

/** A security event, `count` times from `at` to `until`. */
export interface SecurityEvent {
  id: number;
  at: string;
  until: string;
  count: number;
  kind: string;
  login: string;
  login_digest: string;
  address: string;
  deal_id: string | null;
  customer_ids: string[];
  detail: Record<string, string | number>;
}

export interface SecurityFilter {
  kind: string;
  who: string;
  since: string;
}

export function listSecurityEvents(
  filter: SecurityFilter,
  after: string | null,
): Promise<{ events: SecurityEvent[]; next: string | null }> {
  const asked = Object.entries({ ...filter, after: after ?? "" }).filter(([, value]) => value !== "");
  return request(`/api/security-events?${new URLSearchParams(asked)}`);
}

async function request<T>(path: string, init?: RequestInit): Promise<T> {
  const response = await fetch(path, init).catch((cause: unknown) => {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new RequestFailure("The server cannot be reached. Check the network and try again.", null, { cause });
  });
  if (response.status === 401) {
    location.assign("/login");
    throw new RequestFailure("You are signed out.");
  }
  if (!response.ok) {
    const body = (await read(response).catch(() => null)) as { error?: Partial<ErrorBody> } | null;
    const { message, detail } = body?.error ?? {};
    const field = typeof detail?.field === "string" ? detail.field : null;
    const told = message && field ? message.replace(`${field}: `, "") : message;
    throw new RequestFailure(told ?? `The server answered ${response.status}. Try again.`, field);
  }
  return (await read(response)) as T;
}

async function read(response: Response): Promise<unknown> {
  return parseReadable(await response.text());
}
