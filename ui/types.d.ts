// What the modules of the window say to each other; words of the engine are in generated/api.d.ts.

import type {
  DesktopSettings, DesktopState, Event, Navigation, OpenTarget, Request, Response, Status,
} from "./generated/api.js";

/** What a host tells the window. */
export type Told =
  | { type: "status"; status: Status; at: number }
  | { type: "event"; event: Event; at: number }
  | { type: "desktop"; desktop: DesktopState }
  | { type: "connection"; connection: Connection }
  | { type: "navigate"; navigation: Navigation };

/** The one way out of the window: a desktop application or a web server around the engine. */
export interface Host {
  kind: "desktop" | "browser";
  /** Begins to tell; what is known already is told at once. */
  start(tell: (told: Told) => void): Promise<void>;
  ask(request: Request): Promise<Response>;
  copy(text: string): Promise<void>;
  /** Opens something outside the window; only in the desktop. */
  open(target: OpenTarget): Promise<void>;
  setDesktop(settings: DesktopSettings): Promise<void>;
  useKeyFile(): Promise<void>;
}

/** Whether the engine can be talked to. */
export type Connection = "opening" | "live" | "gone" | "expired";

/** The log is gone to from the window alone. */
export type ViewName = Navigation["view"] | "log";

/** Where the window is; `about` says what `name` is for the log, `link` is handed over and never part of the address. */
export interface Route { view: ViewName; name?: string; about?: "peer" | "service"; link?: string }

/** Bytes a second, towards the service and from it. */
export interface Rate { in: number; out: number }

/** The counters a rate was last measured from. */
export interface Sample { at: number; bytesIn: number; bytesOut: number; rate: Rate }

/** A request that a service of ours has answered. */
export interface Seen { id: number; at: number; peer: string; method: string; path: string; status: number; ms: number }

/** What is done about those who ask to be let in, whatever view is shown. */
export interface Asking {
  /** The cards as they were last shown. */
  keys: string[];
  /** Those that came or moved just now, and take no answer yet. */
  held: string[];
  /** The peer about which it is asked whether to block it, or `""`. */
  blocking: string;
}

/** Everything the window shows. */
export interface State {
  host: Host["kind"];
  connection: Connection;
  desktop: DesktopState | null;
  status: Status | null;
  /** When the status was told, and what time it is, as far as the window has looked. */
  told: number;
  now: number;
  asking: Asking;
  /** By `service:NAME` and `bridge:NAME`. */
  samples: Record<string, Sample>;
  /** Requests seen while the window was open, newest first, by service. */
  seen: Record<string, Seen[]>;
  seenCount: number;
  route: Route;
  /** Which visit of a view this is; what a former visit began does not touch a later one. */
  visit: number;
  form: unknown;
  /** What the status line says, and a number that tells two notices with the same words apart. */
  notice: string;
  notices: number;
}

export type Action =
  | Exclude<Told, { type: "navigate" }>
  | { type: "quiet"; at: number }
  | { type: "tick"; at: number }
  | { type: "asking"; patch: Partial<Asking> }
  | { type: "route"; route: Route; form: unknown }
  | { type: "form"; visit: number; patch: object }
  | { type: "notice"; notice: string };

/** What can be done from anywhere in a view. */
export interface Acts {
  readonly state: State;
  /** Asks the engine; an answer of another kind than wanted is thrown as a `Refused`. */
  ask<K extends Response["response"]>(request: Request, wanted: K): Promise<Extract<Response, { response: K }>>;
  /** Says something in the status line, which screen readers read out. */
  say(notice: string): void;
  go(route: Route): void;
  copy(text: string, notice: string): void;
  asking(patch: Partial<Asking>): void;
  /** Whether this visit is still the one that is shown. */
  current(): boolean;
  /** Does something after a time, if this visit is then still the one that is shown, to somebody. */
  later(millis: number, what: () => void): void;
  host: Host;
}

/** One visit of a view: what it can do, and the form it is in the middle of. */
export interface Visit<F> extends Acts {
  readonly form: F;
  set(patch: Partial<F>): void;
}

/** A screen: the form it begins with, what it looks up on arrival, how it is drawn. */
export interface View<F> {
  title(state: State): string;
  begin(route: Route, state: State): F;
  enter?(visit: Visit<F>): void;
  /** What it looks up again when the status is another than before. */
  changed?(visit: Visit<F>, before: Status): void;
  render(visit: Visit<F>): Child;
}

export interface VNode { tag: string; props: Props; children: Child[] }
export type Child = VNode | string | number | null | undefined | false | Child[];
export type Props = Record<string, unknown>;
