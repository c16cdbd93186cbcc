// What the core and the gateway say, as types. SCHEMA: netscope.stats/1, netscope.flows/1.

export type Action = "accept" | "drop" | "reject";

export interface PacketRow {
  n: number;
  t: number; // seconds since the capture's first packet
  time: string;
  proto: string;
  size: number;
  info: string;
  action: Action;
  rule: string;
  // Of packets that belong to a flow:
  src?: string;
  sport?: number;
  dst?: string;
  dport?: number;
  app?: string;
  app_proto?: string;
  domain?: string;
  flow?: number;
}

export interface FlowRow {
  id: number;
  start: string;
  end: string;
  duration: number;
  client: string;
  cport: number;
  server: string;
  sport: number;
  proto: string;
  app_proto: string;
  app: string;
  category: string;
  domain: string;
  state: string;
  packets: number;
  bytes: number;
  to_server: number;
  to_client: number;
  blocked: number;
  action: Action;
  rule: string;
}

export interface FlowDetails {
  row: FlowRow;
  names: { name: string; from: string }[];
  ja4?: string;
  service?: string;
  why?: string;
  packets: PacketRow[];
}

export interface Comparison {
  newly_blocked: FlowRow[];
  newly_allowed: FlowRow[];
  blocked: number;
  allowed: number;
  unchanged: number;
}

export interface AppEntry { app: string; category: string; pkts: number; bytes: number; flows: number; blocked: number }
export interface DomainEntry { domain: string; app: string; pkts: number; bytes: number; flows: number; blocked: number }
export interface ClientEntry { ip: string; pkts: number; bytes: number; flows: number; blocked: number }
export interface Edge { src: string; app: string; dst: string; bytes: number; blocked: number }
export interface RuleEntry { id: string; hits: number; pkts?: number; bytes?: number; last_hit: string | null }
export interface Timeline { start: number; step: number; pkts: number[]; bytes: number[]; blocked: number[] }

export interface Stats {
  timestamp: string;
  uptime: number;
  source: { kind: string; name: string; host?: string; simulated: boolean; version: string };
  stats: {
    capture: { kernel_packets: number; kernel_drops: number; user_drops: number; queues: { id: number; depth: number; drops: number }[] };
    decoder: Record<"pkts" | "bytes" | "ipv4" | "ipv6" | "tcp" | "udp" | "icmp" | "other" | "invalid" | "truncated", number>;
    flow: Record<"total" | "active" | "tcp" | "udp" | "evicted" | "memuse" | "incomplete" | "closed", number> & { capacity?: number };
    firewall: {
      accepted: number; blocked: number; rejected: number; offloaded: number;
      drop_reason: Record<string, number>;
    };
    app_layer: Record<"tls" | "http" | "dns" | "quic" | "sni", number>;
  };
  apps: AppEntry[];
  domains: DomainEntry[];
  clients: ClientEntry[];
  edges: Edge[];
  rules: RuleEntry[];
  timeline: Timeline;
  latency_us: { p50: number; p99: number; max: number };
  truncated: { domains: boolean; clients: boolean };
}

/** Seconds since 1970; null: everything. */
export interface TimeRange { from: number; to: number }

/** What was wrong with what was written: `begin`, `end` of a filter in characters, `line`, `column` of rules. */
export interface Problem { message: string; begin?: number; end?: number; line?: number; column?: number }
