// The words of the wall. Pure.
import type { SectionName } from "../../wall/sections";

export const SECTION_WORDS: Record<SectionName, { title: string; empty: string }> = {
  waiting: { title: "Waiting for the desk", empty: "Queue clear. Submitted deals appear here at once." },
  answered: { title: "Answered, with sales", empty: "No deal is with sales." },
  working: { title: "Working", empty: "Nobody works on a deal." },
  tasks: { title: "Tasks", empty: "No open task." },
  stips: { title: "Stips open", empty: "No open stip." },
  delivery: { title: "Signed, to deliver", empty: "No car waits for its delivery." },
  unfunded: { title: "Delivered, unfunded", empty: "Every delivered deal is funded." },
};

export const COLUMNS = [
  { name: "wait", title: "Wait" },
  { name: "customer", title: "Customer" },
  { name: "car", title: "Car / stock" },
  { name: "pay", title: "Pmt × term" },
  { name: "npv", title: "NPV" },
  { name: "lender", title: "Lender / stips" },
  { name: "reason", title: "Reason" },
  { name: "people", title: "Who" },
] as const;
