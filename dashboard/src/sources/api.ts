// The gateway's HTTP interface, /api/v1. The cookie of the session goes along by itself.
import type { Problem, Stats, Timeline } from "../core/rows";
import type { Entry, Health } from "../state";

export class ApiError extends Error {
  constructor(readonly status: number, readonly problem: Problem) {
    super(problem.message);
  }
}

async function ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const response = await fetch(`/api/v1/${path}`, {
    method,
    headers: body === undefined ? headers : { ...headers, "Content-Type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    cache: "no-store",
  });
  if (response.ok) return response;
  const told = (await response.json().catch(() => null)) as { error?: Problem } | null;
  throw new ApiError(response.status, told?.error ?? { message: `the gateway answers ${response.status}` });
}
const json = async <T>(answer: Promise<Response>): Promise<T> => (await (await answer).json()) as T;

export type Target = Partial<Record<"app" | "domain" | "client" | "prefix", string>>;

export const api = {
  stats: () => json<Stats>(ask("GET", "stats")),
  health: () => json<Health>(ask("GET", "health")),
  flows: (after: number | null, limit: number) =>
    json<{ next: number; flows: unknown[] }>(ask("GET", `flows?limit=${limit}${after === null ? "" : `&after=${after}`}`)),
  history: (resolution: "minute" | "hour") => json<Timeline>(ask("GET", `history?resolution=${resolution}`)),
  session: (token: string) => ask("POST", "session", { token }),
  actions: async () => (await json<{ actions: Entry[] }>(ask("GET", "actions"))).actions,
  act: (action: "block" | "allow", target: Target, seconds: number | null) =>
    json<Entry>(ask("POST", "actions", { action, ...target, ...(seconds === null ? {} : { for_seconds: seconds }) })),
  undo: (id?: number) => json<Entry>(ask("POST", "undo", id === undefined ? {} : { id })),
  checkRules: (text: string) => json<{ rules: number }>(ask("POST", "rules/check", { text })),
  async rules(): Promise<{ text: string; etag: string }> {
    const response = await ask("GET", "rules");
    const { text } = (await response.json()) as { text: string };
    return { text, etag: response.headers.get("ETag") ?? "" };
  },
  async putRules(text: string, etag: string): Promise<string> {
    const response = await ask("PUT", "rules", { text }, { "If-Match": etag });
    return response.headers.get("ETag") ?? "";
  },
};
